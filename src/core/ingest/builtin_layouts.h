// SPDX-License-Identifier: Apache-2.0
//
// BuiltInTexts: the TOML of the layouts that come with the program, as the files of
// data/voter_layouts are. VoterLayout parses them.
//
// Threads: constants.
#ifndef MUSTER_CORE_INGEST_BUILTIN_LAYOUTS_H_
#define MUSTER_CORE_INGEST_BUILTIN_LAYOUTS_H_

#include <span>
#include <string_view>

namespace muster::ingest {

struct BuiltInText {
  std::string_view file_name;  // "nc.toml"
  std::string_view toml;
};
std::span<const BuiltInText> BuiltInTexts();

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_BUILTIN_LAYOUTS_H_
