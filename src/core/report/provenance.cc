// SPDX-License-Identifier: Apache-2.0
#include "core/report/provenance.h"

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/seal/envelope.h"

namespace muster::report {
namespace {

// False unless `bytes` are what this schema writes for what it reads from them: nothing unknown,
// nothing twice, no padding.
template <typename Message>
bool ParseCanonical(std::string_view bytes, Message& message) {
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  Message known = message;
  known.DiscardUnknownFields();
  return known.SerializeAsString() == bytes;
}

absl::Status Malformed(Reason reason, std::string_view what) {
  return MakeError(reason, std::string(what) + "; ask whoever made the file for a new copy");
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

std::string EncodeReport(v1::ProvenanceReport report, const crypto::SigningKey& key) {
  report.set_reporter_key(ToString(key.verify_key().bytes));
  std::string file(kReportMagic);
  report.AppendToString(&file);
  file += key.Sign(kReportPurpose, file);
  return file;
}

absl::StatusOr<v1::ProvenanceReport> DecodeReport(std::string_view file) {
  if (file.size() > kReportBytesMax) {
    return MakeError(v1::REPORT_MALFORMED, "this is longer than any report; check the file's name");
  }
  if (!StartsWith(file, kReportMagic)) {
    return MakeError(
        v1::REPORT_MALFORMED,
        StartsWith(file, kBundleMagic)
            ? "this is a bundle, not a report; name the bundle with --bundle"
            : "this is no provenance report; make one with `muster report provenance`");
  }
  if (file.size() < kReportMagic.size() + seal::kSignatureBytes) {
    return Malformed(v1::REPORT_MALFORMED, "the report is cut off");
  }
  const std::string_view signed_bytes = file.substr(0, file.size() - seal::kSignatureBytes);
  v1::ProvenanceReport report;
  if (!ParseCanonical(signed_bytes.substr(kReportMagic.size()), report)) {
    return Malformed(v1::REPORT_MALFORMED, "the report is damaged, cut off or of a later version");
  }
  MUSTER_ASSIGN_OR_RETURN(const crypto::VerifyKey key,
                          crypto::ParseVerifyKey(report.reporter_key()));
  if (!crypto::Verify(key, kReportPurpose, signed_bytes, file.substr(signed_bytes.size())).ok()) {
    return Malformed(v1::SIGNATURE_INVALID, "the report was changed after it was signed");
  }
  return report;
}

std::string EncodeBundle(const v1::Bundle& bundle) {
  std::string file(kBundleMagic);
  bundle.AppendToString(&file);
  return file;
}

absl::StatusOr<v1::Bundle> DecodeBundle(std::string_view file) {
  if (!StartsWith(file, kBundleMagic)) {
    return MakeError(v1::BUNDLE_MALFORMED,
                     StartsWith(file, kReportMagic)
                         ? "this is a report, not a bundle; name a bundle with --bundle"
                         : "this is no bundle; make one with `muster log bundle --out FILE`");
  }
  v1::Bundle bundle;
  if (file.size() > kBundleBytesMax || !ParseCanonical(file.substr(kBundleMagic.size()), bundle)) {
    return Malformed(v1::BUNDLE_MALFORMED, "the bundle is damaged, cut off or of a later version");
  }
  return bundle;
}

}  // namespace muster::report
