// SPDX-License-Identifier: Apache-2.0
//
// Log: the one writer of the transparency log. Appends entries, keeps the tiles, signs checkpoints.
//
// Rules: entries and tiles are durable (synced) before a checkpoint over them is signed. Concurrent
// appends share one commit. Opening reads the head and the right edge only, so it takes the same
// time for any length; it refuses (STORE_CORRUPT) when the stored checkpoint is not the root of the
// stored tiles.
// Errors: from the store; FAILED_PRECONDITION (LOG_BEHIND) from Append after a failed commit, until
// reopened; INVALID_ARGUMENT (ENTRY_MALFORMED, REQUEST_MALFORMED, PROOF_INVALID) for what cannot be
// appended, read or proven. A failed Append may still have been written: reopening tells.
// Threads: safe from anywhere.
#ifndef MUSTER_CORE_TLOG_LOG_H_
#define MUSTER_CORE_TLOG_LOG_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/crypto/signature.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/entry.h"
#include "core/tlog/tile.h"
#include "muster/v1/report.pb.h"

namespace muster::tlog {

// What the log asks of its keeper (store/log_store.h).
class TileStore {
 public:
  struct Tile {
    TileId id;
    std::string hashes;
  };
  struct Commit {
    uint64_t first_index = 0;
    std::vector<Entry> entries;
    std::vector<Tile> tiles;  // whole new content of each changed tile
  };
  virtual ~TileStore() = default;
  // Atomic and synced: after OK it survives a power cut.
  virtual absl::Status Write(const Commit& commit) = 0;
  virtual absl::Status WriteCheckpoint(const std::string& note) = 0;
  // Number of entries written.
  virtual absl::StatusOr<uint64_t> ReadSize() = 0;
  // Empty when none was written yet.
  virtual absl::StatusOr<std::string> ReadCheckpoint() = 0;
  // NOT_FOUND when it does not exist.
  virtual absl::StatusOr<std::string> ReadTile(const TileId& id) = 0;
  virtual absl::StatusOr<Entry> ReadEntry(uint64_t index) = 0;
};

class Log {
 public:
  // Signs a checkpoint for size 0 when the store is new, and one for what was written last when a
  // crash came between. `origin` is the key's name in signatures: no spaces, no plus.
  static absl::StatusOr<std::unique_ptr<Log>> Open(TileStore* store, crypto::SigningKey key,
                                                   std::string origin);
  ~Log();

  // Appends in order and returns the first index once all is durable and covered by a signed
  // checkpoint.
  absl::StatusOr<uint64_t> Append(std::vector<Entry> entries);

  // The newest signed checkpoint.
  std::string checkpoint() const;
  uint64_t size() const;
  const NoteKey& note_key() const;

  absl::StatusOr<Entry> ReadEntry(uint64_t index) const;
  // The first `width` hashes of a tile of the signed tree, or commitments of an entry bundle, as
  // C2SP tlog-tiles serves them. NOT_FOUND when the tree has no such tile of that width.
  absl::StatusOr<std::string> ReadTile(const TileRequest& request) const;
  // Root of the first `size` entries, and what is needed to go on from there.
  absl::StatusOr<Bytes32> RootAt(uint64_t size) const;
  absl::StatusOr<crypto::MerkleFrontier> FrontierAt(uint64_t size) const;
  // Salt, body and inclusion proof for the tree of `size`.
  absl::StatusOr<v1::EntryProof> Prove(uint64_t index, uint64_t size) const;
  // The newest checkpoint and its consistency with `old_size` (0: no proof needed). LOG_REWOUND
  // when old_size is larger.
  absl::StatusOr<v1::CheckpointProof> ProveExtension(uint64_t old_size) const;

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace muster::tlog

#endif  // MUSTER_CORE_TLOG_LOG_H_
