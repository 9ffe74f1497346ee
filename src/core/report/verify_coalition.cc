// SPDX-License-Identifier: Apache-2.0
#include "core/report/verify_coalition.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/merkle.h"
#include "core/governance/registry.h"
#include "core/governance/roles.h"
#include "core/report/block_pool.h"
#include "core/report/coalition.h"
#include "core/report/figures.h"
#include "core/report/period.h"
#include "core/report/sample.h"
#include "core/tlog/proof.h"
#include "core/tlog/witness.h"

namespace muster::report {
namespace {

constexpr int kThreadsMax = 8;
constexpr int64_t kSecondsPerDay = 24 * 60 * 60;
constexpr size_t kLaterKindsNamed = 10;

template <typename Message>
absl::Status ParseCanonical(std::string_view payload, std::string_view what, Message& message) {
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size())) ||
      governance::HasUnknownFields(message) || message.SerializeAsString() != payload) {
    return BadReport(std::string(what) + " is damaged or of a later version");
  }
  return absl::OkStatus();
}

absl::Status BadSample(std::string_view what) {
  return MakeError(v1::SAMPLE_INVALID, "the sample does not hold: " + std::string(what));
}

std::string Entry(uint64_t index) { return "entry " + std::to_string(index); }

class CoalitionCheck {
 public:
  CoalitionCheck(const AuditRoot& root, int threads) : root_(root), pool_(threads) {}

  absl::StatusOr<CoalitionFindings> Run(std::istream& file) {
    FrameReader frames(file);
    MUSTER_ASSIGN_OR_RETURN(FrameReader::Frame frame, frames.Next());
    if (frame.kind != 'H') return BadReport("it does not begin with its header");
    MUSTER_RETURN_IF_ERROR(ReadHeader(frame.payload));
    MUSTER_ASSIGN_OR_RETURN(frame, frames.Next());
    while (frame.kind == 'E') {
      pool_.Put(std::move(frame.payload));
      if (pool_.waiting() >= pool_.capacity()) MUSTER_RETURN_IF_ERROR(Consume(pool_.Take()));
      MUSTER_ASSIGN_OR_RETURN(frame, frames.Next());
    }
    while (pool_.waiting() > 0) MUSTER_RETURN_IF_ERROR(Consume(pool_.Take()));
    MUSTER_RETURN_IF_ERROR(CheckTree());
    MUSTER_RETURN_IF_ERROR(CheckLaterKinds());
    MUSTER_RETURN_IF_ERROR(CheckReporter());
    if (frame.kind != 'S') return BadReport("a part is missing or stands in the wrong place");
    MUSTER_RETURN_IF_ERROR(CheckSample(frame.payload));
    MUSTER_ASSIGN_OR_RETURN(frame, frames.Next());
    if (frame.kind != 'Z') return BadReport("it has no signature at its end");
    MUSTER_ASSIGN_OR_RETURN(const Bytes32 hash, frames.Finish());
    if (!crypto::Verify(reporter_key_, kCoalitionPurpose, AsText(hash), frame.payload).ok()) {
      return MakeError(v1::SIGNATURE_INVALID, "the report was changed after it was signed");
    }
    Conclude();
    return std::move(findings_);
  }

 private:
  // An upload of the period, as the sample needs it.
  struct Population {
    UploadId upload;
    PersonId uploader;
    uint64_t before = 0;  // batches of the uploads ahead of it
    uint64_t batches = 0;
  };

