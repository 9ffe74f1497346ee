// SPDX-License-Identifier: Apache-2.0
//
// CutFixedWidth: a line of fixed-width text as cells.
//
// Rule: positions count characters. A line that is no ASCII and has exactly as many bytes as the
// layout is wide was written by a program that counts bytes; a line that is no UTF-8 is cut by
// bytes, which are its characters. What a short line lacks is empty: programs cut off blanks at
// the end.
// Errors: none; false when a cut would split a character.
// Threads: pure.
#ifndef MUSTER_CORE_INGEST_FIXED_WIDTH_H_
#define MUSTER_CORE_INGEST_FIXED_WIDTH_H_

#include <string_view>
#include <vector>

#include "core/ingest/voter_layout.h"

namespace muster::ingest {

// How many characters a line has, the blanks at its end left out.
size_t LineCharacters(std::string_view line, bool is_ascii, bool is_utf8);

// Replaces `cells`, one for each column of `layout`; they are views of `line`.
bool CutFixedWidth(std::string_view line, bool is_ascii, bool is_utf8, const FileLayout& layout,
                   std::vector<std::string_view>& cells);

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_FIXED_WIDTH_H_
