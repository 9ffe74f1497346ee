// SPDX-License-Identifier: Apache-2.0
//
// NeedleScan: looks for thousands of byte strings at once in gigabytes, as a thief with a disk
// would.
//
// Every needle is at least 8 bytes. A bit table over the first 4 bytes lets almost every position
// pass in a nanosecond.
#ifndef MUSTER_TESTS_SUPPORT_NEEDLE_SCAN_H_
#define MUSTER_TESTS_SUPPORT_NEEDLE_SCAN_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster::test {

class NeedleScan {
 public:
  void Add(std::string needle, std::string what) {
    if (needle.size() < 8) return;
    bits_[Slot(needle.data())] = true;
    uint64_t head;
    std::memcpy(&head, needle.data(), 8);
    by_head_[head].push_back(needles_.size());
    needles_.push_back({std::move(needle), std::move(what)});
  }
  size_t size() const { return needles_.size(); }

  // What was found first, in words; empty when nothing.
  std::string FirstIn(std::string_view bytes) const {
    if (bytes.size() < 8) return "";
    for (size_t i = 0; i + 8 <= bytes.size(); ++i) {
      if (!bits_[Slot(bytes.data() + i)]) continue;
      uint64_t head;
      std::memcpy(&head, bytes.data() + i, 8);
      const auto found = by_head_.find(head);
      if (found == by_head_.end()) continue;
      for (size_t n : found->second) {
        if (bytes.substr(i, needles_[n].text.size()) == needles_[n].text) return needles_[n].what;
      }
    }
    return "";
  }

 private:
  struct Needle {
    std::string text;
    std::string what;
  };
  static size_t Slot(const char* p) {
    uint32_t v;
    std::memcpy(&v, p, 4);
    return (v * 2654435761u) >> 10;
  }
  std::vector<Needle> needles_;
  std::vector<bool> bits_ = std::vector<bool>(1u << 22);
  std::unordered_map<uint64_t, std::vector<size_t>> by_head_;
};

}  // namespace muster::test

#endif  // MUSTER_TESTS_SUPPORT_NEEDLE_SCAN_H_
