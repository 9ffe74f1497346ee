// SPDX-License-Identifier: Apache-2.0
#include "core/report/coalition.h"

#include <google/protobuf/stubs/logging.h>

#include <map>
#include <set>
#include <sstream>

#include "core/crypto/hash.h"
#include "core/report/proves.h"
#include "core/report/verify_coalition.h"
#include "core/report/witnesses.h"
#include "core/tlog/witness.h"
#include "tests/core/report/report_fixture.h"
#include "tests/support/status.h"

namespace muster::report {
namespace {

using testing::Must;
using testing::Said;

[[maybe_unused]] const bool kQuiet = (google::protobuf::SetLogHandler(nullptr), true);

// Two members, an auditor, lists brought and taken back, voters, a match run.
struct Pool {
  Consortium consortium;
  Organization parks{"Parks Alliance"};
  Organization transit{"Transit Riders"};
  Someone auditor{"Auditor"};
  Pool() {
    consortium.Join(parks);
    consortium.Join(transit);
    consortium.JoinAuditor(auditor);
  }
  void Busy() {
    v1::UploadProvenance first = consortium.Upload(parks, 5, 2);
    consortium.Intake(first, [](v1::IntakeStatement& intake) {
      intake.set_contact_count(4);
      intake.set_duplicate_count(1);
    });
    v1::UploadProvenance second = consortium.Upload(transit, 7, 3);
    consortium.Intake(second);
    consortium.Upload(transit, 1, 1);  // not read yet
    consortium.Match(consortium.VoterFile(parks, 10));
    consortium.Withdraw(parks, "members");
  }
  absl::StatusOr<CoalitionFindings> Verify(const std::string& file) const {
    return Verify(file, consortium.Root());
  }
  static absl::StatusOr<CoalitionFindings> Verify(const std::string& file, const AuditRoot& root) {
    std::istringstream stream(file);
    return VerifyCoalition(stream, root, {2});
  }
  absl::StatusOr<CoalitionFindings> Verify(const Consortium::Coalition& report) const {
    return Verify(consortium.Encode(report, auditor));
  }
  Consortium::Coalition Report() const { return consortium.MakeCoalition(auditor); }
};

TEST_CASE("A coalition report that holds says who brought what and what was done with it",
          "[report]") {
  Pool pool;
  pool.Busy();
  const CoalitionFindings findings = Must(pool.Verify(pool.Report()));
  CHECK(findings.consortium == "River County Coalition");
  CHECK(findings.reporter_name == "Auditor");
  CHECK(findings.link == BundleLink::kSame);
  CHECK(findings.entry_count == static_cast<int64_t>(pool.consortium.size()));
  CHECK(findings.period_count == findings.entry_count);
  CHECK(findings.events.size() == pool.consortium.size());
  REQUIRE(findings.members.size() == 2);
  for (const MemberFigures& member : findings.members) {
    const bool parks = member.name == "Parks Alliance";
    CHECK(member.uploads == (parks ? 1 : 2));
    CHECK(member.records == (parks ? 5 : 8));
    CHECK(member.contacts == (parks ? 4 : 7));
    CHECK(member.duplicates == (parks ? 1 : 0));
    CHECK(member.voter_files == (parks ? 1 : 0));
    CHECK(member.voters == (parks ? 10 : 0));
    CHECK(member.withdrawals == (parks ? 1 : 0));
    CHECK(member.withdrawn_sources == (parks ? 3 : 0));
    CHECK(member.people == 1);
  }
  CHECK(findings.total.records == 13);
  CHECK(findings.total.people == 4);
  CHECK(findings.unread_count == 1);
  REQUIRE(findings.voter_files.size() == 1);
  CHECK(findings.voter_files[0].terms.permitted_use() == "elections only");
  CHECK(findings.voter_files[0].voters == 10);
  REQUIRE(findings.matches.size() == 1);
  CHECK(findings.matches[0].statement.table().bands(0).noisy_count() == 1234);
  CHECK(findings.people.size() == 4);
  CHECK(findings.people[3].roles == "auditor");
  CHECK(findings.sample_population == 3 + 3 + 1 + 1);
  CHECK(findings.sample.size() == 8);
  CHECK(findings.remarks.empty());
  for (const KindCount& kind : findings.kinds) CHECK(kind.understood);
}

TEST_CASE("A coalition report over a log with every kind of statement tells each in words",
          "[report]") {
  Pool pool;
  pool.consortium.SayEverything(pool.parks, pool.transit);
  const CoalitionFindings findings = Must(pool.Verify(pool.Report()));
  std::map<std::string, std::string> told;  // one of each kind
  for (const Event& event : findings.events) {
    CHECK(event.understood);
    told[event.kind] = event.text;
  }
  CHECK(told.size() == findings.kinds.size());
  for (const KindCount& kind : findings.kinds) CHECK(kind.understood);
  const auto* body = v1::Statement::descriptor()->FindOneofByName("body");
  for (int i = 0; i < body->field_count(); ++i) {
    INFO(body->field(i)->name() << ": say one in SayEverything");
    CHECK(told.contains(body->field(i)->name()));
  }
  CHECK(told["voterfile_intake"] ==
        "read 10 records of " + findings.voter_files[0].upload + " once: 10 voters, 0 of history");
  CHECK(told["charter_proposal"].find("version 3 of the charter (2 members decide)") !=
        std::string::npos);
  CHECK(told["ceremony"] == "asked for the vault's root to be made anew and split, 2 of 2");
  CHECK(told["endorsement"].find("found their share of the vault's root good") == 0);
  CHECK(told["vault_key"] ==
        "was unsealed with the shares of Parks Alliance's person, Transit Riders's person");
  CHECK(told["seal"].find("nobody is here over the holidays") != std::string::npos);
  CHECK(told["erased"] == "did nothing: this member had not brought it");
  CHECK(told["person_report"] == "told a person what this member has of them");
  std::set<std::string> endorsed;
  for (const Event& event : findings.events) {
    if (event.kind == "endorsement") endorsed.insert(event.text.substr(0, event.text.find(" (")));
  }
  CHECK(endorsed == std::set<std::string>{"signed version 3 of the charter",
                                          "signed that the vault's root be split anew",
                                          "found their share of the vault's root good"});
}

TEST_CASE("A coalition report does not hold where a quorum or a holder was made up", "[report]") {
  Pool pool;
  Consortium& consortium = pool.consortium;
  SECTION("one member signs twice for two") {
    consortium.Propose(pool.parks, 2);
    consortium.Endorse(pool.parks, consortium.Propose(pool.parks, 2));
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::ALREADY_SIGNED);
  }
  SECTION("a charter that follows one not in effect") {
    consortium.Propose(pool.parks, 2);
    consortium.Propose(pool.parks, 1);
    consortium.Propose(pool.transit, 2);  // goes on as if the one before were in effect
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::CHARTER_STALE);
  }
  SECTION("a signature under something that is not on the log") {
    consortium.Endorse(pool.parks, Bytes32{1});
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::NOTHING_TO_SIGN);
  }
  SECTION("a member admitted before the quorum has signed") {
    consortium.Propose(pool.parks, 2);
    Organization museum("Museum");
    consortium.Join(museum);
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::QUORUM_MISSING);
  }
  SECTION("the vault opens itself") {
    consortium.DecideAndSplit(pool.parks, pool.transit);
    v1::Statement again = consortium.StatementAt(consortium.size() - 2);
    REQUIRE(again.vault_key().has_unsealed());
    consortium.Append(again, {&consortium.vault_sign});
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_REFUSED);
  }
  SECTION("an erasure that nobody asked for") {
    v1::Statement said = consortium.NewStatement("vault");
    said.mutable_erased()->set_erasure(ErasureId{Bytes8{1}}.Name());
    said.mutable_erased()->set_member(pool.parks.id.Name());
    said.mutable_erased()->set_commitment(std::string(32, 'c'));
    consortium.Append(said, {&consortium.vault_sign});
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_REFUSED);
  }
  SECTION("an erasure in another member's name") {
    v1::Statement asked = consortium.StatementAt(consortium.Erase(pool.parks));
    asked.mutable_erase()->set_erasure(ErasureId{Bytes8{2}}.Name());
    consortium.Append(asked, {&pool.transit.person.sign});
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_REFUSED);
  }
}

