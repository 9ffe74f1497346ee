// SPDX-License-Identifier: Apache-2.0
#include "core/token/sketch.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "core/contact/identifier.h"
#include "core/crypto/hash.h"
#include "core/crypto/short_hash.h"
#include "core/token/address.h"
#include "core/token/nickname.h"
#include "core/token/normalize.h"
#include "core/token/phonetic.h"

namespace muster::token {
namespace {

// What a token is of. On disk through the tokens: never given another meaning.
enum class Domain : char {
  kName = 'n',
  kFormalName = 'k',
  kFirstTypo = 'f',
  kLastTypo = 'l',
  kLastPart = 'q',
  kPhonetic = 'p',
  kPrefix = 'x',
  kInitial = 'i',
  kStreet = 's',
  kStreetTypo = 't',
  kHouseNumber = 'h',
  kUnit = 'u',
  kCity = 'c',
  kZip = 'z',
  kZip3 = '3',
  kPhone = 'o',
  kEmail = 'e',
  kEmailLocal = 'm',
  kBirthYear = 'y',
  kMonthOrDay = 'd',
};

constexpr size_t kStreetPrefix = 5;
constexpr size_t kCityPrefix = 6;

// Fields longer than this are cut: longer names tell nothing more.
constexpr size_t kTextMax = 80;

// Text on the stack: a domain byte, then what is hashed.
class Text {
 public:
  ~Text() { crypto::Wipe(bytes_, sizeof bytes_); }
  void Clear() { size_ = 0; }
  void Push(char c) {
    if (size_ < kTextMax) bytes_[1 + size_++] = c;
  }
  void Append(std::string_view text) {
    for (const char c : text) Push(c);
  }
  void Set(std::string_view text) {
    Clear();
    Append(text);
  }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  std::string_view view() const { return {bytes_ + 1, size_}; }
  // With the domain in front.
  std::string_view Framed(Domain domain) {
    bytes_[0] = static_cast<char>(domain);
    return {bytes_, size_ + 1};
  }

