// SPDX-License-Identifier: Apache-2.0
//
// FieldValue: what a cell means. Cells come as people and programs write them; out come the forms
// that a ContactRecord holds.
//
// Rule: a value that cannot be read is said to be so, never guessed at: a function returns false
// and leaves `out` empty. What is merely written in another way (an Excel ="01234", a ZIP that
// lost its zero, a date with slashes) is read.
// Units: UTF-8 in and out; dates "YYYY-MM-DD", "YYYY-MM" or "YYYY"; times RFC 3339 UTC, zone-less
// times taken as UTC.
// Threads: pure. No function allocates once `out` has grown, save for text that is not NFC.
#ifndef MUSTER_CORE_INGEST_FIELD_VALUE_H_
#define MUSTER_CORE_INGEST_FIELD_VALUE_H_

#include <optional>
#include <string>
#include <string_view>

#include "core/contact/contact.h"

namespace muster::ingest {

// Without blanks at the ends and without Excel's ="..." around it. Empty when the text only says
// that there is nothing: "N/A", "NULL", "-", ...
std::string_view CleanCell(std::string_view cell);
// For names, where "Null" and "Nan" are people, while "NULL" and "nan" are programs.
std::string_view CleanName(std::string_view cell);

// NFC, with line breaks and other control characters as spaces. Replaces `out`.
void SetText(std::string_view cell, std::string& out);

// "12345" or "12345-6789" for the United States, zeros lost to spreadsheets given back; elsewhere
// as written, in capitals.
void SetZip(std::string_view zip, std::string_view plus4, bool is_us, std::string& out);
bool IsUnitedStates(std::string_view country);  // true when empty

// How a layout joins tags in one cell.
enum class TagStyle { kCommaSpace, kComma, kQuotedList };
// One tag a line, blank ones left out.
void SetTags(std::string_view cell, TagStyle style, std::string& out);

// A whole name in one cell: "Dr. Maria del Mar Lopez Jr." or "Lopez, Maria". Fills the parts that
// are empty yet.
void SplitFullName(std::string_view cell, contact::ContactRecord& record);

// Mailchimp's address in one cell, its parts two blanks apart. False when it is not of that shape.
bool SplitMailchimpAddress(std::string_view cell, contact::ContactRecord& record);

// Yes and no in the words that CRMs export; nullopt when it is neither.
std::optional<bool> ParseYesNo(std::string_view cell);
// A subscription status in the words that CRMs export.
std::optional<contact::Status> ParseStatusWord(std::string_view cell);

// Lowercase ASCII letters and digits, and whatever is not ASCII: what names of columns and words of
// status are compared by.
std::string WordKey(std::string_view text);

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_FIELD_VALUE_H_