TEST_CASE("Who cosigned the bundle is compared with who takes part, and with the charter in effect",
          "[report]") {
  Pool pool;
  AuditRoot root = pool.consortium.Root();
  const std::string file = pool.consortium.EncodeCoalition(pool.auditor);
  const auto remarks = [&] { return Must(Pool::Verify(file, root)).remarks; };
  CHECK(remarks().empty());  // nobody looked
  root.witnesses = Must(WitnessKeys(pool.consortium.MakeBundle()));
  REQUIRE(root.witnesses->size() == 1);
  CHECK(remarks().empty());
  SECTION("somebody who never joined") {
    tlog::NoteKey stranger = root.witnesses->front();
    stranger.key = crypto::SigningKey::Generate().verify_key();
    root.witnesses->push_back(stranger);
    REQUIRE(remarks().size() == 1);
    CHECK(remarks()[0].find("never joined") != std::string::npos);
    root.witnesses->erase(root.witnesses->begin());
    CHECK(remarks().size() == 2);
  }
  SECTION("a name that is another's") {
    root.witnesses->front().name =
        tlog::WitnessName(root.log_key.name, pool.parks.person.id.Name());
    CHECK(remarks().size() == 2);
  }
  SECTION("nobody") {
    root.witnesses->clear();
    REQUIRE(remarks().size() == 1);
    CHECK(remarks()[0].find("by 0 who take part, and the charter in effect asks for 1") !=
          std::string::npos);
  }
}

