// SPDX-License-Identifier: Apache-2.0
//
// FromWindows1252: text of a row that is no UTF-8, as the Windows code page that most such files
// are in.
//
// Errors: none; the five bytes that the code page leaves open are read as C1 controls.
// Threads: pure.
// Source: the WHATWG Encoding Standard's windows-1252.
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_WINDOWS1252_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_WINDOWS1252_H_

#include <string>
#include <string_view>

namespace muster::linkage {

std::string FromWindows1252(std::string_view text);

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_WINDOWS1252_H_
