// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/match_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/governance/statement.h"
#include "core/match/link.h"
#include "core/pipeline/noise.h"
#include "core/store/match_row.h"

namespace muster::pipeline {
namespace {

using match::Decision;
using match::LinkedPair;
using match::Outcome;
using token::Sketch;

// How many voters lie between two places that the stream can start from.
constexpr size_t kStrideRows = size_t{1} << 13;
constexpr double kEvidenceUnit = 16;
// Of what is shown.
constexpr double kBitsUnit = 0.5;
constexpr double kProbabilityUnit = 0.01;
constexpr std::string_view kPersonPurpose = "muster/person/v1";
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// A row says something about who a person is.
bool HasName(const Sketch& sketch) {
  return sketch.first != 0 || sketch.last != 0 || sketch.first_initial != 0;
}

// The voters of an extract, in the order of their tokens.
class VoterSource final : public match::SketchSource {
 public:
  static absl::StatusOr<std::unique_ptr<VoterSource>> Open(
      const store::Store& rows, const VoterFile& file,
      const std::function<absl::Status(uint64_t)>& on_row) {
    std::unique_ptr<VoterSource> source(new VoterSource(rows, file));
    source->voters_.reserve(static_cast<size_t>(std::max<int64_t>(file.voter_count, 0)));
    VoterCursor cursor(rows, file);
    for (; cursor.valid(); cursor.Next()) {
      source->voters_.push_back(cursor.voter());
      MUSTER_RETURN_IF_ERROR(on_row(source->voters_.size()));
    }
    MUSTER_RETURN_IF_ERROR(cursor.status());
    return source;
  }

  size_t size() const override { return voters_.size(); }
  const token::Token& voter(uint32_t row) const { return voters_[row]; }
  uint32_t RowOf(const token::Token& voter) const {
    const auto at = std::lower_bound(voters_.begin(), voters_.end(), voter);
    return at == voters_.end() || *at != voter ? kNone
                                               : static_cast<uint32_t>(at - voters_.begin());
  }

  absl::StatusOr<std::span<const Sketch>> Rows(size_t begin, size_t end,
                                               std::vector<Sketch>& buffer) const override {
    buffer.resize(end - begin);
    TokenRange range;
    range.begin = voters_[begin];
    if (end < voters_.size()) range.end = voters_[end];
    VoterCursor cursor(rows_, file_, range);
    size_t count = 0;
    for (; cursor.valid() && count < buffer.size(); cursor.Next(), ++count) {
      if (cursor.voter() != voters_[begin + count]) break;
      if (!token::DecodeSketch(cursor.sketch(), buffer[count])) break;
    }
    MUSTER_RETURN_IF_ERROR(cursor.status());
    if (count != buffer.size()) {
      return MakeError(v1::VOTERFILE_CHANGED,
                       "the voter file was replaced while it was being matched; run it again");
    }
    return std::span<const Sketch>(buffer);
  }

