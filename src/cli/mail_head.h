// SPDX-License-Identifier: Apache-2.0
//
// MailHead: whom a received mail was sent to, and what it says of itself: the head of an RFC 5322
// message as mail programs save it (.eml), or of the first one of an mbox.
//
// Recipients come from the fields that delivery writes (Delivered-To, X-Original-To, Envelope-To,
// ..., the "for" of Received) and that senders write (To, Cc, Bcc, Resent-To), in this order, each
// once. Everything that has the form of an address counts: who asks knows which ones are theirs.
// Rule: the body is not read. Nothing of it is proof: a mail file can be written by anybody.
// Errors: MAIL_MALFORMED.
// Threads: pure.
#ifndef MUSTER_CLI_MAIL_HEAD_H_
#define MUSTER_CLI_MAIL_HEAD_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace muster::cli {

inline constexpr size_t kMailHeadBytesMax = size_t{1} << 20;

struct MailHead {
  std::vector<std::string> recipients;
  std::string message_id;
  std::string from;
  std::string date;
};

absl::StatusOr<MailHead> ReadMailHead(std::string_view mail);

}  // namespace muster::cli

#endif  // MUSTER_CLI_MAIL_HEAD_H_
