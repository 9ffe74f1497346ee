// SPDX-License-Identifier: Apache-2.0
//
// Evidence: the few entries of the log that a small proof file brings along, proven against the
// file's checkpoint and replayed from the charter, so that every signer is somebody who may say it.
//
// Errors: those of tlog and governance, naming the entry; REPORT_MALFORMED, LOG_FORKED.
// Threads: values.
#ifndef MUSTER_CORE_REPORT_EVIDENCE_H_
#define MUSTER_CORE_REPORT_EVIDENCE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/governance/registry.h"
#include "core/governance/statement.h"
#include "core/report/verify.h"
#include "core/tlog/checkpoint.h"
#include "muster/v1/report.pb.h"

namespace muster::report {

struct Evidence {
  tlog::Checkpoint checkpoint;
  // The file's tree is the bundle's; otherwise it is another tree of the same log key.
  bool same_tree = false;
  governance::Registry registry;
  std::map<uint64_t, governance::VerifiedStatement> entries;
};

// `people`: entries that are no charter and no upload; `said`: what the file is about.
absl::StatusOr<Evidence> OpenEvidence(
    const AuditRoot& root, std::string_view consortium, const std::string& checkpoint,
    const v1::EntryProof& charter, const google::protobuf::RepeatedPtrField<v1::EntryProof>& people,
    const std::vector<const v1::EntryProof*>& said);

// Reads `bytes` only when they are the one form that this schema writes.
template <typename Message>
bool ParseOneForm(std::string_view bytes, Message& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
         !governance::HasUnknownFields(message) && message.SerializeAsString() == bytes;
}

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_EVIDENCE_H_
