// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/erasure_list.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/aead.h"
#include "core/crypto/hash.h"

namespace muster::pipeline {
namespace {

constexpr std::string_view kMagic = "MUSTER-ERASED-1\n";
constexpr size_t kFileBytesMax = size_t{1} << 30;

absl::Status Corrupt(const std::filesystem::path& file) {
  return MakeError(v1::STORE_CORRUPT,
                   file.string() +
                       " cannot be read; put its newest copy in its place, or those "
                       "who were erased come back with the next restore");
}

}  // namespace

absl::StatusOr<std::unique_ptr<ErasureList>> ErasureList::Open(
    const std::filesystem::path& file, const crypto::SecretBytes& store_key) {
  std::unique_ptr<ErasureList> list(
      new ErasureList(file, crypto::DeriveKey(store_key, "muster/erased-list/v1")));
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return list;
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file, kFileBytesMax));
  if (!bytes.starts_with(kMagic)) return Corrupt(file);
  const auto text =
      crypto::AeadOpen(list->key_, kMagic, std::string_view(bytes).substr(kMagic.size()));
  v1::ErasureListRecord record;
  if (!text.ok() || !record.ParseFromString(text->str())) return Corrupt(file);
  for (const v1::ErasureListRecord::Entry& entry : record.entries())
    list->records_.emplace(entry.key(), entry.record());
  return list;
}

absl::Status ErasureList::Put(const std::map<std::string, v1::HeldBackRecord>& records) {
  std::map<std::string, v1::HeldBackRecord> all = records_;
  for (const auto& [key, record] : records) all[key] = record;
  v1::ErasureListRecord written;
  for (const auto& [key, record] : all) {
    v1::ErasureListRecord::Entry& entry = *written.add_entries();
    entry.set_key(key);
    *entry.mutable_record() = record;
  }
  MUSTER_RETURN_IF_ERROR(WriteFileDurably(
      file_, std::string(kMagic) + crypto::AeadSeal(key_, kMagic, written.SerializeAsString()),
      0600));
  records_ = std::move(all);
  return absl::OkStatus();
}

}  // namespace muster::pipeline
