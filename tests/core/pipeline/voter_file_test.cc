// SPDX-License-Identifier: Apache-2.0
//
// Voter files through the vault: what is read, what counts, and what a match meets of it.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/pipeline/match_rows.h"
#include "core/store/voter_row.h"
#include "core/token/sketch.h"
#include "tests/core/pipeline/vault_fixture.h"

namespace muster::pipeline {
namespace {

using contact::ContactRecord;
using contact::Field;
using test::Line;
using test::SealedUpload;
using test::TestPerson;
using test::TestVault;
using testing::Must;

v1::VoterFileTerms Terms(const std::string& as_of, const std::string& state = "NC") {
  v1::VoterFileTerms terms;
  terms.set_layout("nc");
  terms.set_as_of(as_of);
  terms.set_permitted_use("elections only");
  terms.set_state(state);
  return terms;
}

ContactRecord Voter(const std::string& number, uint32_t row, const std::string& party = "UNA") {
  ContactRecord record;
  record.row = row;
  record[Field::kVoterFileId] = number;
  record[Field::kFirstName] = "Wilhelmina" + number;
  record[Field::kLastName] = "Testvoter";
  record[Field::kCity] = "Exampleton";
  record[Field::kZip] = "27000";
  record[Field::kParty] = party;
  record[Field::kDistricts] = "congressional=06\nstate_house=54";
  return record;
}

ContactRecord History(const std::string& number, uint32_t row, const std::string& votes) {
  ContactRecord record;
  record.row = row;
  record[Field::kVoterFileId] = number;
  record[Field::kVoteHistory] = votes;
  return record;
}

std::vector<ContactRecord> Voters(size_t first, size_t end, const std::string& party = "UNA") {
  std::vector<ContactRecord> records;
  for (size_t i = first; i < end; ++i)
    records.push_back(
        Voter("AA" + std::to_string(i), static_cast<uint32_t>(records.size() + 1), party));
  return records;
}

struct Room {
  TestVault vault;
  TestPerson& ada = vault.AddMember("Parks");
  TestPerson& sam = vault.AddColleague(ada, {v1::ROLE_STEWARD});

