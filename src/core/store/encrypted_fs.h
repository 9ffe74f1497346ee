// SPDX-License-Identifier: Apache-2.0
//
// Encrypted file system: what RocksDB writes through it is unreadable without the store key.
// Internal to this room.
//
// Every file begins with a prefix of 64 bytes: "MSTRSTO1" | nonce (24, random) | check (32). What
// follows is xored with the XChaCha20 key stream of that nonce; stream offsets count from the start
// of the file. check = keyed BLAKE2b-256 of the nonce, so that a wrong key is told apart from
// garbage. Stream and check key are derived from the store key. docs/formats/store-keys.md.
// Rule: no byte of a file is written twice under its nonce with other content: write-ahead logs are
// not recycled and ingested tables not patched. Not promised: integrity against someone who can
// write to the disk (RocksDB's checksums find accidents, not attacks).
// Threads: safe from anywhere.
#ifndef MUSTER_CORE_STORE_ENCRYPTED_FS_H_
#define MUSTER_CORE_STORE_ENCRYPTED_FS_H_

#include <atomic>
#include <memory>

#include "core/crypto/secret_bytes.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace muster::store {

inline constexpr size_t kFilePrefixBytes = 64;

struct EncryptedEnv {
  std::unique_ptr<rocksdb::Env> env;
  // Set once a file was met whose prefix this key did not make.
  std::shared_ptr<std::atomic<bool>> wrong_key;
};

EncryptedEnv NewEncryptedStoreEnv(const crypto::SecretBytes& store_key);

}  // namespace muster::store

#endif  // MUSTER_CORE_STORE_ENCRYPTED_FS_H_
