// SPDX-License-Identifier: Apache-2.0
#include "core/token/address.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "core/contact/identifier.h"
#include "core/token/address_words.h"
#include "core/token/normalize.h"

namespace muster::token {
namespace {

constexpr size_t kWordsMax = 48;
constexpr size_t kWordBytesMax = 40;
constexpr size_t kTextBytesMax = 3 * kAddressLineBytesMax;  // "&" becomes AND

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return c >= 'A' && c <= 'Z'; }
bool IsAlnum(char c) { return IsDigit(c) || IsLetter(c); }
// Words that may mean something begin so.
bool StartsMeaning(char c) { return IsLetter(c) || c == '#'; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

std::string_view OrdinalEnding(uint32_t number) {
  const uint32_t tail = number % 100;
  if (tail >= 11 && tail <= 13) return "TH";
  switch (number % 10) {
    case 1:
      return "ST";
    case 2:
      return "ND";
    case 3:
      return "RD";
    default:
      return "TH";
  }
}

bool IsOrdinalEnding(std::string_view text) {
  return text == "ST" || text == "ND" || text == "RD" || text == "TH";
}

// "21ST", and "21TH", which Clean() makes "21ST".
bool IsOrdinal(std::string_view text) {
  return text.size() >= 3 && IsOrdinalEnding(text.substr(text.size() - 2)) &&
         AllDigits(text.substr(0, text.size() - 2));
}

struct Word {
  std::string_view text;
  const AddressWord* meaning = nullptr;
  bool after_comma = false;
  bool after_hyphen = false;

  bool Is(std::string_view other) const { return text == other; }
  bool StartsWithDigit() const { return IsDigit(text.front()); }
  bool IsFraction() const { return text.find('/') != text.npos; }
  // A number that can be one of a house, not of a street.
  bool IsNumber() const { return StartsWithDigit() && !IsOrdinal(text) && !IsFraction(); }
  bool IsOneLetter() const { return text.size() == 1 && IsLetter(text.front()); }
  bool HasDigit() const { return std::any_of(text.begin(), text.end(), IsDigit); }
  std::string_view Type() const { return meaning ? meaning->type : std::string_view(); }
  std::string_view Directional() const {
    return meaning ? meaning->directional : std::string_view();
  }
  Road RoadKind() const { return meaning ? meaning->road : Road::kNone; }
  Box BoxKind() const { return meaning ? meaning->box : Box::kNone; }
  UnitKind Unit() const { return meaning ? meaning->unit_kind : UnitKind::kNone; }
};

// The words of a line, in a buffer of their own.
class Words {
 public:
  void Read(std::string_view line) {
    line = line.substr(0, kAddressLineBytesMax);
    if (contact::IsAscii(line)) {
      Split(line);
    } else {
      const std::string folded = NormalizeAddressText(line);
      Split(std::string_view(folded).substr(0, kAddressLineBytesMax));
    }
  }

  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  Word& operator[](size_t i) { return words_[i]; }
  const Word& operator[](size_t i) const { return words_[i]; }

 private:
  static std::string NormalizeAddressText(std::string_view line);

  void Split(std::string_view line);
  void End();
  void Clean(std::string_view text);
  void Push(std::string_view text);
  std::string_view Open() const { return {text_.data() + begin_, used_ - begin_}; }

  std::array<char, kTextBytesMax + kWordBytesMax> text_;
  size_t used_ = 0;
  size_t begin_ = 0;  // of the open word
  std::array<Word, kWordsMax> words_;
  size_t count_ = 0;
  bool comma_ = false;
  bool hyphen_ = false;
};

// Letters of other scripts as NormalizeName reads them; what Split() looks at stays.
std::string Words::NormalizeAddressText(std::string_view line) {
  std::string out;
  size_t begin = 0;
  const auto flush = [&](size_t end) {
    if (end > begin) out += NormalizeName(line.substr(begin, end - begin));
  };
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool of_word = (static_cast<uint8_t>(c) & 0x80u) != 0 || IsAlnum(Upper(c));
    if (of_word) continue;
    flush(i);
    out.push_back(c);
    begin = i + 1;
  }
  flush(line.size());
  return out;
}

void Words::Push(std::string_view text) {
  if (count_ == kWordsMax) return;
  Word& word = words_[count_++];
  word.text = text;
  word.meaning = StartsMeaning(text.front()) ? FindAddressWord(text) : nullptr;
  word.after_comma = comma_;
  word.after_hyphen = hyphen_;
  comma_ = hyphen_ = false;
}

// One word as it is written: numbers without leading zeros, ordinals with their right ending, and
// what is glued together in two.
void Words::Clean(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  if (digits > 0) {
    size_t zeros = 0;
    while (zeros + 1 < digits && text[zeros] == '0') ++zeros;
    const std::string_view rest = text.substr(digits);
    if (rest.empty() || !IsLetter(rest.front())) return Push(text.substr(zeros));
    if (IsOrdinalEnding(rest)) {
      const std::string_view number = text.substr(zeros, digits - zeros);
      uint32_t tail = 0;
      for (const char c : number) tail = (tail * 10 + static_cast<uint32_t>(c - '0')) % 100;
      const std::string_view ending = OrdinalEnding(tail);
      char* const at = const_cast<char*>(rest.data());
      std::memcpy(at, ending.data(), ending.size());
      return Push(text.substr(zeros));
    }
    if (rest.size() >= 3 && std::all_of(rest.begin(), rest.end(), IsLetter)) {  // 123MAIN
      Push(text.substr(zeros, digits - zeros));
      return Push(rest);
    }
    return Push(text.substr(zeros));
  }
  size_t letters = 0;
  while (letters < text.size() && IsLetter(text[letters])) ++letters;
  if (letters < text.size()) {  // APT3B, CR12
    const AddressWord* const first = FindAddressWord(text.substr(0, letters));
    const bool splits =
        first != nullptr &&
        ((first->unit_kind != UnitKind::kNone && first->unit_rank > 1) ||
         first->box != Box::kNone || (first->road > Road::kNone && first->road < Road::kCounty));
    if (splits) {
      Push(text.substr(0, letters));
      return Clean(text.substr(letters));
    }
  }
  Push(text);
}

void Words::End() {
  if (used_ > begin_) Clean(Open());
  begin_ = used_;
}

void Words::Split(std::string_view line) {
  const auto at = [line](size_t i) { return i < line.size() ? Upper(line[i]) : '\0'; };
  for (size_t i = 0; i < line.size() && count_ < kWordsMax; ++i) {
    const char c = at(i);
    if (IsAlnum(c)) {
      if (used_ - begin_ < kWordBytesMax) text_[used_++] = c;
      continue;
    }
    const char next = at(i + 1);
    const bool in_number = IsDigit(next) && AllDigits(Open());
    switch (c) {
      case '\'':
      case '`':
      case '"':
        break;
      case '.':
        if (in_number && used_ - begin_ < kWordBytesMax) {
          text_[used_++] = c;
        } else if (!(IsAlnum(next) && !IsAlnum(at(i + 2)) && used_ - begin_ == 1)) {
          End();  // "N.W." is one word, "St.James" two
        }
        break;
      case '-':
        if (in_number && used_ - begin_ < kWordBytesMax) {
          text_[used_++] = c;
        } else {
          End();
          hyphen_ = count_ > 0;
        }
        break;
      case '/':
        if (in_number && used_ - begin_ <= 2) {
          text_[used_++] = c;
        } else {
          End();
        }
        break;
      case '#':
        End();
        Push("#");
        break;
      case '&':
        End();
        if (count_ > 0) Push("AND");
        break;
      case ',':
      case ';':
      case '\n':
      case '\r':
        End();
        comma_ = count_ > 0;
        break;
      default:
        End();
    }
  }
  End();
}

// A range of words, and where what they say goes.
class Parser {
 public:
  Parser(const Words& words, AddressParts& out) : w_(words), out_(out), end_(words.size()) {}

