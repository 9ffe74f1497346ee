// SPDX-License-Identifier: Apache-2.0
//
// MessageEqual: whether two messages of the schema say the same, so that records that hold them can
// be compared member by member.
//
// Rule: they say the same when their bytes are the same. The schema has no maps and statements have
// no unknown fields (governance/statement.h), so one content has one form.
// Threads: pure.
#ifndef MUSTER_CORE_GOVERNANCE_MESSAGE_EQUAL_H_
#define MUSTER_CORE_GOVERNANCE_MESSAGE_EQUAL_H_

#include <google/protobuf/message.h>

#include <concepts>

namespace muster::v1 {

// In the messages' namespace, where comparing a record looks for it.
template <std::derived_from<google::protobuf::Message> Message>
bool operator==(const Message& a, const Message& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

}  // namespace muster::v1

#endif  // MUSTER_CORE_GOVERNANCE_MESSAGE_EQUAL_H_
