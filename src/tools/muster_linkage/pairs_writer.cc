// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_linkage/pairs_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>

#include "core/base/file.h"
#include "core/base/status.h"

namespace muster::linkage {
namespace {

constexpr double kMillion = 1e6;

// The first eight bytes of an id as a number that is ordered as they are.
uint64_t Head(std::string_view id) {
  uint64_t head = 0;
  for (size_t i = 0; i < 8; ++i)
    head = head << 8 | (i < id.size() ? static_cast<uint8_t>(id[i]) : 0u);
  return head;
}

// For each row that `rows` names, its place among them in the order of the ids.
std::vector<uint32_t> Ranks(const IdColumn& ids, std::vector<uint32_t> rows) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  struct Entry {
    uint64_t head;
    uint32_t row;
  };
  std::vector<Entry> entries;
  entries.reserve(rows.size());
  for (const uint32_t row : rows) entries.push_back({Head(ids[row]), row});
  std::sort(entries.begin(), entries.end(), [&ids](const Entry& a, const Entry& b) {
    return a.head != b.head ? a.head < b.head : ids[a.row] < ids[b.row];
  });
  std::vector<uint32_t> ranks(rows.empty() ? 0 : rows.back() + size_t{1});
  for (size_t i = 0; i < entries.size(); ++i) ranks[entries[i].row] = static_cast<uint32_t>(i);
  return ranks;
}

void AppendId(std::string_view id, std::string& out) {
  if (id.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(id);
    return;
  }
  out.push_back('"');
  for (const char c : id) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

void AppendProbability(uint32_t millionths, std::string& out) {
  char text[8] = {'0', '.', '0', '0', '0', '0', '0', '0'};
  if (millionths >= 1'000'000) text[0] = '1';
  uint32_t rest = millionths % 1'000'000;
  for (size_t i = 7; i >= 2; --i, rest /= 10) text[i] = static_cast<char>('0' + rest % 10);
  out.append(text, sizeof text);
}

absl::Status WriteAll(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "cannot write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status WriteTo(int fd, std::span<const Pair> pairs, const IdColumn& left,
                     const IdColumn& right, const std::filesystem::path& path) {
  constexpr size_t kBlockBytes = size_t{1} << 20;
  std::string block = "left_id,right_id,probability\n";
  for (const Pair& pair : pairs) {
    AppendId(left[pair.left], block);
    block.push_back(',');
    AppendId(right[pair.right], block);
    block.push_back(',');
    AppendProbability(pair.millionths, block);
    block.push_back('\n');
    if (block.size() < kBlockBytes) continue;
    MUSTER_RETURN_IF_ERROR(WriteAll(fd, block, path));
    block.clear();
  }
  return WriteAll(fd, block, path);
}

}  // namespace

std::vector<Pair> OrderedPairs(std::span<const match::LinkedPair> linked, const IdColumn& left,
                               const IdColumn& right, unsigned threads) {
  const bool one_table = &left == &right;
  std::vector<Pair> pairs;
  std::vector<uint32_t> left_rows, right_rows;
  pairs.reserve(linked.size());
  left_rows.reserve(linked.size());
  right_rows.reserve(linked.size());
  for (const match::LinkedPair& link : linked) {
    Pair& pair = pairs.emplace_back();
    pair.left = link.left;
    pair.right = link.right;
    pair.millionths = static_cast<uint32_t>(
        std::clamp(std::lround(static_cast<double>(link.probability) * kMillion), 0L, 1'000'000L));
    left_rows.push_back(link.left);
    (one_table ? left_rows : right_rows).push_back(link.right);
  }
  std::vector<uint32_t> left_ranks, right_ranks;
  std::thread other;
  if (!one_table) {
    const auto rank_right = [&] { right_ranks = Ranks(right, std::move(right_rows)); };
    if (threads > 1) {
      other = std::thread(rank_right);
    } else {
      rank_right();
    }
  }
  left_ranks = Ranks(left, std::move(left_rows));
  if (other.joinable()) other.join();
  const std::vector<uint32_t>& ranks = one_table ? left_ranks : right_ranks;
  if (one_table) {
    for (Pair& pair : pairs) {
      if (left_ranks[pair.right] < left_ranks[pair.left]) std::swap(pair.left, pair.right);
    }
  }
  std::sort(pairs.begin(), pairs.end(), [&](const Pair& a, const Pair& b) {
    if (a.left != b.left) return left_ranks[a.left] < left_ranks[b.left];
    if (a.millionths != b.millionths) return a.millionths > b.millionths;
    return ranks[a.right] < ranks[b.right];
  });
  return pairs;
}

uint64_t KeepOneToOne(bool one_table, std::vector<Pair>& pairs) {
  std::vector<uint32_t> order(pairs.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&pairs](uint32_t a, uint32_t b) {
    return pairs[a].millionths > pairs[b].millionths;
  });
  const auto left_key = [](const Pair& pair) { return uint64_t{pair.left}; };
  const auto right_key = [one_table](const Pair& pair) {
    return uint64_t{pair.right} | (one_table ? 0 : uint64_t{1} << 32);
  };
  std::unordered_set<uint64_t> taken;
  taken.reserve(2 * pairs.size());
  std::vector<bool> kept(pairs.size());
  uint64_t ambiguous = 0;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && pairs[order[end]].millionths == pairs[order[begin]].millionths)
      ++end;
    // Rows that two pairs of this probability want.
    std::unordered_set<uint64_t> once, twice;
    const auto is_open = [&](const Pair& pair) {
      return taken.count(left_key(pair)) == 0 && taken.count(right_key(pair)) == 0;
    };
    for (size_t i = begin; i < end; ++i) {
      const Pair& pair = pairs[order[i]];
      if (!is_open(pair)) continue;
      for (const uint64_t key : {left_key(pair), right_key(pair)}) {
        if (!once.insert(key).second) twice.insert(key);
      }
    }
    std::vector<uint32_t> open;
    for (size_t i = begin; i < end; ++i) {
      if (is_open(pairs[order[i]])) open.push_back(order[i]);
    }
    for (const uint32_t i : open) {
      const Pair& pair = pairs[i];
      if (twice.count(left_key(pair)) == 0 && twice.count(right_key(pair)) == 0) {
        kept[i] = true;
      } else {
        ++ambiguous;
      }
      taken.insert(left_key(pair));
      taken.insert(right_key(pair));
    }
    begin = end;
  }
  size_t size = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (kept[i]) pairs[size++] = pairs[i];
  }
  pairs.resize(size);
  return ambiguous;
}

absl::Status WritePairs(const std::filesystem::path& path, std::span<const Pair> pairs,
                        const IdColumn& left, const IdColumn& right) {
  struct stat found = {};
  const bool plain = ::stat(path.c_str(), &found) != 0 || S_ISREG(found.st_mode);
  std::filesystem::path target = path;
  if (plain) target += ".partial";
  const int fd = ::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoError(errno, "cannot write", path);
  absl::Status status = WriteTo(fd, pairs, left, right, path);
  if (::close(fd) != 0 && status.ok()) status = ErrnoError(errno, "cannot write", path);
  if (plain && status.ok() && ::rename(target.c_str(), path.c_str()) != 0)
    status = ErrnoError(errno, "cannot write", path);
  if (plain && !status.ok()) ::unlink(target.c_str());
  return status;
}

}  // namespace muster::linkage
