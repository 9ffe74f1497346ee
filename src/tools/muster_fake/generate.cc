// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/generate.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "core/base/status.h"
#include "tools/muster_fake/linkage_writer.h"
#include "tools/muster_fake/list_writer.h"
#include "tools/muster_fake/output.h"
#include "tools/muster_fake/roster_writer.h"
#include "tools/muster_fake/truth.h"
#include "tools/muster_fake/voter_format.h"
#include "tools/muster_fake/voter_writer.h"

namespace muster::fake {
namespace {

namespace fs = std::filesystem;

// Names what an earlier run wrote, so that the next one can take it away and nothing else.
constexpr std::string_view kManifest = ".muster-fake";

absl::Status Check(const Options& options) {
  if (options.out.empty())
    return absl::InvalidArgumentError("--out is missing; name the folder to write to");
  if (options.contacts == 0) return absl::InvalidArgumentError("--contacts must be at least 1");
  if (options.contacts > kPeopleMax)
    return absl::InvalidArgumentError("--contacts is above 500,000,000");
  if (options.voters > kPeopleMax)
    return absl::InvalidArgumentError("--voters is above 500,000,000");
  if (options.members == 0 || options.members > kMembersMax) {
    return absl::InvalidArgumentError("--members must be from 1 to 31");
  }
  if (!(options.overlap >= 0 && options.overlap <= 1))
    return absl::InvalidArgumentError("--overlap must be from 0 to 1");
  if (FindVoterFormat(options.voter_layout) == nullptr) {
    std::string names;
    for (const VoterFormat& format : VoterFormats()) {
      names.append(names.empty() ? "" : ", ").append(format.name);
    }
    return absl::InvalidArgumentError("--voter-layout must be one of " + names);
  }
  if (options.linkage && options.voters == 0) {
    return absl::InvalidArgumentError("--linkage matches contacts to voters; give --voters too");
  }
  return absl::OkStatus();
}

absl::Status RemoveEarlierRun(const fs::path& out) {
  std::error_code error;
  if (fs::exists(out, error) && !fs::is_directory(out, error)) {
    return absl::FailedPreconditionError("--out " + out.string() + " is a file; name a folder");
  }
  std::ifstream manifest(out / kManifest);
  for (std::string line; std::getline(manifest, line);) {
    const fs::path path = fs::path(line).lexically_normal();
    if (line.empty() || path.is_absolute() || *path.begin() == "..") continue;
    fs::remove(out / path, error);
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(out, error)) {
    if (entry.path().extension() == ".csv") {
      return absl::FailedPreconditionError("--out " + out.string() + " already holds " +
                                           entry.path().filename().string() +
                                           ", which this tool did not write; name an empty folder");
    }
  }
  return absl::OkStatus();
}

absl::Status WriteText(const fs::path& path, std::string_view text) {
  OutputFile file;
  MUSTER_RETURN_IF_ERROR(file.Open(path));
  MUSTER_RETURN_IF_ERROR(file.Append(text));
  return file.Close();
}

std::string TwoDigits(uint32_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

std::vector<ListPlan> PlanLists(uint32_t members) {
  std::vector<ListPlan> plans;
  for (uint32_t member = 0; member < members; ++member) {
    const ExportLayout& layout = MemberLayout(member);
    const std::string number = TwoDigits(member + 1);
    plans.push_back({member, ListKind::kList, &layout, number + "_" + layout.file_stem + ".csv"});
    if (!HasSideFiles(layout)) continue;
    plans.push_back({member, ListKind::kUnsubscribed, &MailchimpUnsubscribed(),
                     "mailchimp_side/unsubscribed_email_audience_export_" + number + ".csv"});
    plans.push_back({member, ListKind::kCleaned, &MailchimpCleaned(),
                     "mailchimp_side/cleaned_email_audience_export_" + number + ".csv"});
  }
  return plans;
}

std::string Lines(const std::vector<std::string>& files) {
  std::string text;
  for (const std::string& file : files) text += file + "\n";
  return text;
}

absl::StatusOr<std::string> GenerateLinkage(const Population& population, const Options& options) {
  MUSTER_RETURN_IF_ERROR(
      WriteText(options.out / kManifest, Lines({"left.csv", "right.csv", "truth.csv"})));
  MUSTER_ASSIGN_OR_RETURN(const uint64_t pairs,
                          WriteLinkage(population, options.out, options.threads));
  nlohmann::ordered_json json;
  json["left"] = population.plan().contacts;
  json["right"] = population.plan().voters;
  json["true_pairs"] = pairs;
  json["seed"] = options.seed;
  return json.dump(2) + "\n";
}

}  // namespace

absl::StatusOr<std::string> Generate(const Options& given) {
  MUSTER_RETURN_IF_ERROR(Check(given));
  Options options = given;
  if (options.threads == 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  MUSTER_RETURN_IF_ERROR(RemoveEarlierRun(options.out));

  PopulationPlan plan;
  plan.seed = options.seed;
  plan.contacts = options.contacts;
  plan.voters = options.voters;
  plan.members = options.members;
  plan.overlap_per_myriad =
      options.members == 1 ? 0 : static_cast<uint32_t>(std::lround(options.overlap * 10'000));
  const VoterFormat& format = *FindVoterFormat(options.voter_layout);
  plan.state = format.state;
  const Population population(plan);
  if (options.linkage) return GenerateLinkage(population, options);

  const std::vector<ListPlan> lists = PlanLists(options.members);
  Truth truth;
  truth.other_files = {std::string(kRosterFile)};
  if (options.voters > 0) {
    truth.voter_layout = format.name;
    for (const auto& files : {format.voter_files(), format.history_files()}) {
      truth.other_files.insert(truth.other_files.end(), files.begin(), files.end());
    }
  }
  // The manifest comes first: a run that breaks off is cleared away by the next.
  std::vector<std::string> written = truth.other_files;
  for (const ListPlan& list : lists) written.push_back(list.file);
  for (const char* name :
       {"sources.csv", "bad_rows.csv", "matches.csv", "summary.json", "README.txt"}) {
    written.push_back(std::string("truth/") + name);
  }
  MUSTER_RETURN_IF_ERROR(WriteText(options.out / kManifest, Lines(written)));

  TruthWriter writer;
  PoolTruth totals;
  MUSTER_RETURN_IF_ERROR(writer.Open(options.out, options.voters > 0 ? &format : nullptr));
  for (const ListPlan& list : lists) {
    MUSTER_ASSIGN_OR_RETURN(
        FileTruth file, WriteList(population, list, options.out, options.threads, writer, totals));
    truth.files.push_back(std::move(file));
  }
  MUSTER_RETURN_IF_ERROR(writer.Close());
  truth.pool = writer.Count(options.members, truth.files);
  truth.pool.people = totals.people;
  truth.pool.people_on_more_than_one_list = totals.people_on_more_than_one_list;

  MUSTER_ASSIGN_OR_RETURN(truth.senders, WriteRoster(population, options.out));
  if (options.voters > 0) {
    truth.voters = options.voters;
    MUSTER_ASSIGN_OR_RETURN(truth.history_rows,
                            WriteVoters(population, format, options.out, options.threads));
    for (uint64_t c = 0; c < options.contacts; ++c) {
      if (population.VoterOf(population.ContactPerson(c))) ++truth.registered_contacts;
    }
  }
  const std::string json = TruthJson(plan, truth);
  MUSTER_RETURN_IF_ERROR(WriteText(options.out / "truth/summary.json", json));
  MUSTER_RETURN_IF_ERROR(WriteText(options.out / "truth/README.txt", TruthReadme()));
  return json;
}

}  // namespace muster::fake
