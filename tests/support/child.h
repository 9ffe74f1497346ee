// SPDX-License-Identifier: Apache-2.0
//
// A child that can be killed: runs one hidden test case of this very program in a new process (a
// fork alone would lack the threads of the libraries).
//
// The child says Acknowledge() after each thing that must survive; the parent kills it (-9) after
// so many of them. Arguments travel in the environment.
#ifndef MUSTER_TESTS_SUPPORT_CHILD_H_
#define MUSTER_TESTS_SUPPORT_CHILD_H_

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <map>
#include <string>

namespace muster::test {

inline constexpr int kAcknowledgeFd = 57;

inline void Acknowledge() {
  if (::write(kAcknowledgeFd, "x", 1) != 1) std::_Exit(1);
}

inline std::string ChildArgument(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct ChildResult {
  size_t acknowledged = 0;
  int status = 0;  // as waitpid gives it
};

// `kill_after` 0: lets it run to its end.
inline ChildResult RunChild(const std::string& test_case,
                            const std::map<std::string, std::string>& arguments,
                            size_t kill_after) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], kAcknowledgeFd);
    for (const auto& [name, value] : arguments) ::setenv(name.c_str(), value.c_str(), 1);
    ::execl("/proc/self/exe", "child", test_case.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(ends[1]);
  ChildResult result;
  char byte;
  while ((kill_after == 0 || result.acknowledged < kill_after) && ::read(ends[0], &byte, 1) == 1)
    ++result.acknowledged;
  if (kill_after != 0) ::kill(child, SIGKILL);
  while (::read(ends[0], &byte, 1) == 1) ++result.acknowledged;
  ::close(ends[0]);
  ::waitpid(child, &result.status, 0);
  return result;
}

}  // namespace muster::test

#endif  // MUSTER_TESTS_SUPPORT_CHILD_H_