  SealedUpload Seal(const std::string& name, const v1::VoterFileTerms& terms,
                    const std::vector<ContactRecord>& records, size_t batch_records = 50) {
    return vault.SealRecords(sam, name, records, batch_records, v1::UploadStatement::APPEND, terms);
  }
  v1::IntakeStatement Load(const std::string& name, const v1::VoterFileTerms& terms,
                           const std::vector<ContactRecord>& records, size_t batch_records = 50) {
    return vault.TakeIn(Seal(name, terms, records, batch_records));
  }
  const store::VaultStore& store() { return vault.vault().store(); }
  std::vector<VoterFile> Current() { return Must(CurrentVoterFiles(store())); }
  token::Token TokenOf(const std::string& number, const std::string& state = "NC") {
    return vault.vault().keyring().token_key().VoterToken(state, number);
  }
  std::vector<token::Token> Met(const VoterFile& file, const TokenRange& range = {}) {
    std::vector<token::Token> met;
    VoterCursor voters(store().rows(), file, range);
    for (; voters.valid(); voters.Next()) {
      REQUIRE(voters.sketch().size() == token::kSketchBytes);
      met.push_back(voters.voter());
    }
    REQUIRE_OK(voters.status());
    return met;
  }
  size_t Rows(store::Family family) {
    size_t count = 0;
    for (auto cursor = store().rows().Scan(family, "", ""); cursor->valid(); cursor->Next())
      ++count;
    return count;
  }
  std::string PartyOf(const VoterFile& file, const std::string& number) {
    const auto row = Must(ReadVoter(store().rows(), file, TokenOf(number)));
    return row.has_value() ? std::string(row->Get(Field::kParty)) : "none";
  }
};

}  // namespace

TEST_CASE("Voter file: each voter is met once, in the order of tokens, with what segments need",
          "[pipeline]") {
  Room room;
  const v1::IntakeStatement words = room.Load("nc-1", Terms("2026-09-01"), Voters(0, 120));
  CHECK(words.voterfile().voter_count() == 120);
  CHECK(words.voterfile().current());
  CHECK(words.contact_count() == 0);
  CHECK(words.record_count() == 120);

  const std::vector<VoterFile> files = room.Current();
  REQUIRE(files.size() == 1);
  CHECK(files[0].name == "nc-1");
  CHECK(files[0].terms.as_of() == "2026-09-01");
  CHECK(files[0].voter_count == 120);
  const std::vector<token::Token> met = room.Met(files[0]);
  REQUIRE(met.size() == 120);
  REQUIRE(std::is_sorted(met.begin(), met.end()));
  std::vector<token::Token> parts;
  for (const TokenRange& range : SplitTokens(7)) {
    for (const token::Token& voter : room.Met(files[0], range)) parts.push_back(voter);
  }
  CHECK((parts == met));

  const auto row = Must(ReadVoter(room.store().rows(), files[0], room.TokenOf("AA7")));
  REQUIRE(row.has_value());
  CHECK(row->row == 8);
  CHECK(row->Get(Field::kVoterFileId) == "AA7");
  CHECK(row->Get(Field::kParty) == "UNA");
  CHECK(row->Get(Field::kDistricts) == "congressional=06\nstate_house=54");
  CHECK(row->Get(Field::kPrecinct).empty());
  CHECK(row->Get(Field::kFirstName).empty());
  CHECK(row->fields.find("Wilhelmina") == std::string::npos);
  CHECK_FALSE(Must(ReadVoter(room.store().rows(), files[0], room.TokenOf("AA500"))).has_value());

  // No list, no figure, no contact.
  const v1::MemberFigures figures = room.vault.Figures(room.ada);
  CHECK(figures.contact_count() == 0);
  CHECK(figures.lists_size() == 0);
  CHECK(room.Rows(store::kSources) == 0);
}

TEST_CASE(
    "Voter file: of a number that occurs twice the first stands, and a row without one is "
    "refused",
    "[pipeline]") {
  Room room;
  std::vector<ContactRecord> records = Voters(0, 60, "DEM");
  records.push_back(Voter(" aa3 ", 61, "REP"));  // as AA3
  records.push_back(Voter("AA59", 62, "REP"));
  records.push_back(Voter("AA59", 63, "LIB"));
  records.push_back(Voter("", 64));
  const v1::IntakeStatement words = room.Load("nc-1", Terms("2026-09-01"), records, 20);
  CHECK(words.voterfile().voter_count() == 60);
  CHECK(words.duplicate_count() == 3);
  CHECK(words.refused_count() == 1);
  const VoterFile file = room.Current().at(0);
  CHECK(room.Met(file).size() == 60);
  CHECK(room.PartyOf(file, "AA3") == "DEM");
  CHECK(room.PartyOf(file, "AA59") == "DEM");
  CHECK(room.Rows(store::kVoters) == 60);
}

TEST_CASE("Voter file: votes of all files of a source come together, once each", "[pipeline]") {
  Room room;
  std::vector<ContactRecord> records = Voters(0, 3);
  records[1][Field::kVoteHistory] = "2020-11-03 general";
  records.push_back(History("AA0", 4, "2022-11-08 general absentee\n2020-11-03 general"));
  records.push_back(History("AA1", 5, "2022-11-08 general"));
  records.push_back(History("AA1", 6, "2020-11-03 general"));
  records.push_back(History("ZZ9", 7, "2022-11-08 general"));  // a voter no longer in the file
  const v1::IntakeStatement words = room.Load("nc-1", Terms("2026-09-01"), records, 2);
  CHECK(words.voterfile().voter_count() == 3);
  CHECK(words.voterfile().history_record_count() == 4);
  CHECK(words.duplicate_count() == 0);
  const VoterFile file = room.Current().at(0);
  using Votes = std::vector<std::string>;
  const auto votes = [&](const std::string& number) {
    return Must(ReadVoterHistory(room.store(), room.Current().at(0), room.TokenOf(number)));
  };
  CHECK((votes("AA0") == Votes{"2020-11-03 general", "2022-11-08 general absentee"}));
  CHECK((votes("AA1") == Votes{"2020-11-03 general", "2022-11-08 general"}));
  CHECK(votes("AA2").empty());
  CHECK((votes("ZZ9") == Votes{"2022-11-08 general"}));

  // They stay when a newer extract takes the voters' place.
  room.Load("nc-2", Terms("2026-10-01"), Voters(1, 9));
  CHECK((votes("AA1") == Votes{"2020-11-03 general", "2022-11-08 general"}));
  CHECK((votes("AA0") == Votes{"2020-11-03 general", "2022-11-08 general absentee"}));
}

TEST_CASE("Voter file: the extract of the latest day counts, whichever came last", "[pipeline]") {
  Room room;
  room.Load("nc-9", Terms("2026-09-01"), Voters(0, 80, "DEM"));
  room.Load("oh-9", Terms("2026-09-01", "OH"), Voters(0, 10, "REP"));
  const v1::IntakeStatement newer = room.Load("nc-10", Terms("2026-10-01"), Voters(40, 140, "LIB"));
  CHECK(newer.voterfile().current());
  std::vector<VoterFile> files = room.Current();
  REQUIRE(files.size() == 2);
  CHECK(files[0].name == "nc-10");
  CHECK(files[1].name == "oh-9");
  CHECK(room.Met(files[0]).size() == 100);
  CHECK(room.PartyOf(files[0], "AA50") == "LIB");
  CHECK(room.PartyOf(files[0], "AA3") == "none");

  // Too late: accepted, and not current.
  std::vector<ContactRecord> old = Voters(0, 30, "GRE");
  old.push_back(History("AA50", 31, "2018-11-06 general"));
  const v1::IntakeStatement late = room.Load("nc-8", Terms("2026-08-01"), old);
  CHECK_FALSE(late.voterfile().current());
  CHECK(late.voterfile().voter_count() == 30);
  files = room.Current();
  REQUIRE(files.size() == 2);
  CHECK(files[0].name == "nc-10");
  CHECK(room.PartyOf(files[0], "AA50") == "LIB");
  CHECK(Must(ReadVoterHistory(room.store(), files[0], room.TokenOf("AA50"))) ==
        std::vector<std::string>{"2018-11-06 general"});

  // Of one day the later one: a correction.
  CHECK(room.Load("nc-10b", Terms("2026-10-01"), Voters(40, 141, "CST")).voterfile().current());
  CHECK(room.PartyOf(room.Current().at(0), "AA50") == "CST");
  CHECK(room.Rows(store::kVoters) == 101 + 10);
  CHECK(room.Rows(store::kVoterSketches) == 101 + 10);
  room.vault.Reopen();
  CHECK(room.Met(room.Current().at(0)).size() == 101);
  REQUIRE_OK(room.vault.vault().pool().Compact());
  CHECK_FALSE(Must(room.vault.vault().pool().CompactionDue()));
  CHECK(room.Met(room.Current().at(0)).size() == 101);
}

TEST_CASE("Voter file: reading that breaks off anywhere gives the same rows", "[pipeline][fault]") {
  pipeline::IntakeOptions options;
  options.chunk_rows = 60;
  options.bulk_rows_min = GENERATE(0, 1'000'000);
  Room room{TestVault(options)};
  std::vector<ContactRecord> records = Voters(0, 200);
  for (uint32_t i = 0; i < 200; i += 3)
    records.push_back(History("AA" + std::to_string(i), 201 + i, "2022-11-08 general"));
  records.push_back(Voter("AA0", 900));
  const SealedUpload upload = room.Seal("nc-1", Terms("2026-09-01"), records, 16);
  for (size_t stop = 1; stop < upload.batches.size(); stop += 3) {
    auto reading = Must(room.vault.vault().Read(upload.id.Name(), nullptr));
    for (int64_t n = reading->run().durable_count(); n < static_cast<int64_t>(stop); ++n)
      REQUIRE_OK(reading->run().Put(n, upload.batches[static_cast<size_t>(n)]));
    if (stop % 2 == 0) REQUIRE_OK(reading->run().Flush());
    reading.reset();
    room.vault.Reopen();
  }
  CHECK(room.Current().empty());  // nothing counts before it is whole
  REQUIRE_OK(room.vault.Send(upload));
  const uint64_t index = room.vault.Commit(upload);
  const v1::IntakeStatement words = Must(room.vault.Finish(upload, index));
  CHECK(words.voterfile().voter_count() == 200);
  CHECK(words.duplicate_count() == 1);
  CHECK(words.voterfile().history_record_count() == 67);
  room.vault.Reopen();
  CHECK(Must(room.vault.Finish(upload, index)).SerializeAsString() == words.SerializeAsString());
  CHECK(room.Met(room.Current().at(0)).size() == 200);
  CHECK(room.Rows(store::kVoterHistory) == 67);
}

TEST_CASE("Voter file: a batch is a steward's, and a list's an uploader's", "[pipeline]") {
  Room room;
  const SealedUpload by_uploader = room.vault.SealRecords(
      room.ada, "nc-1", Voters(0, 10), 50, v1::UploadStatement::APPEND, Terms("2026-09-01"));
  REQUIRE_REASON(room.vault.Send(by_uploader), v1::BATCH_NOT_YOURS);
  const SealedUpload by_steward =
      room.vault.SealRecords(room.sam, "list", Voters(0, 10), 50, v1::UploadStatement::APPEND, {});
  REQUIRE_REASON(room.vault.Send(by_steward), v1::BATCH_NOT_YOURS);
}

TEST_CASE("Voter file: the statement is of the terms that the upload was opened with",
          "[pipeline]") {
  Room room;
  SealedUpload upload = room.Seal("nc-1", Terms("2026-09-01"), Voters(0, 10));
  REQUIRE_OK(room.vault.Send(upload));
  REQUIRE_REASON(room.vault.vault().OpenIntake(upload.id.Name(), room.sam.member->Name(), "nc-1"),
                 v1::UPLOAD_EXISTS);
  upload.voterfile.set_as_of("2026-10-01");
  const uint64_t index = room.vault.Commit(upload);
  REQUIRE_REASON(room.vault.Finish(upload, index), v1::STATEMENT_REFUSED);
  CHECK(room.Current().empty());

  v1::VoterFileTerms useless = Terms("2026-09-01");
  useless.clear_permitted_use();
  REQUIRE_REASON(room.vault.vault().OpenIntake(test::DrawId<UploadId>().Name(),
                                               room.sam.member->Name(), "nc-2", useless),
                 v1::STATEMENT_MALFORMED);
}

TEST_CASE("Voter file: what is withdrawn or given up leaves no voter and no vote", "[pipeline]") {
  Room room;
  std::vector<ContactRecord> records = Voters(0, 20);
  records.push_back(History("AA0", 21, "2022-11-08 general"));
  room.Load("nc-9", Terms("2026-09-01"), records);
  room.Load("nc-10", Terms("2026-10-01"), Voters(0, 30));
  CHECK(room.Rows(store::kVoterHistory) == 1);

  const v1::WithdrawnStatement first =
      room.vault.Apply(room.vault.StateWithdrawal(room.sam, "nc-9", {}));
  CHECK(first.source_count() == 0);  // it was not current
  CHECK(room.Rows(store::kVoterHistory) == 0);
  CHECK(room.Current().size() == 1);
  const v1::WithdrawnStatement second =
      room.vault.Apply(room.vault.StateWithdrawal(room.ada, "nc-10", {}));
  CHECK(second.source_count() == 30);
  CHECK(room.Current().empty());
  CHECK(room.Rows(store::kVoters) + room.Rows(store::kVoterSketches) == 0);

  const SealedUpload upload = room.Seal("nc-11", Terms("2026-11-01"), records);
  REQUIRE_OK(room.vault.Send(upload));
  CHECK(room.Rows(store::kVoters) == 20);
  REQUIRE_OK(room.vault.vault().CancelIntake(upload.id.Name()));
  CHECK(room.Rows(store::kVoters) + room.Rows(store::kVoterHistory) == 0);
}

TEST_CASE("Match rows: a contact comes with the sources that count, each with its sketch",
          "[pipeline]") {
  Room room;
  TestPerson& tom = room.vault.AddMember("Transit");
  room.vault.Upload(room.ada, "a", {{"x@example.org"}, {"y@example.org"}});
  room.vault.Upload(room.ada, "b", {{"x@example.org"}, {"z@example.org"}});
  room.vault.Upload(tom, "a", {{"x@example.org"}, {"w@example.org"}});
  const SealedUpload open = room.vault.Seal(tom, "c", {{"v@example.org"}, {"x@example.org"}}, 50);
  REQUIRE_OK(room.vault.Send(open));  // not committed: does not count
  room.vault.Apply(room.vault.StateWithdrawal(room.ada, "b", {}));

  const auto read = [&](const TokenRange& range) {
    std::map<token::Token, size_t> met;
    const auto contacts = Must(ContactCursor::Open(room.store(), range));
    for (; contacts->valid(); contacts->Next()) {
      met[contacts->contact()] = contacts->sources().size();
      for (const ContactSource& source : contacts->sources()) {
        CHECK(source.sketch.size() == token::kSketchBytes);
        CHECK(source.status == contact::Status::kSubscribed);
        CHECK(Must(store::DecodeSourceRow(source.row)).zip5 == 62704);
      }
    }
    REQUIRE_OK(contacts->status());
    return met;
  };
  const auto token = [&](const std::string& address) {
    return room.vault.vault().keyring().token_key().EmailToken(address);
  };
  const std::map<token::Token, size_t> met = read({});
  REQUIRE(met.size() == 3);
  CHECK(met.at(token("x@example.org")) == 2);
  CHECK(met.at(token("y@example.org")) == 1);
  CHECK(met.at(token("w@example.org")) == 1);
  size_t parts = 0;
  for (const TokenRange& range : SplitTokens(4)) parts += read(range).size();
  CHECK(parts == 3);
}

}  // namespace muster::pipeline