TEST_CASE("What a member asked of the vault and was not done is named", "[report]") {
  Pool pool;
  pool.consortium.Withdraw(pool.parks, "members");
  const uint64_t erase = pool.consortium.Erase(pool.transit);
  CHECK(Must(pool.Verify(pool.Report())).remarks.empty());
  pool.consortium.entries().pop_back();
  const CoalitionFindings findings = Must(pool.Verify(pool.Report()));
  REQUIRE(findings.remarks.size() == 1);
  CHECK(findings.remark_count == 1);
  CHECK(findings.remarks[0].find("entry " + std::to_string(erase) + " asks the vault") == 0);
}

TEST_CASE("A coalition report of an empty pool holds", "[report]") {
  const Pool pool;
  const CoalitionFindings findings = Must(pool.Verify(pool.Report()));
  CHECK(findings.sample.empty());
  CHECK(findings.total.uploads == 0);
}

TEST_CASE("A bit flipped in any byte of a coalition report is noticed", "[report]") {
  Pool pool;
  pool.consortium.Intake(
      *std::make_unique<v1::UploadProvenance>(pool.consortium.Upload(pool.parks, 2, 1)));
  const std::string file = pool.consortium.EncodeCoalition(pool.auditor);
  const AuditRoot root = pool.consortium.Root();
  REQUIRE_OK(Pool::Verify(file, root));
  size_t taken = 0;
  for (size_t at = 0; at < file.size(); ++at) {
    std::string flipped = file;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    if (Pool::Verify(flipped, root).ok()) ++taken;
  }
  CHECK(taken == 0);
}

TEST_CASE("Every truncation of a coalition report, and every byte behind it, is noticed",
          "[report]") {
  Pool pool;
  pool.consortium.Upload(pool.parks, 2, 1);
  const std::string file = pool.consortium.EncodeCoalition(pool.auditor);
  const AuditRoot root = pool.consortium.Root();
  size_t taken = 0;
  for (size_t size = 0; size < file.size(); ++size) {
    if (Pool::Verify(file.substr(0, size), root).ok()) ++taken;
  }
  CHECK(taken == 0);
  REQUIRE_REASON(Pool::Verify(file + '\0', root), v1::REPORT_MALFORMED);
  REQUIRE_REASON(Pool::Verify(file + file, root), v1::REPORT_MALFORMED);
}

