// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/witness.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "core/tlog/gossip.h"
#include "tests/support/vectors.h"

namespace muster::tlog {
namespace {

using testing::Must;

class StoppedClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1'700'000'000); }
};

// Keeps a note in memory, and what must hold of it: the size never falls.
class MemoryStore : public WitnessStore {
 public:
  absl::StatusOr<std::string> Read() override {
    const std::lock_guard lock(mutex_);
    return note_;
  }
  absl::StatusOr<bool> Replace(const std::string& expected, const std::string& note) override {
    const std::lock_guard lock(mutex_);
    if (fail) return MakeError(v1::DISK_FULL, "no space left");
    if (note_ != expected) return false;
    const uint64_t size = SizeOf(note);
    if (!note_.empty() && size < SizeOf(note_)) fell = true;
    note_ = note;
    return true;
  }
  static uint64_t SizeOf(const std::string& note) {
    return ParseCheckpoint(ParseNote(note).value().text).value().size;
  }
  uint64_t size() {
    const std::lock_guard lock(mutex_);
    return note_.empty() ? 0 : SizeOf(note_);
  }
  void Set(std::string note) {
    const std::lock_guard lock(mutex_);
    note_ = std::move(note);
  }

  std::atomic<bool> fell = false;
  bool fail = false;

 private:
  std::mutex mutex_;
  std::string note_;
};

// The witness of the published cases: it saw the monkeys' log at size 5.
struct Monkeys {
  const nlohmann::json vectors = testing::ReadVectors("c2sp/notes.json")["witness"];
  const std::string init = vectors["init"].get<std::string>();
  const std::string next = vectors["next"].get<std::string>();
  const StoppedClock clock;
  MemoryStore store;
  Witness witness{Must(NoteKey::Parse(vectors["log_vkey"].get<std::string>())), "w.example",
                  crypto::SigningKey::Generate(), &store, &clock};
  AddCheckpointRequest request;