 private:
  char bytes_[1 + kTextMax];
  size_t size_ = 0;
};

bool IsLetter(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// NormalizeName, with a fast path that allocates nothing.
void Fold(std::string_view text, Text& out) {
  out.Clear();
  if (!contact::IsAscii(text)) {
    crypto::WipedString name(NormalizeName(text));
    out.Append(name.str());
    return;
  }
  bool space = false;
  for (char c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    if (IsLetter(c) || IsDigit(c)) {
      if (space && !out.empty()) out.Push(' ');
      space = false;
      out.Push(c);
    } else if (std::string_view(" \t\r\n\v\f-_/,&+").find(c) != std::string_view::npos) {
      space = true;
    }
  }
}

// Fillers that people and programs write where they know nothing.
bool IsFiller(std::string_view folded) {
  constexpr std::string_view kFillers[] = {
      // In the order of the alphabet.
      "ANON",         "ANONYMOUS",  "BLANK",         "FIRST NAME",   "FIRSTNAME",
      "FNAME",        "LAST NAME",  "LASTNAME",      "LNAME",        "MISSING",
      "N A",          "NA",         "NAN",           "NIL",          "NMI",
      "NMN",          "NO ADDRESS", "NO FIRST NAME", "NO LAST NAME", "NO MIDDLE NAME",
      "NO NAME",      "NONE",       "NOT AVAILABLE", "NOT GIVEN",    "NOT KNOWN",
      "NOT PROVIDED", "NULL",       "REDACTED",      "SUPPORTER",    "TBD",
      "TEST",         "UNDEFINED",  "UNK",           "UNKNOWN",      "UNNAMED",
      "WITHHELD"};
  // "", "X", "XX", ...
  if (folded.find_first_not_of('X') == std::string_view::npos) return true;
  return std::binary_search(std::begin(kFillers), std::end(kFillers), folded);
}

// Splits folded text at its spaces.
struct Words {
  explicit Words(std::string_view folded) {
    while (!folded.empty() && count < words.size()) {
      const size_t end = std::min(folded.find(' '), folded.size());
      words[count++] = folded.substr(0, end);
      folded.remove_prefix(std::min(end + 1, folded.size()));
    }
  }
  void DropFirst() {
    std::move(words.begin() + 1, words.begin() + count, words.begin());
    --count;
  }
  std::string_view front() const { return words[0]; }
  std::string_view back() const { return words[count - 1]; }
  std::array<std::string_view, 8> words;
  size_t count = 0;
};

void Join(const Words& words, Text& out) {
  out.Clear();
  for (size_t i = 0; i < words.count; ++i) out.Append(words.words[i]);
}

bool IsTitle(std::string_view word) {
  return word == "MR" || word == "MRS" || word == "MS" || word == "MISS" || word == "DR" ||
         word == "REV" || word == "HON" || word == "PROF";
}

// Words that belong to the name behind them.
bool IsParticle(std::string_view word) {
  constexpr std::string_view kParticles[] = {"DA", "DE",    "DEL", "DEN", "DER", "DI",  "DOS",
                                             "DU", "EL",    "LA",  "LAS", "LE",  "LOS", "SAN",
                                             "ST", "SAINT", "TEN", "TER", "VAN", "VON", "Y"};
  return word.size() == 1 ||
         std::find(std::begin(kParticles), std::end(kParticles), word) != std::end(kParticles);
}

unsigned SuffixOf(std::string_view word) {
  if (word == "JR" || word == "JUNIOR") return 1;
  if (word == "SR" || word == "SENIOR") return 2;
  if (word == "I" || word == "1ST") return 2;  // the elder of two
  if (word == "II" || word == "2ND" || word == "2") return 3;
  if (word == "III" || word == "3RD" || word == "3") return 4;
  if (word == "IV" || word == "4TH" || word == "4") return 5;
  if (word == "V" || word == "5TH" || word == "5") return 6;
  return 0;
}

uint16_t Narrow16(uint64_t hash) {
  const auto cut = static_cast<uint16_t>(hash >> 48);
  return cut == 0 ? uint16_t{1} : cut;
}

// Neither half is zero, so that halves compare like whole tokens.
uint32_t Narrow32(uint64_t hash) {
  auto cut = static_cast<uint32_t>(hash >> 32);
  if ((cut & 0xffffu) == 0) cut |= 1u;
  if (cut >> 16 == 0) cut |= 1u << 16;
  return cut;
}

// Digits only, without a leading country code; fillers give nothing.
void FoldPhone(std::string_view text, Text& out) {
  out.Clear();
  const size_t extension = text.find_first_of("xX");
  for (const char c : text.substr(0, extension)) {
    if (IsDigit(c)) out.Push(c);
  }
  if (out.size() == 11 && out.view()[0] == '1') {
    const std::string_view rest = out.view().substr(1);
    char digits[10];
    std::copy(rest.begin(), rest.end(), digits);
    out.Set({digits, sizeof digits});
    crypto::Wipe(digits, sizeof digits);
  }
  const std::string_view digits = out.view();
  if (digits.size() < 7) return out.Clear();
  // 000-0000, 999-999-9999 and 123-456-7890 are nobody's.
  const std::string_view line = digits.substr(digits.size() - 7);
  const bool same = line.find_first_not_of(line[0]) == std::string_view::npos;
  if (same || line == "1234567" || digits == "1234567890") out.Clear();
}

void FoldZip(std::string_view text, Text& out) {
  out.Clear();
  text = contact::TrimSpace(text);
  // A ZIP+4 in any form, a ZIP that lost its leading zeros, or another country's code.
  const size_t dash = text.find('-');
  if (dash == 5 || dash == 4) text = text.substr(0, dash);
  bool digits = true;
  for (char c : text) {
    if (c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    digits = digits && IsDigit(c);
    if (IsDigit(c) || IsLetter(c)) out.Push(c);
  }
  if (!digits || out.empty() || out.size() > 9) return digits ? out.Clear() : void();
  char padded[9];
  const size_t want = out.size() > 5 ? 9 : 5;
  const size_t zeros = want - out.size();
  std::fill(padded, padded + zeros, '0');
  std::copy(out.view().begin(), out.view().end(), padded + zeros);
  out.Set({padded, 5});
  if (out.view() == "00000" || out.view() == "99999") out.Clear();
}

struct Date {
  int year = 0, month = 0, day = 0;  // 0: not known
};

// Takes what is written, a 13th month included: a slip of the finger is evidence too.
Date ParseDate(std::string_view text) {
  text = contact::TrimSpace(text);
  int number[3] = {};
  size_t size[3] = {};
  size_t count = 0;
  for (size_t i = 0; i < text.size() && count < 3;) {
    if (!IsDigit(text[i])) {
      if (text[i] == 'T' || (text[i] == ' ' && count > 0)) break;
      ++i;
      continue;
    }
    for (; i < text.size() && IsDigit(text[i]) && size[count] < 8; ++i, ++size[count])
      number[count] = number[count] * 10 + (text[i] - '0');
    ++count;
  }
  Date date;
  if (count == 1 && size[0] == 8) {
    date = {number[0] / 10000, number[0] / 100 % 100, number[0] % 100};
  } else if (count == 1 && size[0] == 4) {
    date.year = number[0];
  } else if (count >= 2 && size[0] == 4) {
    date = {number[0], number[1], number[2]};
  } else if (count == 3 && size[2] == 4) {
    date = {number[2], number[0], number[1]};
  }
  if (date.month > 99 || date.day > 99) return {};
  // What systems write for "not known".
  const bool filler_day = date.day <= 1 && date.month <= 1;
  if (date.year == 0 || date.year == 9999 || date.year == 1111 || date.year == 1800 ||
      date.year == 1776 || (filler_day && (date.year == 1900 || date.year == 1901))) {
    return {};
  }
  if (date.year == 1900 && date.month == 0) return {};
  return date;
}

Sex ParseSex(std::string_view text) {
  text = contact::TrimSpace(text);
  if (text.empty() || text.size() > 8) return Sex::kNone;
  const char c = text[0];
  if (c == 'f' || c == 'F' || c == 'w' || c == 'W') return Sex::kFemale;
  if (c == 'm' || c == 'M') return Sex::kMale;
  return Sex::kNone;
}

unsigned StateOf(std::string_view text) {
  text = contact::TrimSpace(text);
  if (text.empty()) return 0;
  char code[2];
  if (text.size() == 2) {
    code[0] = text[0];
    code[1] = text[1];
  } else {
    const std::string state = NormalizeState(text);
    if (state.size() != 2) return 0;
    code[0] = state[0];
    code[1] = state[1];
  }
  for (char& c : code) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    if (!IsLetter(c)) return 0;
  }
  return static_cast<unsigned>((code[0] - 'A') * 26 + (code[1] - 'A') + 1);
}

// What follows from a name alone. Kept by the hash of the name: names repeat.
struct NameTokens {
  uint64_t hash = 0;
  std::array<uint16_t, kNameTypos> typos{};
  std::array<uint16_t, kFormalNames> formal_names{};
  uint16_t phonetic = 0;
  uint16_t prefix = 0;
  uint16_t initial = 0;
};
constexpr size_t kNameCacheSlots = size_t{1} << 14;

}  // namespace

struct Sketcher::State {
  explicit State(const SketchKey* sketch_key)
      : key(sketch_key->hash_key()), first_cache(kNameCacheSlots), last_cache(kNameCacheSlots) {}

