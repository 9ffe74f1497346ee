// SPDX-License-Identifier: Apache-2.0
#include "core/store/encrypted_fs.h"

#include <rocksdb/env.h>
#include <rocksdb/env_encryption.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/crypto/aead.h"
#include "core/crypto/hash.h"

namespace muster::store {
namespace {

using rocksdb::FileOptions;
using rocksdb::FileSystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::string_view kMagic = "MSTRSTO1";
constexpr size_t kNonceBytes = 24;

struct StoreKeys {
  explicit StoreKeys(const crypto::SecretBytes& store_key)
      : stream(crypto::DeriveKey(store_key, "muster/store-stream/v1")),
        check(crypto::DeriveKey(store_key, "muster/store-check/v1")) {}
  crypto::SecretBytes stream;
  crypto::SecretBytes check;
};

// XChaCha20 at any offset: RocksDB's block arithmetic is overridden whole.
class XChaChaStream : public rocksdb::BlockAccessCipherStream {
 public:
  XChaChaStream(std::shared_ptr<const StoreKeys> keys, std::array<uint8_t, kNonceBytes> nonce)
      : keys_(std::move(keys)), nonce_(nonce) {}
  size_t BlockSize() override { return 64; }
  rocksdb::Status Encrypt(uint64_t offset, char* data, size_t size) override {
    crypto::StreamXor(keys_->stream, nonce_, offset, {reinterpret_cast<uint8_t*>(data), size});
    return rocksdb::Status::OK();
  }
  rocksdb::Status Decrypt(uint64_t offset, char* data, size_t size) override {
    return Encrypt(offset, data, size);
  }

 protected:
  void AllocateScratch(std::string&) override {}
  rocksdb::Status EncryptBlock(uint64_t block, char* data, char*) override {
    return Encrypt(block * 64, data, 64);
  }
  rocksdb::Status DecryptBlock(uint64_t block, char* data, char*) override {
    return Encrypt(block * 64, data, 64);
  }

 private:
  std::shared_ptr<const StoreKeys> keys_;
  std::array<uint8_t, kNonceBytes> nonce_;
};

// Written over RocksDB's own encrypted file classes rather than over NewEncryptedFS, because that
// one writes a second prefix when a file is reopened (which happens to every ingested table) and
// aborts on a file that a crash left shorter than its prefix.
class EncryptedFs : public rocksdb::FileSystemWrapper {
 public:
  EncryptedFs(const std::shared_ptr<FileSystem>& base, std::shared_ptr<const StoreKeys> keys,
              std::shared_ptr<std::atomic<bool>> wrong_key)
      : FileSystemWrapper(base), keys_(std::move(keys)), wrong_key_(std::move(wrong_key)) {}

  const char* Name() const override { return "MusterEncryptedFs"; }