 private:
  VoterSource(const store::Store& rows, const VoterFile& file) : rows_(rows), file_(file) {}
  const store::Store& rows_;
  const VoterFile file_;
  std::vector<token::Token> voters_;
};

// The pool as the engine sees it.
struct PoolRows {
  std::vector<token::Token> contacts;  // ascending
  std::vector<uint32_t> starts;        // of each contact's rows; one more at the end
  std::vector<Sketch> sketches;        // a contact's rows by their hashes
  std::vector<Bytes8> rows;            // hashes
  std::vector<UploadId> uploads;       // that counted, ascending
};

absl::StatusOr<PoolRows> ReadPool(const store::VaultStore& store,
                                  const std::function<absl::Status(uint64_t)>& on_row) {
  PoolRows pool;
  MUSTER_ASSIGN_OR_RETURN(const auto cursor, ContactCursor::Open(store));
  pool.uploads.assign(cursor->uploads().begin(), cursor->uploads().end());
  std::vector<std::pair<Bytes8, Sketch>> distinct;
  for (; cursor->valid(); cursor->Next()) {
    distinct.clear();
    for (const ContactSource& source : cursor->sources()) {
      Sketch sketch;
      if (!token::DecodeSketch(source.sketch, sketch) || !HasName(sketch)) continue;
      distinct.emplace_back(store::RowOfSketch(sketch), sketch);
    }
    std::sort(distinct.begin(), distinct.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    distinct.erase(std::unique(distinct.begin(), distinct.end(),
                               [](const auto& a, const auto& b) { return a.first == b.first; }),
                   distinct.end());
    // However many there are: a limit would let what one member brought push out what another did,
    // and an explanation would tell.
    pool.contacts.push_back(cursor->contact());
    pool.starts.push_back(static_cast<uint32_t>(pool.sketches.size()));
    for (const auto& [row, sketch] : distinct) {
      pool.rows.push_back(row);
      pool.sketches.push_back(sketch);
    }
    MUSTER_RETURN_IF_ERROR(on_row(pool.contacts.size()));
    if (pool.sketches.size() >= kNone) {
      return MakeError(v1::TABLE_TOO_LARGE, "the pool has more rows than a match run can take");
    }
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  pool.starts.push_back(static_cast<uint32_t>(pool.sketches.size()));
  return pool;
}

int16_t Rounded(double bits) {
  return static_cast<int16_t>(std::clamp(std::lround(bits * kEvidenceUnit), -32767l, 32767l));
}

// What is known of each row of the pool before claims to one voter are settled.
struct Links {
  std::vector<LinkedPair> pairs;               // by left, then right
  std::vector<std::vector<int16_t>> evidence;  // by left: of its likeliest pair
};

// Of equal ones the one with the lower token, which is the lower row.
bool IsLikelier(const LinkedPair& a, const LinkedPair& b) {
  return a.probability != b.probability ? a.probability > b.probability : a.right < b.right;
}

// What became of a contact whose rows are [begin, end). `pairs` ascend by left row.
//
// Another address of its person may speak for it, but not decide between two voters that its own
// rows bring into question: an address of one of two twins, not said which, fits with the other
// addresses of both.
Decision OfContact(std::span<const Decision> decisions, std::span<const LinkedPair> pairs,
                   std::span<const uint32_t> people, const match::Thresholds& thresholds,
                   size_t begin, size_t end) {
  Decision said;
  bool two_people = false;
  for (size_t row = begin; row < end; ++row) {
    two_people |= people[row] != people[begin];
    const Decision& one = decisions[people[row]];
    if (one.outcome != Outcome::kUnmatched && one.probability > said.probability) said = one;
  }
  if (two_people && said.outcome != Outcome::kUnmatched) {
    said.outcome = Outcome::kAmbiguous;
    said.doubt = match::Doubt::kHousehold;
  }
  if (said.outcome != Outcome::kMatched) return said;
  double own = 0;
  double other = 0;
  const auto first =
      std::lower_bound(pairs.begin(), pairs.end(), begin,
                       [](const LinkedPair& pair, size_t left) { return pair.left < left; });
  for (auto pair = first; pair != pairs.end() && pair->left < end; ++pair) {
    double& best = pair->right == said.right ? own : other;
    best = std::max(best, static_cast<double>(pair->probability));
  }
  if (own < thresholds.matched && other >= thresholds.ambiguous) {
    said.outcome = Outcome::kAmbiguous;
    said.doubt = match::Doubt::kRunnerUp;
  }
  return said;
}

// Numbers of people, kept from the run before as far as most of their addresses had them.
class PersonNumbers {
 public:
  explicit PersonNumbers(const crypto::SecretBytes& key) : key_(key) {}

  // `before` is by contact; zeros where the contact had none.
  std::vector<Bytes8> Number(const std::vector<std::vector<uint32_t>>& people,
                             std::span<const Bytes8> before,
                             std::span<const token::Token> contacts) {
    struct Wish {
      size_t votes;
      uint32_t first;  // contact
      size_t person;
      Bytes8 number;
    };
    std::vector<Wish> wishes;
    std::map<Bytes8, size_t> votes;
    for (size_t person = 0; person < people.size(); ++person) {
      votes.clear();
      for (const uint32_t contact : people[person]) {
        if (before[contact] != Bytes8{}) ++votes[before[contact]];
      }
      for (const auto& [number, count] : votes)
        wishes.push_back({count, people[person].front(), person, number});
    }
    // Who has most of a number's addresses has the number; of equals the first address decides.
    std::sort(wishes.begin(), wishes.end(), [](const Wish& a, const Wish& b) {
      if (a.votes != b.votes) return a.votes > b.votes;
      return a.first != b.first ? a.first < b.first : a.number < b.number;
    });
    std::vector<Bytes8> numbers(people.size());
    for (const Wish& wish : wishes) {
      if (numbers[wish.person] != Bytes8{} || !taken_.insert(wish.number).second) continue;
      numbers[wish.person] = wish.number;
    }
    for (size_t person = 0; person < people.size(); ++person) {
      for (uint32_t turn = 0; numbers[person] == Bytes8{}; ++turn) {
        const Bytes8 fresh = Fresh(contacts[people[person].front()], turn);
        if (fresh != Bytes8{} && taken_.insert(fresh).second) numbers[person] = fresh;
      }
    }
    return numbers;
  }

 private:
  Bytes8 Fresh(const token::Token& contact, uint32_t turn) const {
    std::string count;
    PutU32(count, turn);
    const Bytes32 hash = crypto::KeyedHash256(key_, {kPersonPurpose, contact.View(), count});
    return *ToArray<8>(AsText(hash).substr(0, 8));
  }
  const crypto::SecretBytes& key_;
  std::set<Bytes8> taken_;
};

v1::MatchStatement WordsOf(const MatchPlan& plan, const VoterFile& file, const match::Model& model,
                           bool estimated, const match::Thresholds& thresholds, uint64_t log_size) {
  v1::MatchStatement words;
  words.set_match(plan.match.Name());
  words.set_upload(file.upload.Name());
  words.set_upload_index(static_cast<int64_t>(file.log_index));
  words.set_voterfile(file.name);
  words.set_log_size(static_cast<int64_t>(log_size));
  words.set_sketch_version(token::kSketchVersion);
  words.set_pattern_version(match::kPatternVersion);
  words.set_estimated(estimated);
  for (size_t c = 0; c < match::kComparatorCount; ++c) {
    v1::ComparatorWeights* comparator = words.add_comparators();
    comparator->set_comparator(std::string(match::SpecOf(c).name));
    const auto levels = match::SpecOf(c).levels;
    for (size_t level = 1; level < levels.size(); ++level) {
      v1::LevelWeight* weight = comparator->add_levels();
      weight->set_level(std::string(levels[level].name));
      const double m = std::max(model.match[c][level], 1e-10);
      const double u = std::max(model.random[c][level], 1e-10);
      weight->set_half_bits(static_cast<int32_t>(std::lround(2 * std::log2(m / u))));
    }
  }
  words.set_matched_probability(thresholds.matched);
  words.set_ambiguous_probability(thresholds.ambiguous);
  return words;
}

// One run, once it is known what it is about.
class Working {
 public:
  Working(store::VaultStore* store, const keyring::Keyring* keyring, const MatchPlan& plan,
          VoterFile file, const match::Thresholds& thresholds,
          const MatchRun::OnProgress& on_progress, const std::atomic<bool>& aborted)
      : store_(store),
        keyring_(keyring),
        plan_(plan),
        file_(std::move(file)),
        thresholds_(thresholds),
        on_progress_(on_progress),
        aborted_(aborted) {}

  absl::Status Read(const std::optional<v1::MatchRunRecord>& before);
  absl::Status Link();
  absl::Status Decide();
  // The run's rows, durable with the next synced write.
  absl::Status Write(const store::MatchRunKey& run);

  bool estimated() const { return estimated_; }
  const match::Model& model() const { return model_; }
  const match::Model& people_model() const { return people_model_; }
  v1::MatchTable DrawTable() const;
  // Noisy like the counts: whether there is a table would tell of one contact otherwise.
  bool IsLargeEnoughForTable() const {
    return static_cast<int64_t>(pool_.contacts.size()) + DrawDiscreteLaplace(kMatchNoiseScale) >=
           kMatchTableContactsMin;
  }
  std::span<const UploadId> uploads() const { return pool_.uploads; }

 private:
  // `all` 0: not known.
  absl::Status Step(std::string_view stage, uint64_t done, uint64_t all) {
    if (aborted_) return absl::CancelledError("the vault stops");
    Tell(stage, done, all);
    return absl::OkStatus();
  }
  void Tell(std::string_view stage, uint64_t done, uint64_t all) {
    if (all == 0) return;
    const auto percent = static_cast<unsigned>(std::min(done, all) * 100 / all);
    if (stage == told_stage_ && percent == told_percent_) return;
    told_stage_ = stage;
    told_percent_ = percent;
    on_progress_(stage, percent, 100);
  }
  match::LinkOptions Options(std::string_view stage);
  absl::Status ReadLinksBefore(const store::MatchRunKey& run);
  absl::Status ReadPeopleBefore(const store::MatchRunKey& run);
  absl::StatusOr<match::Frequencies> FrequenciesOfRivals(const std::vector<LinkedPair>& pairs);

  store::VaultStore* const store_;
  const keyring::Keyring* const keyring_;
  const MatchPlan& plan_;
  const VoterFile file_;
  const match::Thresholds thresholds_;
  const MatchRun::OnProgress& on_progress_;
  const std::atomic<bool>& aborted_;
  std::string_view told_stage_;
  unsigned told_percent_ = 0;

  PoolRows pool_;
  std::unique_ptr<VoterSource> voters_;
  std::optional<match::Model> saved_;
  std::vector<bool> linked_before_;    // by row
  std::vector<Bytes8> person_before_;  // by contact
  match::Model model_, people_model_;
  bool estimated_ = false;
  Links links_;
  std::vector<store::ContactMatch> matches_;  // by contact
};

match::LinkOptions Working::Options(std::string_view stage) {
  match::LinkOptions options;
  options.threads = plan_.threads;
  options.progress = [this, stage](match::Phase phase, uint64_t done, uint64_t all) {
    const bool blocking = phase == match::Phase::kBlock;
    Tell(stage == "grouping" ? stage : blocking ? "blocking" : "comparing", done, all);
  };
  return options;
}

absl::Status Working::Read(const std::optional<v1::MatchRunRecord>& before) {
  const auto expected = static_cast<uint64_t>(std::max<int64_t>(file_.voter_count, 0));
  MUSTER_ASSIGN_OR_RETURN(voters_, VoterSource::Open(store_->rows(), file_, [&](uint64_t done) {
                            return Step("reading", std::min(done, expected), expected);
                          }));
  if (voters_->size() != expected) {
    return MakeError(v1::VOTERFILE_CHANGED,
                     "the voter file was replaced while it was being matched; run it again");
  }
  MUSTER_ASSIGN_OR_RETURN(pool_,
                          ReadPool(*store_, [&](uint64_t) { return Step("reading", 0, 0); }));
  if (pool_.sketches.empty() || voters_->size() == 0) {
    return MakeError(v1::NOTHING_TO_MATCH,
                     pool_.sketches.empty()
                         ? "no list in the pool has names to match by; upload lists with names"
                         : "the voter file has no voters; load another extract");
  }
  linked_before_.assign(pool_.sketches.size(), false);
  links_.evidence.resize(pool_.sketches.size());
  person_before_.assign(pool_.contacts.size(), Bytes8{});
  if (!before) return absl::OkStatus();
  const std::optional<Bytes8> run = ToArray<8>(before->run());
  if (!run) return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed match run");
  MUSTER_RETURN_IF_ERROR(ReadPeopleBefore(*run));
  // Weights of another extract, or of another version of the rows, are estimated anew.
  if (plan_.new_model || before->upload() != file_.upload.View()) return absl::OkStatus();
  absl::StatusOr<match::Model> model = match::FromProto(before->model());
  if (!model.ok()) return absl::OkStatus();
  saved_ = *std::move(model);
  return ReadLinksBefore(*run);
}

absl::Status Working::ReadPeopleBefore(const store::MatchRunKey& run) {
  const auto cursor = store_->rows().ScanPrefix(store::kMatches, AsText(run));
  size_t contact = 0;
  for (; cursor->valid(); cursor->Next()) {
    const std::string_view token = cursor->key().substr(sizeof(run));
    while (contact < pool_.contacts.size() && pool_.contacts[contact].View() < token) ++contact;
    if (contact == pool_.contacts.size()) break;
    if (pool_.contacts[contact].View() != token) continue;
    MUSTER_ASSIGN_OR_RETURN(const store::ContactMatch match,
                            store::DecodeContactMatch(cursor->value()));
    person_before_[contact] = match.person;
  }
  return cursor->status();
}

absl::Status Working::ReadLinksBefore(const store::MatchRunKey& run) {
  const auto cursor = store_->rows().ScanPrefix(store::kMatchRows, AsText(run));
  size_t contact = 0;
  for (; cursor->valid(); cursor->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::MatchRowKey key, store::DecodeMatchRowKey(cursor->key()));
    while (contact < pool_.contacts.size() && pool_.contacts[contact] < key.contact) ++contact;
    if (contact == pool_.contacts.size()) break;
    if (pool_.contacts[contact] != key.contact) continue;
    const auto begin = pool_.rows.begin() + pool_.starts[contact];
    const auto end = pool_.rows.begin() + pool_.starts[contact + 1];
    const auto at = std::lower_bound(begin, end, key.row);
    if (at == end || *at != key.row) continue;
    const auto left = static_cast<uint32_t>(at - pool_.rows.begin());
    MUSTER_ASSIGN_OR_RETURN(store::MatchRow row, store::DecodeMatchRow(cursor->value()));
    linked_before_[left] = true;
    links_.evidence[left] = std::move(row.evidence);
    for (const store::MatchRow::Voter& voter : row.voters) {
      const uint32_t right = voters_->RowOf(voter.voter);
      if (right == kNone)
        return MakeError(v1::STORE_CORRUPT, "a match names a voter that its extract has not");
      links_.pairs.push_back({left, right, voter.pattern, voter.probability});
    }
  }
  return cursor->status();
}

absl::Status Working::Link() {
  std::vector<uint32_t> new_rows;
  for (uint32_t left = 0; left < pool_.sketches.size(); ++left) {
    if (!linked_before_[left]) new_rows.push_back(left);
  }
  std::vector<Sketch> some;
  std::span<const Sketch> left = pool_.sketches;
  if (new_rows.size() != pool_.sketches.size()) {
    for (const uint32_t row : new_rows) some.push_back(pool_.sketches[row]);
    left = some;
  }
  if (!left.empty()) {
    match::LinkOptions options = Options("comparing");
    options.share_right = false;
    options.model = saved_;
    estimated_ = !saved_.has_value();
    MUSTER_ASSIGN_OR_RETURN(match::LinkResult result, match::Link(left, *voters_, options));
    model_ = std::move(result.model);
    // The likeliest pair of each row is the one that is explained.
    std::vector<const LinkedPair*> best(left.size(), nullptr);
    for (const LinkedPair& pair : result.pairs) {
      if (best[pair.left] == nullptr || IsLikelier(pair, *best[pair.left])) best[pair.left] = &pair;
    }
    std::vector<std::pair<uint32_t, uint32_t>> wanted;  // right row, place in `best`
    for (uint32_t i = 0; i < best.size(); ++i) {
      if (best[i] != nullptr) wanted.emplace_back(best[i]->right, i);
    }
    std::sort(wanted.begin(), wanted.end());
    std::vector<Sketch> buffer;
    for (size_t begin = 0; begin < wanted.size();) {
      // A run of voters that lie near each other is read at once.
      const uint32_t first = wanted[begin].first;
      size_t end = begin;
      while (end < wanted.size() && wanted[end].first < first + kStrideRows) ++end;
      MUSTER_ASSIGN_OR_RETURN(const std::span<const Sketch> near,
                              voters_->Rows(first, wanted[end - 1].first + 1, buffer));
      for (; begin < end; ++begin) {
        const LinkedPair& pair = *best[wanted[begin].second];
        std::vector<int16_t>& pieces = links_.evidence[new_rows[pair.left]];
        for (const match::Evidence& piece :
             match::Explain(model_, pair.pattern, left[pair.left], near[pair.right - first],
                            result.frequencies)) {
          pieces.push_back(Rounded(piece.bits));
        }
      }
      MUSTER_RETURN_IF_ERROR(Step("scoring", begin, wanted.size()));
    }
    for (const LinkedPair& pair : result.pairs)
      links_.pairs.push_back({new_rows[pair.left], pair.right, pair.pattern, pair.probability});
  } else {
    model_ = *saved_;
  }
  std::sort(links_.pairs.begin(), links_.pairs.end(), [](const LinkedPair& a, const LinkedPair& b) {
    return a.left != b.left ? a.left < b.left : IsLikelier(a, b);
  });
  return Step("scoring", 1, 1);
}

// Values' frequencies among the voters, for the rows that claim a voter whom others claim too.
absl::StatusOr<match::Frequencies> Working::FrequenciesOfRivals(
    const std::vector<LinkedPair>& pairs) {
  std::vector<uint32_t> rights;
  for (const LinkedPair& pair : pairs) rights.push_back(pair.right);
  std::sort(rights.begin(), rights.end());
  std::vector<Sketch> rivals;
  for (const LinkedPair& pair : pairs) {
    const auto [from, to] = std::equal_range(rights.begin(), rights.end(), pair.right);
    if (to - from > 1) rivals.push_back(pool_.sketches[pair.left]);
  }
  match::Frequencies of_rivals;
  of_rivals.Add(rivals);
  match::Frequencies frequencies = of_rivals.Zeroed();
  if (rivals.empty()) return frequencies;
  std::vector<Sketch> buffer;
  for (size_t begin = 0; begin < voters_->size(); begin += kStrideRows) {
    const size_t end = std::min(begin + kStrideRows, voters_->size());
    MUSTER_ASSIGN_OR_RETURN(const std::span<const Sketch> rows, voters_->Rows(begin, end, buffer));
    frequencies.AddKnown(rows);
    MUSTER_RETURN_IF_ERROR(Step("scoring", end, voters_->size()));
  }
  return frequencies;
}

absl::Status Working::Decide() {
  std::vector<LinkedPair> pairs = links_.pairs;
  MUSTER_ASSIGN_OR_RETURN(const match::Frequencies frequencies, FrequenciesOfRivals(pairs));
  match::ShareRight(pool_.sketches, model_, frequencies, pairs);

  // How many addresses people have is learned anew each time: a pool without a second address for
  // anyone says nothing about the next one.
  const match::LinkOptions options = Options("grouping");
  MUSTER_ASSIGN_OR_RETURN(const match::LinkResult people, match::Dedupe(pool_.sketches, options));
  people_model_ = people.model;
  const std::vector<Decision> decisions = match::Decide(pairs, people.clusters, thresholds_);

  // People by number: those of the clusters, and contacts that say nothing, each alone.
  std::vector<uint32_t> person_of_row(pool_.sketches.size(), kNone);
  std::vector<uint32_t> person_of(pool_.contacts.size());
  std::vector<std::vector<uint32_t>> contacts_of;
  for (uint32_t contact = 0; contact < pool_.contacts.size(); ++contact) {
    const uint32_t begin = pool_.starts[contact];
    if (begin == pool_.starts[contact + 1]) {
      person_of[contact] = static_cast<uint32_t>(contacts_of.size());
      contacts_of.push_back({contact});
      continue;
    }
    // A contact of two people is counted with the first.
    uint32_t& person = person_of_row[people.clusters[begin]];
    if (person == kNone) {
      person = static_cast<uint32_t>(contacts_of.size());
      contacts_of.emplace_back();
    }
    contacts_of[person].push_back(contact);
    person_of[contact] = person;
  }
  PersonNumbers numbers(keyring_->row_key());
  const std::vector<Bytes8> number = numbers.Number(contacts_of, person_before_, pool_.contacts);

  matches_.resize(pool_.contacts.size());
  for (uint32_t contact = 0; contact < pool_.contacts.size(); ++contact) {
    store::ContactMatch& match = matches_[contact];
    match.person = number[person_of[contact]];
    const Decision said = OfContact(decisions, pairs, people.clusters, thresholds_,
                                    pool_.starts[contact], pool_.starts[contact + 1]);
    match.outcome = static_cast<uint8_t>(said.outcome);
    match.doubt = static_cast<uint8_t>(said.doubt);
    match.probability = said.probability;
    if (said.right != match::kNobody) match.voter = voters_->voter(said.right);
  }
  return Step("grouping", 1, 1);
}

absl::Status Working::Write(const store::MatchRunKey& run) {
  const std::unique_ptr<store::BulkLoad> load = store_->rows().StartBulkLoad();
  std::string key;
  size_t next = 0;
  for (uint32_t contact = 0; contact < pool_.contacts.size(); ++contact) {
    for (uint32_t left = pool_.starts[contact]; left < pool_.starts[contact + 1]; ++left) {
      store::MatchRow row;
      for (; next < links_.pairs.size() && links_.pairs[next].left == left; ++next) {
        const LinkedPair& pair = links_.pairs[next];
        if (row.voters.size() == store::kMatchRowVotersMax) continue;
        row.voters.push_back({voters_->voter(pair.right), pair.pattern, pair.probability});
      }
      row.evidence = links_.evidence[left];
      key.clear();
      store::AppendMatchRowKey({run, pool_.contacts[contact], pool_.rows[left]}, key);
      MUSTER_RETURN_IF_ERROR(load->Put(store::kMatchRows, key, store::EncodeMatchRow(row)));
    }
    MUSTER_RETURN_IF_ERROR(load->Put(store::kMatches,
                                     store::ContactMatchKey(run, pool_.contacts[contact]),
                                     store::EncodeContactMatch(matches_[contact])));
    MUSTER_RETURN_IF_ERROR(Step("writing", contact + 1, pool_.contacts.size()));
  }
  return load->Commit();
}

v1::MatchTable Working::DrawTable() const {
  int64_t sure = 0;
  int64_t matched = 0;
  int64_t ambiguous = 0;
  int64_t unmatched = 0;
  for (const store::ContactMatch& match : matches_) {
    switch (static_cast<Outcome>(match.outcome)) {
      case Outcome::kMatched:
        ++(match.probability >= 0.95f ? sure : matched);
        break;
      case Outcome::kAmbiguous:
        ++ambiguous;
        break;
      case Outcome::kUnmatched:
        ++unmatched;
        break;
    }
  }
  v1::MatchTable table;
  table.set_noise_scale(kMatchNoiseScale);
  const auto add = [&table](const char* band, int64_t count) {
    v1::MatchBand* out = table.add_bands();
    out->set_band(band);
    out->set_noisy_count(std::max<int64_t>(count + DrawDiscreteLaplace(kMatchNoiseScale), 0));
  };
  add("matched_95", sure);
  add("matched", matched);
  add("ambiguous", ambiguous);
  add("unmatched", unmatched);
  return table;
}

bool IsLogged(const governance::Registry& registry, const v1::SignedStatement& said) {
  v1::Statement statement;
  if (!statement.ParseFromString(said.statement())) return false;
  const absl::StatusOr<MatchId> match = MatchId::Parse(statement.match().match());
  return match.ok() && registry.FindMatch(*match).has_value();
}

// The run's statement behind those of earlier runs, without what is on the log.
std::vector<v1::SignedStatement> UnloggedOf(const governance::Registry& registry,
                                            const v1::MatchRunRecord& record) {
  std::vector<v1::SignedStatement> statements;
  for (const v1::SignedStatement& earlier : record.earlier()) {
    if (!IsLogged(registry, earlier)) statements.push_back(earlier);
  }
  if (!IsLogged(registry, record.statement())) statements.push_back(record.statement());
  return statements;
}

void RemoveRun(std::string_view run, store::Batch& batch) {
  for (const store::Family family : {store::kMatchRows, store::kMatches})
    batch.DeleteRange(family, run, store::PrefixEnd(run));
}

// What one member brought of a contact, as a run found it.
struct OwnRows {
  std::vector<Sketch> sketches;
  std::vector<store::MatchRow> rows;
};

// Only what the asking member itself brought before the run is looked at: an answer that depended
// on anything else would tell of others. A row is found by what it holds, so that one brought since
// would be met there exactly if somebody else had brought the same before: the run's uploads
// decide.
absl::StatusOr<OwnRows> ReadOwnRows(const store::VaultStore& store, const v1::MatchRunRecord& run,
                                    const token::Token& contact, const MemberId& member) {
  const std::optional<Bytes8> key = ToArray<8>(run.run());
  if (!key) return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed match run");
  OwnRows own;
  TokenRange range;
  range.begin = contact;
  MUSTER_ASSIGN_OR_RETURN(const auto cursor, ContactCursor::Open(store, range));
  if (!cursor->valid() || cursor->contact() != contact) return own;
  std::set<Bytes8> seen;
  for (const ContactSource& source : cursor->sources()) {
    if (source.member != member ||
        !std::binary_search(run.uploads().begin(), run.uploads().end(), source.upload.View())) {
      continue;
    }
    Sketch sketch;
    if (!token::DecodeSketch(source.sketch, sketch) || !HasName(sketch)) continue;
    const Bytes8 row = store::RowOfSketch(sketch);
    if (!seen.insert(row).second) continue;
    std::string bytes;
    store::AppendMatchRowKey({*key, contact, row}, bytes);
    MUSTER_ASSIGN_OR_RETURN(const std::optional<std::string> found,
                            store.rows().Get(store::kMatchRows, bytes));
    if (!found) continue;  // the run gave way to a later one
    MUSTER_ASSIGN_OR_RETURN(own.rows.emplace_back(), store::DecodeMatchRow(*found));
    own.sketches.push_back(sketch);
  }
  return own;
}

// What a run would make of these rows if there were no others.
absl::StatusOr<Decision> DecideAlone(const OwnRows& own, const v1::MatchRunRecord& run,
                                     const match::Thresholds& thresholds) {
  std::vector<LinkedPair> pairs;
  std::vector<token::Token> voters;  // by right row
  for (uint32_t left = 0; left < own.rows.size(); ++left) {
    for (const store::MatchRow::Voter& voter : own.rows[left].voters) {
      auto at = std::find(voters.begin(), voters.end(), voter.voter);
      if (at == voters.end()) at = voters.insert(voters.end(), voter.voter);
      pairs.push_back(
          {left, static_cast<uint32_t>(at - voters.begin()), voter.pattern, voter.probability});
    }
  }
  std::vector<uint32_t> people(own.rows.size(), 0);
  if (people.size() > 1) {
    MUSTER_ASSIGN_OR_RETURN(match::Model model, match::FromProto(run.people_model()));
    match::LinkOptions options;
    options.threads = 1;
    options.model = std::move(model);
    MUSTER_ASSIGN_OR_RETURN(const match::LinkResult result, match::Dedupe(own.sketches, options));
    people = result.clusters;
  }
  return OfContact(match::Decide(pairs, people, thresholds), pairs, people, thresholds, 0,
                   people.size());
}

double RoundedTo(double value, double unit) { return std::round(value / unit) * unit; }

}  // namespace

match::Thresholds ThresholdsOf(const v1::CharterTerms& terms) {
  match::Thresholds thresholds;
  thresholds.matched = terms.match_thresholds().matched_probability();
  thresholds.ambiguous = terms.match_thresholds().ambiguous_probability();
  return thresholds;
}

absl::StatusOr<VoterFile> FindVoterFile(const store::VaultStore& store, std::string_view name) {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<VoterFile> files, CurrentVoterFiles(store));
  if (files.empty()) {
    return MakeError(v1::VOTERFILE_NOT_FOUND,
                     "no voter file is loaded; a steward loads one with `muster voterfile load`");
  }
  std::string names;
  for (const VoterFile& file : files) {
    if (file.name == name) return file;
    names += (names.empty() ? "" : ", ") + file.name;
  }
  if (!name.empty()) {
    return MakeError(v1::VOTERFILE_NOT_FOUND,
                     "no current voter file has this name; there are: " + names);
  }
  if (files.size() > 1) {
    return MakeError(v1::VOTERFILE_AMBIGUOUS,
                     "several voter files are current; name one with --voterfile: " + names);
  }
  return files.front();
}

absl::Status MatchRun::Recover() {
  MUSTER_ASSIGN_OR_RETURN(const auto runs, store_->ReadMatchRuns());
  std::set<std::string> current;
  for (const auto& [source, record] : runs) current.insert(record.run());
  // Runs that no record names were broken off, or gave way.
  store::Batch batch;
  for (const store::Family family : {store::kMatchRows, store::kMatches}) {
    const auto cursor = store_->rows().Scan(family, "", "");
    while (cursor->valid()) {
      const std::string run(cursor->key().substr(0, sizeof(store::MatchRunKey)));
      const std::string end = store::PrefixEnd(run);
      if (!current.contains(run)) batch.DeleteRange(family, run, end);
      if (end.empty()) break;
      cursor->Seek(end);
    }
    MUSTER_RETURN_IF_ERROR(cursor->status());
  }
  if (batch.empty()) return absl::OkStatus();
  return store_->rows().Write(batch, store::Sync::kYes);
}

absl::StatusOr<std::vector<v1::SignedStatement>> MatchRun::Unlogged() const {
  MUSTER_ASSIGN_OR_RETURN(const auto runs, store_->ReadMatchRuns());
  const auto registry = observer_->registry();
  std::vector<v1::SignedStatement> statements;
  for (const auto& [source, record] : runs) {
    for (v1::SignedStatement& statement : UnloggedOf(*registry, record))
      statements.push_back(std::move(statement));
  }
  return statements;
}

absl::Status MatchRun::Do(const MatchPlan& plan, const OnProgress& on_progress) {
  MUSTER_RETURN_IF_ERROR(Recover());
  MUSTER_ASSIGN_OR_RETURN(const VoterFile file, FindVoterFile(*store_, plan.voterfile));
  const auto registry = observer_->registry();
  const uint64_t log_size = observer_->size();
  const match::Thresholds thresholds = ThresholdsOf(registry->terms());
  const std::string source(file.source.View());
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::MatchRunRecord> before,
                          store_->ReadMatchRun(source));
  Working working(store_, keyring_, plan, file, thresholds, on_progress, aborted_);
  MUSTER_RETURN_IF_ERROR(working.Read(before));
  MUSTER_RETURN_IF_ERROR(working.Link());
  MUSTER_RETURN_IF_ERROR(working.Decide());
  const store::MatchRunKey run = crypto::RandomArray<8>();
  MUSTER_RETURN_IF_ERROR(working.Write(run));

