// SPDX-License-Identifier: Apache-2.0
//
// Verify: an auditor's check of bundles and provenance reports, offline, believing no server and no
// reporter.
//
// A report holds when its file is signed by somebody who joined for that member; every entry in it
// stands in a tree that the log signed; the statements, replayed in the log's order from the
// charter of the bundle, follow the registry's rules; and for each upload the batches are signed by
// the statement's signer, continue one another, hash to the statement's root and add up to its
// counts, as the vault confirmed. It proves who asserted what and when, and that the sealed batches
// are those that were asserted. It cannot prove that a person gave consent.
// Errors: the first thing that does not hold, naming upload, batch or entry: REPORT_MALFORMED,
// BUNDLE_MALFORMED, SIGNATURE_INVALID, PROOF_INVALID, LOG_FORKED, STATEMENT_REFUSED and those of
// the rooms that are asked.
// Threads: pure.
#ifndef MUSTER_CORE_REPORT_VERIFY_H_
#define MUSTER_CORE_REPORT_VERIFY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/report/event.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/note.h"
#include "muster/v1/report.pb.h"
#include "muster/v1/statement.pb.h"

namespace muster::report {

// What an auditor starts from: a bundle that holds together, or the pins of a profile.
struct AuditRoot {
  Bytes16 consortium{};
  std::string consortium_name;
  tlog::NoteKey log_key;
  Bytes32 charter_hash{};
  tlog::Checkpoint checkpoint;
  // Who cosigned it, when that was looked at (witnesses.h).
  std::optional<std::vector<tlog::NoteKey>> witnesses;
};

// The bundle's checkpoint is signed by its log key, its charter is the tree's entry 0, and the
// charter names all the keys of the bundle.
absl::StatusOr<AuditRoot> OpenBundle(const v1::Bundle& bundle);

struct UploadFinding {
  v1::UploadStatement statement;
  uint64_t index = 0;
  int64_t time = 0;      // by the uploader's clock
  std::string uploader;  // display name
  std::optional<v1::IntakeStatement> intake;
  uint64_t intake_index = 0;
  // What became of it since, in words: "the list was withdrawn (entry 12)".
  std::vector<std::string> since;
};

struct ReportFindings {
  std::string member;
  std::string member_name;
  std::string reporter_name;
  int64_t create_time = 0;
  tlog::Checkpoint checkpoint;
  // The report's tree is the bundle's. Otherwise it is another tree of the same log key, and only a
  // consistency proof could tell that one grew out of the other.
  bool same_tree = false;
  // Entries of the log that were checked.
  int64_t entry_count = 0;
  std::vector<UploadFinding> uploads;
  // Of version 2 on: what was done with it, in the log's order.
  int32_t version = 0;
  v1::Period period;
  std::vector<Event> acts;
};

absl::StatusOr<ReportFindings> VerifyReport(std::string_view file, const AuditRoot& root);

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_VERIFY_H_
