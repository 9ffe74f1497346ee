// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/match_rows.h"

#include <algorithm>
#include <tuple>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/token/sketch.h"

namespace muster::pipeline {
namespace {

absl::Status Corrupt(std::string_view what) {
  return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed " + std::string(what) +
                                          "; restore it from a backup");
}

// Keys of `family` that begin with `prefix` and go on with a token of the range.
std::unique_ptr<store::Cursor> ScanTokens(const store::Store& rows, store::Family family,
                                          std::string_view prefix, const TokenRange& range) {
  std::string begin(prefix);
  if (range.begin) begin.append(range.begin->View());
  std::string end =
      range.end ? std::string(prefix).append(range.end->View()) : store::PrefixEnd(prefix);
  return rows.Scan(family, begin, end);
}

}  // namespace

absl::StatusOr<std::vector<VoterFile>> CurrentVoterFiles(const store::VaultStore& store) {
  MUSTER_ASSIGN_OR_RETURN(const auto uploads, store.ReadUploads());
  std::vector<VoterFile> files;
  for (const auto& [id, record] : uploads) {
    if (record.state() != v1::UploadRecord::LIVE || !record.has_voterfile()) continue;
    VoterFile& file = files.emplace_back();
    file.upload = id;
    file.member = MemberId::FromBytes(record.member()).value_or(MemberId{});
    file.name = record.list();
    file.terms = record.voterfile();
    file.source = store::VoterSourceOf(file.terms);
    file.voter_count = record.voter_count();
    file.log_index = static_cast<uint64_t>(record.statement_index());
  }
  std::sort(files.begin(), files.end(), [](const VoterFile& a, const VoterFile& b) {
    return std::tie(a.terms.state(), a.terms.layout()) <
           std::tie(b.terms.state(), b.terms.layout());
  });
  return files;
}

std::vector<TokenRange> SplitTokens(size_t parts) {
  // Tokens are hashes: equal steps of their first four bytes hold about as many each.
  std::vector<TokenRange> ranges(std::max<size_t>(parts, 1));
  for (size_t i = 1; i < ranges.size(); ++i) {
    const uint64_t head = (uint64_t{i} << 32) / ranges.size();
    token::Token bound;
    for (size_t b = 0; b < 4; ++b) bound.bytes[b] = static_cast<uint8_t>(head >> (24 - 8 * b));
    ranges[i - 1].end = bound;
    ranges[i].begin = bound;
  }
  return ranges;
}

VoterCursor::VoterCursor(const store::Store& rows, const VoterFile& file, const TokenRange& range)
    : cursor_(ScanTokens(rows, store::kVoterSketches, file.upload.View(), range)) {
  Read();
}

void VoterCursor::Next() {
  cursor_->Next();
  Read();
}

void VoterCursor::Read() {
  if (!cursor_->valid()) return;
  const auto key = store::DecodeUploadContactKey(cursor_->key());
  if (!key.ok()) {
    bad_ = key.status();
  } else if (cursor_->value().size() != token::kSketchBytes) {
    bad_ = Corrupt("sketch");
  } else {
    voter_ = key->token;
  }
}

absl::StatusOr<std::unique_ptr<ContactCursor>> ContactCursor::Open(const store::VaultStore& store,
                                                                   const TokenRange& range) {
  std::unique_ptr<ContactCursor> contacts(new ContactCursor());
  MUSTER_ASSIGN_OR_RETURN(const auto uploads, store.ReadUploads());
  for (const auto& [id, record] : uploads) {
    if (record.state() == v1::UploadRecord::LIVE) contacts->live_.insert(id);
  }
  // After the uploads: what counted by then was settled.
  contacts->cursor_ = ScanTokens(store.rows(), store::kSources, "", range);
  contacts->Next();
  MUSTER_RETURN_IF_ERROR(contacts->status());
  return contacts;
}

void ContactCursor::Next() {
  bad_ = Read();
  if (!bad_.ok()) sources_.clear();
}

absl::Status ContactCursor::Read() {
  sources_.clear();
  for (; cursor_->valid(); cursor_->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::SourceKey key, store::DecodeSourceKey(cursor_->key()));
    if (!sources_.empty() && key.token != contact_) break;
    if (!live_.contains(key.upload)) continue;
    contact_ = key.token;
    sources_.push_back({key.member, key.upload, key.place, {}, std::string(cursor_->value()), {}});
  }
  // Only now do the rows stay where they are.
  for (ContactSource& source : sources_) {
    MUSTER_ASSIGN_OR_RETURN(source.sketch, store::SketchOfSourceRow(source.row));
    source.status = static_cast<contact::Status>(source.row[1]);
  }
  return cursor_->status();
}

absl::StatusOr<std::optional<store::VoterRow>> ReadVoter(const store::Store& rows,
                                                         const VoterFile& file,
                                                         const token::Token& voter) {
  const auto cursor =
      rows.ScanPrefix(store::kVoters, std::string(file.upload.View()).append(voter.View()));
  MUSTER_RETURN_IF_ERROR(cursor->status());
  if (!cursor->valid()) return std::optional<store::VoterRow>();
  MUSTER_ASSIGN_OR_RETURN(store::VoterRow row, store::DecodeVoterRow(cursor->value()));
  return std::optional<store::VoterRow>(std::move(row));
}

absl::StatusOr<std::vector<std::string>> ReadVoterHistory(const store::VaultStore& store,
                                                          const VoterFile& file,
                                                          const token::Token& voter) {
  std::set<std::string, std::less<>> votes;
  std::set<UploadId> counting;
  const auto cursor = store.rows().ScanPrefix(store::kVoterHistory,
                                              std::string(file.source.View()).append(voter.View()));
  for (; cursor->valid(); cursor->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::VoterHistoryKey key,
                            store::DecodeVoterHistoryKey(cursor->key()));
    if (!counting.contains(key.upload)) {
      MUSTER_ASSIGN_OR_RETURN(const auto upload, store.ReadUpload(key.upload));
      if (!upload || (upload->state() != v1::UploadRecord::LIVE &&
                      upload->state() != v1::UploadRecord::HISTORY)) {
        continue;
      }
      counting.insert(key.upload);
    }
    std::string_view lines = cursor->value();
    while (!lines.empty()) {
      const size_t end = std::min(lines.find('\n'), lines.size());
      if (end > 0) votes.emplace(lines.substr(0, end));
      lines.remove_prefix(std::min(end + 1, lines.size()));
    }
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  return std::vector<std::string>(votes.begin(), votes.end());
}

}  // namespace muster::pipeline
