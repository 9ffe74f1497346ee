// SPDX-License-Identifier: Apache-2.0
//
// Truth: what a correct reader finds in the lists, counted while they are written: per file, per
// member, over the pool.
//
// truth/sources.csv (address,member,file,row,status): one line for every usable address of every
// row, in the form that is compared; truth/bad_rows.csv (member,file,row,kind); truth/matches.csv
// (member,file,row, and the voter's number under its column's name) when there is a voter file;
// summary.json. Units: rows count from 1, without the header. Threads: one at a time.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_TRUTH_H_
#define MUSTER_TOOLS_MUSTER_FAKE_TRUTH_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/muster_fake/address_table.h"
#include "tools/muster_fake/output.h"
#include "tools/muster_fake/record.h"
#include "tools/muster_fake/voter_format.h"

namespace muster::fake {

struct FileTruth {
  uint32_t member = 0;
  bool side_file = false;
  std::string layout;
  std::string file;  // relative to --out
  uint64_t rows = 0;
  uint64_t good_rows = 0;
  std::array<uint64_t, kBadRowCount> bad_rows{};
  uint64_t addresses = 0;            // usable ones: a NationBuilder row has up to four
  uint64_t bad_extra_addresses = 0;  // unusable ones in good rows
  uint64_t people = 0;
  uint64_t distinct_addresses = 0;
  uint64_t distinct_mailable_addresses = 0;
  uint64_t duplicates_in_file = 0;  // addresses less distinct addresses
  std::array<uint64_t, kStatusCount> statuses{};

  uint64_t BadRows() const;
};

struct PoolTruth {
  uint64_t people = 0;
  uint64_t people_on_more_than_one_list = 0;
  uint64_t distinct_addresses = 0;
  uint64_t distinct_mailable_addresses = 0;
  uint64_t distinct_addresses_with_side_files = 0;
  std::vector<uint64_t> addresses_by_lists;  // [n]: on n lists
  std::vector<uint64_t>
      mailable_addresses_by_lists;  // [n]: on n lists with a status that may be mailed
};

struct Truth {
  std::vector<FileTruth> files;
  PoolTruth pool;
  uint64_t voters = 0;
  std::string voter_layout;
  uint64_t registered_contacts = 0;
  uint64_t history_rows = 0;
  uint64_t senders = 0;
  std::vector<std::string> other_files;
};

// "m1" of member 0.
std::string MemberId(uint32_t member);

// Where lists report what they wrote; one file after the other.
class TruthWriter {
 public:
  // `format` is the voter file's; null when there is none.
  absl::Status Open(const std::filesystem::path& out, const VoterFormat* format);
  absl::Status Close();

  AddressTable& addresses() { return addresses_; }
  OutputFile& sources() { return sources_; }
  OutputFile& bad_rows() { return bad_rows_; }
  OutputFile& matches() { return matches_; }
  const VoterFormat* format() const { return format_; }
  // The pool's figures, and the members' distinct ones into `files`.
  PoolTruth Count(uint32_t members, std::vector<FileTruth>& files) const;

 private:
  const VoterFormat* format_ = nullptr;
  AddressTable addresses_;
  OutputFile sources_, bad_rows_, matches_;
};

// The JSON object of summary.json.
std::string TruthJson(const PopulationPlan& plan, const Truth& truth);
std::string_view TruthReadme();

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_TRUTH_H_