  uint64_t Hash(Domain domain, Text& value) const {
    return crypto::ShortHash(key, value.Framed(domain));
  }
  uint16_t Token16(Domain domain, std::string_view value) {
    scratch.Set(value);
    return Narrow16(Hash(domain, scratch));
  }

  template <size_t N>
  void Typos(Domain domain, std::string_view name, std::array<uint16_t, N>& out) {
    out.fill(0);
    out[0] = Token16(domain, name);
    if (name.size() < 3) return;
    for (size_t i = 0; i + 1 < N && i < name.size(); ++i) {
      scratch.Clear();
      scratch.Append(name.substr(0, i));
      scratch.Append(name.substr(i + 1));
      out[i + 1] = Narrow16(Hash(domain, scratch));
    }
  }

  // `name` without spaces.
  const NameTokens& OfName(bool is_first, std::string_view name, uint64_t hash) {
    NameTokens& tokens = (is_first ? first_cache : last_cache)[hash & (kNameCacheSlots - 1)];
    if (tokens.hash == hash) return tokens;
    tokens = NameTokens();
    tokens.hash = hash;
    Typos(is_first ? Domain::kFirstTypo : Domain::kLastTypo, name, tokens.typos);
    if (is_first) {
      tokens.formal_names[0] = Token16(Domain::kFormalName, name);
      size_t count = 1;
      for (const std::string& formal : FormalNames(name)) {
        if (count == kFormalNames) break;
        tokens.formal_names[count++] = Token16(Domain::kFormalName, formal);
      }
    }
    const std::array<char, 4> code = Soundex(name);
    if (code[0] != '0')
      tokens.phonetic = Token16(Domain::kPhonetic, std::string_view(code.data(), code.size()));
    if (name.size() > 3) tokens.prefix = Token16(Domain::kPrefix, name.substr(0, 3));
    tokens.initial = Token16(Domain::kInitial, name.substr(0, 1));
    return tokens;
  }

