// SPDX-License-Identifier: Apache-2.0
#include "cli/mail_head.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/contact/identifier.h"

namespace muster::cli {
namespace {

constexpr size_t kTextBytesMax = 1000;
constexpr size_t kRecipientsMax = 1000;
constexpr std::string_view kRecipientFields[] = {
    "delivered-to", "x-original-to",  "x-delivered-to", "envelope-to",  "x-envelope-to",
    "x-rcpt-to",    "x-forwarded-to", "received",       "to",           "cc",
    "bcc",          "resent-to",      "resent-cc",      "apparently-to"};

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::MAIL_MALFORMED,
                   "this is no mail as programs save it: " + std::string(what) +
                       "; save the message with all its headers (as an .eml file)");
}

std::string Lowercase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// The next line without its end.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return c > ' ' && c < 0x7F && c != ':'; });
}

void AddAddresses(std::string_view value, std::vector<std::string>& out) {
  constexpr std::string_view kBetween = " \t,;<>()\"[]:'";
  while (!value.empty() && out.size() < kRecipientsMax) {
    const size_t begin = std::min(value.find_first_not_of(kBetween), value.size());
    value.remove_prefix(begin);
    const std::string_view word = value.substr(0, value.find_first_of(kBetween));
    value.remove_prefix(word.size());
    if (word.find('@') == std::string_view::npos) continue;
    const auto email = contact::ParseEmail(word);
    if (!email.ok()) continue;
    std::string text = email->Text();
    if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(std::move(text));
  }
}

// What goes into a signed proof must be UTF-8.
std::string Shown(std::string_view value) {
  const std::string_view text = contact::TrimSpace(value.substr(0, kTextBytesMax));
  if (contact::IsUtf8(text)) return std::string(text);
  std::string ascii;
  for (const char c : text) ascii.push_back(static_cast<unsigned char>(c) < 0x80 ? c : '?');
  return ascii;
}

}  // namespace

absl::StatusOr<MailHead> ReadMailHead(std::string_view mail) {
  std::string_view rest = mail.substr(0, kMailHeadBytesMax);
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  if (rest.starts_with("From ")) TakeLine(rest);
  std::map<std::string, std::vector<std::string>> fields;
  std::vector<std::string>* last = nullptr;
  while (!rest.empty()) {
    const std::string_view line = TakeLine(rest);
    if (line.empty()) break;
    if (line.find('\0') != std::string_view::npos) return Malformed("its head has zero bytes");
    if (line.front() == ' ' || line.front() == '\t') {
      if (last == nullptr) return Malformed("it begins with a folded line");
      last->back().append(line);
      continue;
    }
    const size_t colon = line.find(':');
    const std::string_view name = contact::TrimSpace(line.substr(0, std::min(colon, line.size())));
    if (colon == std::string_view::npos || !IsName(name))
      return Malformed("a line of its head is no field");
    last = &fields[Lowercase(name)];
    last->emplace_back(line.substr(colon + 1));
  }
  if (fields.empty()) return Malformed("it has no head");

  MailHead head;
  for (const std::string_view name : kRecipientFields) {
    const auto found = fields.find(std::string(name));
    if (found == fields.end()) continue;
    for (const std::string& value : found->second) {
      std::string_view part = value;
      if (name == "received") {
        const size_t at = value.find(" for ");
        if (at == std::string::npos) continue;
        part = part.substr(at);
      }
      AddAddresses(part, head.recipients);
    }
  }
  const auto first = [&fields](const char* name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : Shown(found->second.front());
  };
  head.message_id = first("message-id");
  head.from = first("from");
  head.date = first("date");
  return head;
}

}  // namespace muster::cli