  v1::MatchRunRecord record;
  record.set_run(std::string(AsText(run)));
  record.set_match(plan.match.Name());
  record.set_upload(std::string(file.upload.View()));
  for (const UploadId& upload : working.uploads()) record.add_uploads(std::string(upload.View()));
  *record.mutable_model() = match::ToProto(working.model());
  *record.mutable_people_model() = match::ToProto(working.people_model());
  record.set_salt(std::string(AsText(crypto::RandomArray<32>())));
  v1::Statement statement;
  statement.set_consortium(std::string(AsText(registry->consortium())));
  statement.set_create_time(absl::ToUnixSeconds(clock_->Now()));
  statement.set_signer("vault");
  v1::MatchStatement& words = *statement.mutable_match();
  words = WordsOf(plan, file, working.model(), working.estimated(), thresholds, log_size);
  const Bytes32 hash = crypto::Blake2b256({record.salt(), record.model().SerializeAsString(),
                                           record.people_model().SerializeAsString()});
  words.set_model_hash(std::string(AsText(hash)));
  // Whoever could have it drawn again and again, by runs or by loading extracts, would average the
  // noise away.
  const int64_t now = statement.create_time();
  if (before && before->has_table() && now - before->table_time() < kMatchTableSeconds) {
    *record.mutable_table() = before->table();
    record.set_table_time(before->table_time());
  } else if (working.IsLargeEnoughForTable()) {
    *record.mutable_table() = working.DrawTable();
    record.set_table_time(now);
  }
  if (record.has_table()) *words.mutable_table() = record.table();
  const std::array<const crypto::SigningKey*, 1> keys = {&keyring_->sign_key()};
  *record.mutable_statement() = governance::SignStatement(statement, keys);
  if (before) {
    for (v1::SignedStatement& said : UnloggedOf(*registry, *before))
      *record.add_earlier() = std::move(said);
  }
  store::Batch batch;
  store::VaultStore::PutMatchRun(source, record, batch);
  MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));
  if (!before) return absl::OkStatus();
  batch.Clear();
  RemoveRun(before->run(), batch);
  return store_->rows().Write(batch, store::Sync::kNo);
}

