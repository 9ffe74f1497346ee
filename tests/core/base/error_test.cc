// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"

#include "core/base/status.h"
#include "tests/support/status.h"

namespace muster {
namespace {

TEST_CASE("Every reason has a canonical code of its own choosing", "[base]") {
  const auto* reasons = v1::ErrorReason_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    const Reason reason = static_cast<Reason>(reasons->value(i)->number());
    CAPTURE(ReasonName(reason));
    const absl::StatusCode code = CodeOf(reason);
    CHECK(code != absl::StatusCode::kOk);
    CHECK((code == absl::StatusCode::kUnknown) == (reason == v1::ERROR_REASON_UNSPECIFIED));
    const absl::Status status = MakeError(reason, "what happened");
    CHECK(status.code() == code);
    CHECK(ReasonOf(status) == reason);
  }
}

TEST_CASE("A reason that nobody listed has an unknown code", "[base]") {
  CHECK(CodeOf(static_cast<Reason>(9999)) == absl::StatusCode::kUnknown);
}

TEST_CASE("An error carries message, reason and details", "[base]") {
  const absl::Status status =
      MakeError(v1::EMAIL_MALFORMED, "row 7 has no domain", {{"row", "7"}, {"field", "email"}});
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(status.message()) == "row 7 has no domain");
  CHECK(ReasonName(ReasonOf(status)) == "EMAIL_MALFORMED");
  CHECK(DetailsOf(status) == ErrorDetails{{"field", "email"}, {"row", "7"}});
}

TEST_CASE("Annotate puts context before the message and keeps the rest", "[base]") {
  const absl::Status status =
      Annotate(MakeError(absl::StatusCode::kAborted, v1::FILE_CHANGED, "it grew", {{"row", "9"}}),
               "list.csv");
  CHECK(std::string(status.message()) == "list.csv: it grew");
  CHECK(status.code() == absl::StatusCode::kAborted);
  CHECK(ReasonOf(status) == v1::FILE_CHANGED);
  CHECK(DetailsOf(status) == ErrorDetails{{"row", "9"}});
  CHECK(Annotate(absl::OkStatus(), "list.csv").ok());
}

TEST_CASE("A status of others has no reason", "[base]") {
  CHECK(ReasonOf(absl::OkStatus()) == v1::ERROR_REASON_UNSPECIFIED);
  CHECK(ReasonOf(absl::InternalError("x")) == v1::ERROR_REASON_UNSPECIFIED);
  CHECK(DetailsOf(absl::InternalError("x")).empty());
}

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return MakeError(v1::REQUEST_MALFORMED, "odd");
  return n / 2;
}

absl::StatusOr<int> Quarter(int n) {
  MUSTER_ASSIGN_OR_RETURN(const int half, Half(n));
  MUSTER_RETURN_IF_ERROR(Half(half).status());
  MUSTER_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

TEST_CASE("The status macros pass the first error up whole", "[base]") {
  CHECK(testing::Must(Quarter(12)) == 3);
  REQUIRE_REASON(Quarter(6), v1::REQUEST_MALFORMED);
  REQUIRE_REASON(Quarter(5), v1::REQUEST_MALFORMED);
}

}  // namespace
}  // namespace muster
