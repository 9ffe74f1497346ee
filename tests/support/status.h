// SPDX-License-Identifier: Apache-2.0
//
// Statuses in tests: REQUIRE_OK says what went wrong, REQUIRE_REASON compares the reason, Must
// takes the value out.
#ifndef MUSTER_TESTS_SUPPORT_STATUS_H_
#define MUSTER_TESTS_SUPPORT_STATUS_H_

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/error.h"

namespace muster::testing {

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// "OK", or the reason's name and the message.
inline std::string Said(const absl::Status& status) {
  if (status.ok()) return "OK";
  return ReasonName(ReasonOf(status)) + ": " + std::string(status.message());
}

// The value; fails the test when there is none.
template <typename T>
T Must(absl::StatusOr<T> result) {
  INFO(Said(result.status()));
  REQUIRE(result.ok());
  return std::move(result).value();
}

}  // namespace muster::testing

#define REQUIRE_OK(expr)                                                       \
  do {                                                                         \
    const absl::Status required_status_ = ::muster::testing::StatusOf((expr)); \
    INFO(#expr " -> " << ::muster::testing::Said(required_status_));           \
    REQUIRE(required_status_.ok());                                            \
  } while (false)

// `reason` is a value of v1::ErrorReason; its canonical code is checked along with it.
#define REQUIRE_REASON(expr, reason)                                           \
  do {                                                                         \
    const absl::Status required_status_ = ::muster::testing::StatusOf((expr)); \
    INFO(#expr " -> " << ::muster::testing::Said(required_status_));           \
    REQUIRE(::muster::ReasonOf(required_status_) == (reason));                 \
    REQUIRE(required_status_.code() == ::muster::CodeOf(reason));              \
  } while (false)

#endif  // MUSTER_TESTS_SUPPORT_STATUS_H_
