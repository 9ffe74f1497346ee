// SPDX-License-Identifier: Apache-2.0
//
// Match runs against a made-up town whose truth is known: who is found, who is not guessed, what
// later and broken runs come to, and that no answer tells one member of what another brought.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "core/pipeline/match_run.h"
#include "core/store/match_row.h"
#include "tests/core/match/people.h"
#include "tests/core/pipeline/vault_fixture.h"

namespace muster::pipeline {
namespace {

using contact::ContactRecord;
using contact::Field;
using match::Outcome;
using store::ContactMatch;
using test::TestPerson;
using test::TestVault;
using testing::Must;

v1::VoterFileTerms Terms(const std::string& as_of = "2026-09-01", const std::string& state = "NC") {
  v1::VoterFileTerms terms;
  terms.set_layout("nc");
  terms.set_as_of(as_of);
  terms.set_permitted_use("elections only");
  terms.set_state(state);
  return terms;
}

std::string NumberOf(const Person& person) { return "AA" + std::to_string(person.id); }
std::string AddressOf(const Person& person) {
  return "person" + std::to_string(person.id) + "@example.org";
}

ContactRecord RecordOf(const Person& person, uint32_t row) {
  ContactRecord record;
  record.row = row;
  record[Field::kFirstName] = person.first;
  record[Field::kLastName] = person.last;
  record[Field::kBirthDate] = person.birth_date;
  record[Field::kAddress1] = person.address1;
  record[Field::kCity] = person.city;
  record[Field::kZip] = person.zip;
  return record;
}
ContactRecord VoterOf(const Person& person, uint32_t row) {
  ContactRecord record = RecordOf(person, row);
  record[Field::kVoterFileId] = NumberOf(person);
  record[Field::kSex] = person.sex;
  return record;
}
ContactRecord ContactOf(const Person& person, uint32_t row) {
  ContactRecord record = RecordOf(person, row);
  record.status = contact::Status::kSubscribed;
  record[Field::kEmail] = person.email;
  return record;
}

// Of each person one record as the voter file has it and one as a list has it.
struct Town {
  explicit Town(size_t people, uint64_t seed = 7) {
    PeopleOptions options;
    options.people = people;
    options.records_per_person = 2;
    options.seed = seed;
    const std::vector<Person> records = MakePeople(options);
    std::map<uint32_t, size_t> met;
    for (const Person& record : records) {
      Person person = record;
      if (met[person.id]++ == 0) {
        voters.push_back(person);
      } else {
        person.email = AddressOf(person);
        listed.push_back(person);
      }
    }
  }
  std::vector<Person> voters, listed;
};

struct Room {
  TestVault vault;
  TestPerson& ada = vault.AddMember("Parks");
  TestPerson& sam = vault.AddColleague(ada, {v1::ROLE_STEWARD});
  TestPerson& eve = vault.AddMember("Rivers");
  struct Told {
    std::string stage;
    uint64_t done = 0;
    uint64_t all = 0;
  };
  std::vector<Told> told;

  void LoadVoters(const std::vector<Person>& voters, const std::string& name = "nc-1",
                  const v1::VoterFileTerms& terms = Terms()) {
    std::vector<ContactRecord> records;
    for (const Person& voter : voters)
      records.push_back(VoterOf(voter, static_cast<uint32_t>(records.size() + 1)));
    vault.TakeIn(vault.SealRecords(sam, name, records, 500, v1::UploadStatement::APPEND, terms));
  }
  void Upload(const TestPerson& by, const std::string& list, const std::vector<Person>& people) {
    std::vector<ContactRecord> records;
    for (const Person& person : people)
      records.push_back(ContactOf(person, static_cast<uint32_t>(records.size() + 1)));
    vault.TakeIn(vault.SealRecords(by, list, records, 500, v1::UploadStatement::APPEND, {}));
  }
  store::VaultStore& store() { return vault.vault().store(); }
  const governance::Registry& registry() {
    held = vault.vault().observer().registry();
    return *held;
  }
  std::shared_ptr<const governance::Registry> held;

