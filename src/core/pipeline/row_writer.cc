// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/row_writer.h"

#include <algorithm>
#include <tuple>

#include "core/base/status.h"

namespace muster::pipeline {
namespace {

constexpr size_t kStepRows = 200'000;
constexpr size_t kBulkRowsMin = 16'384;

}  // namespace

absl::Status RowWriter::Put(store::Family family, std::string key, std::string value) {
  return Add({family, std::move(key), std::move(value)});
}

absl::Status RowWriter::Delete(store::Family family, std::string key) {
  return Add({family, std::move(key), std::nullopt});
}

absl::Status RowWriter::Add(Change change) {
  changes_.push_back(std::move(change));
  return changes_.size() < kStepRows ? absl::OkStatus() : Flush();
}

absl::Status RowWriter::Flush() {
  if (changes_.empty()) return absl::OkStatus();
  if (changes_.size() < kBulkRowsMin) {
    store::Batch batch;
    for (const Change& change : changes_) {
      if (change.value)
        batch.Put(change.family, change.key, *change.value);
      else
        batch.Delete(change.family, change.key);
    }
    changes_.clear();
    return store_->Write(batch, store::Sync::kNo);
  }
  std::sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) {
    return std::tie(a.family, a.key) < std::tie(b.family, b.key);
  });
  auto load = store_->StartBulkLoad();
  for (const Change& change : changes_) {
    MUSTER_RETURN_IF_ERROR(change.value ? load->Put(change.family, change.key, *change.value)
                                        : load->Delete(change.family, change.key));
  }
  changes_.clear();
  return load->Commit();
}

}  // namespace muster::pipeline
