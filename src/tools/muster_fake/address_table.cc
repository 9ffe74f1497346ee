// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/address_table.h"

#include <cstring>

#include "tools/muster_fake/random.h"

namespace muster::fake {

uint64_t HashAddress(std::string_view match_form) {
  uint64_t hash = kGoldenGamma + match_form.size();
  while (match_form.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, match_form.data(), 8);
    hash = Mix(hash ^ word) + kGoldenGamma;
    match_form.remove_prefix(8);
  }
  uint64_t word = 0;
  if (!match_form.empty()) std::memcpy(&word, match_form.data(), match_form.size());
  hash = Mix(hash ^ word);
  return hash == 0 ? 1 : hash;
}

void AddressTable::AddToList(uint64_t hash, uint32_t member, bool mailable) {
  Entry& entry = Find(hash);
  const uint64_t bit = uint64_t{1} << member;
  entry.masks |= bit;
  if (mailable) entry.masks |= bit << 31;
}

void AddressTable::AddToSideFile(uint64_t hash) { Find(hash).masks |= uint64_t{1} << 62; }

AddressTable::Entry& AddressTable::Find(uint64_t hash) {
  if (used_ * 5 >= entries_.size() * 3) Grow();
  for (size_t i = hash;; ++i) {
    Entry& entry = entries_[i & (entries_.size() - 1)];
    if (entry.hash == hash) return entry;
    if (entry.hash == 0) {
      entry.hash = hash;
      ++used_;
      return entry;
    }
  }
}

void AddressTable::Grow() {
  std::vector<Entry> old(entries_.size() * 2);
  old.swap(entries_);
  for (const Entry& moved : old) {
    if (moved.hash == 0) continue;
    size_t i = moved.hash;
    while (entries_[i & (entries_.size() - 1)].hash != 0) ++i;
    entries_[i & (entries_.size() - 1)] = moved;
  }
}

}  // namespace muster::fake
