// SPDX-License-Identifier: Apache-2.0
//
// Passing absl::Status up: MUSTER_RETURN_IF_ERROR and MUSTER_ASSIGN_OR_RETURN, shaped like Abseil's
// later macros.
//
// Threads: pure macros.
#ifndef MUSTER_CORE_BASE_STATUS_H_
#define MUSTER_CORE_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define MUSTER_STATUS_CAT_(a, b) a##b
#define MUSTER_STATUS_CAT(a, b) MUSTER_STATUS_CAT_(a, b)

// Returns the status from the enclosing function when it is not OK.
#define MUSTER_RETURN_IF_ERROR(expr)                      \
  do {                                                    \
    if (::absl::Status status_ = (expr); !status_.ok()) { \
      return status_;                                     \
    }                                                     \
  } while (false)

// MUSTER_ASSIGN_OR_RETURN(auto x, F()): x is F's value, or F's status is returned.
#define MUSTER_ASSIGN_OR_RETURN(lhs, expr) \
  MUSTER_ASSIGN_OR_RETURN_(MUSTER_STATUS_CAT(statusor_, __LINE__), lhs, expr)
#define MUSTER_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                             \
  if (!tmp.ok()) return std::move(tmp).status(); \
  lhs = std::move(tmp).value()

#endif  // MUSTER_CORE_BASE_STATUS_H_