TEST_CASE("An auditor who signs again cannot leave out, repeat, move, add or change an entry",
          "[report]") {
  Pool pool;
  pool.Busy();
  Consortium::Coalition report = pool.Report();
  std::vector<v1::OpenedEntry>& entries = report.entries;
  SECTION("one left out at the end") { entries.pop_back(); }
  SECTION("one left out in the middle") { entries.erase(entries.begin() + 9); }
  SECTION("the charter left out") { entries.erase(entries.begin()); }
  SECTION("all left out") { entries.clear(); }
  SECTION("one twice") { entries.insert(entries.begin() + 9, entries[9]); }
  SECTION("one twice, at the end") { entries.push_back(entries.back()); }
  SECTION("two moved") { std::swap(entries[9], entries[11]); }
  SECTION("two that do not depend on one another moved") { std::swap(entries[1], entries[3]); }
  SECTION("one of another log") {
    const Pool other;
    entries[9] = other.Report().entries[1];
  }
  SECTION("another salt") { entries[9].mutable_salt()->at(0) ^= 1; }
  SECTION("no salt") { entries[9].clear_salt(); }
  SECTION("another body") { entries[9].set_body(entries[11].body()); }
  SECTION("one of this auditor's own") {
    Pool copy;
    entries.back().set_body(copy.Report().entries.back().body());
  }
  const auto findings = pool.Verify(report);
  REQUIRE_FALSE(findings.ok());
  CHECK_FALSE(Said(findings.status()).empty());
}

TEST_CASE("An entry that the report does not open makes it incomplete, and is named", "[report]") {
  Pool pool;
  pool.Busy();
  Consortium::Coalition report = pool.Report();
  v1::OpenedEntry& closed = report.entries[9];
  closed.set_commitment(
      ToString(tlog::EntryCommitment(*ToArray<32>(closed.salt()), closed.body())));
  closed.clear_salt();
  SECTION("its commitment alone") { closed.clear_body(); }
  SECTION("both") {
    REQUIRE_FALSE(pool.Verify(report).ok());
    closed.clear_body();
  }
  const auto findings = pool.Verify(report);
  REQUIRE_REASON(findings, v1::REPORT_INCOMPLETE);
  CHECK(Said(findings.status()).find("entry 9") != std::string::npos);
}

TEST_CASE("A log that lies about an entry is not saved by signing it", "[report]") {
  Pool pool;
  pool.Busy();
  SECTION("a vault's statement by another key") {
    const crypto::SigningKey other = crypto::SigningKey::Generate();
    v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 1);
    pool.consortium.Intake(upload, {}, &other);
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_REFUSED);
  }
  SECTION("an upload by somebody who has not joined") {
    const Someone stranger("Stranger");
    pool.consortium.Upload(pool.parks, 2, 1, {}, {}, &stranger);
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_REFUSED);
  }
  SECTION("an upload by somebody of another member") {
    pool.consortium.Upload(pool.parks, 2, 1, {}, {}, &pool.transit.person);
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_REFUSED);
  }
  SECTION("an intake of an upload that was never stated") {
    Pool other;
    v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 1);
    pool.consortium.Intake(upload, [](v1::IntakeStatement& intake) {
      intake.set_upload(UploadId{crypto::RandomArray<8>()}.Name());
    });
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_REFUSED);
  }
  SECTION("an intake twice") {
    v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 1);
    pool.consortium.Intake(upload);
    pool.consortium.Intake(upload);
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_REFUSED);
  }
  SECTION("an intake of more than was uploaded") {
    v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 1);
    pool.consortium.Intake(upload, [](v1::IntakeStatement& intake) {
      intake.set_record_count(3);
      intake.set_contact_count(3);
    });
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_REFUSED);
  }
  SECTION("more contacts than records") {
    v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 1);
    pool.consortium.Intake(upload,
                           [](v1::IntakeStatement& intake) { intake.set_contact_count(3); });
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::REPORT_MALFORMED);
  }
  SECTION("more rows than the files have") {
    pool.consortium.Upload(pool.parks, 2, 1,
                           [](v1::UploadStatement& upload) { upload.set_row_count(100); });
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::REPORT_MALFORMED);
  }
  SECTION("a signature that is none") {
    v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 1);
    tlog::Entry& entry = pool.consortium.entries().back();
    v1::SignedStatement bent;
    REQUIRE(bent.ParseFromString(entry.body));
    bent.mutable_signatures(0)->mutable_signature()->at(40) ^= 1;
    entry.body = bent.SerializeAsString();
    const auto findings = pool.Verify(pool.Report());
    REQUIRE_REASON(findings, v1::SIGNATURE_INVALID);
    CHECK(Said(findings.status()).find("entry " + std::to_string(pool.consortium.size() - 1)) !=
          std::string::npos);
  }
  SECTION("a body that is no statement") {
    pool.consortium.entries().back().body = "no statement";
    REQUIRE_REASON(pool.Verify(pool.Report()), v1::STATEMENT_MALFORMED);
  }
}