  void WholeLine();
  void StreetAlone() { Body(); }
  // The line beside the street's.
  void UnitLine();

 private:
  bool Take(std::string_view text) {
    if (at_ == end_ || !w_[at_].Is(text)) return false;
    ++at_;
    return true;
  }
  bool More() const { return at_ < end_; }
  size_t Left() const { return end_ - at_; }

  bool TakeBox();
  bool TakePoBox(size_t i, size_t* next) const;
  void BoxNumber();
  void TakeHouseNumber();
  void TakeHouseLetter();
  void Body();
  bool FindHighway(size_t i, size_t* next, std::string_view* name) const;
  bool IsRouteNumber(size_t i, bool letters) const;
  bool TakeHighway();
  void TakeUnits();
  bool ReadUnit(size_t i, size_t* next);
  bool AloneUnitFits(size_t i) const;
  size_t UnitNumber(size_t i, bool more_may_follow);
  void SetUnit(std::string_view type, uint8_t rank);
  void CutAtComma();
  bool IsBareUnit(size_t i) const;
  bool IsLetterAvenue() const;
  void TakePostDirectional();
  void TakeBareUnit();
  void TakeType();
  void TakePreDirectional();
  void Name();
  bool MartinLutherKing();
  void Append(std::string_view word) {
    if (!out_.street.empty()) out_.street.push_back(' ');
    out_.street.append(word);
  }
  void AppendOrdinal(uint32_t number) {
    char text[8];
    size_t n = sizeof(text);
    uint32_t rest = number;
    do {
      text[--n] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest > 0);
    Append({text + n, sizeof(text) - n});
    out_.street.append(OrdinalEnding(number));
  }

