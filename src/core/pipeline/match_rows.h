// SPDX-License-Identifier: Apache-2.0
//
// Match rows: what a match run reads of the vault's store: the voters of an extract and the
// contacts of the pool, each as sketches, in the order of their keys; and what segments read of a
// voter.
//
// Rules: only what counts is met: the current extract of each source, sources of live uploads. A
// cursor sees the store as it was when the cursor was made, whatever is written meanwhile (a file
// that was replaced before that has no voters left: count them against voter_count). Voters come
// in the order of their tokens, which are the same in every extract of a state: they are the
// stable names of voters, as email tokens are of contacts.
// Units: a sketch is token::kSketchBytes bytes (token/sketch.h decodes it).
// Errors: those of store/database.h; DATA_LOSS (STORE_CORRUPT). A cursor that fails is no longer
// valid; ask status().
// Threads: a cursor belongs to one thread; the store may be shared. Several cursors of one
// extract, each over a part of the tokens, may run side by side.
#ifndef MUSTER_CORE_PIPELINE_MATCH_ROWS_H_
#define MUSTER_CORE_PIPELINE_MATCH_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/store/database.h"
#include "core/store/source_row.h"
#include "core/store/vault_store.h"
#include "core/store/voter_row.h"
#include "core/token/token.h"

namespace muster::pipeline {

// An extract that its source is matched by.
struct VoterFile {
  UploadId upload;
  MemberId member;
  std::string name;
  v1::VoterFileTerms terms;
  store::VoterSource source;
  int64_t voter_count = 0;
  // Where its upload statement stands in the log: what a model refers to.
  uint64_t log_index = 0;
};
// In the order of states.
absl::StatusOr<std::vector<VoterFile>> CurrentVoterFiles(const store::VaultStore& store);

// Tokens from `begin` on and before `end`; none: without bound.
struct TokenRange {
  std::optional<token::Token> begin;
  std::optional<token::Token> end;
};
// The tokens cut into `parts` ranges of about the same number, in order.
std::vector<TokenRange> SplitTokens(size_t parts);

class VoterCursor {
 public:
  VoterCursor(const store::Store& rows, const VoterFile& file, const TokenRange& range = {});
  bool valid() const { return bad_.ok() && cursor_->valid(); }
  const token::Token& voter() const { return voter_; }
  // Readable until the cursor moves.
  std::string_view sketch() const { return cursor_->value(); }
  void Next();
  absl::Status status() const { return bad_.ok() ? cursor_->status() : bad_; }

 private:
  void Read();
  std::unique_ptr<store::Cursor> cursor_;
  token::Token voter_;
  absl::Status bad_;
};

// One member's claim on a contact.
struct ContactSource {
  MemberId member;
  UploadId upload;
  store::RecordPlace place;
  contact::Status status = contact::Status::kUnknown;
  std::string row;          // encoded; for what a match does not need (store::DecodeSourceRow)
  std::string_view sketch;  // into `row`; empty for rows from before there were sketches
};

// A contact at a time: its token and the sources that count. A contact none of whose sources counts
// is not met.
class ContactCursor {
 public:
  static absl::StatusOr<std::unique_ptr<ContactCursor>> Open(const store::VaultStore& store,
                                                             const TokenRange& range = {});
  bool valid() const { return !sources_.empty(); }
  const token::Token& contact() const { return contact_; }
  // Those that count, as the cursor sees them.
  const std::set<UploadId>& uploads() const { return live_; }
  // In the order of members and uploads; readable until the cursor moves.
  std::span<const ContactSource> sources() const { return {sources_.data(), sources_.size()}; }
  void Next();
  absl::Status status() const { return bad_.ok() ? cursor_->status() : bad_; }

 private:
  ContactCursor() = default;
  absl::Status Read();
  std::unique_ptr<store::Cursor> cursor_;
  std::set<UploadId> live_;
  token::Token contact_;
  std::vector<ContactSource> sources_;
  absl::Status bad_;
};

// What the store keeps of one voter of an extract; none when the extract has no such voter.
absl::StatusOr<std::optional<store::VoterRow>> ReadVoter(const store::Store& rows,
                                                         const VoterFile& file,
                                                         const token::Token& voter);
// Their votes out of all files of the source that count, one line each ("2024-11-05 general
// absentee"), in order and once.
absl::StatusOr<std::vector<std::string>> ReadVoterHistory(const store::VaultStore& store,
                                                          const VoterFile& file,
                                                          const token::Token& voter);

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_MATCH_ROWS_H_
