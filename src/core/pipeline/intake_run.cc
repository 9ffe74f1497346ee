// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/intake_run.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::pipeline {
namespace {

// Envelopes waiting for a worker: enough that none ever idles.
constexpr size_t kTasksMax = 4;
constexpr int kRefusedKeptMax = 1000;

// A row's place in a chunk. Rows are sorted by the first half of their tokens in place, which
// decides all but a few comparisons without touching the rows.
struct Ref {
  uint64_t token_head;
  uint32_t batch;
  uint32_t row;
};

uint64_t HeadOf(const token::Token& token) {
  uint64_t head = 0;
  for (size_t i = 0; i < 8; ++i) head = head << 8 | token.bytes[i];
  return head;
}

std::vector<Ref> Sorted(const std::vector<BatchRows>& chunk) {
  std::vector<Ref> refs;
  size_t count = 0;
  for (const BatchRows& batch : chunk) count += batch.rows.size();
  refs.reserve(count);
  for (uint32_t b = 0; b < chunk.size(); ++b) {
    for (uint32_t r = 0; r < chunk[b].rows.size(); ++r)
      refs.push_back({HeadOf(chunk[b].rows[r].token), b, r});
  }
  std::sort(refs.begin(), refs.end(), [&chunk](const Ref& x, const Ref& y) {
    if (x.token_head != y.token_head) return x.token_head < y.token_head;
    const token::Token& a = chunk[x.batch].rows[x.row].token;
    const token::Token& b = chunk[y.batch].rows[y.row].token;
    if (a != b) return a < b;
    return std::pair(x.batch, x.row) < std::pair(y.batch, y.row);
  });
  return refs;
}

// Calls put(family, key, value) for every row of the chunk, keys ascending within each family.
template <typename Put>
absl::Status PutVoters(const IntakePlan& plan, const std::vector<BatchRows>& chunk, Put& put) {
  std::string key;
  for (const Ref& ref : Sorted(chunk)) {
    const BatchRows& batch = chunk[ref.batch];
    const IntakeRow& row = batch.rows[ref.row];
    const store::RecordPlace place{batch.sequence, row.index};
    if (const std::string_view value = batch.Value(row); !value.empty()) {
      key.clear();
      store::AppendUploadContactKey({plan.upload, row.token, place}, key);
      MUSTER_RETURN_IF_ERROR(put(store::kVoterSketches, key, value.substr(0, token::kSketchBytes)));
      MUSTER_RETURN_IF_ERROR(put(store::kVoters, key, value.substr(token::kSketchBytes)));
    }
    if (const std::string_view history = batch.History(row); !history.empty()) {
      key.clear();
      store::AppendVoterHistoryKey({plan.source, row.token, plan.upload, place}, key);
      MUSTER_RETURN_IF_ERROR(put(store::kVoterHistory, key, history));
    }
  }
  return absl::OkStatus();
}

template <typename Put>
absl::Status PutContacts(const IntakePlan& plan, const std::vector<BatchRows>& chunk, Put& put) {
  std::string key;
  std::string upload_key;
  std::string upload_value;
  for (const Ref& ref : Sorted(chunk)) {
    const BatchRows& batch = chunk[ref.batch];
    const IntakeRow& row = batch.rows[ref.row];
    const store::RecordPlace place{batch.sequence, row.index};
    store::UploadContact contact{row.kind, row.status, {}};
    if (row.kind == store::UploadContactKind::kContact) {
      key.clear();
      store::AppendSourceKey({row.token, plan.member, plan.upload, place}, key);
      MUSTER_RETURN_IF_ERROR(put(store::kSources, key, batch.Value(row)));
    } else {
      contact.suppression.bytes = *ToArray<16>(batch.Value(row));
    }
    upload_key.clear();
    store::AppendUploadContactKey({plan.upload, row.token, place}, upload_key);
    upload_value.clear();
    store::AppendUploadContact(contact, upload_value);
    MUSTER_RETURN_IF_ERROR(put(store::kUploadContacts, upload_key, upload_value));
  }
  std::map<Bytes8, std::string_view> consents;
  for (const BatchRows& batch : chunk) {
    for (const auto& [hash, text] : batch.consents) consents.emplace(hash, text);
  }
  for (const auto& [hash, text] : consents) {
    key.assign(plan.upload.View()).append(AsText(hash));
    MUSTER_RETURN_IF_ERROR(put(store::kConsents, key, text));
  }
  return absl::OkStatus();
}

template <typename Put>
absl::Status ForEachPut(const IntakePlan& plan, const std::vector<BatchRows>& chunk, Put&& put) {
  return plan.voterfile.has_value() ? PutVoters(plan, chunk, put) : PutContacts(plan, chunk, put);
}

}  // namespace