  absl::Status ReadHeader(std::string_view payload) {
    v1::CoalitionHeader header;
    MUSTER_RETURN_IF_ERROR(ParseCanonical(payload, "its header", header));
    if (header.version() != kCoalitionVersion) {
      return MakeError(v1::REPORT_NOT_UNDERSTOOD,
                       "the report is of version " + std::to_string(header.version()) +
                           "; get the muster-audit of the release that made it");
    }
    if (header.consortium() != AsText(root_.consortium)) {
      return BadReport("it is of another consortium than the bundle; get that consortium's bundle");
    }
    if (!IsTime(header.period().from_time()) || !IsTime(header.period().to_time()))
      return BadReport("its period is none");
    if (!IsTime(header.create_time())) return BadReport("the time that it was made at is none");
    auto checkpoint = tlog::OpenCheckpoint(header.checkpoint(), root_.log_key);
    if (!checkpoint.ok()) return Annotate(checkpoint.status(), "the report's checkpoint");
    findings_.checkpoint = *std::move(checkpoint);
    MUSTER_ASSIGN_OR_RETURN(reporter_key_, crypto::ParseVerifyKey(header.reporter_key()));
    MUSTER_RETURN_IF_ERROR(
        Annotate(VerifySample(findings_.checkpoint, reporter_key_, header.sample_signature()),
                 "the signature that draws the sample"));
    reporter_ = header.reporter();
    sample_signature_ = header.sample_signature();
    findings_.consortium = root_.consortium_name;
    findings_.create_time = header.create_time();
    findings_.period = header.period();
    clock_ = LogClock(header.create_time());
    if (root_.checkpoint.size > findings_.checkpoint.size) findings_.link = BundleLink::kBehind;
    return absl::OkStatus();
  }

  absl::Status Consume(ReadBlock block) {
    if (block.first_index != static_cast<int64_t>(tree_.size()))
      return block.status.ok() ? BadReport("its entries do not follow one another") : block.status;
    // One form: a block is full, and was not before its last entry, unless it is the log's last.
    if (last_block_) return BadReport("its entries are cut otherwise than they should be");
    last_block_ = block.bytes < kBlockBytes;
    if (block.status.ok() && (block.entries.empty() ||
                              (!last_block_ && block.bytes - block.last_bytes >= kBlockBytes))) {
      return BadReport("its entries are cut otherwise than they should be");
    }
    for (ReadEntry& entry : block.entries) MUSTER_RETURN_IF_ERROR(Consume(entry));
    return block.status;
  }

  absl::Status Consume(ReadEntry& entry) {
    const uint64_t index = tree_.size();
    if (index == findings_.checkpoint.size)
      return BadReport("it has more entries than its checkpoint");
    tree_.Append(entry.leaf);
    if (tree_.size() == root_.checkpoint.size) {
      if (tree_.Root() != root_.checkpoint.root) {
        return MakeError(v1::LOG_FORKED,
                         "the first " + std::to_string(tree_.size()) +
                             " entries of the report are not those of the bundle's tree, and the "
                             "log signed both: keep both files, they are the evidence");
      }
      findings_.link = root_.checkpoint.size == findings_.checkpoint.size ? BundleLink::kSame
                                                                          : BundleLink::kGrown;
    }
    if (entry.closed) {
      return MakeError(v1::REPORT_INCOMPLETE,
                       Entry(index) +
                           " is closed: the report does not show what it says; have the auditor "
                           "make it anew");
    }
    if (!entry.later_kind.empty()) {
      ++later_count_;
      if (later_.size() < kLaterKindsNamed || later_.contains(entry.later_kind))
        later_.try_emplace(entry.later_kind, index);
      return absl::OkStatus();
    }
    const absl::Status applied = registry_.Apply(index, entry.statement);
    if (!applied.ok()) {
      // What came before and was not understood may be the reason.
      MUSTER_RETURN_IF_ERROR(CheckLaterKinds());
      return Annotate(applied, Entry(index));
    }
    if (index == 0 && registry_.charter_hash() != root_.charter_hash)
      return BadReport("its charter is not the bundle's");
    return Annotated(Take(index, entry.statement.statement), index);
  }

  static absl::Status Annotated(const absl::Status& status, uint64_t index) {
    return status.ok() ? status : Annotate(status, Entry(index));
  }

