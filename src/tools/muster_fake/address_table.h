// SPDX-License-Identifier: Apache-2.0
//
// AddressTable: which members' files hold an address, for every address of the pool, in 16 bytes
// each.
//
// Addresses are known by a 64-bit hash of their match form; among ten million the chance of any
// collision is 3 in a million.
// Errors: none (it grows).
// Threads: one at a time.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_ADDRESS_TABLE_H_
#define MUSTER_TOOLS_MUSTER_FAKE_ADDRESS_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace muster::fake {

uint64_t HashAddress(std::string_view match_form);

class AddressTable {
 public:
  struct Entry {
    uint64_t hash = 0;
    uint64_t masks = 0;  // bits 0-30: in the member's list; 31-61: there with a status that may be
                         // mailed; 62: in a side file

    uint32_t lists() const { return static_cast<uint32_t>(masks & kMask); }
    uint32_t mailable_lists() const { return static_cast<uint32_t>(masks >> 31 & kMask); }
    bool side() const { return (masks >> 62 & 1) != 0; }
  };

  AddressTable() : entries_(1024) {}

  void Prefetch(uint64_t hash) const {
    __builtin_prefetch(&entries_[hash & (entries_.size() - 1)], 1);
  }
  void AddToList(uint64_t hash, uint32_t member, bool mailable);
  void AddToSideFile(uint64_t hash);

  template <typename F>
  void ForEach(F f) const {
    for (const Entry& entry : entries_) {
      if (entry.hash != 0) f(entry);
    }
  }

 private:
  static constexpr uint64_t kMask = (uint64_t{1} << 31) - 1;

  Entry& Find(uint64_t hash);
  void Grow();

  std::vector<Entry> entries_;  // a power of two, open addressing
  size_t used_ = 0;
};

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_ADDRESS_TABLE_H_
