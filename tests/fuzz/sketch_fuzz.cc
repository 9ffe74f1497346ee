// SPDX-License-Identifier: Apache-2.0
//
// Sketcher: lines of any bytes, a field each, make a row that another sketcher makes as well, and
// that compares with itself as one person's does; bytes of any size are decoded or refused.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <span>
#include <string_view>

#include "core/crypto/secret_bytes.h"
#include "core/match/compare.h"
#include "core/token/sketch.h"

namespace {

void Expect(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using muster::token::Sketch;
  static const auto* key = new muster::token::SketchKey(muster::crypto::SecretBytes::Zeroed(32));
  static auto* used = new muster::token::Sketcher(key);
  std::string_view text(reinterpret_cast<const char*>(data), size);

  Sketch decoded;
  const bool fits = muster::token::DecodeSketch(text, decoded);
  Expect(fits == (size == muster::token::kSketchBytes));
  if (fits) Expect(muster::token::EncodeSketch(decoded) == text);

  std::array<std::string_view, 18> fields;
  for (std::string_view& field : fields) {
    const size_t end = std::min(text.find('\n'), text.size());
    field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  muster::token::PersonText person;
  std::string_view* const into[] = {
      &person.first, &person.middle,     &person.last,         &person.suffix, &person.nickname,
      &person.sex,   &person.birth_date, &person.house_number, &person.street, &person.street_type,
      &person.unit,  &person.address1,   &person.address2,     &person.city,   &person.state,
      &person.zip,   &person.phone,      &person.email};
  static_assert(std::size(into) == 18);
  for (size_t i = 0; i < fields.size(); ++i) *into[i] = fields[i];
  Sketch rows[2];
  used->Make(person, rows[0]);
  static uint64_t runs = 0;
  static auto* fresh = new muster::token::Sketcher(key);
  if (++runs % 256 == 0) {
    delete fresh;
    fresh = new muster::token::Sketcher(key);
  }
  fresh->Make(person, rows[1]);
  Expect(rows[0] == rows[1]);
  // Nothing of a person differs from itself.
  muster::match::Pattern pattern = 0;
  muster::match::CompareOne(rows[0], std::span(rows).subspan(1), &pattern);
  for (size_t c = 0; c < muster::match::kComparatorCount; ++c) {
    const auto level = muster::match::LevelOf(pattern, c);
    Expect(muster::match::SpecOf(c).levels[level].name.find("differs") == std::string_view::npos);
  }
  return 0;
}