  const Words& w_;
  AddressParts& out_;
  size_t at_ = 0;
  size_t end_;
  uint8_t unit_rank_ = 0;
  std::array<char, kWordBytesMax * 4> unit_text_;
  size_t unit_size_ = 0;
};

// ---- boxes ----

bool Parser::TakePoBox(size_t i, size_t* next) const {
  const auto is = [&](size_t k, std::string_view text) { return k < end_ && w_[k].Is(text); };
  const auto is_box = [&](size_t k) { return k < end_ && w_[k].BoxKind() == Box::kBox; };
  const Box box = w_[i].BoxKind();
  if (box == Box::kPoBox) {
    *next = is_box(i + 1) ? i + 2 : i + 1;
    return true;
  }
  size_t after = 0;
  if (box == Box::kPo) {
    after = i + 1;
  } else if (is(i, "P") && is(i + 1, "O")) {
    after = i + 2;
  } else if (is(i, "POST") && is(i + 1, "OFFICE")) {
    after = i + 2;
  } else {
    return false;
  }
  if (is_box(after)) {
    *next = after + 1;
    return true;
  }
  *next = after;
  return after < end_ && w_[after].IsNumber();
}

// What stands behind BOX, to the house number.
void Parser::BoxNumber() {
  Take("#");
  if (!More()) return;
  const size_t end = UnitNumber(at_, true);
  out_.house_number.assign(unit_text_.data(), unit_size_);
  at_ = end;
}

bool Parser::TakeBox() {
  size_t next = 0;
  if (TakePoBox(at_, &next) || (w_[at_].BoxKind() == Box::kBox && Left() >= 2 &&
                                w_[at_ + 1].HasDigit() && (next = at_ + 1) != 0)) {
    at_ = next;
    out_.street.assign("PO BOX");
    out_.po_box = true;
    BoxNumber();
    return true;
  }
  if (w_[at_].Is("GENERAL") && Left() >= 2 && w_[at_ + 1].Is("DELIVERY")) {
    out_.street.assign("GENERAL DELIVERY");
    return true;
  }
  const auto road = [&](size_t i) {
    return i < end_ && w_[i].RoadKind() == Road::kRoute ? i + 1 : i;
  };
  const auto is = [&](size_t i, std::string_view text) { return i < end_ && w_[i].Is(text); };
  std::string_view kind;
  bool needs_box = false;
  size_t i = at_;
  if (w_[i].BoxKind() == Box::kRural) {
    kind = "RR";
    i = road(i + 1);
  } else if (is(i, "R") && is(i + 1, "R")) {
    kind = "RR";
    i = road(i + 2);
  } else if (is(i, "RURAL") && road(i + 1) != i + 1) {
    kind = "RR";
    i = road(i + 1);
  } else if (w_[i].RoadKind() == Road::kRoute) {
    kind = "RR";
    needs_box = true;
    ++i;
  } else if (w_[i].BoxKind() == Box::kContract) {
    kind = "HC";
    i = road(i + 1);
  } else if (is(i, "STAR") && road(i + 1) != i + 1) {
    kind = "HC";
    i = road(i + 1);
  } else if (is(i, "HIGHWAY") && is(i + 1, "CONTRACT")) {
    kind = "HC";
    i = road(i + 2);
  } else if (w_[i].BoxKind() == Box::kMilitary) {
    kind = w_[i].text;
    ++i;
  } else if (is(i, "UNIT")) {
    kind = "UNIT";
    needs_box = true;
    ++i;
  } else {
    return false;
  }
  if (is(i, "NO") || is(i, "#")) ++i;
  if (i == end_ || !w_[i].IsNumber()) return false;
  const size_t route = i++;
  const bool box = i < end_ && (w_[i].BoxKind() == Box::kBox || w_[i].Is("#"));
  if (needs_box && !box) return false;
  Append(kind);
  Append(w_[route].text);
  at_ = box ? i + 1 : i;
  if (box || (More() && w_[at_].IsNumber())) BoxNumber();
  return true;
}

// ---- the house number ----

// N6W23001, W204N11912: Wisconsin's grid.
bool IsGridNumber(std::string_view text) {
  const auto is_side = [](char c) { return c == 'N' || c == 'S' || c == 'E' || c == 'W'; };
  size_t i = 0;
  for (int half = 0; half < 2; ++half) {
    if (i == text.size() || !is_side(text[i])) return false;
    const size_t digits = ++i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    if (i == digits) return false;
  }
  return i == text.size() || (i + 1 == text.size() && IsLetter(text[i]));
}
bool IsHalfGridNumber(std::string_view text) {
  return text.size() >= 2 && text.size() <= 7 && IsLetter(text[0]) && AllDigits(text.substr(1));
}

void Parser::TakeHouseNumber() {
  if (!More()) return;
  const Word& first = w_[at_];
  if (first.IsNumber()) {
    out_.house_number.assign(first.text);
    ++at_;
    while (More() && w_[at_].after_hyphen && !w_[at_].after_comma &&
           (w_[at_].IsOneLetter() || (w_[at_].IsNumber() && AllDigits(first.text)))) {
      if (w_[at_].StartsWithDigit()) out_.house_number.push_back('-');
      out_.house_number.append(w_[at_].text);
      ++at_;
    }
  } else if (IsGridNumber(first.text)) {
    out_.house_number.assign(first.text);
    ++at_;
  } else if (IsHalfGridNumber(first.text) && Left() >= 2) {
    out_.house_number.assign(first.text);
    ++at_;
    if (Left() >= 2 && IsHalfGridNumber(w_[at_].text) &&
        IsGridNumber(out_.house_number + std::string(w_[at_].text))) {
      out_.house_number.append(w_[at_].text);
      ++at_;
    }
  } else {
    return;
  }
  if (More() && w_[at_].IsFraction()) {
    out_.fraction.assign(w_[at_].text);
    ++at_;
  }
  TakeHouseLetter();
}

// "12 B MAIN ST" is 12B; "12 B ST" is a street B.
void Parser::TakeHouseLetter() {
  if (Left() < 2 || !IsDigit(out_.house_number.back())) return;
  const Word& letter = w_[at_];
  const Word& next = w_[at_ + 1];
  if (!letter.Is("A") && !letter.Is("B") && !letter.Is("C")) return;
  if (letter.after_comma || next.after_comma || next.IsOneLetter() || !IsLetter(next.text[0]))
    return;
  if (next.Unit() != UnitKind::kNone) return;
  const bool next_is_type = !next.Type().empty() || next.Is("AND");
  const bool named = Left() >= 3 && !w_[at_ + 2].Type().empty() && !next.Is("AND");
  if (next_is_type && !named) return;
  out_.house_number.append(letter.text);
  ++at_;
}

// ---- units ----

// The pieces of a unit's number from i on, into unit_text_; gives where they end.
size_t Parser::UnitNumber(size_t i, bool more_may_follow) {
  unit_size_ = 0;
  const auto append = [&](std::string_view text) {
    const size_t n = std::min(text.size(), unit_text_.size() - unit_size_);
    std::memcpy(unit_text_.data() + unit_size_, text.data(), n);
    unit_size_ += n;
  };
  append(w_[i].text);
  ++i;
  constexpr size_t kPieceBytesMax = 4;
  while (i < end_ && more_may_follow) {
    const Word& piece = w_[i];
    const bool digits = AllDigits(piece.text);
    if (piece.after_comma || piece.Is("#") || piece.text.size() > kPieceBytesMax) break;
    const bool after_digit = IsDigit(unit_text_[unit_size_ - 1]);
    if (!piece.after_hyphen && !piece.IsOneLetter() && !(digits && !after_digit)) break;
    if (!digits && !piece.IsOneLetter() && !piece.HasDigit()) break;
    if (piece.StartsWithDigit() && after_digit) append("-");
    append(piece.text);
    ++i;
  }
  return i;
}

void Parser::SetUnit(std::string_view type, uint8_t rank) {
  if (rank < unit_rank_) return;
  unit_rank_ = rank;
  out_.unit_type.assign(type);
  out_.unit.assign(unit_text_.data(), unit_size_);
}

// REAR and the like may as well be a street's name: only behind a type, a comma or another unit.
bool Parser::AloneUnitFits(size_t i) const {
  const bool last = i + 1 == end_ || w_[i + 1].after_comma || w_[i + 1].HasDigit() ||
                    w_[i + 1].Unit() != UnitKind::kNone;
  if (!last) return false;
  if (unit_rank_ > 0 || w_[i].after_comma || i == 0) return true;
  for (size_t k = at_ + 1; k < i; ++k) {
    if (!w_[k].Type().empty()) return true;
  }
  return false;
}

// A unit that begins at i, set; false when there is none.
bool Parser::ReadUnit(size_t i, size_t* next) {
  const Word& word = w_[i];
  unit_size_ = 0;
  if (i + 1 < end_ && w_[i + 1].meaning != nullptr && w_[i + 1].meaning->unit == "FL" &&
      !w_[i + 1].after_comma) {
    // 3RD FL; FIRST FLOOR
    const uint8_t ordinal = word.meaning ? word.meaning->ordinal : 0;
    const bool digits = IsOrdinal(word.text);
    const bool number_behind = i + 2 < end_ && w_[i + 2].IsNumber() && AllDigits(word.text);
    if ((digits || ordinal > 0 || AllDigits(word.text)) && !number_behind &&
        word.text.size() <= 12) {
      if (ordinal > 0) {
        const std::string_view tens("0123456789");
        if (ordinal >= 10) unit_text_[unit_size_++] = tens[ordinal / 10];
        unit_text_[unit_size_++] = tens[ordinal % 10];
      } else {
        UnitNumber(i, false);
        if (digits) unit_size_ -= 2;
      }
      SetUnit("FL", 3);
      *next = i + 2;
      return true;
    }
  }
  const UnitKind kind = word.Unit();
  if (kind == UnitKind::kNone) return false;
  const std::string_view code = word.meaning->unit;
  const uint8_t rank = word.meaning->unit_rank;
  if (kind == UnitKind::kAlone) {
    if (!AloneUnitFits(i)) return false;
    *next = i + 1;
    if (i + 1 < end_ && !w_[i + 1].after_comma && w_[i + 1].IsNumber() &&
        w_[i + 1].text.size() <= 4) {
      *next = UnitNumber(i + 1, true);
    }
    SetUnit(code, rank);
    return true;
  }
  size_t k = i + 1;
  while (k + 1 < end_ && (w_[k].Is("#") || w_[k].Is("NO") || w_[k].Is("NUM") ||
                          w_[k].Is("NUMBER") || w_[k].Is("NBR"))) {
    ++k;
  }
  if (k == end_ || w_[k].Is("#")) {
    *next = k;
    return word.Is("#") || k > i + 1;
  }
  const Word& number = w_[k];
  // APT BLDG 4: the second says it.
  if (number.Unit() != UnitKind::kNone && number.Unit() != UnitKind::kAlone && k + 1 < end_ &&
      w_[k + 1].HasDigit()) {
    *next = k;
    return true;
  }
  constexpr size_t kFloorBytesMax = 3;
  if (kind == UnitKind::kNumber) {
    const bool letters = number.text.size() <= 2 && (number.IsOneLetter() || !number.meaning);
    if (!number.HasDigit() && !letters) return false;
    if (number.HasDigit() && IsOrdinal(number.text)) return false;
    if (code == "FL" && number.text.size() > kFloorBytesMax) return false;
  }
  *next = UnitNumber(k, i > at_ || i == 0);
  SetUnit(code, rank);
  return true;
}

void Parser::TakeUnits() {
  // A unit before the street: APT 3 123 MAIN ST, 123 #3 MAIN ST.
  size_t next = at_;
  while (More()) {
    const Word& first = w_[at_];
    const bool sure = first.Unit() == UnitKind::kAny && at_ + 1 < end_ &&
                      (w_[at_ + 1].HasDigit() || w_[at_ + 1].Is("#") || w_[at_ + 1].IsOneLetter() ||
                       first.Is("#"));
    const bool alone = first.Unit() == UnitKind::kNumber && Left() == 2 && w_[at_ + 1].HasDigit();
    if (!sure && !alone) break;
    if (!ReadUnit(at_, &next)) break;
    at_ = next;
    if (out_.house_number.empty()) TakeHouseNumber();
  }
  bool named = false;  // a word stands before that can be the street
  size_t cut = end_;
  for (size_t i = at_; i < end_;) {
    if (named && ReadUnit(i, &next)) {
      cut = std::min(cut, i);
      i = std::max(next, i + 1);
      continue;
    }
    if (w_[i].Directional().empty() || i + 1 == end_) named = true;
    if (named && i + 1 < end_ && TakePoBox(i, &next) && i > at_) cut = std::min(cut, i);
    ++i;
  }
  end_ = cut;
}

void Parser::UnitLine() {
  if (!More()) return;
  size_t next = 0;
  for (size_t i = 0; i < end_;) {
    if (ReadUnit(i, &next)) {
      i = std::max(next, i + 1);
    } else {
      ++i;
    }
  }
  if (unit_rank_ == 0 && IsBareUnit(0) && UnitNumber(0, true) == end_) SetUnit("#", 4);
}

bool Parser::IsBareUnit(size_t i) const {
  constexpr size_t kBareBytesMax = 5;
  const Word& word = w_[i];
  if (word.IsOneLetter()) return true;
  return word.text.size() <= kBareBytesMax && word.HasDigit() && !IsOrdinal(word.text) &&
         !word.IsFraction();
}

// ---- highways ----

bool Parser::IsRouteNumber(size_t i, bool letters) const {
  constexpr size_t kRouteBytesMax = 6;
  if (i >= end_ || w_[i].after_comma) return false;
  if (w_[i].IsNumber()) return w_[i].text.size() <= kRouteBytesMax;
  const std::string_view text = w_[i].text;
  if (!letters || text.size() > 2 || !IsLetter(text[0])) return false;
  // COUNTY ROAD N, COUNTY HWY KK: the letter is the last word, or a unit follows.
  if (text.size() == 2 && text[0] != text[1]) return false;
  return i + 1 == end_ || w_[i + 1].after_comma || w_[i + 1].Unit() != UnitKind::kNone ||
         !w_[i + 1].Directional().empty();
}

bool Parser::FindHighway(size_t i, size_t* next, std::string_view* name) const {
  const auto kind = [&](size_t k) { return k < end_ ? w_[k].RoadKind() : Road::kNone; };
  const auto is = [&](size_t k, std::string_view text) { return k < end_ && w_[k].Is(text); };
  const auto is_plain = [](Road road) {
    return road == Road::kRoad || road == Road::kHighway || road == Road::kRoute;
  };
  const auto pass = [&](size_t k) { return is_plain(kind(k)) ? k + 1 : k; };
  bool letters = false;
  size_t k = i + 1;
  switch (kind(i)) {
    case Road::kNone:
      if (is(i, "U") && is(i + 1, "S")) {
        *name = "US HIGHWAY";
        k = pass(i + 2);
        break;
      }
      if (is(i, "FARM") && is(i + 1, "TO") && is(i + 2, "MARKET")) {
        *name = "FM";
        k = pass(i + 3);
        break;
      }
      return false;
    case Road::kRoad:
      *name = "ROAD";
      break;
    case Road::kHighway:
      *name = "HIGHWAY";
      letters = true;
      break;
    case Road::kRoute:
      *name = "ROUTE";
      letters = true;
      break;
    case Road::kExpressway:
      *name = "EXPRESSWAY";
      break;
    case Road::kLoop:
      *name = "LOOP";
      break;
    case Road::kCountyRoad:
      *name = "COUNTY ROAD";
      break;
    case Road::kCountyHighway:
      *name = "COUNTY HIGHWAY";
      letters = true;
      break;
    case Road::kStateRoad:
      *name = "STATE ROAD";
      break;
    case Road::kStateHighway:
      *name = "STATE HIGHWAY";
      break;
    case Road::kTownshipRoad:
      *name = "TOWNSHIP ROAD";
      break;
    case Road::kUs:
      *name = "US HIGHWAY";
      k = pass(k);
      break;
    case Road::kInterstate:
      *name = "INTERSTATE";
      k = pass(k);
      break;
    case Road::kFarmToMarket:
      *name = "FM";
      k = pass(k);
      break;
    case Road::kRanchToMarket:
      *name = "RM";
      k = pass(k);
      break;
    case Road::kCounty:
    case Road::kState:
    case Road::kTownship:
    case Road::kRanch: {
      const Road first = kind(i);
      if (first == Road::kRanch && is(k, "TO") && is(k + 1, "MARKET")) {
        *name = "RM";
        k = pass(k + 2);
        break;
      }
      const bool trunk = is(k, "TRUNK");
      if (trunk) ++k;
      const Road second = kind(k);
      if (!is_plain(second) && !trunk) return false;
      letters = first == Road::kCounty || first == Road::kState;
      if (is_plain(second)) ++k;
      if (trunk || second == Road::kHighway) {
        *name = first == Road::kCounty  ? "COUNTY HIGHWAY"
                : first == Road::kState ? "STATE HIGHWAY"
                : first == Road::kRanch ? "RANCH HIGHWAY"
                                        : "TOWNSHIP HIGHWAY";
      } else if (second == Road::kRoute) {
        *name = first == Road::kCounty  ? "COUNTY ROUTE"
                : first == Road::kState ? "STATE ROUTE"
                : first == Road::kRanch ? "RANCH ROUTE"
                                        : "TOWNSHIP ROUTE";
      } else {
        *name = first == Road::kCounty  ? "COUNTY ROAD"
                : first == Road::kState ? "STATE ROAD"
                : first == Road::kRanch ? "RANCH ROAD"
                                        : "TOWNSHIP ROAD";
      }
      break;
    }
  }
  // "ELM ROAD # 5" is a unit.
  const bool plain = *name == "ROAD" || *name == "HIGHWAY" || *name == "ROUTE" || *name == "LOOP";
  if (is(k, "NO") || (is(k, "#") && !plain)) ++k;
  if (!IsRouteNumber(k, letters)) return false;
  *next = k;
  return true;
}

bool Parser::TakeHighway() {
  if (Left() < 2) return false;
  size_t begin = at_;
  const std::string_view directional = w_[begin].Directional();
  if (!directional.empty() && Left() >= 3 && !w_[begin].Is("NO")) ++begin;
  size_t number = 0;
  std::string_view name;
  std::string_view prefix;
  std::string state;
  if (!FindHighway(begin, &number, &name)) {
    if (begin + 1 >= end_) return false;
    const Word& first = w_[begin];
    const bool numbered = begin + 2 == end_ && w_[begin + 1].IsNumber() && begin == at_ &&
                          first.Type().empty() && first.Unit() == UnitKind::kNone &&
                          first.Directional().empty() && IsRouteNumber(begin + 1, false);
    if (first.Is("OLD") || first.Is("NEW")) {
      if (!FindHighway(begin + 1, &number, &name)) return false;
      prefix = first.text;
    } else if ((FindHighway(begin + 1, &number, &name) && name != "ROAD") || numbered) {
      state = IsLetter(first.text[0]) ? NormalizeState(first.text) : std::string();
      if (state.empty()) return false;
      prefix = state;
      if (name.empty() || name == "ROAD") {
        name = "HIGHWAY";
        number = begin + 1;
      }
    } else {
      return false;
    }
  }
  if (begin > at_) out_.pre_directional.assign(directional);
  at_ = number;
  if (!prefix.empty()) Append(prefix);
  Append(name);
  Append(w_[at_].text);
  ++at_;
  if (More() && w_[at_].after_hyphen && w_[at_].IsOneLetter()) {
    out_.street.append(w_[at_].text);
    ++at_;
  }
  const size_t tail = at_;
  if (tail > 0) --at_;  // the number counts as the street before a unit
  TakeUnits();
  CutAtComma();
  at_ = std::min(tail, end_);
  if (More() && !w_[end_ - 1].Directional().empty()) {
    out_.post_directional.assign(w_[end_ - 1].Directional());
    --end_;
  }
  if (Left() == 1 && unit_rank_ == 0 && IsBareUnit(at_)) {
    UnitNumber(at_, false);
    SetUnit("#", 4);
    return true;
  }
  for (; More(); ++at_) Append(w_[at_].Type().empty() ? w_[at_].text : w_[at_].Type());
  return true;
}

// ---- the street ----

// What stands behind a comma and is neither unit nor directional is a city.
void Parser::CutAtComma() {
  for (size_t i = at_ + 1; i < end_; ++i) {
    if (!w_[i].after_comma) continue;
    size_t segment = i + 1;
    while (segment < end_ && !w_[segment].after_comma) ++segment;
    if (segment == i + 1 && !w_[i].Directional().empty()) {
      end_ = segment;
      return;
    }
    if (segment == i + 1 && unit_rank_ == 0 && IsBareUnit(i)) {
      UnitNumber(i, false);
      SetUnit("#", 4);
    }
    end_ = i;
    return;
  }
}

// AVENUE N is a street, not a northern avenue; so is E AVENUE B, but SOUTH AVE W is SOUTH AVE.
bool Parser::IsLetterAvenue() const {
  if (Left() < 2 || !w_[end_ - 1].IsOneLetter() || w_[end_ - 2].Type() != "AVE") return false;
  if (!w_[end_ - 1].Directional().empty()) return Left() == 2;
  for (size_t i = at_; i + 2 < end_; ++i) {
    if (w_[i].Directional().empty()) return false;
  }
  return true;
}

bool IsNorthSouth(std::string_view code) { return code == "N" || code == "S"; }
bool IsEastWest(std::string_view code) { return code == "E" || code == "W"; }

void Parser::TakePostDirectional() {
  if (Left() < 2 || IsLetterAvenue()) return;
  const std::string_view code = w_[end_ - 1].Directional();
  if (code.empty() || w_[end_ - 1].Is("NO") || w_[end_ - 1].Is("SO")) return;
  if (Left() >= 3 && IsEastWest(code) && IsNorthSouth(w_[end_ - 2].Directional())) {
    out_.post_directional.assign(w_[end_ - 2].Directional());
    out_.post_directional.append(code);
    end_ -= 2;
    return;
  }
  out_.post_directional.assign(code);
  --end_;
}

void Parser::TakeBareUnit() {
  if (unit_rank_ > 0 || Left() < 3 || IsLetterAvenue() || !IsBareUnit(end_ - 1)) return;
  const Word& last = w_[end_ - 1];
  if (last.IsOneLetter() && !last.Directional().empty()) return;
  const bool after_type = !w_[end_ - 2].Type().empty();
  const bool after_directional =
      !w_[end_ - 2].Directional().empty() && Left() >= 4 && !w_[end_ - 3].Type().empty();
  if (!after_type && !after_directional) return;
  UnitNumber(end_ - 1, false);
  SetUnit("#", 4);
  --end_;
}

void Parser::TakeType() {
  if (Left() < 2 || w_[end_ - 1].Type().empty()) return;
  out_.street_type.assign(w_[end_ - 1].Type());
  --end_;
}

void Parser::TakePreDirectional() {
  if (Left() < 2) return;
  const std::string_view code = w_[at_].Directional();
  if (code.empty()) return;
  if (Left() >= 3 && IsNorthSouth(code) && IsEastWest(w_[at_ + 1].Directional())) {
    out_.pre_directional.assign(code);
    out_.pre_directional.append(w_[at_ + 1].Directional());
    at_ += 2;
    return;
  }
  out_.pre_directional.assign(code);
  ++at_;
}

// The many ways to write the name that most cities have.
bool Parser::MartinLutherKing() {
  size_t begin = at_;
  size_t end = end_;
  const auto is = [&](size_t i, std::string_view text) { return i < end && w_[i].Is(text); };
  if (end > begin && (is(end - 1, "JR") || is(end - 1, "JUNIOR"))) --end;
  if (is(begin, "DR") || is(begin, "DOCTOR") || is(begin, "REV")) ++begin;
  const size_t n = end - std::min(begin, end);
  const bool matches = (n == 1 && is(begin, "MLK")) ||
                       (n == 2 && is(begin, "ML") && is(begin + 1, "KING")) ||
                       (n == 3 && is(begin, "MARTIN") &&
                        (is(begin + 1, "LUTHER") || is(begin + 1, "L")) && is(begin + 2, "KING")) ||
                       (n == 3 && is(begin, "M") && is(begin + 1, "L") &&
                        (is(begin + 2, "KING") || is(begin + 2, "K")));
  if (matches) Append("MARTIN LUTHER KING");
  return matches;
}

bool TakesOrdinal(std::string_view type) {
  return !type.empty() && type != "RD" && type != "HWY" && type != "RTE" && type != "LOOP" &&
         type != "EXPY" && type != "BYP" && type != "SPUR" && type != "FWY";
}

// What type words in a name are spelled out as, where their abbreviation is no name of its own.
std::string_view SpelledType(const Word& word) {
  for (const std::string_view name : {"VIA", "PR", "UN", "IS", "KY", "EST", "HT", "RAD", "COR"}) {
    if (word.Is(name)) return word.text;
  }
  return word.meaning->type_name;
}

void Parser::Name() {
  const bool typed = !out_.street_type.empty();
  constexpr size_t kOrdinalDigitsMax = 3;
  if (typed && Left() == 1 && AllDigits(w_[at_].text) && w_[at_].text.size() <= kOrdinalDigitsMax &&
      TakesOrdinal(out_.street_type)) {
    uint32_t number = 0;
    for (const char c : w_[at_].text) number = number * 10 + static_cast<uint32_t>(c - '0');
    AppendOrdinal(number);
    return;
  }
  if (More() && w_[end_ - 1].text.size() >= 2 && MartinLutherKing()) return;
  for (; More(); ++at_) {
    const Word& word = w_[at_];
    const bool last = at_ + 1 == end_;
    if (word.Is("#")) continue;
    if (AllDigits(word.text) && word.text.size() <= kOrdinalDigitsMax && !last &&
        IsOrdinalEnding(w_[at_ + 1].text) && (typed || at_ + 2 < end_)) {  // 1 ST AVE
      uint32_t number = 0;
      for (const char c : word.text) number = number * 10 + static_cast<uint32_t>(c - '0');
      if (OrdinalEnding(number) == w_[at_ + 1].text) {
        AppendOrdinal(number);
        ++at_;
        continue;
      }
    }
    const AddressWord* const meaning = word.meaning;
    if (meaning == nullptr) {
      Append(word.text);
    } else if (meaning->ordinal > 0) {
      AppendOrdinal(meaning->ordinal);
    } else if (meaning->tens > 0 && !last && w_[at_ + 1].meaning != nullptr &&
               w_[at_ + 1].meaning->ordinal > 0 && w_[at_ + 1].meaning->ordinal < 10) {
      AppendOrdinal(meaning->tens + uint32_t{w_[at_ + 1].meaning->ordinal});
      ++at_;
    } else if (last && typed && !meaning->type.empty() &&
               !(Left() == 1 && out_.street.empty() && word.Is("ST"))) {
      Append(SpelledType(word));
    } else if (!last && !meaning->in_name.empty()) {
      const bool street = word.Is("ST") && !out_.street.empty() && IsOrdinal(w_[at_ - 1].text);
      Append(street ? "STREET" : meaning->in_name);
    } else if (meaning->in_name == "DR") {
      Append("DR");
    } else {
      Append(word.text);
    }
  }
}

void Parser::Body() {
  if (!More() || TakeHighway()) return;
  TakeUnits();
  CutAtComma();
  TakeBareUnit();
  TakePostDirectional();
  TakeType();
  TakePreDirectional();
  Name();
}

void Parser::WholeLine() {
  // "#12 MAIN ST" is a house number; "#3 123 MAIN ST" a unit.
  if (Left() >= 3 && w_[0].Is("#") && w_[1].IsNumber() && !w_[2].IsNumber() &&
      w_[2].Unit() == UnitKind::kNone) {
    ++at_;
  }
  if (!More() || TakeBox()) return;
  TakeHouseNumber();
  Body();
}

// How much a line looks like the one with the street.
enum class Look { kNothing, kUnit, kWords, kBox, kNumbered };

Look LookOf(const Words& words) {
  if (words.empty()) return Look::kNothing;
  const size_t n = words.size();
  size_t first = 0;
  if (words[0].Is("#") && n >= 3 && words[1].IsNumber() && !words[2].IsNumber()) first = 1;
  const Word& word = words[first];
  const bool numbered =
      word.IsNumber() || (IsHalfGridNumber(word.text) && n >= 3) || IsGridNumber(word.text);
  if (numbered) {
    for (size_t i = first + 1; i < n; ++i) {
      if (words[i].Unit() != UnitKind::kNone && i + 1 == n) continue;
      if (words[i].text.size() > 1 || i + 1 < n) return Look::kNumbered;
    }
    return Look::kUnit;
  }
  switch (word.BoxKind()) {
    case Box::kNone:
      break;
    default:
      return Look::kBox;
  }
  if ((word.Is("P") && n > 1 && words[1].Is("O")) ||
      (word.Is("POST") && n > 1 && words[1].Is("OFFICE")) ||
      (word.Is("R") && n > 1 && words[1].Is("R")) || word.Is("RURAL")) {
    return Look::kBox;
  }
  if (word.Unit() == UnitKind::kAny || (word.Unit() != UnitKind::kNone && n <= 2))
    return Look::kUnit;
  if (n <= 2 &&
      (word.IsOneLetter() || word.StartsWithDigit() ||
       (word.meaning != nullptr && word.meaning->ordinal > 0)) &&
      (n == 1 || (words[1].meaning != nullptr && words[1].meaning->unit == "FL"))) {
    return Look::kUnit;
  }
  return Look::kWords;
}

void Clear(AddressParts& out) {
  out.house_number.clear();
  out.fraction.clear();
  out.pre_directional.clear();
  out.street.clear();
  out.street_type.clear();
  out.post_directional.clear();
  out.unit_type.clear();
  out.unit.clear();
  out.po_box = false;
}

std::string_view CodeOf(std::string_view word, std::string_view AddressWord::*code) {
  char text[kAddressWordBytesMax];
  size_t n = 0;
  for (const char c : contact::TrimSpace(word)) {
    if (c == '.') continue;
    if (n == sizeof(text)) return {};
    text[n++] = Upper(c);
  }
  const AddressWord* const found = FindAddressWord({text, n});
  return found == nullptr ? std::string_view() : found->*code;
}

}  // namespace

