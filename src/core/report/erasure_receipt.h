// SPDX-License-Identifier: Apache-2.0
//
// Erasure receipt: proves that a member passed a person's request on, and that the vault says it
// erased the address; checked by anybody with a bundle, without a server.
//
// File: "MUSTER-ERASURE-1\n" | ErasureReceipt. It names the address: it is for the person, and for
// whom they show it to. The statements on the log name none; the receipt's salt ties them to the
// address.
// It proves what was asked, by whom, and what the vault answered, when the log says. It does not
// prove that no backup has the address.
// Errors: the first thing that does not hold: RECEIPT_MALFORMED, and those of evidence.h.
// Threads: pure.
// Source: docs/formats/person.md.
#ifndef MUSTER_CORE_REPORT_ERASURE_RECEIPT_H_
#define MUSTER_CORE_REPORT_ERASURE_RECEIPT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/report/verify.h"
#include "core/tlog/checkpoint.h"
#include "muster/v1/person_service.pb.h"

namespace muster::report {

inline constexpr std::string_view kErasureReceiptMagic = "MUSTER-ERASURE-1\n";
inline constexpr size_t kErasureReceiptBytesMax = size_t{64} << 20;

struct ErasureFinding {
  std::string address;
  std::string member_name;
  std::string signer_name;
  uint64_t erase_index = 0;
  uint64_t erased_index = 0;
  int64_t ask_time = 0;    // Unix seconds, by the signer's clock
  int64_t erase_time = 0;  // by the vault's
  int64_t source_count = 0;
  tlog::Checkpoint checkpoint;
  bool same_tree = false;
};

std::string EncodeErasureReceipt(const v1::ErasureReceipt& receipt);
absl::StatusOr<v1::ErasureReceipt> DecodeErasureReceipt(std::string_view file);
absl::StatusOr<ErasureFinding> VerifyErasureReceipt(std::string_view file, const AuditRoot& root);

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_ERASURE_RECEIPT_H_
