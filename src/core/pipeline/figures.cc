// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/figures.h"

#include <algorithm>
#include <string>

#include "core/base/status.h"
#include "core/store/vault_store.h"

namespace muster::pipeline {
namespace {

// Stepping costs about a sixteenth of a seek in sorted tables.
constexpr int kStepsMax = 16;

bool AnyHas(std::vector<UploadTokens>& uploads, const token::Token& token) {
  return std::any_of(uploads.begin(), uploads.end(), [&token](UploadTokens& upload) {
    upload.Advance(token);
    return upload.token() == token;
  });
}

std::vector<UploadTokens> Open(const store::Store& store, const std::vector<UploadId>& uploads) {
  std::vector<UploadTokens> out;
  out.reserve(uploads.size());
  for (const UploadId& upload : uploads) out.emplace_back(store, upload);
  return out;
}

}  // namespace

UploadTokens::UploadTokens(const store::Store& store, const UploadId& upload)
    : upload_(upload), cursor_(store.ScanPrefix(store::kUploadContacts, upload.View())) {
  Read();
}

void UploadTokens::Read() {
  for (; cursor_->valid(); cursor_->Next()) {
    const absl::StatusOr<store::UploadContact> contact =
        store::DecodeUploadContact(cursor_->value());
    const absl::StatusOr<store::UploadContactKey> key =
        store::DecodeUploadContactKey(cursor_->key());
    if (!contact.ok() || !key.ok()) {
      bad_ = contact.ok() ? key.status() : contact.status();
      break;
    }
    if (contact->kind == store::UploadContactKind::kSuppression) continue;
    token_ = key->token;
    return;
  }
  token_.reset();
}

void UploadTokens::Next() {
  cursor_->Next();
  Read();
}

void UploadTokens::Advance(const token::Token& token) {
  for (int step = 0; token_ && *token_ < token; ++step) {
    if (step < kStepsMax) {
      Next();
    } else {
      std::string key;
      store::AppendUploadContactKey({upload_, token, {}}, key);
      cursor_->Seek(key);
      Read();
    }
  }
}

absl::Status UploadTokens::status() const { return bad_.ok() ? cursor_->status() : bad_; }

absl::StatusOr<Change> CountChange(const store::Store& store, const std::vector<UploadId>& coming,
                                   const std::vector<UploadId>& going,
                                   const std::vector<UploadId>& list_staying,
                                   const std::vector<UploadId>& other_staying) {
  std::vector<UploadTokens> in = Open(store, coming);
  std::vector<UploadTokens> out = Open(store, going);
  std::vector<UploadTokens> list = Open(store, list_staying);
  std::vector<UploadTokens> other = Open(store, other_staying);
  Change change;
  while (true) {
    std::optional<token::Token> least;
    for (const auto* group : {&in, &out}) {
      for (const UploadTokens& upload : *group) {
        if (upload.token() && (!least || *upload.token() < *least)) least = upload.token();
      }
    }
    if (!least) break;
    bool comes = false;
    bool goes = false;
    for (UploadTokens& upload : in) {
      if (upload.token() != least) continue;
      comes = true;
      upload.Next();
    }
    for (UploadTokens& upload : out) {
      if (upload.token() != least) continue;
      goes = true;
      upload.Next();
    }
    if (comes == goes || AnyHas(list, *least)) continue;
    change.list += comes ? 1 : -1;
    if (!AnyHas(other, *least)) change.member += comes ? 1 : -1;
  }
  for (const auto* group : {&in, &out, &list, &other}) {
    for (const UploadTokens& upload : *group) MUSTER_RETURN_IF_ERROR(upload.status());
  }
  return change;
}

}  // namespace muster::pipeline