absl::StatusOr<std::unique_ptr<IntakeRun>> IntakeRun::Start(store::VaultStore* store,
                                                            const LogObserver* observer,
                                                            IntakePlan plan,
                                                            const IntakeOptions& options,
                                                            OnProgress on_progress) {
  std::unique_ptr<IntakeRun> run(
      new IntakeRun(store, observer, std::move(plan), options, std::move(on_progress)));
  MUSTER_ASSIGN_OR_RETURN(run->record_, store->ReadIntake(run->plan_.upload));
  std::vector<Bytes32> hashes;
  for (const std::string& hash : run->record_.frontier()) {
    const auto array = ToArray<32>(hash);
    if (!array)
      return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed intake record");
    hashes.push_back(*array);
  }
  absl::StatusOr<crypto::MerkleFrontier> frontier = crypto::MerkleFrontier::Restore(
      static_cast<uint64_t>(run->record_.batch_count()), std::move(hashes));
  if (!frontier.ok())
    return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed intake record");
  run->frontier_ = *std::move(frontier);
  {
    std::lock_guard lock(run->mutex_);
    run->next_put_ = run->next_collected_ = run->durable_ = run->flush_to_ =
        run->record_.batch_count();
  }
  for (int i = 0; i < options.worker_count; ++i)
    run->threads_.emplace_back([r = run.get()] { r->Work(); });
  run->threads_.emplace_back([r = run.get()] { r->Collect(); });
  return run;
}

IntakeRun::IntakeRun(store::VaultStore* store, const LogObserver* observer, IntakePlan plan,
                     const IntakeOptions& options, OnProgress on_progress)
    : store_(store),
      observer_(observer),
      plan_(std::move(plan)),
      options_(options),
      on_progress_(std::move(on_progress)) {}

IntakeRun::~IntakeRun() {
  Abort();
  for (std::thread& thread : threads_) thread.join();
}

void IntakeRun::Abort() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

int64_t IntakeRun::durable_count() const {
  std::lock_guard lock(mutex_);
  return durable_;
}

absl::Status IntakeRun::Put(int64_t sequence, std::string envelope) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !outcome_.ok() || tasks_.size() < kTasksMax; });
  if (!outcome_.ok()) return outcome_;
  if (stopping_) return absl::CancelledError("the intake run was ended");
  if (sequence != next_put_) {
    return MakeError(v1::BATCH_OUT_OF_ORDER,
                     "batch " + std::to_string(sequence) + " came where batch " +
                         std::to_string(next_put_) + " is next; go on from there",
                     {{"expected", std::to_string(next_put_)}});
  }
  ++next_put_;
  tasks_.push_back({sequence, std::move(envelope)});
  changed_.notify_all();
  return absl::OkStatus();
}

absl::Status IntakeRun::Flush() {
  std::unique_lock lock(mutex_);
  flush_to_ = next_put_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return stopping_ || !outcome_.ok() || durable_ >= flush_to_; });
  if (!outcome_.ok()) return outcome_;
  if (durable_ >= flush_to_) return absl::OkStatus();
  return absl::CancelledError("the intake run was ended");
}

void IntakeRun::Fail(int64_t sequence, const absl::Status& status) {
  std::lock_guard lock(mutex_);
  // Of several bad batches the first is named, whichever thread was quicker.
  if (!outcome_.ok() && failed_sequence_ <= sequence) return;
  outcome_ = status;
  failed_sequence_ = sequence;
  changed_.notify_all();
}

