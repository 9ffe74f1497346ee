// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/log.h"

#include <bit>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/tlog/proof.h"

namespace muster::tlog {
namespace {

constexpr int kTileHeight = 8;
constexpr size_t kTileBytes = kTileWidth * sizeof(Bytes32);

absl::Status Corrupt(std::string_view what) {
  return MakeError(v1::STORE_CORRUPT,
                   "the stored log does not hold together: " + std::string(what) +
                       "; restore it, and do not start with an older copy");
}

// Tiles that should be there, not a disk that cannot be read.
bool Missing(const absl::Status& status) {
  return absl::IsNotFound(status) || ReasonOf(status) == v1::STORE_CORRUPT;
}

absl::StatusOr<crypto::MerkleFrontier> ReadFrontier(uint64_t size, TileStore& store) {
  TileHashes tiles([&store](const TileId& id) { return store.ReadTile(id); });
  std::vector<Bytes32> peaks;
  for (uint64_t rest = size, begin = 0; rest > 0;) {
    const uint64_t whole = std::bit_floor(rest);
    const int level = std::countr_zero(whole);
    MUSTER_ASSIGN_OR_RETURN(Bytes32 peak, tiles.Subtree(level, begin >> level));
    peaks.push_back(peak);
    begin += whole;
    rest -= whole;
  }
  return crypto::MerkleFrontier::Restore(size, std::move(peaks));
}

// The growing side of the tree: the last tile of each level, as far as it is filled, and the
// frontier.
class Edge {
 public:
  // Reads the right edge of a tree of `size` leaves.
  static absl::StatusOr<Edge> Read(uint64_t size, TileStore& store) {
    Edge edge;
    for (int level = 0; level * kTileHeight < 64 && (size >> (level * kTileHeight)) > 0; ++level) {
      const uint64_t hashes = size >> (level * kTileHeight);
      std::string tile;
      if (hashes % kTileWidth != 0) {
        MUSTER_ASSIGN_OR_RETURN(tile, store.ReadTile({level, hashes / kTileWidth}));
        if (tile.size() != hashes % kTileWidth * sizeof(Bytes32)) {
          return Corrupt("the last tile of a level has another width than the log's size says");
        }
      }
      edge.tiles_.push_back(std::move(tile));
    }
    MUSTER_ASSIGN_OR_RETURN(edge.frontier_, ReadFrontier(size, store));
    return edge;
  }

  // Adds a leaf; tiles that it fills go to `full`.
  void Append(const Bytes32& leaf, std::vector<TileStore::Tile>& full) {
    frontier_.Append(leaf);
    Bytes32 hash = leaf;
    for (size_t level = 0;; ++level) {
      if (level == tiles_.size()) tiles_.emplace_back();
      std::string& tile = tiles_[level];
      PutBytes(tile, hash);
      if (tile.size() < kTileBytes) return;
      const uint64_t hashes = size() >> (level * kTileHeight);
      hash = RootOf(tile);
      full.push_back({{static_cast<int>(level), hashes / kTileWidth - 1}, std::exchange(tile, {})});
    }
  }

  // Partial tiles that differ from those of a tree of `old_size` leaves.
  void PutPartial(uint64_t old_size, std::vector<TileStore::Tile>& out) const {
    for (size_t level = 0; level < tiles_.size(); ++level) {
      const uint64_t hashes = size() >> (level * kTileHeight);
      if (tiles_[level].empty() || hashes == old_size >> (level * kTileHeight)) continue;
      out.push_back({{static_cast<int>(level), hashes / kTileWidth}, tiles_[level]});
    }
  }

  uint64_t size() const { return frontier_.size(); }
  Bytes32 Root() const { return frontier_.Root(); }

 private:
  static Bytes32 RootOf(std::string_view tile) {
    crypto::MerkleFrontier frontier;
    ByteReader reader(tile);
    while (reader.remaining() > 0) frontier.Append(reader.Array<32>());
    return frontier.Root();
  }

  std::vector<std::string> tiles_;
  crypto::MerkleFrontier frontier_;
};

// One caller's entries on their way in.
struct Pending {
  std::vector<Entry> entries;
  std::vector<Bytes32> leaves;
  uint64_t first_index = 0;
  absl::Status status;
  bool done = false;
};

}  // namespace

struct Log::State {
  State(TileStore* s, crypto::SigningKey k, NoteKey n, Edge e, std::string note)
      : store(s),
        key(std::move(k)),
        note_key(std::move(n)),
        edge(std::move(e)),
        checkpoint(std::move(note)),
        size(edge.size()) {}