TEST_CASE("A kind of entry that this program does not know is named, and never passed over",
          "[report]") {
  Pool pool;
  // As a later version would write it: a body in field 90 of the oneof.
  const auto later = [&](int field) {
    v1::Statement statement = pool.consortium.NewStatement(pool.parks.person.id.Name());
    statement.GetReflection()
        ->MutableUnknownFields(&statement)
        ->AddLengthDelimited(field, "what it says");
    return pool.consortium.Append(statement, {&pool.parks.person.sign});
  };
  const uint64_t first = later(90);
  later(90);
  later(91);
  const auto findings = pool.Verify(pool.Report());
  REQUIRE_REASON(findings, v1::REPORT_NOT_UNDERSTOOD);
  const std::string said = Said(findings.status());
  CHECK(said.find("3 entries") != std::string::npos);
  CHECK(said.find("field 90 (first in entry " + std::to_string(first) + ")") != std::string::npos);
  CHECK(said.find("field 91") != std::string::npos);

  // What stands on it is not blamed.
  Pool pending;
  v1::Statement statement = pending.consortium.NewStatement(pending.parks.person.id.Name());
  statement.GetReflection()->MutableUnknownFields(&statement)->AddLengthDelimited(90, "joins");
  pending.consortium.Append(statement, {&pending.parks.person.sign});
  const Someone joined_so("Later");
  pending.consortium.Upload(pending.parks, 2, 1, {}, {}, &joined_so);
  REQUIRE_REASON(pending.Verify(pending.Report()), v1::REPORT_NOT_UNDERSTOOD);

  // A field of a known kind that only a later version knows.
  Pool more;
  v1::Statement upload = more.consortium.StatementAt(
      static_cast<uint64_t>(more.consortium.Upload(more.parks, 1, 1).upload().index()));
  more.consortium.entries().pop_back();
  upload.mutable_upload()
      ->GetReflection()
      ->MutableUnknownFields(upload.mutable_upload())
      ->AddVarint(77, 1);
  more.consortium.Append(upload, {&more.parks.person.sign});
  const auto with_more = more.Verify(more.Report());
  REQUIRE_REASON(with_more, v1::REPORT_NOT_UNDERSTOOD);
  CHECK(Said(with_more.status()).find("upload with later fields") != std::string::npos);
}

TEST_CASE("Whoever signed a coalition report joined as an auditor of no member", "[report]") {
  Pool pool;
  pool.Busy();
  const auto by = [&](const Someone& someone) {
    return pool.Verify(pool.consortium.Encode(pool.consortium.MakeCoalition(someone), someone));
  };
  REQUIRE_OK(by(pool.auditor));
  REQUIRE_REASON(by(pool.parks.person), v1::REPORT_MALFORMED);
  REQUIRE_REASON(by(pool.consortium.founder), v1::REPORT_MALFORMED);
  REQUIRE_REASON(by(Someone("Stranger")), v1::REPORT_MALFORMED);
  Consortium::Coalition report = pool.Report();
  report.header.set_reporter(pool.parks.person.id.Name());
  REQUIRE_REASON(pool.Verify(report), v1::REPORT_MALFORMED);
}