void IntakeRun::Work() {
  BatchReader reader(&plan_);
  while (true) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] {
        return stopping_ || !outcome_.ok() || (!tasks_.empty() && read_rows_ < options_.chunk_rows);
      });
      if (stopping_ || !outcome_.ok()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
      changed_.notify_all();
    }
    absl::StatusOr<BatchRows> rows =
        reader.Read(static_cast<uint32_t>(task.sequence), task.envelope, *observer_->registry());
    if (!rows.ok()) return Fail(task.sequence, rows.status());
    std::lock_guard lock(mutex_);
    read_rows_ += rows->rows.size();
    read_.emplace(task.sequence, *std::move(rows));
    changed_.notify_all();
  }
}

void IntakeRun::Collect() {
  std::vector<BatchRows> chunk;
  size_t chunk_rows = 0;
  while (true) {
    bool commit = false;
    {
      std::unique_lock lock(mutex_);
      const bool idle = !changed_.wait_for(lock, options_.idle, [this] {
        return stopping_ || !outcome_.ok() || read_.contains(next_collected_) ||
               (flush_to_ == next_collected_ && durable_ < flush_to_);
      });
      if (stopping_ || !outcome_.ok()) return;
      while (chunk_rows < options_.chunk_rows && read_.contains(next_collected_)) {
        auto node = read_.extract(next_collected_++);
        read_rows_ -= node.mapped().rows.size();
        chunk_rows += node.mapped().rows.size();
        chunk.push_back(std::move(node.mapped()));
        changed_.notify_all();
      }
      // A chunk is full by batches as well: one of exclusions alone has no rows.
      commit = chunk_rows >= options_.chunk_rows || chunk.size() >= options_.chunk_rows / 16 + 1 ||
               idle || (flush_to_ == next_collected_ && durable_ < flush_to_);
    }
    if (!commit || chunk.empty()) continue;
    const auto first = static_cast<int64_t>(chunk.front().sequence);
    const auto count = static_cast<int64_t>(chunk.size());
    if (const absl::Status status = Commit(std::exchange(chunk, {})); !status.ok())
      return Fail(first, status);
    chunk_rows = 0;
    {
      std::lock_guard lock(mutex_);
      durable_ += count;
      changed_.notify_all();
    }
    if (on_progress_) on_progress_(first + count);
  }
}

absl::Status IntakeRun::Commit(std::vector<BatchRows> chunk) {
  size_t rows = 0;
  for (const BatchRows& batch : chunk) {
    rows += batch.rows.size();
    frontier_.Append(batch.leaf);
    record_.set_batch_count(record_.batch_count() + 1);
    record_.set_record_count(record_.record_count() + batch.record_count);
    record_.set_exclusion_count(record_.exclusion_count() + batch.exclusion_count);
    record_.set_history_record_count(record_.history_record_count() + batch.history_record_count);
    record_.set_refused_count(record_.refused_count() + static_cast<int64_t>(batch.refused.size()));
    for (const RefusedRow& refused : batch.refused) {
      if (record_.refused().rows_size() >= kRefusedKeptMax) break;
      record_.mutable_refused()->add_rows(refused.row);
      record_.mutable_refused()->add_reasons(ReasonName(refused.reason));
    }
  }
  record_.clear_frontier();
  for (const Bytes32& hash : frontier_.hashes()) record_.add_frontier(ToString(hash));
  const std::string marker = store::VaultStore::EncodeIntake(record_);

  if (rows < options_.bulk_rows_min) {
    store::Batch batch;
    MUSTER_RETURN_IF_ERROR(ForEachPut(
        plan_, chunk, [&](store::Family family, std::string_view key, std::string_view value) {
          batch.Put(family, key, value);
          return absl::OkStatus();
        }));
    batch.Put(store::kIntakes, plan_.upload.View(), marker);
    return store_->rows().Write(batch, store::Sync::kYes);
  }
  auto load = store_->rows().StartBulkLoad();
  MUSTER_RETURN_IF_ERROR(ForEachPut(
      plan_, chunk, [&](store::Family family, std::string_view key, std::string_view value) {
        return load->Put(family, key, value);
      }));
  MUSTER_RETURN_IF_ERROR(load->Put(store::kIntakes, plan_.upload.View(), marker));
  return load->Commit();
}

}  // namespace muster::pipeline
