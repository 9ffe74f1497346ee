// SPDX-License-Identifier: Apache-2.0
//
// VerifyCoalition: an auditor's check of a coalition report, offline, believing neither the server
// nor whoever made the report.
//
// A coalition report holds when: the log signed the tree that it stands on; every entry of that
// tree is in it, opened, none left out, added or moved, since together they hash to the tree's
// root; the bundle's tree is a beginning of it; every statement is well formed and signed; replayed
// from the bundle's charter on, they follow the registry's rules (who speaks had joined before,
// with the role for it; nothing was read by the vault that no member had uploaded, nothing twice);
// figures add up; the sample is the one that was drawn, and each batch in it is sealed and signed
// by its upload's signer and stands in the upload's root; and the file is signed by an auditor who
// joined for no member.
// An entry of a kind that this program does not know makes the report one that it cannot vouch for:
// REPORT_NOT_UNDERSTOOD, naming the kinds, after all the rest was looked at. A kind that the rules
// know and event.h has no words for is counted under its name and marked.
// Errors: the first thing that does not hold, naming the entry: REPORT_MALFORMED,
// REPORT_INCOMPLETE, REPORT_NOT_UNDERSTOOD, SAMPLE_INVALID, SIGNATURE_INVALID, LOG_FORKED,
// STATEMENT_REFUSED and those of the rooms that are asked.
// Limits: reads the file once; holds a few blocks, the registry and the figures, whatever the
// length.
// Threads: uses `threads` of its own and returns when they have ended.
#ifndef MUSTER_CORE_REPORT_VERIFY_COALITION_H_
#define MUSTER_CORE_REPORT_VERIFY_COALITION_H_

#include <cstdint>
#include <istream>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/report/event.h"
#include "core/report/verify.h"
#include "core/tlog/checkpoint.h"
#include "muster/v1/report.pb.h"

namespace muster::report {

// More events, people or remarks than this are counted and not kept: nobody reads them in a list.
inline constexpr size_t kEventsMax = 5'000;

// Of one member, of the report's period.
struct MemberFigures {
  std::string member;  // resource name; empty in the total
  std::string name;
  int64_t people = 0;   // who take part now
  int64_t uploads = 0;  // of lists
  int64_t rows = 0;
  int64_t rejected = 0;
  int64_t withheld = 0;
  int64_t records = 0;  // sealed, of lists
  int64_t batches = 0;  // of lists and voter files
  // What the vault said about those that it read.
  int64_t read = 0;
  int64_t contacts = 0;
  int64_t duplicates = 0;
  int64_t suppressions = 0;
  int64_t exclusions = 0;
  int64_t refused = 0;
  int64_t replaced = 0;
  int64_t voter_files = 0;
  int64_t voters = 0;
  int64_t withdrawals = 0;
  int64_t withdrawn_sources = 0;
  int64_t entries = 0;  // of any kind
};

struct KindCount {
  std::string kind;
  int64_t count = 0;
  bool understood = true;
};

struct VoterFileFinding {
  uint64_t index = 0;
  int64_t time = 0;
  std::string member;
  std::string name;
  v1::VoterFileTerms terms;
  int64_t rows = 0;
  int64_t withheld = 0;
  std::string upload;
  // What the vault read of it; absent while it has not.
  std::optional<int64_t> voters;
};

struct MatchFinding {
  uint64_t index = 0;
  int64_t time = 0;
  v1::MatchStatement statement;
};

struct PersonFinding {
  std::string name;
  std::string member;  // display name; empty: of none
  std::string roles;
  int64_t join_time = 0;
  uint64_t join_index = 0;
};

struct SampledBatch {
  std::string upload;
  std::string member;
  std::string list;
  int64_t sequence = 0;
  int64_t batch_count = 0;
  int64_t first_row = 0;
  int64_t last_row = 0;
  int64_t records = 0;
};

enum class BundleLink {
  kSame,    // the bundle's tree is the report's
  kGrown,   // the bundle's tree is a beginning of the report's: proven
  kBehind,  // the bundle's tree is larger: only the log's witnesses can say
};

struct CoalitionFindings {
  std::string consortium;
  std::string reporter_name;
  int64_t create_time = 0;
  v1::Period period;
  tlog::Checkpoint checkpoint;
  BundleLink link = BundleLink::kSame;
  int64_t entry_count = 0;   // all of the log
  int64_t period_count = 0;  // of the period
  // All members, also those with nothing in the period, in the order in which they were admitted;
  // and their sum.
  std::vector<MemberFigures> members;
  MemberFigures total;
  std::vector<KindCount> kinds;  // of the period
  std::vector<Event> events;     // of the period; the first kEventsMax
  int64_t events_left_out = 0;
  // Entries of the period by day (Unix days) and kind.
  std::map<int64_t, std::map<std::string, int64_t>> days;
  std::vector<VoterFileFinding> voter_files;
  std::vector<MatchFinding> matches;
  std::vector<PersonFinding> people;
  std::vector<std::string> unread;  // uploads of the period that the vault has not read
  int64_t unread_count = 0;
  int64_t sample_population = 0;  // batches uploaded in the period
  std::vector<SampledBatch> sample;
  // What holds and should be looked at all the same: dates that the log's order does not bear out,
  // a bundle with too few witnesses, or with some who never joined, a withdrawal or an erasure that
  // the vault has not said it did.
  std::vector<std::string> remarks;
  int64_t remark_count = 0;
};

struct VerifyOptions {
  int threads = 0;  // 0: as many as the machine has, 8 at most
};

absl::StatusOr<CoalitionFindings> VerifyCoalition(std::istream& file, const AuditRoot& root,
                                                  const VerifyOptions& options = {});

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_VERIFY_COALITION_H_