TEST_CASE("The sample is what was drawn: no batch another, none left out, none changed",
          "[report]") {
  Pool pool;
  pool.Busy();
  for (int i = 0; i < 5; ++i) pool.consortium.Upload(pool.parks, 9, 1);
  Consortium::Coalition report = pool.Report();
  const auto checkpoint = Must(tlog::OpenCheckpoint(
      report.header.checkpoint(), Must(tlog::NoteKey::Parse(pool.consortium.log_vkey))));
  report.header.set_sample_signature(
      pool.auditor.sign.Sign("muster/sample/v1\n", tlog::FormatCheckpoint(checkpoint)));
  const v1::SampleBlock drawn = pool.consortium.Sample(report);
  REQUIRE(drawn.batches_size() == 32);
  REQUIRE_OK(pool.Verify(report));
  v1::SampleBlock& sample = report.sample.emplace(drawn);
  SECTION("one left out") { sample.mutable_batches()->RemoveLast(); }
  SECTION("one twice") { *sample.add_batches() = drawn.batches(0); }
  SECTION("two moved") { sample.mutable_batches()->SwapElements(0, 1); }
  SECTION("none shown") { sample.Clear(); }
  SECTION("another's record") {
    *sample.mutable_batches(0)->mutable_record() = drawn.batches(1).record();
  }
  SECTION("a signature that is none") {
    sample.mutable_batches(3)->mutable_record()->mutable_signature()->at(9) ^= 1;
  }
  SECTION("another wrap") {
    sample.mutable_batches(3)->mutable_record()->mutable_holding_wrap()->at(9) ^= 1;
  }
  SECTION("another path") {
    for (v1::BatchOpening& batch : *sample.mutable_batches()) {
      if (batch.hashes().empty()) continue;
      batch.mutable_hashes(0)->at(0) ^= 1;
      break;
    }
  }
  SECTION("no path") {
    for (v1::BatchOpening& batch : *sample.mutable_batches()) batch.clear_hashes();
  }
  CHECK_FALSE(pool.Verify(report).ok());
}

TEST_CASE("An auditor cannot draw again: the signature that draws is theirs over the checkpoint",
          "[report]") {
  Pool pool;
  pool.Busy();
  Consortium::Coalition report = pool.Report();
  report.header.set_sample_signature(std::string(64, 's'));
  REQUIRE_REASON(pool.Verify(report), v1::SIGNATURE_INVALID);
  report.header.set_sample_signature(pool.parks.person.sign.Sign("muster/sample/v1\n", "anything"));
  REQUIRE_REASON(pool.Verify(report), v1::SIGNATURE_INVALID);
}

TEST_CASE("The bundle's tree is a beginning of the report's, or the log has forked", "[report]") {
  Pool pool;
  pool.Busy();
  const AuditRoot before = pool.consortium.Root();
  pool.consortium.Upload(pool.parks, 1, 1);
  const std::string file = pool.consortium.EncodeCoalition(pool.auditor);
  CHECK(Must(Pool::Verify(file, before)).link == BundleLink::kGrown);
  CHECK(Must(pool.Verify(file)).link == BundleLink::kSame);
  pool.consortium.Upload(pool.parks, 1, 1);
  CHECK(Must(pool.Verify(file)).link == BundleLink::kBehind);

  // The same log key tells somebody else another story.
  pool.consortium.entries()[before.checkpoint.size - 1].salt[0] ^= 1;
  REQUIRE_REASON(Pool::Verify(pool.consortium.EncodeCoalition(pool.auditor), before),
                 v1::LOG_FORKED);
}

TEST_CASE("A stale, foreign or larger checkpoint does not fit the entries", "[report]") {
  Pool pool;
  const std::string stale = pool.consortium.Checkpoint();
  pool.Busy();
  Consortium::Coalition report = pool.Report();
  SECTION("stale") { report.header.set_checkpoint(stale); }
  SECTION("of another log") { report.header.set_checkpoint(Pool().consortium.Checkpoint()); }
  SECTION("with entries to come") {
    report.entries.pop_back();
    report.entries.pop_back();
  }
  CHECK_FALSE(pool.Verify(report).ok());
}

