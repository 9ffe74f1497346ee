// SPDX-License-Identifier: Apache-2.0
#include "cli/seal_line.h"

#include <utility>

#include "absl/time/time.h"
#include "core/base/clock.h"

namespace muster::cli {

SealLine::SealLine(const seal::Sealer* sealer, int sealing_threads, int sending_threads,
                   Step record, Step send)
    : sealer_(sealer), record_(std::move(record)), send_(std::move(send)) {
  for (int i = 0; i < sealing_threads; ++i) sealing_.emplace_back([this] { SealBlocks(); });
  for (int i = 0; i < sending_threads; ++i) sending_.emplace_back([this] { SendBatches(); });
}

SealLine::~SealLine() {
  blocks_.Cancel();
  sealed_.Cancel();
  Join();
}

absl::StatusOr<seal::RecordBlock> SealLine::Push(uint32_t sequence, seal::RecordBlock block) {
  if (!blocks_.Push({sequence, std::move(block)})) return status();
  const std::lock_guard lock(mutex_);
  if (empty_.empty()) return seal::RecordBlock();
  seal::RecordBlock empty = std::move(empty_.back());
  empty_.pop_back();
  return empty;
}

absl::Status SealLine::Finish() {
  blocks_.Close();
  for (std::thread& thread : sealing_) thread.join();
  sealing_.clear();
  sealed_.Close();
  Join();
  return status();
}

void SealLine::SealBlocks() {
  while (auto block = blocks_.Pop()) {
    Sealed sealed;
    sealed.sequence = block->sequence;
    sealed.records = static_cast<uint32_t>(block->records.size());
    auto batch =
        sealer_->Seal(block->sequence, block->records, absl::ToUnixSeconds(Clock::System().Now()));
    if (!batch.ok()) return Fail(batch.status());
    sealed.batch = *std::move(batch);
    block->records.Clear();
    {
      const std::lock_guard lock(mutex_);
      empty_.push_back(std::move(block->records));
    }
    if (absl::Status status = record_(sealed.sequence, sealed.records, sealed.batch); !status.ok())
      return Fail(status);
    if (!sealed_.Push(std::move(sealed))) return;
  }
}

void SealLine::SendBatches() {
  while (auto sealed = sealed_.Pop()) {
    if (absl::Status status = send_(sealed->sequence, sealed->records, sealed->batch); !status.ok())
      return Fail(status);
    records_sent_.fetch_add(sealed->records, std::memory_order_relaxed);
  }
}

void SealLine::Fail(const absl::Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = status;
  }
  blocks_.Cancel();
  sealed_.Cancel();
}

absl::Status SealLine::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void SealLine::Join() {
  for (std::thread& thread : sealing_) thread.join();
  for (std::thread& thread : sending_) thread.join();
  sealing_.clear();
  sending_.clear();
}

}  // namespace muster::cli
