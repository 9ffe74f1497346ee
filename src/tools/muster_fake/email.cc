// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/email.h"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::fake {
namespace {

constexpr std::array<std::string_view, 36> kDomains = {
    "mail.example.com",     "inbox.example.com",  "post.example.net",    "webmail.example.net",
    "fastpost.example.com", "cable.example.net",  "fiber.example.net",   "dsl.example.net",
    "home.example.org",     "online.example.com", "alumni.example.org",  "university.example.org",
    "city.example.org",     "county.example.org", "schools.example.org", "hospital.example.org",
    "union.example.org",    "church.example.org", "library.example.org", "farm.example.com",
    "law.example.com",      "realty.example.com", "studio.example.com",  "works.example.com",
    "northmail.test",       "rivermail.test",     "lakemail.test",       "swiftmail.example",
    "quickbox.example",     "bluebird.example",   "example.com",         "example.net",
    "example.org",          "mail.example.org",   "inbox.example.net",   "mobile.example.net"};

// U-label and A-label of the internationalized ones.
constexpr std::pair<std::string_view, std::string_view> kInternational[] = {
    {"münchen.example", "xn--mnchen-3ya.example"},
    {"café-post.example", "xn--caf-post-d1a.example"},
    {"niño.test", "xn--nio-8ma.test"},
    {"東京.example", "xn--1lqs71d.example"},
    {"correo-españa.test", "xn--correo-espaa-khb.test"},
};

constexpr std::array<std::string_view, 6> kPlusTags = {"+news", "+votes",  "+alerts",
                                                       "+list", "+action", "+2024"};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

void AppendLetters(std::string_view name, std::string& out) {
  for (char c : name) {
    const char lower = Lower(c);
    if (lower >= 'a' && lower <= 'z') out += lower;
  }
}

void AppendNumber(uint64_t number, int digits, std::string& out) {
  const size_t start = out.size();
  for (; digits > 0 || number > 0; --digits, number /= 10)
    out += static_cast<char>('0' + number % 10);
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(start), out.end());
}

bool IgnoresDots(std::string_view domain) {
  return domain == "gmail.com" || domain == "googlemail.com";
}

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
}

}  // namespace

void WriteEmail(const Name& first, const Name& last, uint64_t code, int digits, Rng& rng,
                std::string& out) {
  const uint32_t provider = rng.Below(1000);
  if (provider < 30) {  // a family's own domain
    AppendLetters(first.plain, out);
    out += '@';
    AppendLetters(last.plain, out);
    out += '-';
    AppendNumber(code, digits, out);
    out += rng.Chance(5000) ? ".example" : ".example.net";
    return;
  }
  const uint32_t style = rng.Below(20);
  if (style == 0 || style == 1) {
    out += Lower(first.plain[0]);
    AppendLetters(last.plain, out);
  } else if (style < 5) {
    AppendLetters(first.plain, out);
    AppendLetters(last.plain, out);
  } else if (style < 7) {
    AppendLetters(first.plain, out);
    out += '_';
    AppendLetters(last.plain, out);
  } else if (style == 7) {
    AppendLetters(last.plain, out);
    out += '.';
    AppendLetters(first.plain, out);
  } else if (style < 10) {
    AppendLetters(first.plain, out);
    out += Lower(last.plain[0]);
  } else if (style == 10) {
    AppendLetters(last.plain, out);
  } else {
    AppendLetters(first.plain, out);
    out += '.';
    AppendLetters(last.plain, out);
  }
  const bool gmail = provider < 340;
  AppendNumber(code, gmail ? std::max(digits, 9) : digits, out);
  out += '@';
  if (gmail) {
    out += provider < 330 ? "gmail.com" : "googlemail.com";
  } else if (provider < 346) {
    const auto& domain = kInternational[rng.Below(std::size(kInternational))];
    out += domain.first;
  } else {
    // The first domains of the table are the big providers.
    out += kDomains[std::min(rng.Below(kDomains.size()), rng.Below(kDomains.size()))];
  }
}

void Respell(std::string& email, Rng& rng) {
  const size_t at = email.rfind('@');
  if (at == std::string::npos) return;
  const std::string_view domain = std::string_view(email).substr(at + 1);
  const bool ascii_domain = IsAscii(domain);
  if (IgnoresDots(domain)) {
    const uint32_t how = rng.Below(10);
    if (how < 3) {
      email.insert(at, rng.Pick(kPlusTags));
      return;
    }
    if (how < 7 && at > 3) {
      const size_t dot = email.find('.');
      if (dot < at) {
        email.erase(dot, 1);
      } else {
        email.insert(1 + rng.Below(static_cast<uint32_t>(at - 2)), ".");
      }
      return;
    }
  }
  if (!ascii_domain) {
    // The A-label form stands for the same domain.
    for (const auto& [u_label, a_label] : kInternational) {
      if (domain == u_label) {
        email.replace(at + 1, std::string::npos, a_label);
        return;
      }
    }
  }
  const uint32_t how = rng.Below(3);
  if (how == 0) {
    for (char& c : email) c = Upper(c);
  } else if (how == 1) {
    email[0] = Upper(email[0]);
    for (size_t i = 1; i < at; ++i) {
      if (email[i - 1] == '.' || email[i - 1] == '_') email[i] = Upper(email[i]);
    }
  } else {
    email[at + 1] = Upper(email[at + 1]);
  }
}

void Mistype(std::string& email, Rng& rng) {
  const size_t at = email.rfind('@');
  // Only among the leading letters: the digits stay, so that nobody else's address comes out.
  size_t letters = 0;
  while (letters < at && email[letters] >= 'a' && email[letters] <= 'z') ++letters;
  if (at == std::string::npos || letters < 4) return;
  const size_t i = 1 + rng.Below(static_cast<uint32_t>(letters - 2));
  switch (rng.Below(3)) {
    case 0:
      email.erase(i, 1);
      break;
    case 1:
      email.insert(i, 1, email[i]);
      break;
    default:
      std::swap(email[i], email[i + 1]);
  }
}

void MatchForm(std::string_view cell, std::string& out) {
  while (!cell.empty() && cell.front() == ' ') cell.remove_prefix(1);
  while (!cell.empty() && cell.back() == ' ') cell.remove_suffix(1);
  out.clear();
  for (char c : cell) out += Lower(c);
  const size_t at = out.rfind('@');
  if (at == std::string::npos) return;
  const std::string_view domain = std::string_view(out).substr(at + 1);
  if (IgnoresDots(domain)) {
    std::string_view local = std::string_view(out).substr(0, at);
    local = local.substr(0, local.find('+'));
    std::string folded;
    for (char c : local) {
      if (c != '.') folded += c;
    }
    out = folded + "@gmail.com";
    return;
  }
  if (IsAscii(domain)) return;
  for (const auto& [u_label, a_label] : kInternational) {
    if (domain == u_label) {
      out.replace(at + 1, std::string::npos, a_label);
      return;
    }
  }
}

}  // namespace muster::fake
