// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/status.h"

#include <catch2/catch.hpp>
#include <string>

#include "core/base/error.h"
#include "google/rpc/error_info.pb.h"
#include "google/rpc/status.pb.h"

namespace muster::rpc {
namespace {

TEST_CASE("Status: every reason comes back from the wire with code, message and details",
          "[oracle]") {
  for (int i = 0; i < v1::ErrorReason_descriptor()->value_count(); ++i) {
    const auto reason = static_cast<Reason>(v1::ErrorReason_descriptor()->value(i)->number());
    if (reason == v1::ERROR_REASON_UNSPECIFIED) continue;
    const absl::Status in =
        MakeError(reason, "row 7: say so", {{"row", "7"}, {"remedy", "mend it"}});
    const grpc::Status wire = ToGrpcStatus(in);
    CHECK_FALSE(wire.ok());
    const absl::Status out = FromGrpcStatus(wire);
    CHECK(out.code() == in.code());
    CHECK(out.message() == in.message());
    CHECK(ReasonOf(out) == reason);
    CHECK(DetailsOf(out) == DetailsOf(in));
  }
}

TEST_CASE("Status: OK is OK both ways") {
  CHECK(ToGrpcStatus(absl::OkStatus()).ok());
  CHECK(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST_CASE("Status: the wire form is google.rpc.Status with one ErrorInfo of our domain") {
  const grpc::Status wire =
      ToGrpcStatus(MakeError(v1::DISK_FULL, "no room", {{"remedy", "make some"}}));
  google::rpc::Status rich;
  REQUIRE(rich.ParseFromString(wire.error_details()));
  CHECK(rich.code() == 8);
  CHECK(rich.message() == "no room");
  REQUIRE(rich.details_size() == 1);
  google::rpc::ErrorInfo info;
  REQUIRE(rich.details(0).UnpackTo(&info));
  CHECK(info.reason() == "DISK_FULL");
  CHECK(info.domain() == "muster");
  CHECK(info.metadata().at("remedy") == "make some");
}

TEST_CASE("Status: what no server of ours said keeps its code; unreachable gets a remedy") {
  const absl::Status plain = FromGrpcStatus({grpc::StatusCode::DEADLINE_EXCEEDED, "late"});
  CHECK(plain.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(ReasonOf(plain) == v1::ERROR_REASON_UNSPECIFIED);
  const absl::Status gone = FromGrpcStatus({grpc::StatusCode::UNAVAILABLE, "connection refused"});
  CHECK(ReasonOf(gone) == v1::SERVER_UNAVAILABLE);
  const absl::Status garbled = FromGrpcStatus({grpc::StatusCode::INTERNAL, "x", "\xff\xff\xff"});
  CHECK(garbled.code() == absl::StatusCode::kInternal);
}

TEST_CASE("Status: reasons of another domain or a newer server are not taken for ours") {
  google::rpc::ErrorInfo info;
  info.set_reason("DISK_FULL");
  info.set_domain("elsewhere");
  google::rpc::Status rich;
  rich.add_details()->PackFrom(info);
  const absl::Status foreign =
      FromGrpcStatus({grpc::StatusCode::INTERNAL, "x", rich.SerializeAsString()});
  CHECK(ReasonOf(foreign) == v1::ERROR_REASON_UNSPECIFIED);

  info.set_domain("muster");
  info.set_reason("A_REASON_OF_NEXT_YEAR");
  rich.clear_details();
  rich.add_details()->PackFrom(info);
  const absl::Status newer =
      FromGrpcStatus({grpc::StatusCode::ABORTED, "newer", rich.SerializeAsString()});
  CHECK(newer.code() == absl::StatusCode::kAborted);
  CHECK(newer.message() == "newer");
}

TEST_CASE(
    "Status: long messages and details are cut, at a character's edge, so that trailers pass") {
  std::string long_text;
  while (long_text.size() < 10'000) long_text += "\xC3\xA9";
  const grpc::Status wire =
      ToGrpcStatus(MakeError(v1::REQUEST_MALFORMED, long_text, {{"x", long_text}}));
  CHECK(wire.error_message().size() <= kErrorBytesMax + 3);
  CHECK(wire.error_details().size() < 3 * kErrorBytesMax);
  CHECK(wire.error_message().substr(wire.error_message().size() - 5) == "\xC3\xA9...");
}

}  // namespace
}  // namespace muster::rpc
