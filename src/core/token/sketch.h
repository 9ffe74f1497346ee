// SPDX-License-Identifier: Apache-2.0
//
// Sketch: what the match engine knows of a person: a fixed row of two cache lines of keyed,
// truncated hashes of the normalized fields. Comparing two people is comparing two rows.
//
// Every token is SipHash-2-4 under the pool's sketch key over a domain byte and the text, cut to 32
// or 16 bits; zero means "no token": the field is missing, empty or holds a filler ("N/A",
// 1900-01-01, 000-0000), and says nothing. Chance collisions of the cut tokens are part of the
// engine's u probabilities. docs/formats/sketch.md draws the row.
// Rules: sketches are made at intake and never leave the vault: whoever holds the public voter file
// and a set of sketches could find out who is who. Changing anything that changes a row changes
// kSketchVersion.
// Units: kSketchBytes a row; PersonText is UTF-8, as it stands in a file.
// Threads: a Sketcher belongs to one thread; SketchKey may be shared.
// Source: Fellegi and Sunter (1969); docs/matching.md.
#ifndef MUSTER_CORE_TOKEN_SKETCH_H_
#define MUSTER_CORE_TOKEN_SKETCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/contact/contact.h"
#include "core/crypto/secret_bytes.h"

namespace muster::token {

inline constexpr int32_t kSketchVersion = 1;
inline constexpr size_t kSketchBytes = 128;
inline constexpr size_t kNameTypos = 12;
inline constexpr size_t kStreetTypos = 6;
inline constexpr size_t kFormalNames = 4;
inline constexpr size_t kLastParts = 2;

enum class Sex : uint8_t { kNone = 0, kFemale = 1, kMale = 2 };

struct alignas(64) Sketch {
  // First cache line: tokens that are compared in place.
  uint32_t first = 0;  // one domain for first and last names: they are met in each other's field
  uint32_t last = 0;
  uint32_t street = 0;  // without number, type and directions
  uint32_t phone = 0;
  uint32_t email = 0;
  uint32_t zip = 0;
  uint16_t city = 0;
  uint16_t house_number = 0;
  uint16_t unit = 0;
  uint16_t middle = 0;  // in the domain of formal_names; none for a single letter
  uint16_t first_initial = 0;
  uint16_t middle_initial = 0;
  uint16_t first_phonetic = 0;
  uint16_t last_phonetic = 0;
  uint16_t birth_year = 0;
  uint16_t birth_month = 0;  // one domain for month and day: they are met in each other's place
  uint16_t birth_day = 0;
  uint16_t zip3 = 0;
  uint16_t email_local = 0;
  uint16_t traits = 0;                                // Sex, suffix, state: see below
  std::array<uint16_t, kFormalNames> formal_names{};  // [0] the first name itself
  std::array<uint16_t, kLastParts> last_parts{};      // of a double name; a single one has one
  // Second cache line: [0] the value itself, then the value without its first letter, without its
  // second, ...: two names with one of these in common are a typo apart.
  std::array<uint16_t, kNameTypos> first_typos{};
  std::array<uint16_t, kNameTypos> last_typos{};
  std::array<uint16_t, kStreetTypos> street_typos{};
  uint16_t first_prefix = 0;  // three letters
  uint16_t last_prefix = 0;

  Sex sex() const { return static_cast<Sex>(traits & 3); }
  // 1 Jr, 2 Sr, else the number (II is 3, III is 4, ...); 0 when there is none.
  unsigned suffix() const { return (traits >> 2) & 15u; }
  unsigned state() const { return (traits >> 6) & 1023u; }  // 0: none
  friend bool operator==(const Sketch&, const Sketch&) = default;
};
static_assert(sizeof(Sketch) == kSketchBytes);

// Views of one person's fields as they stand in a file; empty when absent. Either the parts of the
// address or its lines; where both are there, the parts count.
struct PersonText {
  std::string_view first, middle, last, suffix, nickname;
  std::string_view sex;
  std::string_view birth_date;  // YYYY-MM-DD, YYYYMMDD, M/D/YYYY or YYYY
  std::string_view house_number, pre_directional, street, street_type, post_directional, unit;
  std::string_view address1, address2;
  std::string_view city, state, zip;
  std::string_view phone, email;
};
PersonText PersonTextOf(const contact::ContactRecord& record);

// 32 bytes: 16 are used for the tokens.
class SketchKey {
 public:
  explicit SketchKey(const crypto::SecretBytes& raw32);
  const crypto::SecretBytes& hash_key() const { return hash_key_; }

 private:
  crypto::SecretBytes hash_key_;
};

class Sketcher {
 public:
  // `key` outlives the sketcher.
  explicit Sketcher(const SketchKey* key);
  ~Sketcher();
  Sketcher(const Sketcher&) = delete;
  Sketcher& operator=(const Sketcher&) = delete;
  void Make(const PersonText& person, Sketch& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string EncodeSketch(const Sketch& sketch);             // kSketchBytes, little-endian
bool DecodeSketch(std::string_view bytes, Sketch& sketch);  // false for another size

}  // namespace muster::token

#endif  // MUSTER_CORE_TOKEN_SKETCH_H_