  void First(const PersonText& person, Sketch& out);
  void Last(const PersonText& person, Sketch& out);
  void Birth(const PersonText& person, Sketch& out);
  void Address(const PersonText& person, Sketch& out);
  void Reach(const PersonText& person, Sketch& out);

  const crypto::SecretBytes& key;
  std::vector<NameTokens> first_cache, last_cache;
  Text text, joined, scratch;
  AddressParts address;
};

void Sketcher::State::First(const PersonText& person, Sketch& out) {
  Fold(person.middle, text);
  if (!IsFiller(text.view())) {
    joined.Set(Words(text.view()).front());
    out.middle_initial = Token16(Domain::kInitial, joined.view().substr(0, 1));
    if (joined.size() > 1) out.middle = Token16(Domain::kFormalName, joined.view());
  }
  Fold(person.first, text);
  if (IsFiller(text.view()) || text.view() == "FRIEND") return;
  Words words(text.view());
  while (words.count > 1 && IsTitle(words.front())) words.DropFirst();
  if (words.count > 1 && words.back().size() == 1 && words.front().size() > 1) {
    if (out.middle_initial == 0) out.middle_initial = Token16(Domain::kInitial, words.back());
    --words.count;
  }
  Join(words, joined);
  if (joined.size() == 1) {
    out.first_initial = Token16(Domain::kInitial, joined.view());
    return;
  }
  const uint64_t hash = Hash(Domain::kName, joined);
  out.first = Narrow32(hash);
  const NameTokens& tokens = OfName(true, joined.view(), hash);
  out.first_typos = tokens.typos;
  out.formal_names = tokens.formal_names;
  out.first_phonetic = tokens.phonetic;
  out.first_prefix = tokens.prefix;
  out.first_initial = tokens.initial;
  // MARY ANN is met as MARY; who is called by another name says which.
  const auto also = [&out](uint16_t token) {
    for (uint16_t& slot : out.formal_names) {
      if (slot == token) return;
      if (slot == 0) {
        slot = token;
        return;
      }
    }
    out.formal_names.back() = token;
  };
  if (words.count > 1 && words.front().size() > 1)
    also(Token16(Domain::kFormalName, words.front()));
  if (!person.nickname.empty()) {
    Fold(person.nickname, text);
    if (!IsFiller(text.view()) && text.size() > 1)
      also(Token16(Domain::kFormalName, Words(text.view()).front()));
  }
}

void Sketcher::State::Last(const PersonText& person, Sketch& out) {
  unsigned suffix = 0;
  if (!person.suffix.empty()) {
    Fold(person.suffix, text);
    suffix = SuffixOf(text.view());
  }
  Fold(person.last, text);
  if (!IsFiller(text.view())) {
    Words words(text.view());
    while (words.count > 1 && words.back().size() > 1 && SuffixOf(words.back()) != 0) {
      suffix = SuffixOf(words.back());
      --words.count;
    }
    Join(words, joined);
    const uint64_t hash = Hash(Domain::kName, joined);
    out.last = Narrow32(hash);
    const NameTokens& tokens = OfName(false, joined.view(), hash);
    out.last_typos = tokens.typos;
    out.last_phonetic = tokens.phonetic;
    out.last_prefix = tokens.prefix;
    size_t count = 0;
    if (words.count > 1) {
      for (size_t i = 0; i < words.count; ++i) {
        if (IsParticle(words.words[i])) continue;
        // First and last of what counts.
        out.last_parts[std::min(count, kLastParts - 1)] =
            Token16(Domain::kLastPart, words.words[i]);
        ++count;
      }
    }
    if (count < kLastParts) out.last_parts[count] = Token16(Domain::kLastPart, joined.view());
  }
  out.traits = static_cast<uint16_t>(out.traits | (suffix << 2));
}

void Sketcher::State::Birth(const PersonText& person, Sketch& out) {
  const Date date = ParseDate(person.birth_date);
  const auto number = [](int value) {
    return std::array<char, 4>{
        static_cast<char>('0' + value / 1000 % 10), static_cast<char>('0' + value / 100 % 10),
        static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
  };
  const auto token = [&](Domain domain, int value) {
    const std::array<char, 4> digits = number(value);
    return Token16(domain, std::string_view(digits.data(), digits.size()));
  };
  if (date.year != 0) out.birth_year = token(Domain::kBirthYear, date.year);
  if (date.month != 0) out.birth_month = token(Domain::kMonthOrDay, date.month);
  if (date.day != 0) out.birth_day = token(Domain::kMonthOrDay, date.day);
}

void Sketcher::State::Address(const PersonText& person, Sketch& out) {
  bool known = true;
  if (!person.street.empty()) {
    joined.Clear();
    for (const std::string_view part :
         {person.pre_directional, person.street, person.street_type, person.post_directional}) {
      if (part.empty()) continue;
      if (!joined.empty()) joined.Push(' ');
      joined.Append(part);
    }
    NormalizeStreet(joined.view(), address);
    Fold(person.house_number, text);
    address.house_number = text.view();
    if (!person.unit.empty()) {
      Fold(person.unit, text);
      address.unit = text.view();
    }
  } else if (!person.address1.empty() || !person.address2.empty()) {
    ParseAddress(person.address1, person.address2, address);
  } else {
    known = false;
    if (!person.house_number.empty()) {
      Fold(person.house_number, text);
      out.house_number =
          IsFiller(text.view()) ? uint16_t{0} : Token16(Domain::kHouseNumber, text.view());
    }
  }
  if (known) {
    const auto strip = [](std::string_view number) {
      while (number.size() > 1 && number[0] == '0') number.remove_prefix(1);
      return number;
    };
    if (!IsFiller(address.street)) {
      joined.Clear();
      for (const char c : address.street) {
        if (c != ' ') joined.Push(c);
      }
      out.street = Narrow32(Hash(Domain::kStreet, joined));
      Typos(Domain::kStreetTypo, joined.view(), out.street_typos);
      // How it starts: the street type may be misspelled, and then it is part of the name.
      out.street_typos.back() = Token16(Domain::kPrefix, joined.view().substr(0, kStreetPrefix));
    }
    if (!address.house_number.empty() && strip(address.house_number) != "0")
      out.house_number = Token16(Domain::kHouseNumber, strip(address.house_number));
    if (!address.unit.empty()) out.unit = Token16(Domain::kUnit, strip(address.unit));
  }
  Fold(person.city, text);
  if (!IsFiller(text.view())) {
    Words words(text.view());
    joined.Clear();
    for (size_t i = 0; i < words.count; ++i) {
      const std::string_view word = words.words[i];
      joined.Append(word == "SAINT" ? "ST" : word == "MOUNT" ? "MT" : word == "FORT" ? "FT" : word);
    }
    out.city = Token16(Domain::kCity, joined.view().substr(0, kCityPrefix));
  }
  out.traits = static_cast<uint16_t>(out.traits | (StateOf(person.state) << 6));
  FoldZip(person.zip, text);
  if (!text.empty()) {
    out.zip = Narrow32(Hash(Domain::kZip, text));
    out.zip3 = Token16(Domain::kZip3, text.view().substr(0, 3));
  }
}

void Sketcher::State::Reach(const PersonText& person, Sketch& out) {
  if (!person.phone.empty()) {
    FoldPhone(person.phone, text);
    if (!text.empty()) out.phone = Narrow32(Hash(Domain::kPhone, text));
  }
  const std::string_view raw = contact::TrimSpace(person.email);
  if (raw.find('@') == std::string_view::npos) return;
  const absl::StatusOr<std::string> parsed = NormalizeEmail(raw);
  // What is no address any more is still what two rows may have in common.
  crypto::WipedString email(parsed.ok() ? *parsed : std::string(raw));
  out.email = Narrow32(
      crypto::ShortHash(key, std::string(1, static_cast<char>(Domain::kEmail)) + email.str()));
  const size_t at = email.str().rfind('@');
  if (at > 0)
    out.email_local = Token16(Domain::kEmailLocal, std::string_view(email.str()).substr(0, at));
}

Sketcher::Sketcher(const SketchKey* key) : state_(std::make_unique<State>(key)) {}
Sketcher::~Sketcher() = default;

void Sketcher::Make(const PersonText& person, Sketch& out) {
  out = Sketch();
  out.traits = static_cast<uint16_t>(ParseSex(person.sex));
  state_->First(person, out);
  state_->Last(person, out);
  state_->Birth(person, out);
  state_->Address(person, out);
  state_->Reach(person, out);
}

SketchKey::SketchKey(const crypto::SecretBytes& raw32)
    : hash_key_(crypto::SecretBytes::Zeroed(crypto::kShortHashKeyBytes)) {
  const crypto::SecretBytes derived = crypto::DeriveKey(raw32, "muster/sketch/v1");
  std::copy_n(derived.ExposeSecret().begin(), crypto::kShortHashKeyBytes,
              hash_key_.MutableExposeSecret().begin());
}

PersonText PersonTextOf(const contact::ContactRecord& record) {
  using contact::Field;
  PersonText person;
  person.first = record[Field::kFirstName];
  person.middle = record[Field::kMiddleName];
  person.last = record[Field::kLastName];
  person.suffix = record[Field::kSuffix];
  person.nickname = record[Field::kNickname];
  person.sex = record[Field::kSex];
  person.birth_date = record[Field::kBirthDate];
  person.house_number = record[Field::kHouseNumber];
  person.pre_directional = record[Field::kPreDirectional];
  person.street = record[Field::kStreetName];
  person.street_type = record[Field::kStreetType];
  person.post_directional = record[Field::kPostDirectional];
  person.unit = record[Field::kUnitNumber];
  person.address1 = record[Field::kAddress1];
  person.address2 = record[Field::kAddress2];
  person.city = record[Field::kCity];
  person.state = record[Field::kState];
  person.zip = record[Field::kZip];
  person.phone = record[Field::kMobile].empty() ? record[Field::kPhone] : record[Field::kMobile];
  person.email = record[Field::kEmail];
  return person;
}

std::string EncodeSketch(const Sketch& sketch) {
  static_assert(std::endian::native == std::endian::little);
  std::string out(kSketchBytes, '\0');
  std::memcpy(out.data(), &sketch, kSketchBytes);
  return out;
}

bool DecodeSketch(std::string_view bytes, Sketch& sketch) {
  if (bytes.size() != kSketchBytes) return false;
  std::memcpy(&sketch, bytes.data(), kSketchBytes);
  return true;
}

}  // namespace muster::token