TEST_CASE("A report of another consortium is refused, whatever it says it is", "[report]") {
  Pool pool;
  const Pool other;
  REQUIRE_REASON(
      Pool::Verify(other.consortium.EncodeCoalition(other.auditor), pool.consortium.Root()),
      v1::REPORT_MALFORMED);
  Consortium::Coalition relabeled = other.Report();
  relabeled.header.set_consortium(ToString(pool.consortium.id));
  CHECK_FALSE(
      Pool::Verify(other.consortium.Encode(relabeled, other.auditor), pool.consortium.Root()).ok());
}

TEST_CASE("A period chooses what is counted, and leaves nothing out of the proof", "[report]") {
  Pool pool;
  pool.Busy();
  const CoalitionFindings all = Must(pool.Verify(pool.Report()));
  const int64_t middle = all.events[9].time;
  Consortium::Coalition early = pool.Report();
  early.header.mutable_period()->set_to_time(middle);
  Consortium::Coalition late = pool.Report();
  late.header.mutable_period()->set_from_time(middle);
  const CoalitionFindings first = Must(pool.Verify(early));
  const CoalitionFindings second = Must(pool.Verify(late));
  CHECK(first.entry_count == all.entry_count);
  CHECK(first.period_count == 9);
  CHECK(first.period_count + second.period_count == all.period_count);
  CHECK(first.total.records + second.total.records == all.total.records);
  CHECK(first.sample_population + second.sample_population == all.sample_population);
  CHECK(first.events.size() == 9);
}

TEST_CASE("An entry dated before those ahead of it is counted where the log has it, and named",
          "[report]") {
  Pool pool;
  pool.Busy();
  v1::Statement statement = pool.consortium.NewStatement(pool.parks.person.id.Name());
  v1::PersonReportStatement& told = *statement.mutable_person_report();
  told.set_report(PersonReportId{crypto::RandomArray<8>()}.Name());
  told.set_member(pool.parks.id.Name());
  told.set_sealed_hash(std::string(32, 'h'));
  const int64_t honest = statement.create_time();
  statement.set_create_time(honest - 30 * 24 * 60 * 60);
  const uint64_t index = pool.consortium.Append(statement, {&pool.parks.person.sign});
  const CoalitionFindings findings = Must(pool.Verify(pool.Report()));
  REQUIRE(findings.remarks.size() == 1);
  CHECK(findings.remarks[0].find("entry " + std::to_string(index)) != std::string::npos);
  CHECK(findings.events.back().back_dated);
  CHECK(findings.events.back().time >= honest - 100);
  // It cannot hide in a month that was reported long ago.
  Consortium::Coalition recent = pool.Report();
  recent.header.mutable_period()->set_from_time(honest - 24 * 60 * 60);
  CHECK(Must(pool.Verify(recent)).events.back().index == index);

  // One of next year moves nothing behind it.
  told.set_report(PersonReportId{crypto::RandomArray<8>()}.Name());
  statement.set_create_time(honest + 365 * 24 * 60 * 60);
  pool.consortium.Append(statement, {&pool.parks.person.sign});
  pool.consortium.Upload(pool.parks, 1, 1);
  const CoalitionFindings after = Must(pool.Verify(pool.Report()));
  CHECK(after.remarks.size() == 2);
  CHECK_FALSE(after.events.back().back_dated);
}

