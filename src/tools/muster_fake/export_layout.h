// SPDX-License-Identifier: Apache-2.0
//
// ExportLayout: how each CRM writes its people down: column names, order, quoting, line ends,
// status words.
//
// A layout is a table of columns, each with the function that writes its cell; a column without one
// is always empty.
// Source: public exports and help pages of each system; columns that only some accounts have are
// left out.
// Threads: immutable after the first call.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_EXPORT_LAYOUT_H_
#define MUSTER_TOOLS_MUSTER_FAKE_EXPORT_LAYOUT_H_

#include <string>
#include <string_view>
#include <vector>

#include "tools/muster_fake/csv_row.h"
#include "tools/muster_fake/record.h"

namespace muster::fake {

struct Column {
  std::string header;
  void (*write)(const Record& record, CsvRow& row) = nullptr;
};

struct ExportLayout {
  std::string name;       // "Action Network"
  std::string file_stem;  // "action_network"
  CsvStyle style;
  RecordTraits traits;
  std::vector<Column> columns;

  void AppendHeader(std::string& out) const;
  void AppendCells(const Record& record, CsvRow& row) const;
};

// Member k's list has the layout k modulo seven: Action Network, NationBuilder, Mailchimp,
// EveryAction, CiviCRM, ActionKit, plain.
const ExportLayout& MemberLayout(uint32_t member);
// Mailchimp exports an audience as three files; these are the other two.
const ExportLayout& MailchimpUnsubscribed();
const ExportLayout& MailchimpCleaned();
bool HasSideFiles(const ExportLayout& layout);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_EXPORT_LAYOUT_H_
