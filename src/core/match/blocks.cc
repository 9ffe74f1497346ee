// SPDX-License-Identifier: Apache-2.0
#include "core/match/blocks.h"

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/huge_pages.h"
#include "core/match/frequency.h"
#include "core/match/mix.h"
#include "core/match/parallel.h"

namespace muster::match {
namespace {

// No rule takes more than this part of the budget.
constexpr uint64_t kRuleShare = 6;
constexpr size_t kRowsAtOnce = 256;

// In the order in which they are taken: most matches for the fewest pairs first.
enum Rule : size_t {
  kEmail,
  kPhone,
  kNamesYear,
  kNamesZip,
  kBirthLastSound,
  kBirthInitial,
  kNamesCity,
  kLastInitialZip,
  kAddressInitial,
  kPartFirstZip3,
  kFirstZipYear,
  kLastZip,
  kSoundsZip,
  kPrefixesZip,
  kLastYearInitial,
  kBirthZip,
  kAddress,
  kNames,
  kSoundsZip3,
  kLastInitialZip3,
  kFirstZip,
  kBirth,
  kEmailLocal,
  kFirstYear,
  kDayMonthInitial,
  kLastSoundYear,
  kSounds,
  kLastSoundCity,
  kFirstSoundZip,
  kLast,
};
constexpr std::string_view kRuleNames[kRuleCount] = {
    "email",
    "phone",
    "first and last name, birth year",
    "first and last name, ZIP",
    "birth date, last name's sound",
    "birth date, first initial",
    "first and last name, city",
    "last name, first initial, ZIP",
    "address, first initial",
    "part of last name, first name, ZIP3",
    "first name, ZIP, birth year",
    "last name, ZIP",
    "sounds of both names, ZIP",
    "starts of both names, ZIP",
    "last name, first initial, birth year",
    "birth date, ZIP",
    "address",
    "first and last name",
    "sounds of both names, ZIP3",
    "last name, first initial, ZIP3",
    "first name, ZIP",
    "birth date",
    "email before the @",
    "first name, birth year",
    "day and month of birth, first initial",
    "last name's sound, birth year",
    "sounds of both names",
    "last name's sound, city",
    "first name's sound, ZIP",
    "last name",
};

// 0 when a part is missing.
uint64_t Key(size_t rule, std::initializer_list<uint64_t> parts) {
  uint64_t key = Mix(rule + 1);
  for (const uint64_t part : parts) {
    if (part == 0) return 0;
    key = Mix(key ^ part);
  }
  return key | 1;  // never 0
}

// The same for two names whichever field each stands in.
uint64_t BothNames(const token::Sketch& row) {
  if (row.first == 0 || row.last == 0) return 0;
  return uint64_t{std::min(row.first, row.last)} << 32 | std::max(row.first, row.last);
}

uint64_t SingleKey(size_t rule, const token::Sketch& row) {
  switch (rule) {
    case kEmail:
      return Key(rule, {row.email});
    case kPhone:
      return Key(rule, {row.phone});
    case kNamesYear:
      return Key(rule, {BothNames(row), row.birth_year});
    case kNamesZip:
      return Key(rule, {BothNames(row), row.zip});
    case kBirthLastSound:
      return Key(rule, {KeyOf(Value::kBirth, row), row.last_phonetic});
    case kBirthInitial:
      return Key(rule, {KeyOf(Value::kBirth, row), row.first_initial});
    case kNamesCity:
      return Key(rule, {BothNames(row), row.city});
    case kLastInitialZip:
      return Key(rule, {row.last, row.first_initial, row.zip});
    case kAddressInitial:
      return Key(rule, {KeyOf(Value::kAddress, row), row.first_initial});
    case kFirstZipYear:
      return Key(rule, {row.first, row.zip, row.birth_year});
    case kLastZip:
      return Key(rule, {row.last, row.zip});
    case kSoundsZip:
      return Key(rule, {row.first_phonetic, row.last_phonetic, row.zip});
    case kPrefixesZip:
      return Key(rule, {row.first_prefix, row.last_prefix, row.zip});
    case kLastYearInitial:
      return Key(rule, {row.last, row.birth_year, row.first_initial});
    case kBirthZip:
      return Key(rule, {KeyOf(Value::kBirth, row), row.zip});
    case kAddress:
      return Key(rule, {KeyOf(Value::kAddress, row)});
    case kNames:
      return Key(rule, {BothNames(row)});
    case kSoundsZip3:
      return Key(rule, {row.first_phonetic, row.last_phonetic, row.zip3});
    case kLastInitialZip3:
      return Key(rule, {row.last, row.first_initial, row.zip3});
    case kFirstZip:
      return Key(rule, {row.first, row.zip});
    case kBirth:
      return Key(rule, {KeyOf(Value::kBirth, row)});
    case kEmailLocal:
      return Key(rule, {row.email_local});
    case kFirstYear:
      return Key(rule, {row.first, row.birth_year});
    case kDayMonthInitial:
      return Key(rule, {row.birth_day, row.birth_month, row.first_initial});
    case kLastSoundYear:
      return Key(rule, {row.last_phonetic, row.birth_year});
    case kSounds:
      return Key(rule, {row.first_phonetic, row.last_phonetic});
    case kLastSoundCity:
      return Key(rule, {row.last_phonetic, row.city});
    case kFirstSoundZip:
      return Key(rule, {row.first_phonetic, row.zip});
    case kLast:
      return Key(rule, {row.last});
    default:
      return 0;
  }
}

// kRuleCount for a name that is none.
size_t RuleNumber(std::string_view name) {
  return static_cast<size_t>(std::find(std::begin(kRuleNames), std::end(kRuleNames), name) -
                             std::begin(kRuleNames));
}

// The 32 bits below those that choose the slot.
uint32_t TagOf(uint64_t key, unsigned shift) {
  return static_cast<uint32_t>(shift >= 32 ? key >> (shift - 32) : key);
}

// Some four entries a slot.
void SetSlots(size_t entry_count, KeyTable& table) {
  const auto bits = static_cast<unsigned>(std::bit_width(entry_count / 4 + 1));
  table.shift = 64 - bits;
  ReserveHuge((size_t{1} << bits) + 1, table.directory);
  table.directory.assign((size_t{1} << bits) + 1, 0);
}

// act(row, met): the rows of the tables that share a key with rows[row], ascending, each once.
// Every load that is likely to miss the cache is asked for ahead.
template <typename Act>
void Meet(const std::vector<KeyTable>& tables, std::span<const token::Sketch> rows, Act act) {
  struct Wanted {
    const KeyTable::Entry* begin;
    const KeyTable::Entry* end;
    const uint32_t* slot;
    uint32_t tag;
    uint32_t row;
  };
  std::vector<Wanted> wanted;
  std::vector<uint32_t> met;
  std::array<uint64_t, kKeysPerRowMax> keys{};
  for (size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
    const size_t end = std::min(begin + kRowsAtOnce, rows.size());
    wanted.clear();
    for (size_t i = begin; i < end; ++i) {
      for (const KeyTable& table : tables) {
        const size_t count = RuleKeys(table.rule, rows[i], keys);
        for (size_t k = 0; k < count; ++k) {
          const uint32_t* const slot = &table.directory[keys[k] >> table.shift];
          __builtin_prefetch(slot);
          wanted.push_back({table.entries.data(), nullptr, slot, TagOf(keys[k], table.shift),
                            static_cast<uint32_t>(i)});
        }
      }
    }
    for (Wanted& want : wanted) {
      want.end = want.begin + want.slot[1];
      want.begin += want.slot[0];
      __builtin_prefetch(want.begin);
    }
    for (size_t w = 0; w < wanted.size();) {
      const uint32_t row = wanted[w].row;
      met.clear();
      for (; w < wanted.size() && wanted[w].row == row; ++w) {
        const Wanted& want = wanted[w];
        for (const KeyTable::Entry* entry = want.begin; entry < want.end; ++entry) {
          if (entry->tag == want.tag) met.push_back(entry->row);
        }
      }
      std::sort(met.begin(), met.end());
      met.erase(std::unique(met.begin(), met.end()), met.end());
      act(row, std::span<const uint32_t>(met));
    }
  }
}

}  // namespace

std::string_view RuleName(size_t rule) {
  MUSTER_CHECK(rule < kRuleCount);
  return kRuleNames[rule];
}

bool IsRule(std::string_view name) { return RuleNumber(name) != kRuleCount; }

size_t RuleKeys(size_t rule, const token::Sketch& row, std::array<uint64_t, kKeysPerRowMax>& keys) {
  size_t count = 0;
  if (rule == kPartFirstZip3) {
    for (const uint16_t part : row.last_parts) {
      if (const uint64_t key = Key(rule, {part, row.first, row.zip3}); key != 0)
        keys[count++] = key;
    }
  } else if (const uint64_t key = SingleKey(rule, row); key != 0) {
    keys[count++] = key;
  }
  return count;
}

LeftIndex::LeftIndex(std::span<const token::Sketch> left, unsigned threads,
                     std::span<const std::string> only) {
  RunParts(threads, kRuleCount, [&](size_t rule, unsigned) {
    if (only.empty() || std::find(only.begin(), only.end(), kRuleNames[rule]) != only.end())
      Build(left, rule);
  });
}

void LeftIndex::Build(std::span<const token::Sketch> left, size_t number) {
  struct Entry {
    uint64_t key;
    uint32_t row;
  };
  // Radix first: each part is sorted where it fits the cache.
  const unsigned bits =
      left.size() < 4096 ? 0
                         : std::min(12u, static_cast<unsigned>(std::bit_width(left.size()) - 10));
  const auto part_of = [bits](uint64_t key) { return bits == 0 ? 0 : key >> (64 - bits); };
  std::vector<uint32_t> ends((size_t{1} << bits) + 1, 0);
  std::array<uint64_t, kKeysPerRowMax> keys{};
  for (const token::Sketch& row : left) {
    const size_t count = RuleKeys(number, row, keys);
    for (size_t i = 0; i < count; ++i) ++ends[part_of(keys[i]) + 1];
  }
  for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  std::vector<Entry> entries(ends.back());
  std::vector<uint32_t> next(ends.begin(), ends.end() - 1);
  for (size_t i = 0; i < left.size(); ++i) {
    const size_t count = RuleKeys(number, left[i], keys);
    for (size_t k = 0; k < count; ++k)
      entries[next[part_of(keys[k])]++] = {keys[k], static_cast<uint32_t>(i)};
  }
  const auto before = [](const Entry& a, const Entry& b) {
    return a.key != b.key ? a.key < b.key : a.row < b.row;
  };
  for (size_t part = 0; part + 1 < ends.size(); ++part)
    std::sort(entries.begin() + ends[part], entries.begin() + ends[part + 1], before);

  Rule& rule = rules_[number];
  rule.rows.reserve(entries.size());
  for (const Entry& entry : entries) {
    if (rule.keys.empty() || rule.keys.back() != entry.key) {
      rule.keys.push_back(entry.key);
      rule.starts.push_back(static_cast<uint32_t>(rule.rows.size()));
    }
    rule.rows.push_back(entry.row);
  }
  rule.starts.push_back(static_cast<uint32_t>(rule.rows.size()));
  // About one key a slot.
  const auto width = static_cast<unsigned>(std::bit_width(rule.keys.size() | 1));
  rule.shift = 64 - width;
  rule.directory.assign((size_t{1} << width) + 1, 0);
  for (const uint64_t key : rule.keys) ++rule.directory[(key >> rule.shift) + 1];
  for (size_t i = 1; i < rule.directory.size(); ++i) rule.directory[i] += rule.directory[i - 1];
}

size_t LeftIndex::Find(const Rule& rule, uint64_t key) {
  const size_t slot = key >> rule.shift;
  for (size_t i = rule.directory[slot]; i < rule.directory[slot + 1]; ++i) {
    if (rule.keys[i] == key) return i;
  }
  return kNoKey;
}

RightCounts LeftIndex::NoCounts() const {
  RightCounts counts;
  for (size_t rule = 0; rule < kRuleCount; ++rule) counts[rule].assign(rules_[rule].keys.size(), 0);
  return counts;
}

void LeftIndex::CountRight(std::span<const token::Sketch> rows, RightCounts& counts) const {
  std::vector<uint64_t> wanted;
  std::array<uint64_t, kKeysPerRowMax> keys{};
  for (size_t number = 0; number < kRuleCount; ++number) {
    const Rule& rule = rules_[number];
    if (rule.keys.empty()) continue;
    for (size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
      wanted.clear();
      for (const token::Sketch& row :
           rows.subspan(begin, std::min(kRowsAtOnce, rows.size() - begin))) {
        const size_t count = RuleKeys(number, row, keys);
        for (size_t i = 0; i < count; ++i) {
          wanted.push_back(keys[i]);
          __builtin_prefetch(&rule.directory[keys[i] >> rule.shift]);
        }
      }
      for (const uint64_t key : wanted)
        __builtin_prefetch(&rule.keys[rule.directory[key >> rule.shift]]);
      for (const uint64_t key : wanted) {
        if (const size_t at = Find(rule, key); at != kNoKey) ++counts[number][at];
      }
    }
  }
}

void LeftIndex::Add(const RightCounts& from, RightCounts& to) {
  for (size_t rule = 0; rule < kRuleCount; ++rule) {
    for (size_t i = 0; i < from[rule].size(); ++i) to[rule][i] += from[rule][i];
  }
}

std::vector<v1::BlockingRule> LeftIndex::Choose(const RightCounts& counts,
                                                uint64_t pair_budget) const {
  std::vector<v1::BlockingRule> chosen;
  uint64_t rest = pair_budget;
  for (size_t number = 0; number < kRuleCount; ++number) {
    const Rule& rule = rules_[number];
    // Pairs by how many right rows have the key; from one bit to the next.
    std::array<uint64_t, 33> pairs{};
    std::array<uint64_t, 33> keys{};
    uint64_t total = 0;
    for (size_t i = 0; i < rule.keys.size(); ++i) {
      const uint64_t made = uint64_t{counts[number][i]} * (rule.starts[i + 1] - rule.starts[i]);
      const auto size = static_cast<size_t>(std::bit_width(counts[number][i]));
      pairs[size] += made;
      ++keys[size];
      total += made;
    }
    if (total == 0) continue;
    const uint64_t limit = std::min(rest, pair_budget / kRuleShare);
    v1::BlockingRule out;
    out.set_name(std::string(RuleName(number)));
    uint64_t taken = 0;
    uint64_t skipped_keys = 0;
    size_t size = 0;
    for (; size < pairs.size() && taken + pairs[size] <= limit; ++size) taken += pairs[size];
    for (size_t i = size; i < pairs.size(); ++i) skipped_keys += keys[i];
    if (taken == 0) continue;
    out.set_right_rows_per_key_max(size == pairs.size() ? int64_t{1} << 32
                                                        : (int64_t{1} << (size - 1)) - 1);
    out.set_pair_count(static_cast<int64_t>(taken));
    out.set_skipped_key_count(static_cast<int64_t>(skipped_keys));
    out.set_skipped_pair_count(static_cast<int64_t>(total - taken));
    rest -= taken;
    chosen.push_back(std::move(out));
  }
  return chosen;
}

LeftBlocks LeftIndex::Narrow(std::span<const v1::BlockingRule> rules, const RightCounts& counts,
                             unsigned threads) const {
  LeftBlocks blocks;
  std::vector<int64_t> limits;
  for (const v1::BlockingRule& rule : rules) {
    const size_t number = RuleNumber(rule.name());
    if (number == kRuleCount || rules_[number].keys.empty()) continue;
    blocks.tables_.emplace_back().rule = number;
    limits.push_back(rule.right_rows_per_key_max());
  }
  RunParts(threads, blocks.tables_.size(), [&](size_t t, unsigned) {
    KeyTable& table = blocks.tables_[t];
    const Rule& rule = rules_[table.rule];
    const std::vector<uint32_t>& right_rows = counts[table.rule];
    const auto is_met = [&](size_t i) { return right_rows[i] > 0 && right_rows[i] <= limits[t]; };
    size_t size = 0;
    for (size_t i = 0; i < rule.keys.size(); ++i)
      size += is_met(i) ? rule.starts[i + 1] - rule.starts[i] : 0;
    SetSlots(size, table);
    ReserveHuge(size, table.entries);
    // Keys ascend, and so do slots and tags.
    for (size_t i = 0; i < rule.keys.size(); ++i) {
      if (!is_met(i)) continue;
      const uint32_t tag = TagOf(rule.keys[i], table.shift);
      for (size_t at = rule.starts[i]; at < rule.starts[i + 1]; ++at)
        table.entries.push_back({tag, rule.rows[at]});
      table.directory[(rule.keys[i] >> table.shift) + 1] =
          static_cast<uint32_t>(table.entries.size());
    }
    for (size_t i = 1; i < table.directory.size(); ++i)
      table.directory[i] = std::max(table.directory[i], table.directory[i - 1]);
  });
  return blocks;
}

void LeftBlocks::Candidates(std::span<const token::Sketch> rows, uint32_t first_row,
                            bool below_only, std::vector<Candidate>& out) const {
  Meet(tables_, rows, [&](size_t row, std::span<const uint32_t> met) {
    const auto right = static_cast<uint32_t>(first_row + row);
    for (const uint32_t left : met) {
      if (below_only && left >= right) break;
      out.push_back({left, right});
    }
  });
}

RightIndex::RightIndex(std::span<const token::Sketch> right,
                       std::span<const v1::BlockingRule> rules, unsigned threads) {
  std::vector<int64_t> limits;
  for (const v1::BlockingRule& rule : rules) {
    const size_t number = RuleNumber(rule.name());
    if (number == kRuleCount) continue;
    tables_.emplace_back().rule = number;
    limits.push_back(rule.right_rows_per_key_max());
  }
  RunParts(threads, tables_.size(),
           [&](size_t i, unsigned) { Build(right, limits[i], tables_[i]); });
}

void RightIndex::Build(std::span<const token::Sketch> right, int64_t rows_max, KeyTable& table) {
  SetSlots(right.size(), table);
  std::array<uint64_t, kKeysPerRowMax> keys{};
  std::vector<uint32_t>& ends = table.directory;
  for (const token::Sketch& row : right) {
    const size_t count = RuleKeys(table.rule, row, keys);
    for (size_t k = 0; k < count; ++k) ++ends[(keys[k] >> table.shift) + 1];
  }
  for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  std::vector<KeyTable::Entry> entries;
  ReserveHuge(ends.back(), entries);
  entries.resize(ends.back());
  {
    std::vector<uint32_t> next(ends.begin(), ends.end() - 1);
    for (size_t i = 0; i < right.size(); ++i) {
      const size_t count = RuleKeys(table.rule, right[i], keys);
      for (size_t k = 0; k < count; ++k) {
        entries[next[keys[k] >> table.shift]++] = {TagOf(keys[k], table.shift),
                                                   static_cast<uint32_t>(i)};
      }
    }
  }
  size_t kept = 0;
  for (size_t slot = 0; slot + 1 < ends.size(); ++slot) {
    const size_t begin = ends[slot];
    const size_t end = ends[slot + 1];
    ends[slot] = static_cast<uint32_t>(kept);
    std::sort(entries.begin() + static_cast<std::ptrdiff_t>(begin),
              entries.begin() + static_cast<std::ptrdiff_t>(end));
    for (size_t from = begin; from < end;) {
      size_t to = from;
      while (to < end && entries[to].tag == entries[from].tag) ++to;
      if (static_cast<int64_t>(to - from) <= rows_max) {
        std::copy(entries.begin() + static_cast<std::ptrdiff_t>(from),
                  entries.begin() + static_cast<std::ptrdiff_t>(to),
                  entries.begin() + static_cast<std::ptrdiff_t>(kept));
        kept += to - from;
      }
      from = to;
    }
  }
  ends.back() = static_cast<uint32_t>(kept);
  entries.resize(kept);
  if (kept < entries.capacity() / 4 * 3) {
    ReserveHuge(kept, table.entries);
    table.entries.assign(entries.begin(), entries.end());
  } else {
    table.entries = std::move(entries);
  }
}

void RightIndex::Candidates(std::span<const token::Sketch> rows, uint32_t first_row,
                            std::vector<Candidate>& out) const {
  Meet(tables_, rows, [&](size_t row, std::span<const uint32_t> met) {
    for (const uint32_t right : met) out.push_back({static_cast<uint32_t>(first_row + row), right});
  });
}

}  // namespace muster::match