  // What an entry that holds adds to the figures.
  absl::Status Take(uint64_t index, const v1::Statement& statement) {
    NoteAsked(index, statement);
    if (statement.has_upload()) MUSTER_RETURN_IF_ERROR(CheckFiles(statement.upload()));
    if (statement.has_intake()) MUSTER_RETURN_IF_ERROR(CheckIntakeSum(statement.intake()));
    const LogClock::Reading reading = clock_.Read(statement.create_time(), statement.signer());
    if (reading.back_dated || reading.post_dated) Remark(index, statement, reading);
    if (!IsWithin(reading.time, findings_.period)) return absl::OkStatus();
    ++findings_.period_count;
    KindCount& count = CountOf(statement);
    ++count.count;
    CountDay(reading.time / kSecondsPerDay, count.kind);
    if (findings_.events.size() < kEventsMax || count.count == 1) {
      Event event = DescribeEvent(statement, registry_);
      count.understood = event.understood;
      event.index = index;
      event.time = reading.time;
      event.back_dated = reading.back_dated;
      event.post_dated = reading.post_dated;
      if (findings_.events.size() < kEventsMax) findings_.events.push_back(std::move(event));
    }
    if (const auto owner = governance::Registry::OwnerOf(statement); owner.has_value()) {
      Tally(statement, members_[*owner]);
    }
    Tally(statement, findings_.total);
    if (statement.has_upload()) TakeUpload(index, reading.time, statement);
    if (statement.has_match() && findings_.matches.size() < kEventsMax)
      findings_.matches.push_back({index, reading.time, statement.match()});
    return absl::OkStatus();
  }

  // What a member asked of the vault, and whether the vault has said that it is done.
  void NoteAsked(uint64_t index, const v1::Statement& statement) {
    switch (statement.body_case()) {
      case v1::Statement::kWithdrawal:
        asked_.try_emplace(statement.withdrawal().withdrawal(), index);
        break;
      case v1::Statement::kErase:
        asked_.try_emplace(statement.erase().erasure(), index);
        break;
      case v1::Statement::kWithdrawn:
        asked_.erase(statement.withdrawn().withdrawal());
        break;
      case v1::Statement::kErased:
        asked_.erase(statement.erased().erasure());
        break;
      default:
        break;
    }
  }
  void RemarkAsked() {
    for (const auto& [name, index] : asked_) {
      if (findings_.remark_count++ >= static_cast<int64_t>(kEventsMax)) continue;
      findings_.remarks.push_back(Entry(index) + " asks the vault for something that it has not " +
                                  "said it did (" + name + ")");
    }
  }

  // A name is a word to look up for every entry, and there are few of them.
  KindCount& CountOf(const v1::Statement& statement) {
    const bool voters = statement.upload().has_voterfile() || statement.intake().has_voterfile();
    KindCount*& count = counts_[{statement.body_case(), voters}];
    if (count == nullptr) {
      const std::string kind = EventKind(statement);
      count = &kinds_[kind];
      count->kind = kind;
    }
    return *count;
  }

  // Neighbors are of one day, mostly.
  void CountDay(int64_t day, const std::string& kind) {
    if (day_ == nullptr || day != day_number_) {
      day_ = &findings_.days[day];
      day_number_ = day;
    }
    ++(*day_)[kind];
  }

