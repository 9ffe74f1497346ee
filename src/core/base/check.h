// SPDX-License-Identifier: Apache-2.0
//
// MUSTER_CHECK: for our own mistakes, never for input. Prints where, never what was in the data,
// and aborts.
#ifndef MUSTER_CORE_BASE_CHECK_H_
#define MUSTER_CORE_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>

#define MUSTER_CHECK(condition)                                                          \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

#endif  // MUSTER_CORE_BASE_CHECK_H_
