// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/status.h"

#include <algorithm>
#include <string>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "google/rpc/error_info.pb.h"
#include "google/rpc/status.pb.h"

namespace muster::rpc {
namespace {

// Cuts at a character's edge: a message is UTF-8 on the wire.
std::string Cut(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message =
      Cut({status.message().data(), status.message().size()}, kErrorBytesMax);
  const Reason reason = ReasonOf(status);
  if (reason == v1::ERROR_REASON_UNSPECIFIED) return {code, message};

  google::rpc::ErrorInfo info;
  info.set_reason(ReasonName(reason));
  info.set_domain(kErrorDomain);
  size_t room = kErrorBytesMax - std::min(message.size(), kErrorBytesMax);
  for (const auto& [key, value] : DetailsOf(status)) {
    if (key.size() + value.size() > room) continue;
    room -= key.size() + value.size();
    (*info.mutable_metadata())[key] = value;
  }
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(code));
  rich.set_message(message);
  rich.add_details()->PackFrom(info);
  return {code, message, rich.SerializeAsString()};
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status rich;
  if (!status.error_details().empty() && rich.ParseFromString(status.error_details())) {
    for (const auto& detail : rich.details()) {
      google::rpc::ErrorInfo info;
      if (!detail.Is<google::rpc::ErrorInfo>() || !detail.UnpackTo(&info)) continue;
      if (info.domain() != kErrorDomain) continue;
      // A newer server may have reasons that this program does not know: its code and message still
      // say enough.
      Reason reason = v1::ERROR_REASON_UNSPECIFIED;
      (void)v1::ErrorReason_Parse(info.reason(), &reason);
      return MakeError(code, reason, status.error_message(),
                       {info.metadata().begin(), info.metadata().end()});
    }
  }
  if (code == absl::StatusCode::kUnavailable) {
    return MakeError(v1::SERVER_UNAVAILABLE,
                     "the server cannot be reached (" + status.error_message() +
                         "); check that it runs and that its address is right, then try again");
  }
  return absl::Status(code, Av(status.error_message()));
}

}  // namespace muster::rpc
