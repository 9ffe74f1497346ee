// SPDX-License-Identifier: Apache-2.0
//
// Event: an entry of the log in words, for a report's reader.
//
// Rule: a kind of entry for which this program has no words is still an event, under the name it
// has in statement.proto, and says that it was not understood: nothing is passed over. A new kind
// gets its words in event.cc.
// Threads: pure.
#ifndef MUSTER_CORE_REPORT_EVENT_H_
#define MUSTER_CORE_REPORT_EVENT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/governance/registry.h"
#include "muster/v1/statement.pb.h"

namespace muster::report {

struct Event {
  uint64_t index = 0;
  int64_t time = 0;    // report/period.h
  std::string kind;    // "upload"; "voterfile" for an upload of voters
  std::string member;  // display name; empty: the coalition's own
  std::string by;      // who signed: display name, or "the vault"
  std::string text;
  // Its date is not borne out by the log's order.
  bool back_dated = false;
  bool post_dated = false;
  // False: its signature and its place among the rules hold, and what it says was not looked at.
  bool understood = true;
};

// The kind as reports count it.
std::string EventKind(const v1::Statement& statement);
// `registry` has applied the statement. Time and index are the caller's to set.
Event DescribeEvent(const v1::Statement& statement, const governance::Registry& registry);

// "1,234,567".
std::string Grouped(int64_t number);

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_EVENT_H_