  Monkeys() {
    store.Set(init);
    request.old_size = 5;
    for (const auto& hash : vectors["consistency_5_8_hex"])
      request.consistency.push_back(testing::Unhex32(hash.get<std::string>()));
    request.checkpoint = next;
  }
  Witness::Answer Ask() { return witness.Handle(FormatAddCheckpoint(request)); }
};

TEST_CASE("A witness answers the published cases with their codes", "[tlog][vector]") {
  Monkeys monkeys;
  AddCheckpointRequest& request = monkeys.request;
  SECTION("old=5 with its proof: 200 and a cosignature that holds") {
    const Witness::Answer answer = monkeys.Ask();
    CHECK(answer.http_status == 200);
    const NoteKey key = monkeys.witness.note_key();
    const Note opened = Must(OpenNote(monkeys.next + answer.body, {&key, 1}));
    CHECK(Must(CosignatureTime(opened.signatures.at(0))) == 1'700'000'000);
    CHECK(monkeys.store.size() == 8);
    // The same again conflicts now, with the size to prove from.
    CHECK(monkeys.Ask().body == "8\n");
  }
  SECTION("old=2: 409 and the size") {
    request.old_size = 2;
    const Witness::Answer answer = monkeys.Ask();
    CHECK(answer.http_status == 409);
    CHECK(answer.body == "5\n");
    CHECK(answer.content_type == "text/x.tlog.size");
  }
  SECTION("old=5, new size 5, the same root: 200") {
    request.checkpoint = monkeys.init;
    request.consistency.clear();
    CHECK(monkeys.Ask().http_status == 200);
    CHECK(monkeys.store.size() == 5);
  }
  SECTION("old=8 > new 5: 400") {
    request.old_size = 8;
    request.checkpoint = monkeys.init;
    CHECK(monkeys.Ask().http_status == 400);
  }
  SECTION("a garbage proof: 422") {
    request.consistency[2][7] ^= 1;
    CHECK(monkeys.Ask().http_status == 422);
    request.consistency.clear();
    CHECK(monkeys.Ask().http_status == 422);
    CHECK(monkeys.store.size() == 5);
  }
  SECTION("an unknown origin: 404") {
    request.checkpoint.replace(0, 7, "gibbons");
    CHECK(monkeys.Ask().http_status == 404);
  }
  SECTION("a bad log signature: 403; none: 403") {
    request.checkpoint[request.checkpoint.size() - 5] ^= 1;
    CHECK(monkeys.Ask().http_status == 403);
    const crypto::SigningKey stranger = crypto::SigningKey::Generate();
    request.checkpoint = SignCheckpoint({"monkeys", 0, crypto::MerkleEmptyRoot()}, stranger);
    request.old_size = 0;
    CHECK(monkeys.Ask().http_status == 403);
  }
  SECTION("old=0 with a proof: 422, without: 200") {
    monkeys.store.Set("");
    request.old_size = 0;
    CHECK(monkeys.Ask().http_status == 422);
    request.consistency.clear();
    CHECK(monkeys.Ask().http_status == 200);
    CHECK(monkeys.store.size() == 8);
  }
}

TEST_CASE("Two trees of one size are refused and the stored one stays", "[tlog][fault]") {
  const crypto::SigningKey key = crypto::SigningKey::Generate();
  const NoteKey log{"example.com/log", kAlgorithmEd25519, key.verify_key()};
  const StoppedClock clock;
  MemoryStore store;
  Witness witness(log, "w", crypto::SigningKey::Generate(), &store, &clock);
  const std::string one = SignCheckpoint({log.name, 1, crypto::MerkleLeaf("a")}, key);
  const std::string other = SignCheckpoint({log.name, 1, crypto::MerkleLeaf("b")}, key);
  REQUIRE_OK(witness.Add({0, {}, one}));
  REQUIRE_REASON(witness.Add({1, {}, other}), v1::LOG_FORKED);
  CHECK(witness.Handle(FormatAddCheckpoint({1, {}, other})).http_status == 409);
  CHECK(Must(store.Read()) == one);
}

TEST_CASE("What is not durable is not cosigned", "[tlog][fault]") {
  Monkeys monkeys;
  monkeys.store.fail = true;
  REQUIRE_REASON(monkeys.witness.Add(monkeys.request), v1::DISK_FULL);
  CHECK(monkeys.Ask().http_status == 500);
  CHECK(monkeys.store.size() == 5);
}

TEST_CASE("Requests not in the one form are refused", "[tlog]") {
  Monkeys monkeys;
  const std::string good = FormatAddCheckpoint(monkeys.request);
  const AddCheckpointRequest read = Must(ParseAddCheckpoint(good));
  CHECK(FormatAddCheckpoint(read) == good);
  const std::string rest = good.substr(good.find('\n'));
  for (const std::string first : {"old", "old ", "old 05", "old -5", "old 5 ", "new 5", " old 5",
                                  "old 18446744073709551616", "old 5x"}) {
    CAPTURE(first);
    REQUIRE_REASON(ParseAddCheckpoint(first + rest), v1::REQUEST_MALFORMED);
  }
  REQUIRE_REASON(ParseAddCheckpoint(""), v1::REQUEST_MALFORMED);
  REQUIRE_REASON(ParseAddCheckpoint("old 5\n"), v1::REQUEST_MALFORMED);
  REQUIRE_REASON(ParseAddCheckpoint("old 5\nnot base64\n\n" + monkeys.next), v1::REQUEST_MALFORMED);
  AddCheckpointRequest long_proof = monkeys.request;
  long_proof.consistency.resize(63);
  REQUIRE_OK(ParseAddCheckpoint(FormatAddCheckpoint(long_proof)));
  long_proof.consistency.resize(64);
  REQUIRE_REASON(ParseAddCheckpoint(FormatAddCheckpoint(long_proof)), v1::REQUEST_MALFORMED);
  // Nothing, garbage and a request without a note are answered, not fallen over.
  CHECK(monkeys.witness.Handle("").http_status == 400);
  CHECK(monkeys.witness.Handle("old 5\n\n").http_status == 400);
}

// All threads wait here for one another, again and again.
class Gate {
 public:
  explicit Gate(int threads) : threads_(threads) {}
  void Wait() {
    const int round = round_.load();
    if (++waiting_ == threads_) {
      waiting_ = 0;
      ++round_;
      return;
    }
    while (round_.load() == round) std::this_thread::yield();
  }

 private:
  const int threads_;
  std::atomic<int> waiting_ = 0;
  std::atomic<int> round_ = 0;
};

TEST_CASE("Of two requests that race, 10,000 times, the stored size never falls", "[tlog][race]") {
  constexpr int kRounds = 10'000;
  const crypto::SigningKey key = crypto::SigningKey::Generate();
  const NoteKey log{"example.com/log", kAlgorithmEd25519, key.verify_key()};
  std::vector<Bytes32> leaves;
  std::vector<std::string> notes = {""};
  for (uint64_t size = 1; size <= 3; ++size) {
    leaves.push_back(crypto::MerkleLeaf(std::to_string(size)));
    notes.push_back(SignCheckpoint({log.name, size, crypto::MerkleRoot(leaves)}, key));
  }
  const auto subtree = [&leaves](int level, uint64_t index) -> absl::StatusOr<Bytes32> {
    const size_t count = size_t{1} << level;
    return crypto::MerkleRoot(std::span(leaves).subspan(index * count, count));
  };
  const auto proof = [&](uint64_t from, uint64_t to) {
    return crypto::ConsistencyProof(from, to, subtree).value();
  };

  const StoppedClock clock;
  MemoryStore store;
  Gate gate(3);
  std::atomic<int> conflicts = 0;
  std::atomic<int> wrong = 0;
  // In every other round both requests meet in one process.
  Witness shared(log, "w", crypto::SigningKey::Generate(), &store, &clock);
  const auto run = [&](uint64_t size) {
    Witness own(log, "w", crypto::SigningKey::Generate(), &store, &clock);
    for (int round = 0; round < kRounds; ++round) {
      gate.Wait();
      Witness& witness = round % 2 == 0 ? own : shared;
      for (uint64_t old_size = 1; old_size <= size;) {
        const auto said = witness.Add({old_size, proof(old_size, size), notes[size]});
        if (said.ok()) break;
        if (ReasonOf(said.status()) != v1::LOG_BEHIND) ++wrong;
        ++conflicts;
        old_size = std::stoull(DetailsOf(said.status())["size"]);
      }
      gate.Wait();
    }
  };
  std::thread two(run, 2);
  std::thread three(run, 3);
  int short_rounds = 0;
  for (int round = 0; round < kRounds; ++round) {
    store.Set(notes[1]);
    gate.Wait();
    gate.Wait();
    if (store.size() != 3) ++short_rounds;
  }
  two.join();
  three.join();
  CHECK_FALSE(store.fell);
  CHECK(wrong == 0);
  CHECK(short_rounds == 0);
  // At least one of the two meets the other's tree in each round.
  CHECK(conflicts >= kRounds);
}

TEST_CASE("A gossip line is the checkpoint again, and nothing else is", "[tlog]") {
  Monkeys monkeys;
  const NoteKey key = Must(NoteKey::Parse(monkeys.vectors["log_vkey"].get<std::string>()));
  const std::string line = Must(FormatGossip(monkeys.next, key));
  CHECK(line.find('\n') == std::string::npos);
  CHECK(Must(ParseGossip(line, key)) == monkeys.next);
  CHECK(Must(ParseGossip("  " + line + " \r\n", key)) == monkeys.next);
  for (size_t at = 0; at < line.size(); ++at) {
    CAPTURE(at);
    CHECK_FALSE(ParseGossip(testing::Flipped(line, at, 1), key).ok());
  }
  REQUIRE_REASON(ParseGossip("", key), v1::CHECKPOINT_MALFORMED);
  REQUIRE_REASON(ParseGossip(line + " more", key), v1::CHECKPOINT_MALFORMED);
  REQUIRE_REASON(ParseGossip(std::string(5000, 'x'), key), v1::CHECKPOINT_MALFORMED);
  const NoteKey stranger{"monkeys", kAlgorithmEd25519, crypto::SigningKey::Generate().verify_key()};
  REQUIRE_REASON(ParseGossip(line, stranger), v1::CHECKPOINT_UNSIGNED);
}

}  // namespace
}  // namespace muster::tlog
