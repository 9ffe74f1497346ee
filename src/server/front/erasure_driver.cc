// SPDX-License-Identifier: Apache-2.0
#include "server/front/erasure_driver.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "server/front/upload_book.h"

namespace muster::front {
namespace {

constexpr std::chrono::seconds kRetryEvery{1};
constexpr absl::Duration kObserveWait = absl::Seconds(5);

// The vault will never do it: the order does not open, or is not what was signed.
bool IsFinal(const absl::Status& status) {
  const Reason reason = ReasonOf(status);
  return reason == v1::REQUEST_MALFORMED || reason == v1::DECRYPTION_FAILED ||
         reason == v1::STATEMENT_REFUSED;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ErasureDriver>> ErasureDriver::Open(store::Store* store,
                                                                   Journal* journal,
                                                                   VaultFeed* feed, Vault* vault) {
  std::unique_ptr<ErasureDriver> driver(new ErasureDriver(store, journal, feed, vault));
  MUSTER_RETURN_IF_ERROR(driver->Load());
  return driver;
}

ErasureDriver::~ErasureDriver() { Stop(); }

absl::Status ErasureDriver::Load() {
  const std::lock_guard lock(mutex_);
  auto cursor = store_->Scan(kErasuresFamily, {}, {});
  for (; cursor->valid(); cursor->Next()) {
    const auto id = ErasureId::FromBytes(cursor->key());
    v1::StoredErasure erasure;
    if (!id.has_value() || !erasure.ParseFromString(std::string(cursor->value()))) {
      return MakeError(v1::STORE_CORRUPT,
                       "the front store holds an erasure that cannot be read; restore it from a "
                       "backup");
    }
    const auto logged = journal_->WithRegistry([&](const governance::Registry& registry) {
      const governance::ErasureRecord* record = registry.FindErasure(*id);
      return record == nullptr ? std::nullopt : std::optional<uint64_t>(record->index);
    });
    if (!logged.has_value()) {
      MUSTER_RETURN_IF_ERROR(store_->Delete(kErasuresFamily, id->View(), store::Sync::kYes));
      continue;
    }
    erasure.set_statement_index(static_cast<int64_t>(*logged));
    pending_.emplace(*id, std::move(erasure));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  journal_->WithRegistry([&](const governance::Registry& registry) {
    for (const auto& [id, erasure] : registry.erasures()) {
      if (erasure.erased_index.has_value() || pending_.contains(id)) continue;
      spdlog::error(
          "{} of {} is on the log and its order is not here, as after a restore of an older "
          "backup; "
          "have the member ask again",
          id.Name(), erasure.member.Name());
    }
  });
  return absl::OkStatus();
}

void ErasureDriver::Start() {
  thread_ = std::thread([this] { Work(); });
}

void ErasureDriver::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status ErasureDriver::Put(const v1::StoredErasure& erasure) {
  MUSTER_ASSIGN_OR_RETURN(const ErasureId id, ErasureId::Parse(erasure.erasure()));
  const std::lock_guard lock(mutex_);
  const auto waiting = pending_.find(id);
  if (waiting != pending_.end() && waiting->second.sealed_order() != erasure.sealed_order()) {
    return MakeError(v1::REQUEST_ID_REUSED,
                     "another erasure waits under this id; draw another one");
  }
  MUSTER_RETURN_IF_ERROR(
      store_->Put(kErasuresFamily, id.View(), erasure.SerializeAsString(), store::Sync::kYes));
  pending_[id] = erasure;
  return absl::OkStatus();
}

absl::Status ErasureDriver::Forget(const ErasureId& id) {
  const std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(store_->Delete(kErasuresFamily, id.View(), store::Sync::kYes));
  pending_.erase(id);
  return absl::OkStatus();
}

std::vector<v1::StoredErasure> ErasureDriver::Pending() const {
  const std::lock_guard lock(mutex_);
  std::vector<v1::StoredErasure> all;
  for (const auto& [id, erasure] : pending_) all.push_back(erasure);
  return all;
}

absl::StatusOr<uint64_t> ErasureDriver::Apply(const ErasureId& id) {
  const std::lock_guard lock(apply_mutex_);
  const std::optional<governance::ErasureRecord> logged =
      journal_->WithRegistry([&](const governance::Registry& registry) {
        const governance::ErasureRecord* record = registry.FindErasure(id);
        return record == nullptr ? std::nullopt : std::optional(*record);
      });
  if (!logged.has_value())
    return MakeError(v1::REQUEST_MALFORMED, "this erasure is not on the log");
  std::optional<uint64_t> done = logged->erased_index;
  if (!done.has_value()) {
    v1::ApplyErasureRequest request;
    request.set_statement_index(static_cast<int64_t>(logged->index));
    for (const v1::StoredErasure& pending : Pending()) {
      if (pending.erasure() == id.Name()) request.set_sealed_order(pending.sealed_order());
    }
    MUSTER_RETURN_IF_ERROR(feed_->WaitObserved(logged->index, kObserveWait));
    absl::StatusOr<v1::ApplyErasureResponse> response = vault_->ApplyErasure(request);
    if (!response.ok()) {
      if (IsFinal(response.status())) MUSTER_RETURN_IF_ERROR(Forget(id));
      return response.status();
    }
    MUSTER_ASSIGN_OR_RETURN(done, journal_->Append(response->erased()));
  }
  MUSTER_RETURN_IF_ERROR(Forget(id));
  return *done;
}

void ErasureDriver::Work() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kRetryEvery, [this] { return stopping_; });
      if (stopping_) return;
    }
    for (const v1::StoredErasure& pending : Pending()) {
      const auto id = ErasureId::Parse(pending.erasure());
      // Without an index it is just being logged by the call that brought it.
      if (!id.ok() || pending.statement_index() == 0 || !feed_->State().ok()) continue;
      const absl::StatusOr<uint64_t> done = Apply(*id);
      if (!done.ok() && ReasonOf(done.status()) != v1::SERVER_BUSY)
        spdlog::warn("{}: {}", pending.erasure(), std::string(done.status().message()));
    }
  }
}

}  // namespace muster::front
