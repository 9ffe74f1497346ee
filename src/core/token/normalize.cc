// SPDX-License-Identifier: Apache-2.0
#include "core/token/normalize.h"

#include <unicode/normalizer2.h>
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "core/base/check.h"
#include "core/base/status.h"

namespace muster::token {
namespace {

// A provider is listed only when its own pages say that every mailbox of the domain works so: a
// person missed costs a duplicate, two people taken for one cannot be undone.
struct Provider {
  std::string_view domain;
  std::string_view canonical_domain;
  bool dots_ignored;
};
constexpr Provider kProviders[] = {
    {"gmail.com", "gmail.com", true},
    {"googlemail.com", "gmail.com", true},
    {"outlook.com", "outlook.com", false},
    {"hotmail.com", "hotmail.com", false},
    {"live.com", "live.com", false},
    {"msn.com", "msn.com", false},
    {"icloud.com", "icloud.com", false},
    {"me.com", "me.com", false},
    {"mac.com", "mac.com", false},
    {"fastmail.com", "fastmail.com", false},
    {"proton.me", "proton.me", false},
    {"protonmail.com", "protonmail.com", false},
    {"pm.me", "pm.me", false},
};

const Provider* FindProvider(std::string_view domain) {
  const auto* found = std::find_if(std::begin(kProviders), std::end(kProviders),
                                   [domain](const Provider& p) { return p.domain == domain; });
  return found == std::end(kProviders) ? nullptr : found;
}

const icu::Normalizer2& Canonical(UNormalization2Mode mode) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getInstance(nullptr, "nfc", mode, error);
  MUSTER_CHECK(U_SUCCESS(error));
  return *normalizer;
}

// Canonical caseless matching (Unicode 3.13, D145), with simple folding: folding the decomposition
// is what makes a second round change nothing.
std::string FoldCase(std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::UnicodeString source =
      icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
  const icu::UnicodeString decomposed = Canonical(UNORM2_DECOMPOSE).normalize(source, error);
  icu::UnicodeString folded;
  for (int32_t i = 0; i < decomposed.length(); i = decomposed.moveIndex32(i, 1)) {
    folded.append(u_foldCase(decomposed.char32At(i), U_FOLD_CASE_DEFAULT));
  }
  const icu::UnicodeString composed = Canonical(UNORM2_COMPOSE).normalize(folded, error);
  MUSTER_CHECK(U_SUCCESS(error));
  std::string out;
  composed.toUTF8String(out);
  return out;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// Without tag and, at gmail.com, dots; as it is when what is left could be no local part.
void ApplyProvider(const Provider& provider, std::string& local) {
  const size_t plus = local.find('+');
  if (plus == 0) return;
  if (plus != std::string::npos && local[plus - 1] == '.' && !provider.dots_ignored) return;
  if (plus != std::string::npos) local.resize(plus);
  if (provider.dots_ignored) local.erase(std::remove(local.begin(), local.end(), '.'), local.end());
}

// ICU guards the rules that its transliterators share, so each thread has its own.
const icu::Transliterator& Romanizer() {
  thread_local const std::unique_ptr<icu::Transliterator> romanizer = [] {
    UErrorCode error = U_ZERO_ERROR;
    std::unique_ptr<icu::Transliterator> made(
        icu::Transliterator::createInstance("Any-Latin; Latin-ASCII", UTRANS_FORWARD, error));
    MUSTER_CHECK(U_SUCCESS(error) && made != nullptr);
    return made;
  }();
  return *romanizer;
}

// Appends words one character at a time, with single spaces between them.
class NameWriter {
 public:
  void Add(char c) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      if (space_ && !out_.empty()) out_.push_back(' ');
      space_ = false;
      out_.push_back(c);
    } else if (std::string_view(" \t\r\n\v\f-_/,&+").find(c) != std::string_view::npos) {
      space_ = true;
    }
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
  bool space_ = false;
};

}  // namespace

absl::StatusOr<std::string> NormalizeEmail(std::string_view text) {
  MUSTER_ASSIGN_OR_RETURN(const contact::Email email, contact::ParseEmail(text));
  return NormalizeEmail(email);
}

std::string NormalizeEmail(const contact::Email& email) {
  std::string out;
  out.reserve(email.local.size() + 1 + email.domain.size());
  out.append(email.local);
  std::string_view domain = email.domain;
  // Before folding: a mark behind a dropped dot then composes with the letter before the dot.
  if (const Provider* provider = FindProvider(domain)) {
    ApplyProvider(*provider, out);
    domain = provider->canonical_domain;
  }
  if (contact::IsAscii(out)) {
    std::transform(out.begin(), out.end(), out.begin(), Lower);
  } else {
    out = FoldCase(out);
  }
  out.push_back('@');
  out.append(domain);
  return out;
}

std::string NormalizeName(std::string_view text) {
  NameWriter name;
  if (contact::IsAscii(text)) {
    for (const char c : text) name.Add(c);
    return name.Take();
  }
  icu::UnicodeString romanized =
      icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
  Romanizer().transliterate(romanized);
  for (int32_t i = 0; i < romanized.length(); i = romanized.moveIndex32(i, 1)) {
    const UChar32 c = romanized.char32At(i);
    if (c < 0x80) {
      name.Add(static_cast<char>(c));
    } else if (u_isUWhiteSpace(c) || u_hasBinaryProperty(c, UCHAR_DASH)) {
      name.Add(' ');
    }
  }
  return name.Take();
}

std::string NormalizeVoterNumber(std::string_view text) {
  std::string number(contact::TrimSpace(text));
  for (char& c : number) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return number;
}

uint32_t NormalizeDay(std::string_view text) {
  constexpr size_t kDateBytes = 10;
  text = contact::TrimSpace(text);
  if (text.size() < kDateBytes || text[4] != '-' || text[7] != '-') return 0;
  if (text.size() > kDateBytes && text[kDateBytes] != 'T' && text[kDateBytes] != ' ') return 0;
  unsigned number[3] = {};
  size_t part = 0;
  for (size_t i = 0; i < kDateBytes; ++i) {
    if (i == 4 || i == 7) {
      ++part;
    } else if (text[i] < '0' || text[i] > '9') {
      return 0;
    } else {
      number[part] = number[part] * 10 + static_cast<unsigned>(text[i] - '0');
    }
  }
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(number[0])),
                                         std::chrono::month(number[1]),
                                         std::chrono::day(number[2]));
  if (!date.ok()) return 0;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return days > 0 ? static_cast<uint32_t>(days) : 0;
}

}  // namespace muster::token