  static void Tally(const v1::Statement& statement, MemberFigures& figures) {
    ++figures.entries;
    switch (statement.body_case()) {
      case v1::Statement::kUpload: {
        const v1::UploadStatement& upload = statement.upload();
        figures.batches += upload.batch_count();
        if (upload.has_voterfile()) {
          ++figures.voter_files;
          break;
        }
        ++figures.uploads;
        figures.rows += upload.row_count();
        figures.rejected += upload.rejected_row_count();
        figures.withheld += upload.withheld_row_count();
        figures.records += upload.record_count();
        break;
      }
      case v1::Statement::kIntake: {
        const v1::IntakeStatement& intake = statement.intake();
        if (intake.has_voterfile()) {
          figures.voters += intake.voterfile().voter_count();
          break;
        }
        ++figures.read;
        figures.contacts += intake.contact_count();
        figures.duplicates += intake.duplicate_count();
        figures.suppressions += intake.suppression_count();
        figures.exclusions += intake.exclusion_count();
        figures.refused += intake.refused_count();
        figures.replaced += intake.replaced_count();
        break;
      }
      case v1::Statement::kWithdrawal:
        ++figures.withdrawals;
        break;
      case v1::Statement::kWithdrawn:
        figures.withdrawn_sources += statement.withdrawn().source_count();
        break;
      default:  // counted under its kind
        break;
    }
  }

  void TakeUpload(uint64_t index, int64_t time, const v1::Statement& statement) {
    const v1::UploadStatement& upload = statement.upload();
    Population item;
    // The registry has taken both names.
    item.upload = *UploadId::Parse(upload.upload());
    item.uploader = *PersonId::Parse(statement.signer());
    item.before = population_count_;
    item.batches = static_cast<uint64_t>(upload.batch_count());
    population_count_ += item.batches;
    population_.push_back(item);
    if (!upload.has_voterfile() || findings_.voter_files.size() >= kEventsMax) return;
    VoterFileFinding voters;
    voters.index = index;
    voters.time = time;
    voters.member = NameOf(*MemberId::Parse(upload.member()));
    voters.name = upload.list();
    voters.terms = upload.voterfile();
    voters.rows = upload.row_count();
    voters.withheld = upload.withheld_row_count();
    voters.upload = upload.upload();
    findings_.voter_files.push_back(std::move(voters));
  }

  void Remark(uint64_t index, const v1::Statement& statement, const LogClock::Reading& reading) {
    if (findings_.remark_count++ >= static_cast<int64_t>(kEventsMax)) return;
    findings_.remarks.push_back(
        Entry(index) + " (" + EventKind(statement) + ") is dated " +
        FormatRfc3339(statement.create_time()) +
        (reading.back_dated
             ? ", more than a day before an entry that stands ahead of it; it is counted under " +
                   FormatRfc3339(reading.time)
             : ", more than a day after this report was made; it is counted under " +
                   FormatRfc3339(reading.time)));
  }

  absl::Status CheckTree() const {
    if (tree_.size() != findings_.checkpoint.size) {
      return MakeError(v1::REPORT_INCOMPLETE, "the report has " + std::to_string(tree_.size()) +
                                                  " entries, and its checkpoint says " +
                                                  std::to_string(findings_.checkpoint.size));
    }
    if (tree_.Root() != findings_.checkpoint.root) {
      return MakeError(v1::PROOF_INVALID,
                       "the report's entries are not those of the tree that the log signed: one "
                       "was left out, added, changed or moved");
    }
    if (!registry_.founded()) return BadReport("it has no charter");
    return absl::OkStatus();
  }

  absl::Status CheckLaterKinds() const {
    if (later_.empty()) return absl::OkStatus();
    std::string named;
    for (const auto& [kind, index] : later_)
      named += (named.empty() ? "" : ", ") + kind + " (first in " + Entry(index) + ")";
    return MakeError(v1::REPORT_NOT_UNDERSTOOD,
                     std::to_string(later_count_) +
                         " entries are of kinds that this program does not know: " + named +
                         "; get a newer muster-audit");
  }

  absl::Status CheckReporter() {
    const governance::PersonRecord* reporter = registry_.FindPersonBySignKey(reporter_key_);
    if (reporter == nullptr || reporter->id.Name() != reporter_)
      return BadReport("whoever signed the file has not joined");
    if (!reporter->roles.Has(v1::ROLE_AUDITOR) || reporter->member.has_value())
      return BadReport("whoever signed the file is no auditor of the coalition");
    findings_.reporter_name = reporter->name;
    return absl::OkStatus();
  }

