// SPDX-License-Identifier: Apache-2.0
//
// Provenance: the two files that an auditor holds. A report says what one member brought; a bundle
// says which consortium that is.
//
// Report: "MUSTER-REPORT-1\n" | ProvenanceReport | signature (64) by the reporter over
// "muster/report/v1\n" and all bytes before it.
// Bundle: "MUSTER-BUNDLE-1\n" | Bundle. Layouts: docs/formats/report.md.
// Rule: only the one form of a message that this schema writes is taken, so that two readers never
// see two meanings. Decoding says that a file is whole; whether what it says is true is verify.h's
// to find out.
// Errors: INVALID_ARGUMENT (REPORT_MALFORMED, BUNDLE_MALFORMED, SIGNATURE_INVALID, KEY_MALFORMED,
// KEY_LOW_ORDER).
// Threads: pure.
#ifndef MUSTER_CORE_REPORT_PROVENANCE_H_
#define MUSTER_CORE_REPORT_PROVENANCE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/signature.h"
#include "muster/v1/report.pb.h"

namespace muster::report {

inline constexpr std::string_view kReportMagic = "MUSTER-REPORT-1\n";
inline constexpr std::string_view kBundleMagic = "MUSTER-BUNDLE-1\n";
inline constexpr std::string_view kReportPurpose = "muster/report/v1\n";
// Of ProvenanceReport.version; 0 stands in the first reports.
inline constexpr int32_t kReportVersion = 2;
// 450 bytes a batch, so this is an upload of all the batches there may be, and then some.
inline constexpr size_t kReportBytesMax = size_t{256} << 20;
inline constexpr size_t kBundleBytesMax = size_t{1} << 20;

// Sets reporter_key to `key`'s and signs.
std::string EncodeReport(v1::ProvenanceReport report, const crypto::SigningKey& key);
// Checks the signature by the key that the file itself names.
absl::StatusOr<v1::ProvenanceReport> DecodeReport(std::string_view file);

std::string EncodeBundle(const v1::Bundle& bundle);
absl::StatusOr<v1::Bundle> DecodeBundle(std::string_view file);

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_PROVENANCE_H_