void ParseAddress(std::string_view line1, std::string_view line2, AddressParts& out) {
  Clear(out);
  Words first;
  Words second;
  first.Read(line1);
  second.Read(line2);
  const Look look1 = LookOf(first);
  const Look look2 = LookOf(second);
  const bool swapped = look2 > look1;
  const Words& street = swapped ? second : first;
  const Words& other = swapped ? first : second;
  Parser(street, out).WholeLine();
  if (other.empty() || out.po_box) return;
  if (out.house_number.empty() && other.size() == 1 && other[0].IsNumber() &&
      std::max(look1, look2) == Look::kWords) {
    out.house_number.assign(other[0].text);
    return;
  }
  if (out.unit_type.empty() && std::min(look1, look2) != Look::kBox) Parser(other, out).UnitLine();
}

void NormalizeStreet(std::string_view street_with_maybe_type_and_directionals, AddressParts& out) {
  Clear(out);
  Words words;
  words.Read(street_with_maybe_type_and_directionals);
  Parser(words, out).StreetAlone();
}

std::string FormatAddress(const AddressParts& parts) {
  std::string out;
  const auto add = [&out](std::string_view text) {
    if (text.empty()) return;
    if (!out.empty()) out.push_back(' ');
    out.append(text);
  };
  const std::string_view street = parts.street;
  const bool box = parts.po_box || street.substr(0, 3) == "RR " || street.substr(0, 3) == "HC " ||
                   street.substr(0, 4) == "PSC " || street.substr(0, 4) == "CMR " ||
                   street.substr(0, 5) == "UNIT ";
  if (box) {
    add(street);
    if (!parts.po_box && !parts.house_number.empty()) add("BOX");
    add(parts.house_number);
    return out;
  }
  add(parts.house_number);
  add(parts.fraction);
  add(parts.pre_directional);
  add(street);
  add(parts.street_type);
  add(parts.post_directional);
  add(parts.unit_type);
  add(parts.unit);
  return out;
}

std::string_view DirectionalCode(std::string_view word) {
  return CodeOf(word, &AddressWord::directional);
}
std::string_view StreetTypeCode(std::string_view word) { return CodeOf(word, &AddressWord::type); }
std::string_view UnitTypeCode(std::string_view word) { return CodeOf(word, &AddressWord::unit); }

}  // namespace muster::token
