// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"

#include "core/base/bytes.h"

namespace muster {
namespace {

constexpr char kPayloadUrl[] = "type.googleapis.com/muster.v1.ErrorDetail";

v1::ErrorDetail DetailOf(const absl::Status& status) {
  v1::ErrorDetail detail;
  if (auto payload = status.GetPayload(kPayloadUrl); payload.has_value()) {
    detail.ParseFromString(std::string(*payload));
  }
  return detail;
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, Reason reason, std::string_view message,
                       const ErrorDetails& details) {
  absl::Status status(code, Av(message));
  v1::ErrorDetail detail;
  detail.set_reason(reason);
  for (const auto& [key, value] : details) (*detail.mutable_metadata())[key] = value;
  status.SetPayload(kPayloadUrl, absl::Cord(detail.SerializeAsString()));
  return status;
}

absl::Status MakeError(Reason reason, std::string_view message, const ErrorDetails& details) {
  return MakeError(CodeOf(reason), reason, message, details);
}

absl::StatusCode CodeOf(Reason reason) {
  const auto* value = v1::ErrorReason_descriptor()->FindValueByNumber(reason);
  if (value == nullptr) return absl::StatusCode::kUnknown;
  return static_cast<absl::StatusCode>(value->options().GetExtension(v1::canonical_code));
}

Reason ReasonOf(const absl::Status& status) { return DetailOf(status).reason(); }

std::string ReasonName(Reason reason) { return v1::ErrorReason_Name(reason); }

ErrorDetails DetailsOf(const absl::Status& status) {
  const v1::ErrorDetail detail = DetailOf(status);
  return {detail.metadata().begin(), detail.metadata().end()};
}

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(),
                         Av(std::string(context) + ": " + std::string(status.message())));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace muster
