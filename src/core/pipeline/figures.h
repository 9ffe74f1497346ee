// SPDX-License-Identifier: Apache-2.0
//
// Figures: how many distinct addresses come and go when uploads of one member come and go. Exact,
// by merging the uploads' sorted tokens.
//
// The coming and going uploads are walked; the staying ones are only searched, a few steps or one
// seek a token, so that a small upload to a large list costs little and a large one is one pass.
// Errors: those of store/database.h.
// Threads: pure over the store.
#ifndef MUSTER_CORE_PIPELINE_FIGURES_H_
#define MUSTER_CORE_PIPELINE_FIGURES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/store/database.h"
#include "core/store/source_row.h"
#include "core/token/token.h"

namespace muster::pipeline {

// The contacts of one settled upload in the order of tokens.
class UploadTokens {
 public:
  UploadTokens(const store::Store& store, const UploadId& upload);
  // The next token, if there is one.
  const std::optional<token::Token>& token() const { return token_; }
  void Next();
  // To the first token at or after `token`; forward only.
  void Advance(const token::Token& token);
  absl::Status status() const;

 private:
  void Read();
  UploadId upload_;
  std::unique_ptr<store::Cursor> cursor_;
  std::optional<token::Token> token_;
  absl::Status bad_;
};

struct Change {
  int64_t list = 0;    // distinct addresses of the list
  int64_t member = 0;  // distinct addresses of the member
};

// `coming` and `going` are uploads to one list; `list_staying` the other live ones to it,
// `other_staying` the member's live ones to other lists.
absl::StatusOr<Change> CountChange(const store::Store& store, const std::vector<UploadId>& coming,
                                   const std::vector<UploadId>& going,
                                   const std::vector<UploadId>& list_staying,
                                   const std::vector<UploadId>& other_staying);

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_FIGURES_H_
