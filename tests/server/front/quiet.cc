// SPDX-License-Identifier: Apache-2.0
//
// What a server would log of all the failures that are tried here helps nobody.
#include <google/protobuf/stubs/logging.h>
#include <spdlog/spdlog.h>

namespace {
[[maybe_unused]] const bool kQuiet = [] {
  spdlog::set_level(spdlog::level::off);
  google::protobuf::SetLogHandler(nullptr);
  return true;
}();
}  // namespace
