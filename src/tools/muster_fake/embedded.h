// SPDX-License-Identifier: Apache-2.0
//
// The public tables that lie inside the program: names, nicknames, ZIP centroids, as CSV text (see
// data/*/README.md).
//
// Threads: constants.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_EMBEDDED_H_
#define MUSTER_TOOLS_MUSTER_FAKE_EMBEDDED_H_

#include <string_view>

namespace muster::fake {

std::string_view SurnamesCsv();
std::string_view FemaleFirstNamesCsv();
std::string_view MaleFirstNamesCsv();
std::string_view NicknamesCsv();
std::string_view ZipCentroidsCsv();

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_EMBEDDED_H_
