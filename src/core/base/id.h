// SPDX-License-Identifier: Apache-2.0
//
// Ids and resource names: what members, people, uploads and invites are called.
//
// An id is 8 random bytes, written as 13 lowercase Crockford base32 characters; a resource name is
// "collection/id" (AIP-122), e.g. "uploads/3v8k2m0qa1n7c". Ids are distinct types, so that one
// cannot stand for another.
// Errors: Parse returns INVALID_ARGUMENT (NAME_MALFORMED).
// Threads: values.
#ifndef MUSTER_CORE_BASE_ID_H_
#define MUSTER_CORE_BASE_ID_H_

#include <compare>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster {

absl::StatusOr<Bytes8> ParseResourceName(std::string_view collection, std::string_view name);

template <typename Tag>
struct Id {
  Bytes8 bytes{};

  static constexpr std::string_view kCollection = Tag::kCollection;

  // From "collection/id".
  static absl::StatusOr<Id> Parse(std::string_view name) {
    MUSTER_ASSIGN_OR_RETURN(Bytes8 bytes, ParseResourceName(kCollection, name));
    return Id{bytes};
  }
  static std::optional<Id> FromBytes(std::string_view raw) {
    auto a = ToArray<8>(raw);
    if (!a) return std::nullopt;
    return Id{*a};
  }
  std::string Name() const { return std::string(kCollection) + "/" + Base32Encode(bytes); }
  std::string_view View() const { return AsText(bytes); }
  bool IsZero() const { return bytes == Bytes8{}; }
  auto operator<=>(const Id&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.bytes);
  }
};

struct MemberTag {
  static constexpr std::string_view kCollection = "members";
};
struct PersonTag {
  static constexpr std::string_view kCollection = "people";
};
struct UploadTag {
  static constexpr std::string_view kCollection = "uploads";
};
struct InviteTag {
  static constexpr std::string_view kCollection = "invites";
};
struct MatchTag {
  static constexpr std::string_view kCollection = "matches";
};
struct WithdrawalTag {
  static constexpr std::string_view kCollection = "withdrawals";
};

struct ErasureTag {
  static constexpr std::string_view kCollection = "erasures";
};
struct PersonReportTag {
  static constexpr std::string_view kCollection = "personreports";
};

using MemberId = Id<MemberTag>;
using PersonId = Id<PersonTag>;
using UploadId = Id<UploadTag>;
using InviteId = Id<InviteTag>;
using MatchId = Id<MatchTag>;
using WithdrawalId = Id<WithdrawalTag>;
using ErasureId = Id<ErasureTag>;
using PersonReportId = Id<PersonReportTag>;

}  // namespace muster

#endif  // MUSTER_CORE_BASE_ID_H_
