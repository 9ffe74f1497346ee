// SPDX-License-Identifier: Apache-2.0
//
// Vault store: the one database of the back room, encrypted, and its small records by name. Big
// families: store/source_row.h, store/voter_row.h, store/match_row.h.
//
// Rule: the Put forms add to a Batch, so that what belongs together is written in one step; only
// the caller writes.
// Errors: those of store/database.h; DATA_LOSS (STORE_CORRUPT) for a record that cannot be read.
// Threads: safe from anywhere.
#ifndef MUSTER_CORE_STORE_VAULT_STORE_H_
#define MUSTER_CORE_STORE_VAULT_STORE_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/store/database.h"
#include "muster/v1/vault_record.pb.h"

namespace muster::store {

// In the order of DatabaseOptions::families.
inline constexpr Family kSources = 0;
inline constexpr Family kUploadContacts = 1;
inline constexpr Family kSuppressions = 2;
inline constexpr Family kConsents = 3;
inline constexpr Family kUploads = 4;
inline constexpr Family kIntakes = 5;
inline constexpr Family kLists = 6;
inline constexpr Family kMembers = 7;
inline constexpr Family kWithdrawals = 8;
inline constexpr Family kUnreadWithdrawn =
    9;  // upload (8) | token (16): addresses taken back before their upload was read
inline constexpr Family kLog = 10;
inline constexpr Family kVoters = 11;
inline constexpr Family kVoterSketches = 12;
inline constexpr Family kVoterHistory = 13;
inline constexpr Family kMatchRuns = 14;
inline constexpr Family kMatchRows = 15;
inline constexpr Family kMatches = 16;
inline constexpr Family kErasures = 17;
// Keyed hash (16) of a contact's token: addresses that were erased (pipeline/held_back.h).
inline constexpr Family kHeldBackList = 18;

// One log entry as the vault read it.
struct ObservedEntry {
  Bytes32 commitment{};
  Bytes32 salt{};
  std::string body;
};

class VaultStore {
 public:
  static absl::StatusOr<std::unique_ptr<VaultStore>> Open(const std::filesystem::path& path,
                                                          const crypto::SecretBytes& store_key);
  Store& rows() { return *store_; }
  const Store& rows() const { return *store_; }

  absl::StatusOr<std::optional<v1::UploadRecord>> ReadUpload(const UploadId& upload) const;
  absl::StatusOr<std::vector<std::pair<UploadId, v1::UploadRecord>>> ReadUploads() const;
  static void PutUpload(const UploadId& upload, const v1::UploadRecord& record, Batch& batch);

  // A new record when there is none.
  absl::StatusOr<v1::IntakeRecord> ReadIntake(const UploadId& upload) const;
  static std::string EncodeIntake(const v1::IntakeRecord& record);

  absl::StatusOr<v1::ListRecord> ReadList(const MemberId& member, std::string_view list) const;
  absl::StatusOr<std::vector<std::pair<std::string, v1::ListRecord>>> ReadLists(
      const MemberId& member) const;
  static void PutList(const MemberId& member, std::string_view list, const v1::ListRecord& record,
                      Batch& batch);

  absl::StatusOr<v1::MemberTotals> ReadMember(const MemberId& member) const;
  static void PutMember(const MemberId& member, const v1::MemberTotals& totals, Batch& batch);

  absl::StatusOr<std::optional<v1::WithdrawalRecord>> ReadWithdrawal(
      uint64_t statement_index) const;
  static void PutWithdrawal(uint64_t statement_index, const v1::WithdrawalRecord& record,
                            Batch& batch);

  absl::StatusOr<std::optional<v1::ErasureRecord>> ReadErasure(uint64_t statement_index) const;
  static void PutErasure(uint64_t statement_index, const v1::ErasureRecord& record, Batch& batch);

  absl::StatusOr<std::optional<v1::HeldBackRecord>> ReadHeldBack(std::string_view key) const;
  absl::StatusOr<std::vector<std::pair<std::string, v1::HeldBackRecord>>> ReadAllHeldBack() const;
  static void PutHeldBack(std::string_view key, const v1::HeldBackRecord& record, Batch& batch);

  // By source of voters (store/voter_row.h).
  absl::StatusOr<std::optional<v1::MatchRunRecord>> ReadMatchRun(std::string_view source) const;
  absl::StatusOr<std::vector<std::pair<std::string, v1::MatchRunRecord>>> ReadMatchRuns() const;
  static void PutMatchRun(std::string_view source, const v1::MatchRunRecord& record, Batch& batch);

  absl::StatusOr<v1::LogHead> ReadLogHead() const;
  static void PutLogHead(const v1::LogHead& head, Batch& batch);
  // NOT_FOUND when it was not observed.
  absl::StatusOr<ObservedEntry> ReadEntry(uint64_t index) const;
  // In order from `first`, until `visit` fails.
  absl::Status ForEachEntry(
      uint64_t first, absl::FunctionRef<absl::Status(uint64_t, const ObservedEntry&)> visit) const;
  static void PutEntry(uint64_t index, const ObservedEntry& entry, Batch& batch);

  // Rows were removed whose bytes may still be in old files. The mark differs each time; empty when
  // nothing is due. Contacts and voters have a mark each, since rewriting voters is much work.
  enum class Rows { kOfContacts, kOfVoters };
  absl::StatusOr<std::string> ReadCompactionMark(Rows rows) const;
  static void PutCompactionMark(Rows rows, Batch& batch);
  static void ClearCompactionMark(Rows rows, Batch& batch);

 private:
  explicit VaultStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}
  std::unique_ptr<Store> store_;
};

}  // namespace muster::store

#endif  // MUSTER_CORE_STORE_VAULT_STORE_H_