TEST_CASE("Blocks are cut in one way, and the order of parts is fixed", "[report]") {
  Pool pool;
  pool.consortium.Upload(pool.parks, 2, 1);
  Consortium::Coalition report = pool.Report();
  const std::string good = pool.consortium.Encode(report, pool.auditor);
  // Frames by hand: the same content otherwise arranged, signed anew.
  struct Part {
    char kind;
    std::string payload;
  };
  std::vector<Part> parts;
  {
    std::istringstream stream(good);
    FrameReader reader(stream);
    for (int i = 0; i < 4; ++i) {
      FrameReader::Frame frame = Must(reader.Next());
      parts.push_back({frame.kind, std::move(frame.payload)});
    }
  }
  REQUIRE(parts[1].kind == 'E');
  REQUIRE(parts[2].kind == 'S');
  const auto arrange = [&](const std::vector<Part>& arranged) {
    std::string file(kCoalitionMagic);
    const auto frame = [&file](char kind, std::string_view payload) {
      PutU32(file, static_cast<uint32_t>(payload.size()));
      file.push_back(kind);
      file.append(payload);
    };
    for (const Part& part : arranged) frame(part.kind, part.payload);
    frame('Z', pool.auditor.sign.Sign(kCoalitionPurpose, AsText(crypto::Blake2b256(file))));
    return pool.Verify(file);
  };
  REQUIRE_OK(arrange({parts[0], parts[1], parts[2]}));
  v1::EntryBlock block;
  REQUIRE(block.ParseFromString(parts[1].payload));
  v1::EntryBlock one = block, rest = block;
  one.mutable_entries()->DeleteSubrange(1, block.entries_size() - 1);
  rest.mutable_entries()->DeleteSubrange(0, 1);
  rest.set_first_index(1);
  const Part first{'E', one.SerializeAsString()};
  const Part second{'E', rest.SerializeAsString()};
  const Part nothing{'E', ""};
  CHECK_FALSE(arrange({parts[0], first, second, parts[2]}).ok());
  CHECK_FALSE(arrange({parts[0], parts[1], nothing, parts[2]}).ok());
  CHECK_FALSE(arrange({parts[0], parts[1], parts[2], parts[2]}).ok());
  CHECK_FALSE(arrange({parts[0], parts[2], parts[1]}).ok());
  CHECK_FALSE(arrange({parts[1], parts[0], parts[2]}).ok());
  CHECK_FALSE(arrange({parts[0], parts[0], parts[1], parts[2]}).ok());
  CHECK_FALSE(arrange({parts[0], parts[1]}).ok());
  CHECK_FALSE(arrange({parts[0], {'?', ""}, parts[1], parts[2]}).ok());
  v1::EntryBlock unknown = block;
  unknown.GetReflection()->MutableUnknownFields(&unknown)->AddVarint(9, 1);
  CHECK_FALSE(arrange({parts[0], {'E', unknown.SerializeAsString()}, parts[2]}).ok());
  v1::CoalitionHeader header;
  REQUIRE(header.ParseFromString(parts[0].payload));
  header.set_version(2);
  REQUIRE_REASON(arrange({{'H', header.SerializeAsString()}, parts[1], parts[2]}),
                 v1::REPORT_NOT_UNDERSTOOD);
}

TEST_CASE("A log of many blocks is checked in order, and the first bad entry is the one named",
          "[report]") {
  Pool pool;
  // Bodies near the largest, so that a few entries make several blocks.
  const std::string words(4000, 'w');
  std::vector<uint64_t> uploads;
  for (int i = 0; i < 12; ++i) {
    uploads.push_back(
        static_cast<uint64_t>(pool.consortium
                                  .Upload(pool.parks, 1, 1,
                                          [&](v1::UploadStatement& upload) {
                                            upload.set_consent(words);
                                            for (int k = 0; k < 999; ++k) {
                                              v1::UploadFile& file = *upload.add_files();
                                              file = upload.files(0);
                                              file.set_file_name(std::string(240, 'n'));
                                              file.set_row_count(0);
                                              file.set_rejected_row_count(0);
                                            }
                                          })
                                  .upload()
                                  .index()));
  }
  const std::string file = pool.consortium.EncodeCoalition(pool.auditor);
  CHECK(file.size() > kBlockBytes);
  CHECK(Must(pool.Verify(file)).total.uploads == 12);
  for (const size_t which : {size_t{2}, size_t{7}, size_t{11}}) {
    v1::SignedStatement bent;
    REQUIRE(bent.ParseFromString(pool.consortium.entries()[uploads[which]].body));
    bent.mutable_signatures(0)->mutable_signature()->at(40) ^= 1;
    const std::string good = pool.consortium.entries()[uploads[which]].body;
    pool.consortium.entries()[uploads[which]].body = bent.SerializeAsString();
    const auto findings = pool.Verify(pool.Report());
    REQUIRE_REASON(findings, v1::SIGNATURE_INVALID);
    CHECK(Said(findings.status()).find("entry " + std::to_string(uploads[which])) !=
          std::string::npos);
    pool.consortium.entries()[uploads[which]].body = good;
  }
}

}  // namespace
}  // namespace muster::report