  absl::Status CheckSample(std::string_view payload) {
    v1::SampleBlock block;
    MUSTER_RETURN_IF_ERROR(ParseCanonical(payload, "its sample", block));
    const std::vector<uint64_t> drawn =
        DrawSample(findings_.checkpoint, sample_signature_, population_count_);
    findings_.sample_population = static_cast<int64_t>(population_count_);
    if (static_cast<size_t>(block.batches_size()) != drawn.size()) {
      return BadSample(std::to_string(drawn.size()) + " batches were drawn, and " +
                       std::to_string(block.batches_size()) + " are shown");
    }
    for (size_t i = 0; i < drawn.size(); ++i) {
      const auto after = std::upper_bound(
          population_.begin(), population_.end(), drawn[i],
          [](uint64_t number, const Population& item) { return number < item.before; });
      const Population& item = *std::prev(after);
      const v1::BatchOpening& opening = block.batches(static_cast<int>(i));
      const uint64_t sequence = drawn[i] - item.before;
      const std::string where = item.upload.Name() + ", batch " + std::to_string(sequence);
      if (opening.upload() != item.upload.Name() ||
          opening.sequence() != static_cast<int64_t>(sequence)) {
        return BadSample(where + " was drawn, and another is shown in its place");
      }
      MUSTER_RETURN_IF_ERROR(Annotated(CheckOpening(opening, item, sequence), where));
    }
    return absl::OkStatus();
  }
  static absl::Status Annotated(const absl::Status& status, const std::string& where) {
    return status.ok() ? status : Annotate(status, where);
  }

  absl::Status CheckOpening(const v1::BatchOpening& opening, const Population& item,
                            uint64_t sequence) {
    const governance::PersonRecord& uploader = *registry_.FindPerson(item.uploader);
    const governance::UploadRecord& upload = *registry_.FindUpload(item.upload);
    MUSTER_ASSIGN_OR_RETURN(const CheckedBatch batch, CheckBatch(opening.record(), sequence,
                                                                 item.upload, uploader, registry_));
    MUSTER_ASSIGN_OR_RETURN(const std::vector<Bytes32> hashes, tlog::ParseHashes(opening.hashes()));
    MUSTER_RETURN_IF_ERROR(
        crypto::VerifyInclusion(sequence, item.batches, batch.leaf, hashes, upload.batches_root));
    if (batch.header.last_row > upload.row_count ||
        batch.header.record_count > upload.record_count) {
      return BadSample("it has more rows or records than its upload");
    }
    SampledBatch sampled;
    sampled.upload = item.upload.Name();
    sampled.member = NameOf(upload.member);
    sampled.list = upload.list;
    sampled.sequence = opening.sequence();
    sampled.batch_count = static_cast<int64_t>(item.batches);
    sampled.first_row = batch.header.first_row;
    sampled.last_row = batch.header.last_row;
    sampled.records = batch.header.record_count;
    findings_.sample.push_back(std::move(sampled));
    return absl::OkStatus();
  }

  std::string NameOf(const MemberId& id) const {
    const governance::MemberRecord* member = registry_.FindMember(id);
    return member == nullptr ? id.Name() : member->name;
  }

  uint64_t JoinOf(const MemberFigures& figures) const {
    return registry_.FindMember(*MemberId::Parse(figures.member))->admission_index;
  }

