// SPDX-License-Identifier: Apache-2.0
#include "core/report/block_pool.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/report/figures.h"
#include "core/tlog/entry.h"
#include "muster/v1/report.pb.h"

namespace muster::report {
namespace {

// Hashes and parses; the signature joins the batch.
absl::Status Read(const v1::OpenedEntry& opened, governance::StatementBatch& batch,
                  ReadEntry& entry) {
  if (!opened.commitment().empty()) {
    const auto commitment = ToArray<32>(opened.commitment());
    if (!commitment.has_value() || !opened.salt().empty() || !opened.body().empty())
      return BadReport("it is neither opened nor closed");
    entry.leaf = crypto::MerkleLeaf(AsText(*commitment));
    entry.closed = true;
    return absl::OkStatus();
  }
  const auto salt = ToArray<32>(opened.salt());
  if (!salt.has_value()) return BadReport("its salt has not 32 bytes");
  entry.leaf = tlog::EntryLeaf(*salt, opened.body());
  auto statement = batch.Add(opened.body());
  if (statement.ok()) {
    entry.statement = *std::move(statement);
    return absl::OkStatus();
  }
  if (auto later = governance::LaterKindOf(opened.body()); later.has_value()) {
    entry.later_kind = *std::move(later);
    return absl::OkStatus();
  }
  return statement.status();
}

// HasUnknownFields would walk the schema for every entry.
bool HasUnknownOfItself(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}
bool HasUnknown(const v1::EntryBlock& block) {
  return HasUnknownOfItself(block) ||
         std::any_of(block.entries().begin(), block.entries().end(), HasUnknownOfItself);
}

ReadBlock ReadPayload(const std::string& payload, governance::StatementBatch& batch) {
  ReadBlock block;
  v1::EntryBlock message;
  if (!message.ParseFromString(payload) || HasUnknown(message) ||
      message.SerializeAsString() != payload) {
    block.status = BadReport("a block of entries is damaged or of a later version");
    return block;
  }
  block.first_index = message.first_index();
  const auto where = [&](int i) { return "entry " + std::to_string(message.first_index() + i); };
  batch.Clear();
  block.entries.reserve(static_cast<size_t>(message.entries_size()));
  for (int i = 0; i < message.entries_size() && block.status.ok(); ++i) {
    const v1::OpenedEntry& opened = message.entries(i);
    block.last_bytes = opened.salt().size() + opened.body().size() + opened.commitment().size();
    block.bytes += block.last_bytes;
    ReadEntry entry;
    if (const absl::Status read = Read(opened, batch, entry); !read.ok()) {
      block.status = Annotate(read, where(i));
    } else {
      block.entries.push_back(std::move(entry));
    }
  }
  if (batch.Verify()) return block;
  for (size_t i = 0; i < block.entries.size(); ++i) {
    const auto& opened = message.entries(static_cast<int>(i));
    if (opened.body().empty() || !block.entries[i].later_kind.empty()) continue;
    if (auto bad = governance::VerifyStatementBytes(opened.body()); !bad.ok()) {
      block.status = Annotate(bad.status(), where(static_cast<int>(i)));
      block.entries.resize(i);
      return block;
    }
  }
  // The statement that stands behind `entries` was added to the batch before it was refused.
  return block;
}

}  // namespace

BlockPool::BlockPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

BlockPool::~BlockPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  turn_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void BlockPool::Run() {
  governance::StatementBatch batch;
  std::unique_lock lock(mutex_);
  while (true) {
    turn_.wait(lock, [this] { return ending_ || !to_do_.empty(); });
    if (ending_) return;
    Job* job = to_do_.front();
    to_do_.pop_front();
    lock.unlock();
    ReadBlock block = ReadPayload(job->payload, batch);
    std::string().swap(job->payload);
    lock.lock();
    job->block = std::move(block);
    job->done = true;
    turn_.notify_all();
  }
}

void BlockPool::Put(std::string payload) {
  order_.push_back(std::make_unique<Job>());
  order_.back()->payload = std::move(payload);
  const std::lock_guard lock(mutex_);
  to_do_.push_back(order_.back().get());
  turn_.notify_all();
}

ReadBlock BlockPool::Take() {
  const std::unique_ptr<Job> job = std::move(order_.front());
  order_.pop_front();
  std::unique_lock lock(mutex_);
  turn_.wait(lock, [&] { return job->done; });
  return std::move(job->block);
}

}  // namespace muster::report