  absl::Status Run(const std::string& voterfile = "", bool new_model = false,
                   const std::function<void(MatchRun&, std::string_view)>& at = nullptr) {
    MatchRun run(&store(), &vault.vault().keyring(), &vault.vault().observer(), &vault.clock);
    MatchPlan plan;
    plan.match = test::DrawId<MatchId>();
    plan.voterfile = voterfile;
    plan.new_model = new_model;
    plan.threads = 2;
    MUSTER_RETURN_IF_ERROR(run.Do(plan, [&](std::string_view stage, uint64_t done, uint64_t all) {
      told.push_back({std::string(stage), done, all});
      if (at) at(run, stage);
    }));
    return absl::OkStatus();
  }
  // What the vault would have the front desk put on the log.
  void LogRuns() {
    MatchRun run(&store(), &vault.vault().keyring(), &vault.vault().observer(), &vault.clock);
    for (const v1::SignedStatement& statement : Must(run.Unlogged())) vault.Append(statement);
  }
  v1::MatchRunRecord Record() {
    const auto runs = Must(store().ReadMatchRuns());
    REQUIRE(runs.size() == 1);
    return runs[0].second;
  }
  token::Token ContactToken(const std::string& address) {
    return vault.vault().keyring().token_key().EmailToken(address);
  }
  // By contact.
  std::map<token::Token, ContactMatch> Matches() {
    std::map<token::Token, ContactMatch> matches;
    const std::string run = Record().run();
    for (auto cursor = store().rows().ScanPrefix(store::kMatches, run); cursor->valid();
         cursor->Next()) {
      const token::Token contact{*ToArray<16>(cursor->key().substr(run.size()))};
      matches[contact] = Must(store::DecodeContactMatch(cursor->value()));
    }
    return matches;
  }
  ContactMatch MatchOf(const std::string& address) { return Matches()[ContactToken(address)]; }
  v1::MatchExplanation Explain(const TestPerson& by, const std::string& address) {
    return Must(ExplainMatch(store(), registry(), ContactToken(address), *by.member, ""));
  }
  size_t Rows(store::Family family) {
    size_t count = 0;
    for (auto cursor = store().rows().Scan(family, "", ""); cursor->valid(); cursor->Next())
      ++count;
    return count;
  }
};

std::vector<Person> Slice(const std::vector<Person>& people, size_t begin, size_t end) {
  return {people.begin() + static_cast<ptrdiff_t>(begin),
          people.begin() + static_cast<ptrdiff_t>(end)};
}

std::string Text(const std::map<token::Token, ContactMatch>& matches) {
  std::string text;
  for (const auto& [contact, match] : matches) {
    text += HexEncode(contact.bytes) + " ";
    text += HexEncode(AsBytes(store::EncodeContactMatch(match))) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("Match run: people on lists are found among the voters, and hardly anyone else",
          "[pipeline]") {
  Room room;
  const Town town(800);
  room.LoadVoters(Slice(town.voters, 0, 600));
  room.Upload(room.ada, "friends", Slice(town.listed, 0, 300));
  room.Upload(room.eve, "rivers", Slice(town.listed, 200, 800));  // the last 200 are no voters
  REQUIRE_OK(room.Run());
  const auto matches = room.Matches();
  REQUIRE(matches.size() == 800);
  size_t right = 0;
  size_t wrong = 0;
  for (const Person& person : town.listed) {
    const ContactMatch& match = matches.at(room.ContactToken(person.email));
    if (match.outcome != static_cast<uint8_t>(Outcome::kMatched)) continue;
    const auto voter = room.vault.vault().keyring().token_key().VoterToken("NC", NumberOf(person));
    ++(match.voter == voter && person.id < 600 ? right : wrong);
  }
  CHECK(right >= 570);
  CHECK(wrong <= 3);
}

TEST_CASE("Match run: twins, father and son, and a couple's one address are not guessed",
          "[pipeline]") {
  Room room;
  Town town(400);
  std::vector<Person> voters = town.voters;
  const auto add = [&](uint32_t id, const std::string& first, const std::string& suffix,
                       const std::string& birth, const std::string& last) {
    Person person;
    person.id = id;
    person.first = first;
    person.last = last;
    person.suffix = suffix;
    person.birth_date = birth;
    person.address1 = "12 Larkspur Ln";
    person.city = "Exampleton";
    person.zip = "27001";
    voters.push_back(person);
    return person;
  };
  const Person ann = add(9001, "Annika", "", "1990-04-05", "Quillfeather");
  add(9002, "Marika", "", "1990-04-05", "Quillfeather");
  const Person father = add(9003, "Osgood", "", "", "Thimblewick");
  add(9004, "Osgood", "", "", "Thimblewick");
  const Person wife = add(9005, "Perpetua", "", "1970-01-09", "Vandersnoot");
  const Person husband = add(9006, "Lysander", "", "1968-11-30", "Vandersnoot");
  room.LoadVoters(voters);

  Person twin = ann;  // which of the two is not said
  twin.first = "";
  twin.email = "twins@example.org";
  Person osgood = father;
  osgood.email = "osgood@example.org";
  Person hers = wife;
  Person his = husband;
  hers.email = his.email = "couple@example.org";
  Person known = ann;
  known.email = "annika@example.org";
  std::vector<Person> list = Slice(town.listed, 0, 300);
  list.insert(list.end(), {twin, osgood, hers, known});
  room.Upload(room.ada, "friends", list);
  room.Upload(room.eve, "rivers", {his});
  REQUIRE_OK(room.Run());
  for (const char* address : {"twins@example.org", "osgood@example.org", "couple@example.org"}) {
    INFO(address);
    CHECK(room.MatchOf(address).outcome == static_cast<uint8_t>(Outcome::kAmbiguous));
  }
  CHECK(room.MatchOf("annika@example.org").outcome == static_cast<uint8_t>(Outcome::kMatched));
  // By what each of the two members brought, the couple's address has its person.
  CHECK(room.Explain(room.ada, "couple@example.org").outcome() == "matched");
  CHECK(room.Explain(room.eve, "couple@example.org").outcome() == "matched");
}

TEST_CASE("Match run: later rows against a saved model give what a full run with it gives",
          "[pipeline]") {
  Room room;
  const Town town(500);
  room.LoadVoters(Slice(town.voters, 0, 400));
  room.Upload(room.ada, "friends", Slice(town.listed, 0, 250));
  REQUIRE_OK(room.Run());
  room.LogRuns();
  room.Upload(room.eve, "rivers", Slice(town.listed, 200, 500));
  REQUIRE_OK(room.Run());
  const auto in_parts = room.Matches();
  REQUIRE(in_parts.size() == 500);
  const v1::MatchRunRecord record = room.Record();

  // Without the rows nothing is known of anybody, but for the model and the people's numbers.
  store::Batch batch;
  batch.DeleteRange(store::kMatchRows, record.run(), store::PrefixEnd(record.run()));
  REQUIRE_OK(room.store().rows().Write(batch, store::Sync::kYes));
  REQUIRE_OK(room.Run());
  const auto in_one = room.Matches();
  REQUIRE(in_one.size() == in_parts.size());
  for (const auto& [contact, match] : in_one) {
    const ContactMatch& part = in_parts.at(contact);
    CHECK((match.person == part.person && match.voter == part.voter));
    CHECK((match.outcome == part.outcome && match.doubt == part.doubt));
    // Pairs that count for less than a millionth were left out by what was known at the time.
    CHECK(match.probability == Approx(part.probability).margin(1e-4));
  }
  CHECK(room.Record().model().SerializeAsString() == record.model().SerializeAsString());
  CHECK(room.Rows(store::kMatches) == 500);  // those of earlier runs are gone
}

TEST_CASE("Match run: what a broken run left is removed and changes nothing", "[pipeline]") {
  Room room;
  const Town town(300);
  room.LoadVoters(town.voters);
  room.Upload(room.ada, "friends", Slice(town.listed, 0, 200));
  for (const char* stage : {"reading", "grouping", "writing"}) {
    INFO(stage);
    const absl::Status status = room.Run("", false, [&](MatchRun& run, std::string_view now) {
      if (now == stage) run.Abort();
    });
    CHECK(status.code() == absl::StatusCode::kCancelled);
    CHECK(Must(room.store().ReadMatchRuns()).empty());
  }
  // As a run leaves it that is killed between its rows and its record.
  REQUIRE_OK(room.Run());
  const std::string want = Text(room.Matches());
  store::Batch batch;
  for (const store::Family family : {store::kMatchRows, store::kMatches}) {
    const std::string run = room.Record().run();
    for (auto cursor = room.store().rows().ScanPrefix(family, run); cursor->valid(); cursor->Next())
      batch.Put(family, "brokenup" + std::string(cursor->key().substr(8)), cursor->value());
  }
  REQUIRE_OK(room.store().rows().Write(batch, store::Sync::kYes));
  room.vault.Reopen();
  MatchRun run(&room.store(), &room.vault.vault().keyring(), &room.vault.vault().observer(),
               &room.vault.clock);
  REQUIRE_OK(run.Recover());
  CHECK(room.Rows(store::kMatches) == 200);
  CHECK(Text(room.Matches()) == want);
  REQUIRE_OK(room.Run());
  CHECK(Text(room.Matches()) == want);
}

TEST_CASE("Match run: progress is told in parts of a hundred, never in rows", "[pipeline]") {
  Room room;
  const Town town(300);
  room.LoadVoters(town.voters);
  room.Upload(room.ada, "friends", Slice(town.listed, 0, 123));
  REQUIRE_OK(room.Run());
  REQUIRE_FALSE(room.told.empty());
  for (const Room::Told& one : room.told) {
    CHECK(one.all == 100);
    CHECK(one.done <= 100);
  }
}

TEST_CASE("Explain: only a member's own contact is known, and only by what the member brought",
          "[pipeline]") {
  Room room;
  const Town town(400);
  room.LoadVoters(Slice(town.voters, 0, 300));
  room.Upload(room.ada, "friends", Slice(town.listed, 0, 200));
  room.Upload(room.eve, "rivers", Slice(town.listed, 250, 400));
  REQUIRE_REASON(ExplainMatch(room.store(), room.registry(),
                              room.ContactToken(town.listed[0].email), *room.ada.member, ""),
                 v1::NOTHING_TO_MATCH);
  REQUIRE_OK(room.Run());

  const v1::MatchExplanation own = room.Explain(room.ada, town.listed[0].email);
  CHECK(own.known());
  CHECK(own.outcome() == "matched");
  CHECK(own.probability() > 0.75);
  CHECK(own.voterfile() == "nc-1");
  REQUIRE(own.evidence_size() >= static_cast<int>(match::kComparatorCount) + 1);
  CHECK(own.evidence(0).comparator() == "prior");
  double bits = 0;
  for (const v1::MatchEvidence& piece : own.evidence()) {
    CHECK(piece.bits() == std::round(piece.bits() * 2) / 2);
    bits += piece.bits();
  }
  CHECK(bits > 1);

  // Of a contact of another member the answer is that of an address nobody brought.
  const std::string unknown = room.Explain(room.ada, "nobody@example.org").SerializeAsString();
  CHECK(room.Explain(room.ada, town.listed[300].email).SerializeAsString() == unknown);
  CHECK(room.Explain(room.eve, town.listed[0].email).SerializeAsString() == unknown);
}

TEST_CASE("Explain: bringing an address after a run does not tell whether others had it",
          "[pipeline]") {
  Room room;
  const Town town(400);
  room.LoadVoters(Slice(town.voters, 0, 300));
  room.Upload(room.ada, "friends", Slice(town.listed, 0, 200));
  REQUIRE_OK(room.Run());
  // The same particulars as Ada's of the first, and somebody whom nobody had.
  room.Upload(room.eve, "guesses", {town.listed[0], town.listed[399]});
  const std::string guessed = room.Explain(room.eve, town.listed[0].email).SerializeAsString();
  CHECK(guessed == room.Explain(room.eve, town.listed[399].email).SerializeAsString());
  // After the next run it is known by itself, as it is to Ada.
  const std::string before = room.Explain(room.ada, town.listed[0].email).SerializeAsString();
  REQUIRE_OK(room.Run());
  CHECK(room.Explain(room.eve, town.listed[0].email).known());
  CHECK(room.Explain(room.ada, town.listed[0].email).SerializeAsString() == before);
}

TEST_CASE("Explain: many particulars of others do not push out one's own", "[pipeline]") {
  Room room;
  const Town town(400);
  room.LoadVoters(Slice(town.voters, 0, 300));
  room.Upload(room.ada, "friends", Slice(town.listed, 0, 200));
  REQUIRE_OK(room.Run());
  room.LogRuns();
  const std::string before = room.Explain(room.ada, town.listed[0].email).SerializeAsString();
  for (int i = 0; i < 20; ++i) {
    Person other = town.listed[100 + static_cast<size_t>(i)];
    other.email = town.listed[0].email;
    room.Upload(room.eve, "variants" + std::to_string(i), {other});
  }
  REQUIRE_OK(room.Run());
  CHECK(room.Explain(room.ada, town.listed[0].email).SerializeAsString() == before);
}

TEST_CASE("Explain: names that were taken back are not known at once", "[pipeline]") {
  Room room;
  const Town town(300);
  room.LoadVoters(town.voters);
  room.Upload(room.ada, "friends", Slice(town.listed, 0, 200));
  room.Upload(room.eve, "rivers", Slice(town.listed, 0, 200));
  REQUIRE_OK(room.Run());
  const std::string unknown = room.Explain(room.ada, "nobody@example.org").SerializeAsString();
  room.vault.Apply(room.vault.StateWithdrawal(room.ada, "", {town.listed[0].email}));
  CHECK(room.Explain(room.ada, town.listed[0].email).SerializeAsString() == unknown);
  CHECK(room.Explain(room.eve, town.listed[0].email).known());
}

}  // namespace muster::pipeline