  IOStatus NewSequentialFile(const std::string& name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* dbg) override {
    result->reset();
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    IOStatus status = FileSystemWrapper::NewSequentialFile(name, options, &file, dbg);
    if (!status.ok()) return status;
    char buffer[kFilePrefixBytes];
    size_t filled = 0;
    while (filled < kFilePrefixBytes) {
      Slice got;
      status =
          file->Read(kFilePrefixBytes - filled, options.io_options, &got, buffer + filled, dbg);
      if (!status.ok()) return status;
      if (got.empty()) break;
      if (got.data() != buffer + filled) std::memcpy(buffer + filled, got.data(), got.size());
      filled += got.size();
    }
    std::unique_ptr<rocksdb::BlockAccessCipherStream> stream;
    status = OpenPrefix(name, std::string_view(buffer, filled), &stream);
    if (!status.ok()) return status;
    *result = std::make_unique<rocksdb::EncryptedSequentialFile>(std::move(file), std::move(stream),
                                                                 kFilePrefixBytes);
    return IOStatus::OK();
  }

  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* dbg) override {
    result->reset();
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, &file, dbg);
    if (!status.ok()) return status;
    char buffer[kFilePrefixBytes];
    Slice prefix;
    status = file->Read(0, kFilePrefixBytes, options.io_options, &prefix, buffer, dbg);
    if (!status.ok()) return status;
    std::unique_ptr<rocksdb::BlockAccessCipherStream> stream;
    status = OpenPrefix(name, {prefix.data(), prefix.size()}, &stream);
    if (!status.ok()) return status;
    *result = std::make_unique<rocksdb::EncryptedRandomAccessFile>(
        std::move(file), std::move(stream), kFilePrefixBytes);
    return IOStatus::OK();
  }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* dbg) override {
    result->reset();
    std::unique_ptr<rocksdb::FSWritableFile> file;
    IOStatus status = FileSystemWrapper::NewWritableFile(name, options, &file, dbg);
    if (!status.ok()) return status;
    const auto nonce = crypto::RandomArray<kNonceBytes>();
    const Bytes32 check = crypto::KeyedHash256(keys_->check, {AsText(nonce)});
    std::string prefix(kMagic);
    prefix.append(AsText(nonce)).append(AsText(check));
    status = file->Append(prefix, options.io_options, dbg);
    if (!status.ok()) return status;
    *result = std::make_unique<rocksdb::EncryptedWritableFile>(
        std::move(file), std::make_unique<XChaChaStream>(keys_, nonce), kFilePrefixBytes);
    return IOStatus::OK();
  }

  // RocksDB reopens tables that it ingests in order to sync them.
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* dbg) override {
    uint64_t size = 0;
    IOStatus status = FileSystemWrapper::GetFileSize(name, options.io_options, &size, dbg);
    if (status.IsNotFound() || (status.ok() && size == 0))
      return NewWritableFile(name, options, result, dbg);
    if (!status.ok()) return status;
    result->reset();
    std::unique_ptr<rocksdb::FSRandomAccessFile> reader;
    status = FileSystemWrapper::NewRandomAccessFile(name, options, &reader, dbg);
    if (!status.ok()) return status;
    char buffer[kFilePrefixBytes];
    Slice prefix;
    status = reader->Read(0, kFilePrefixBytes, options.io_options, &prefix, buffer, dbg);
    if (!status.ok()) return status;
    if (prefix.size() < kFilePrefixBytes)
      return IOStatus::Corruption(name, "the file is shorter than its prefix");
    std::unique_ptr<rocksdb::BlockAccessCipherStream> stream;
    status = OpenPrefix(name, {prefix.data(), prefix.size()}, &stream);
    if (!status.ok()) return status;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    status = FileSystemWrapper::ReopenWritableFile(name, options, &file, dbg);
    if (!status.ok()) return status;
    *result = std::make_unique<rocksdb::EncryptedWritableFile>(std::move(file), std::move(stream),
                                                               kFilePrefixBytes);
    return IOStatus::OK();
  }

  // Both would write other bytes under a nonce that was used; nothing in our configuration asks for
  // them.
  IOStatus ReuseWritableFile(const std::string& name, const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported(name, "encrypted files are not recycled");
  }
  IOStatus NewRandomRWFile(const std::string& name, const FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>*, IODebugContext*) override {
    return IOStatus::NotSupported(name, "encrypted files are not patched");
  }
  IOStatus NewMemoryMappedFileBuffer(const std::string& name,
                                     std::unique_ptr<rocksdb::MemoryMappedFileBuffer>*) override {
    return IOStatus::NotSupported(name, "encrypted files are not mapped");
  }
  // Would be plain text beside the encrypted files.
  IOStatus NewLogger(const std::string& name, const IOOptions&, std::shared_ptr<rocksdb::Logger>*,
                     IODebugContext*) override {
    return IOStatus::NotSupported(name, "an encrypted store keeps no info log");
  }

  IOStatus GetFileSize(const std::string& name, const IOOptions& options, uint64_t* size,
                       IODebugContext* dbg) override {
    const IOStatus status = FileSystemWrapper::GetFileSize(name, options, size, dbg);
    if (status.ok()) *size -= std::min<uint64_t>(*size, kFilePrefixBytes);
    return status;
  }
  IOStatus GetChildrenFileAttributes(const std::string& folder, const IOOptions& options,
                                     std::vector<rocksdb::FileAttributes>* result,
                                     IODebugContext* dbg) override {
    const IOStatus status =
        FileSystemWrapper::GetChildrenFileAttributes(folder, options, result, dbg);
    if (status.ok()) {
      for (rocksdb::FileAttributes& file : *result) {
        file.size_bytes -= std::min<uint64_t>(file.size_bytes, kFilePrefixBytes);
      }
    }
    return status;
  }
  IOStatus Truncate(const std::string& name, size_t size, const IOOptions& options,
                    IODebugContext* dbg) override {
    return FileSystemWrapper::Truncate(name, size + kFilePrefixBytes, options, dbg);
  }

 private:
  IOStatus OpenPrefix(const std::string& name, std::string_view prefix,
                      std::unique_ptr<rocksdb::BlockAccessCipherStream>* stream) {
    std::array<uint8_t, kNonceBytes> nonce{};
    // A crash can leave a file that was just made shorter than its prefix; it is empty, and reading
    // goes no further than its end.
    if (prefix.size() == kFilePrefixBytes) {
      nonce = *ToArray<kNonceBytes>(prefix.substr(kMagic.size(), kNonceBytes));
      const Bytes32 check = crypto::KeyedHash256(keys_->check, {AsText(nonce)});
      if (prefix.substr(0, kMagic.size()) != kMagic ||
          !crypto::ConstantTimeEqual(check, AsBytes(prefix.substr(kMagic.size() + kNonceBytes)))) {
        wrong_key_->store(true);
        return IOStatus::Corruption(name, "not encrypted under this store key");
      }
    }
    *stream = std::make_unique<XChaChaStream>(keys_, nonce);
    return IOStatus::OK();
  }

  std::shared_ptr<const StoreKeys> keys_;
  std::shared_ptr<std::atomic<bool>> wrong_key_;
};

}  // namespace

EncryptedEnv NewEncryptedStoreEnv(const crypto::SecretBytes& store_key) {
  auto wrong_key = std::make_shared<std::atomic<bool>>(false);
  auto fs = std::make_shared<EncryptedFs>(FileSystem::Default(),
                                          std::make_shared<const StoreKeys>(store_key), wrong_key);
  return {rocksdb::NewCompositeEnv(fs), wrong_key};
}

}  // namespace muster::store