absl::StatusOr<v1::MatchExplanation> ExplainMatch(const store::VaultStore& store,
                                                  const governance::Registry& registry,
                                                  const token::Token& contact,
                                                  const MemberId& member,
                                                  std::string_view voterfile) {
  MUSTER_ASSIGN_OR_RETURN(const VoterFile file, FindVoterFile(store, voterfile));
  std::optional<v1::MatchRunRecord> run;
  OwnRows own;
  // A run that ends meanwhile takes the rows of the one before away.
  for (std::string read; !run || run->run() != read;) {
    MUSTER_ASSIGN_OR_RETURN(run, store.ReadMatchRun(file.source.View()));
    if (!run || run->upload() != file.upload.View()) {
      return MakeError(v1::NOTHING_TO_MATCH,
                       "the pool was not matched with this voter file yet; a steward or lead does "
                       "it with `muster match run`");
    }
    read = run->run();
    MUSTER_ASSIGN_OR_RETURN(own, ReadOwnRows(store, *run, contact, member));
    MUSTER_ASSIGN_OR_RETURN(run, store.ReadMatchRun(file.source.View()));
  }
  v1::MatchExplanation explanation;
  explanation.set_voterfile(file.name);
  explanation.set_as_of(file.terms.as_of());
  explanation.set_known(!own.rows.empty());
  if (own.rows.empty()) return explanation;
  MUSTER_ASSIGN_OR_RETURN(const Decision decision,
                          DecideAlone(own, *run, ThresholdsOf(registry.terms())));
  explanation.set_outcome(decision.outcome == Outcome::kMatched     ? "matched"
                          : decision.outcome == Outcome::kAmbiguous ? "ambiguous"
                                                                    : "unmatched");
  explanation.set_doubt(std::string(match::DoubtName(decision.doubt)));
  const store::MatchRow* best = nullptr;
  for (const store::MatchRow& row : own.rows) {
    if (!row.voters.empty() &&
        (best == nullptr || row.voters[0].probability > best->voters[0].probability)) {
      best = &row;
    }
  }
  if (best == nullptr) return explanation;
  // As coarse as the weights on the log: exact ones follow from exact counts of the whole pool.
  explanation.set_probability(RoundedTo(best->voters[0].probability, kProbabilityUnit));
  double runner_up = 0;
  for (const store::MatchRow& row : own.rows) {
    for (const store::MatchRow::Voter& voter : row.voters) {
      if (voter.voter != best->voters[0].voter)
        runner_up = std::max(runner_up, static_cast<double>(voter.probability));
    }
  }
  explanation.set_runner_up_probability(RoundedTo(runner_up, kProbabilityUnit));
  // As match::Explain puts the pieces.
  size_t next = 0;
  const auto add = [&](std::string_view comparator, std::string_view level) {
    if (next == best->evidence.size()) return;
    v1::MatchEvidence* piece = explanation.add_evidence();
    piece->set_comparator(std::string(comparator));
    piece->set_level(std::string(level));
    piece->set_bits(RoundedTo(best->evidence[next++] / kEvidenceUnit, kBitsUnit));
  };
  const match::Pattern pattern = best->voters[0].pattern;
  add("prior", "");
  for (size_t c = 0; c < match::kComparatorCount; ++c) {
    const auto levels = match::SpecOf(c).levels;
    const unsigned level = match::LevelOf(pattern, c);
    if (level >= levels.size())
      return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed match row");
    add(match::SpecOf(c).name, levels[level].name);
  }
  if (best->evidence.size() - next > 1) add("names_together", "");
  add("household", "");
  return explanation;
}

}  // namespace muster::pipeline
