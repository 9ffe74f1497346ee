// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/truth.h"

#include <bit>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/base/status.h"

namespace muster::fake {
namespace {

using Json = nlohmann::ordered_json;

Json FileJson(const FileTruth& file) {
  Json json;
  json["member"] = MemberId(file.member);
  json["layout"] = file.layout;
  json["file"] = file.file;
  json["rows"] = file.rows;
  json["good_rows"] = file.good_rows;
  json["bad_rows"] = file.BadRows();
  Json& kinds = json["bad_rows_by_kind"] = Json::object();
  for (size_t i = 0; i < kBadRowCount; ++i)
    kinds[std::string(BadRowName(static_cast<BadRow>(i)))] = file.bad_rows[i];
  json["addresses"] = file.addresses;
  json["bad_extra_addresses"] = file.bad_extra_addresses;
  json["people"] = file.people;
  if (!file.side_file) {
    json["distinct_addresses"] = file.distinct_addresses;
    json["distinct_mailable_addresses"] = file.distinct_mailable_addresses;
    json["duplicates_in_file"] = file.duplicates_in_file;
  }
  Json& statuses = json["statuses"] = Json::object();
  for (size_t i = 0; i < kStatusCount; ++i) {
    if (file.statuses[i] > 0)
      statuses[std::string(StatusName(static_cast<Status>(i)))] = file.statuses[i];
  }
  return json;
}

Json ByLists(const std::vector<uint64_t>& counts) {
  Json json = Json::object();
  for (size_t n = 1; n < counts.size(); ++n) json[std::to_string(n)] = counts[n];
  return json;
}

}  // namespace

uint64_t FileTruth::BadRows() const {
  return std::accumulate(bad_rows.begin(), bad_rows.end(), uint64_t{0});
}

std::string MemberId(uint32_t member) { return "m" + std::to_string(member + 1); }

absl::Status TruthWriter::Open(const std::filesystem::path& out, const VoterFormat* format) {
  format_ = format;
  MUSTER_RETURN_IF_ERROR(sources_.Open(out / "truth/sources.csv"));
  MUSTER_RETURN_IF_ERROR(sources_.Append("address,member,file,row,status\n"));
  MUSTER_RETURN_IF_ERROR(bad_rows_.Open(out / "truth/bad_rows.csv"));
  MUSTER_RETURN_IF_ERROR(bad_rows_.Append("member,file,row,kind\n"));
  if (format == nullptr) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(matches_.Open(out / "truth/matches.csv"));
  return matches_.Append("member,file,row," + std::string(format->id_column) + "\n");
}

absl::Status TruthWriter::Close() {
  MUSTER_RETURN_IF_ERROR(sources_.Close());
  MUSTER_RETURN_IF_ERROR(bad_rows_.Close());
  return format_ != nullptr ? matches_.Close() : absl::OkStatus();
}

PoolTruth TruthWriter::Count(uint32_t members, std::vector<FileTruth>& files) const {
  PoolTruth pool;
  pool.addresses_by_lists.resize(members + 1);
  pool.mailable_addresses_by_lists.resize(members + 1);
  std::vector<uint64_t> distinct(members), mailable(members);
  addresses_.ForEach([&](const AddressTable::Entry& entry) {
    ++pool.distinct_addresses_with_side_files;
    if (entry.lists() != 0) {
      ++pool.distinct_addresses;
      ++pool.addresses_by_lists[static_cast<size_t>(std::popcount(entry.lists()))];
    }
    if (entry.mailable_lists() != 0) {
      ++pool.distinct_mailable_addresses;
      ++pool.mailable_addresses_by_lists[static_cast<size_t>(
          std::popcount(entry.mailable_lists()))];
    }
    for (uint32_t rest = entry.lists(); rest != 0; rest &= rest - 1)
      ++distinct[static_cast<size_t>(std::countr_zero(rest))];
    for (uint32_t rest = entry.mailable_lists(); rest != 0; rest &= rest - 1) {
      ++mailable[static_cast<size_t>(std::countr_zero(rest))];
    }
  });
  for (FileTruth& file : files) {
    if (file.side_file) continue;
    file.distinct_addresses = distinct[file.member];
    file.distinct_mailable_addresses = mailable[file.member];
    file.duplicates_in_file = file.addresses - file.distinct_addresses;
  }
  return pool;
}

std::string TruthJson(const PopulationPlan& plan, const Truth& truth) {
  Json json;
  json["contacts"] = plan.contacts;
  json["voters"] = plan.voters;
  json["members"] = plan.members;
  json["seed"] = plan.seed;
  json["overlap"] = plan.overlap_per_myriad / 10'000.0;
  Json& lists = json["lists"] = Json::array();
  Json& side = json["side_files"] = Json::array();
  for (const FileTruth& file : truth.files)
    (file.side_file ? side : lists).push_back(FileJson(file));
  Json& pool = json["pool"] = Json::object();
  pool["people"] = truth.pool.people;
  pool["people_on_more_than_one_list"] = truth.pool.people_on_more_than_one_list;
  pool["distinct_addresses"] = truth.pool.distinct_addresses;
  pool["distinct_mailable_addresses"] = truth.pool.distinct_mailable_addresses;
  pool["addresses_by_lists"] = ByLists(truth.pool.addresses_by_lists);
  pool["mailable_addresses_by_lists"] = ByLists(truth.pool.mailable_addresses_by_lists);
  pool["distinct_addresses_with_side_files"] = truth.pool.distinct_addresses_with_side_files;
  if (truth.voters > 0) {
    json["voter_file"] = {{"layout", truth.voter_layout},
                          {"voters", truth.voters},
                          {"registered_contacts", truth.registered_contacts},
                          {"history_rows", truth.history_rows}};
  }
  json["senders"] = truth.senders;
  json["other_files"] = truth.other_files;
  return json.dump(2) + "\n";
}

std::string_view TruthReadme() {
  return R"(What is true of the lists beside this folder. Everybody in them is made up.

When two addresses are the same
    Spaces around an address are not part of it. Upper and lower case do not matter. Domains are
    compared as A-labels (xn--...). At gmail.com and googlemail.com, which are one domain, dots in
    the local part do not matter, nor does "+" with what follows it. Nothing else is folded: at
    every other domain a dot or a "+tag" makes another address.

What a usable address is
    One "@", a local part without spaces, a domain with a dot. "N/A" and "none" are empty.
    A row is bad when its first address is not usable or when it has too few or too many cells;
    nothing of a bad row is counted but its number.

sources.csv    address,member,file,row,status: one line for each usable address of each good row,
               in the form in which addresses are compared. Rows count from 1, without the header.
bad_rows.csv   member,file,row,kind
matches.csv    member,file,row,NUMBER: who in the lists is who in the voter file, when there is one;
               the column bears the name that the state gives to its voters' numbers (ncid, Voter_ID,
               SOS_VOTERID, VUID)
summary.json   lists: for each member's file
                 rows = good_rows + bad_rows
                 addresses: usable ones in good rows (NationBuilder's rows have up to four)
                 distinct_addresses, duplicates_in_file = addresses - distinct_addresses
                 distinct_mailable_addresses: with status subscribed or unknown in at least one row
                 statuses: of addresses, duplicates included
                 bad_extra_addresses: second and later addresses of good rows that are not usable
               side_files: Mailchimp's unsubscribed and cleaned people, who are not on its list
               pool: over the lists, without the side files except where it says so;
                 addresses_by_lists: how many addresses are on exactly 1, 2, 3 ... lists

Statuses: subscribed and unknown may be mailed; unsubscribed, complained and do_not_email are the
person's wish; bouncing, cleaned and deceased addresses do not work; do_not_share may not be pooled.
)";
}

}  // namespace muster::fake
