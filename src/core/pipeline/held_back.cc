// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/held_back.h"

#include <algorithm>

#include "core/base/status.h"
#include "core/crypto/hash.h"

namespace muster::pipeline {
namespace {

constexpr std::string_view kZero("\0", 1);

}  // namespace

absl::StatusOr<HeldBack> HeldBack::Read(const store::VaultStore& store,
                                        const crypto::SecretBytes* row_key) {
  HeldBack held(row_key);
  MUSTER_ASSIGN_OR_RETURN(auto records, store.ReadAllHeldBack());
  for (auto& [key, record] : records) held.records_.emplace(key, std::move(record));
  return held;
}

const v1::HeldBackRecord* HeldBack::Find(const token::Token& contact) const {
  if (records_.empty()) return nullptr;
  const auto found = records_.find(KeyOf(contact));
  return found == records_.end() ? nullptr : &found->second;
}

bool HeldBack::AskedBy(const v1::HeldBackRecord& record, const MemberId& member) {
  return std::any_of(record.members().begin(), record.members().end(),
                     [&member](const std::string& asked) { return asked == member.View(); });
}

std::string HeldBack::KeyOf(const token::Token& contact) const {
  Bytes16 key;
  crypto::KeyedHash(*row_key_, {"held back", kZero, contact.View()}, key);
  return ToString(key);
}

token::Token HeldBack::StandIn(const token::Token& contact, const MemberId& member) const {
  token::Token out;
  crypto::KeyedHash(*row_key_, {"stand-in", kZero, member.View(), contact.View()}, out.bytes);
  return out;
}

}  // namespace muster::pipeline
