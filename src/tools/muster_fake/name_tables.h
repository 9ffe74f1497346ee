// SPDX-License-Identifier: Apache-2.0
//
// Names as often as people bear them: the 1990 Census tables with cased and accented forms, and the
// nicknames that go with them.
//
// A sampled name is an index into its table; views live as long as the process.
// Threads: immutable after the first call of Get().
#ifndef MUSTER_TOOLS_MUSTER_FAKE_NAME_TABLES_H_
#define MUSTER_TOOLS_MUSTER_FAKE_NAME_TABLES_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tools/muster_fake/random.h"

namespace muster::fake {

struct Name {
  std::string_view plain;     // "McDonald", "Jose"
  std::string_view accented;  // "José", or empty when the name has no accent
  uint32_t nickname_begin = 0;
  uint32_t nickname_count = 0;
  bool spanish = false;  // a surname often borne together with the mother's
};

class NameTables {
 public:
  static const NameTables& Get();

  const Name& First(bool female, uint32_t index) const {
    return (female ? female_ : male_).names[index];
  }
  const Name& Last(uint32_t index) const { return last_.names[index]; }
  uint32_t SampleFirst(bool female, Rng& rng) const {
    return (female ? female_ : male_).alias.Sample(rng);
  }
  uint32_t SampleLast(Rng& rng) const { return last_.alias.Sample(rng); }
  uint32_t SampleSpanishLast(Rng& rng) const {
    return spanish_[rng.Below(static_cast<uint32_t>(spanish_.size()))];
  }
  // One of the name's nicknames, or the name itself when it has none.
  std::string_view SampleNickname(const Name& name, Rng& rng) const;

 private:
  struct Table {
    std::vector<Name> names;
    AliasTable alias;
  };

  NameTables();
  Table Load(std::string_view csv, bool surnames);
  std::string_view Keep(std::string text);

  std::deque<std::string> texts_;
  std::vector<std::string_view> nicknames_;
  std::vector<uint32_t> spanish_;
  Table female_, male_, last_;
};

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_NAME_TABLES_H_