  // Writes and signs what `batch` brings. Called by one thread at a time.
  absl::Status Commit(const std::vector<Pending*>& batch) {
    TileStore::Commit commit;
    commit.first_index = edge.size();
    for (Pending* pending : batch) {
      pending->first_index = edge.size();
      for (const Bytes32& leaf : pending->leaves) edge.Append(leaf, commit.tiles);
      for (Entry& entry : pending->entries) commit.entries.push_back(std::move(entry));
    }
    edge.PutPartial(commit.first_index, commit.tiles);
    MUSTER_RETURN_IF_ERROR(store->Write(commit));
    // Only what is durable is signed: a signed size that a power cut took back would be a fork.
    std::string note = SignCheckpoint({note_key.name, edge.size(), edge.Root()}, key);
    MUSTER_RETURN_IF_ERROR(store->WriteCheckpoint(note));
    std::lock_guard lock(mutex);
    checkpoint = std::move(note);
    size = edge.size();
    return absl::OkStatus();
  }

  std::pair<std::string, uint64_t> Newest() {
    std::lock_guard lock(mutex);
    return {checkpoint, size};
  }

  TileStore* const store;
  const crypto::SigningKey key;
  const NoteKey note_key;
  Edge edge;  // belongs to the thread that set `committing`

  // Not absl::Mutex: the installed one is not built for the thread sanitizer, which then sees races
  // everywhere.
  std::mutex mutex;
  std::condition_variable turn;
  std::string checkpoint ABSL_GUARDED_BY(mutex);
  uint64_t size ABSL_GUARDED_BY(mutex);
  std::vector<Pending*> waiting ABSL_GUARDED_BY(mutex);
  bool committing ABSL_GUARDED_BY(mutex) = false;
  bool broken ABSL_GUARDED_BY(mutex) = false;
};

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() = default;

absl::StatusOr<std::unique_ptr<Log>> Log::Open(TileStore* store, crypto::SigningKey key,
                                               std::string origin) {
  if (!IsNoteKeyName(origin)) {
    return MakeError(v1::KEY_MALFORMED, "a log's origin is a name without spaces or plus");
  }
  NoteKey note_key{std::move(origin), kAlgorithmEd25519, key.verify_key()};
  MUSTER_ASSIGN_OR_RETURN(const uint64_t size, store->ReadSize());
  MUSTER_ASSIGN_OR_RETURN(std::string note, store->ReadCheckpoint());
  auto edge = Edge::Read(size, *store);
  if (!edge.ok()) {
    return Missing(edge.status()) ? Corrupt("its right edge is missing or damaged") : edge.status();
  }
  uint64_t signed_size = 0;
  if (!note.empty()) {
    const auto checkpoint = OpenCheckpoint(note, note_key);
    if (!checkpoint.ok())
      return Corrupt("its checkpoint is not signed by this key for this origin");
    signed_size = checkpoint->size;
    if (signed_size > size) return Corrupt("its checkpoint is for more entries than it has");
    TileHashes tiles([store](const TileId& id) { return store->ReadTile(id); });
    const auto root = crypto::RootAt(signed_size, tiles.Function());
    if (!root.ok() && !Missing(root.status())) return root.status();
    if (!root.ok() || *root != checkpoint->root) {
      return Corrupt("its checkpoint is not the root of its tiles");
    }
  } else if (size > 0) {
    return Corrupt("it has entries and no checkpoint");
  }
  // Nothing was signed yet, or a crash came between the entries and their checkpoint.
  if (note.empty() || signed_size < size) {
    note = SignCheckpoint({note_key.name, size, edge->Root()}, key);
    MUSTER_RETURN_IF_ERROR(store->WriteCheckpoint(note));
  }
  return std::unique_ptr<Log>(new Log(std::make_unique<State>(
      store, std::move(key), std::move(note_key), *std::move(edge), std::move(note))));
}

absl::StatusOr<uint64_t> Log::Append(std::vector<Entry> entries) {
  if (entries.empty()) return MakeError(v1::ENTRY_MALFORMED, "there is no entry to append");
  Pending own;
  for (const Entry& entry : entries) {
    if (entry.body.size() > kEntryBodyBytesMax) {
      return MakeError(v1::ENTRY_MALFORMED, "an entry's body has at most 1 MiB");
    }
    own.leaves.push_back(EntryLeaf(entry.salt, entry.body));
  }
  own.entries = std::move(entries);

  State& state = *state_;
  std::unique_lock lock(state.mutex);
  state.waiting.push_back(&own);
  // Whoever finds nobody committing commits for all who wait; the others wait for the outcome.
  state.turn.wait(lock, [&] { return own.done || !state.committing; });
  if (!own.done) {
    std::vector<Pending*> batch;
    batch.swap(state.waiting);
    absl::Status status = MakeError(
        v1::LOG_BEHIND,
        "the log could not be written before; restart the server once the disk is in order");
    if (!state.broken) {
      state.committing = true;
      lock.unlock();
      status = state.Commit(batch);
      lock.lock();
      state.committing = false;
      state.broken = !status.ok();
    }
    for (Pending* pending : batch) {
      pending->status = status;
      pending->done = true;
    }
    state.turn.notify_all();
  }
  if (!own.status.ok()) return own.status;
  return own.first_index;
}

std::string Log::checkpoint() const { return state_->Newest().first; }

uint64_t Log::size() const { return state_->Newest().second; }

const NoteKey& Log::note_key() const { return state_->note_key; }

absl::StatusOr<Entry> Log::ReadEntry(uint64_t index) const {
  if (index >= size()) {
    return MakeError(v1::REQUEST_MALFORMED,
                     "the log has no entry " + std::to_string(index) + " yet");
  }
  return state_->store->ReadEntry(index);
}

absl::StatusOr<std::string> Log::ReadTile(const TileRequest& request) const {
  if (request.width < 1 || TileWidthAt(request.id, size()) < request.width)
    return absl::NotFoundError("the log has no such tile yet");
  const auto width = static_cast<size_t>(request.width);
  if (!request.entries) {
    MUSTER_ASSIGN_OR_RETURN(std::string tile, state_->store->ReadTile(request.id));
    if (tile.size() < width * sizeof(Bytes32)) return Corrupt("a tile has too few hashes");
    tile.resize(width * sizeof(Bytes32));
    return tile;
  }
  std::vector<Bytes32> commitments;
  for (size_t i = 0; i < width; ++i) {
    MUSTER_ASSIGN_OR_RETURN(const Entry entry,
                            state_->store->ReadEntry(request.id.index * kTileWidth + i));
    commitments.push_back(EntryCommitment(entry.salt, entry.body));
  }
  return FormatEntryBundle(commitments);
}

absl::StatusOr<Bytes32> Log::RootAt(uint64_t size) const {
  if (size > this->size()) {
    return MakeError(v1::PROOF_INVALID,
                     "the log has fewer than " + std::to_string(size) + " entries");
  }
  TileHashes tiles([this](const TileId& id) { return state_->store->ReadTile(id); });
  return crypto::RootAt(size, tiles.Function());
}

absl::StatusOr<crypto::MerkleFrontier> Log::FrontierAt(uint64_t size) const {
  if (size > this->size()) {
    return MakeError(v1::PROOF_INVALID,
                     "the log has fewer than " + std::to_string(size) + " entries");
  }
  return ReadFrontier(size, *state_->store);
}

absl::StatusOr<v1::EntryProof> Log::Prove(uint64_t index, uint64_t size) const {
  if (size > this->size()) {
    return MakeError(v1::PROOF_INVALID,
                     "the log has fewer than " + std::to_string(size) + " entries");
  }
  TileHashes tiles([this](const TileId& id) { return state_->store->ReadTile(id); });
  MUSTER_ASSIGN_OR_RETURN(const auto hashes, crypto::InclusionProof(index, size, tiles.Function()));
  MUSTER_ASSIGN_OR_RETURN(Entry entry, state_->store->ReadEntry(index));
  v1::EntryProof proof;
  proof.set_index(static_cast<int64_t>(index));
  proof.set_salt(ToString(entry.salt));
  proof.set_body(std::move(entry.body));
  PutHashes(hashes, proof.mutable_hashes());
  return proof;
}

absl::StatusOr<v1::CheckpointProof> Log::ProveExtension(uint64_t old_size) const {
  auto [note, size] = state_->Newest();
  if (old_size > size) {
    return MakeError(v1::LOG_REWOUND, "the log has " + std::to_string(size) +
                                          " entries, fewer than the " + std::to_string(old_size) +
                                          " asked about");
  }
  v1::CheckpointProof proof;
  proof.set_checkpoint(std::move(note));
  proof.set_old_size(static_cast<int64_t>(old_size));
  if (old_size > 0) {
    TileHashes tiles([this](const TileId& id) { return state_->store->ReadTile(id); });
    MUSTER_ASSIGN_OR_RETURN(const auto hashes,
                            crypto::ConsistencyProof(old_size, size, tiles.Function()));
    PutHashes(hashes, proof.mutable_consistency());
  }
  return proof;
}

}  // namespace muster::tlog