  // Who the bundle says has witnessed, beside who takes part and what the charter in effect asks
  // for: the bundle shows neither.
  void RemarkWitnesses() {
    if (!root_.witnesses.has_value()) return;
    int64_t joined = 0;
    for (const tlog::NoteKey& witness : *root_.witnesses) {
      for (const auto& [id, person] : registry_.people()) {
        if (person.cosign_key == witness.key &&
            tlog::WitnessName(root_.log_key.name, id.Name()) == witness.name) {
          ++joined;
        }
      }
    }
    const auto all = static_cast<int64_t>(root_.witnesses->size());
    if (joined < all) {
      ++findings_.remark_count;
      findings_.remarks.push_back(std::to_string(all - joined) +
                                  " of those who cosigned the bundle's checkpoint never joined");
    }
    if (joined < registry_.terms().witness_count()) {
      ++findings_.remark_count;
      findings_.remarks.push_back(
          "the bundle's checkpoint was cosigned by " + std::to_string(joined) +
          " who take part, and the charter in effect asks for " +
          std::to_string(registry_.terms().witness_count()) +
          ": have more members run `muster log witness`, and get a new bundle");
    }
  }

  void Conclude() {
    RemarkWitnesses();
    RemarkAsked();
    findings_.entry_count = static_cast<int64_t>(tree_.size());
    for (const auto& [id, member] : registry_.members()) {
      MemberFigures figures = members_[id];
      figures.member = id.Name();
      figures.name = member.name;
      figures.people = static_cast<int64_t>(member.people.size());
      findings_.members.push_back(std::move(figures));
    }
    std::sort(
        findings_.members.begin(), findings_.members.end(),
        [this](const MemberFigures& a, const MemberFigures& b) { return JoinOf(a) < JoinOf(b); });
    findings_.total.people = static_cast<int64_t>(registry_.people().size());
    for (const auto& [kind, count] : kinds_) findings_.kinds.push_back(count);
    findings_.events_left_out =
        findings_.period_count - static_cast<int64_t>(findings_.events.size());
    for (const auto& [id, person] : registry_.people()) {
      if (findings_.people.size() == kEventsMax) break;
      findings_.people.push_back(
          {person.name, person.member.has_value() ? NameOf(*person.member) : "",
           governance::FormatRoles(person.roles), person.join_time, person.join_index});
    }
    std::sort(findings_.people.begin(), findings_.people.end(),
              [](const auto& a, const auto& b) { return a.join_index < b.join_index; });
    for (VoterFileFinding& file : findings_.voter_files) {
      const auto id = UploadId::Parse(file.upload);
      const governance::UploadRecord* upload = registry_.FindUpload(*id);
      if (upload->voters.has_value()) file.voters = upload->voters->voter_count();
    }
    std::set<UploadId> unread;
    for (const auto& [id, upload] : registry_.uploads()) {
      if (!upload.intake_index.has_value()) unread.insert(id);
    }
    for (const Population& item : population_) {
      if (unread.empty()) break;
      if (!unread.contains(item.upload)) continue;
      if (findings_.unread_count++ < static_cast<int64_t>(kEventsMax))
        findings_.unread.push_back(item.upload.Name());
    }
  }

  const AuditRoot& root_;
  BlockPool pool_;
  CoalitionFindings findings_;
  governance::Registry registry_;
  crypto::MerkleFrontier tree_;
  LogClock clock_{0};
  crypto::VerifyKey reporter_key_;
  std::string reporter_;
  std::string sample_signature_;
  bool last_block_ = false;
  std::map<std::string, uint64_t> asked_;  // of the vault, by name, and not done
  std::map<MemberId, MemberFigures> members_;
  std::map<std::string, KindCount> kinds_;
  std::map<std::pair<int, bool>, KindCount*> counts_;
  std::map<std::string, int64_t>* day_ = nullptr;
  int64_t day_number_ = 0;
  std::vector<Population> population_;
  uint64_t population_count_ = 0;
  std::map<std::string, uint64_t> later_;
  int64_t later_count_ = 0;
};

}  // namespace

absl::StatusOr<CoalitionFindings> VerifyCoalition(std::istream& file, const AuditRoot& root,
                                                  const VerifyOptions& options) {
  const int threads =
      options.threads > 0
          ? options.threads
          : std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kThreadsMax);
  CoalitionCheck check(root, threads);
  return check.Run(file);
}

}  // namespace muster::report
