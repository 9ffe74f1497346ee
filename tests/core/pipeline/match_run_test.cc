// SPDX-License-Identifier: Apache-2.0
//
// Match runs through the vault: what is found, what stays from run to run, and who may learn what.
#include "core/pipeline/match_run.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/match/pattern.h"
#include "core/pipeline/match_rows.h"
#include "core/pipeline/noise.h"
#include "core/store/match_row.h"
#include "tests/core/match/people.h"
#include "tests/core/pipeline/vault_fixture.h"

namespace muster::pipeline {
namespace {

using contact::ContactRecord;
using contact::Field;
using test::TestPerson;
using test::TestVault;
using testing::Must;

// Made-up person number i, as the voter file has them.
ContactRecord VoterOf(uint32_t i) {
  static const std::vector<Person> people = MakePeople({.people = 2000, .seed = 4});
  const Person& person = people.at(i);
  ContactRecord record;
  record.row = i + 1;
  record[Field::kVoterFileId] = "V" + std::to_string(i);
  record[Field::kFirstName] = person.first;
  record[Field::kLastName] = person.last;
  record[Field::kBirthDate] = person.birth_date;
  record[Field::kAddress1] = person.address1;
  record[Field::kCity] = person.city;
  record[Field::kZip] = person.zip;
  return record;
}

// And as a list has them.
std::string AddressOf(uint32_t i) { return "person" + std::to_string(i) + "@example.org"; }

ContactRecord ContactOf(uint32_t i, const std::string& address = {}) {
  ContactRecord record = VoterOf(i);
  record[Field::kVoterFileId] = "";
  record[Field::kAddress1] = "";
  record[Field::kEmail] = address.empty() ? AddressOf(i) : address;
  record.status = contact::Status::kSubscribed;
  return record;
}

v1::VoterFileTerms Terms(const std::string& as_of) {
  v1::VoterFileTerms terms;
  terms.set_layout("nc");
  terms.set_as_of(as_of);
  terms.set_permitted_use("elections only");
  terms.set_state("NC");
  return terms;
}

struct Room {
  TestVault vault;
  TestPerson& ada = vault.AddMember("Parks");
  TestPerson& bob = vault.AddMember("Rivers");
  TestPerson& sam = vault.AddColleague(ada, {v1::ROLE_STEWARD});

  void LoadVoters(uint32_t end, const std::string& as_of = "2026-09-01",
                  const std::string& name = "nc") {
    std::vector<ContactRecord> voters;
    for (uint32_t i = 0; i < end; ++i) voters.push_back(VoterOf(i));
    vault.TakeIn(
        vault.SealRecords(sam, name, voters, 200, v1::UploadStatement::APPEND, Terms(as_of)));
  }
  void Bring(const TestPerson& by, const std::string& list,
             const std::vector<ContactRecord>& records) {
    vault.TakeIn(vault.SealRecords(by, list, records, 200, v1::UploadStatement::APPEND, {}));
  }
  void Bring(const TestPerson& by, const std::string& list, uint32_t begin, uint32_t end) {
    std::vector<ContactRecord> records;
    for (uint32_t i = begin; i < end; ++i) records.push_back(ContactOf(i));
    Bring(by, list, records);
  }
  const store::VaultStore& store() { return vault.vault().store(); }

  std::vector<v1::SignedStatement> Unlogged(bool new_model = false) {
    v1::VaultRunMatchRequest request;
    request.set_match(MatchId{crypto::RandomArray<8>()}.Name());
    request.set_new_model(new_model);
    return Must(vault.vault().Match(request, [](std::string_view, uint64_t, uint64_t) {}));
  }
  // Runs, and shows the vault its statements on the log.
  v1::MatchStatement Match(bool new_model = false) {
    v1::Statement statement;
    for (const v1::SignedStatement& said : Unlogged(new_model)) {
      REQUIRE(statement.ParseFromString(said.statement()));
      vault.Append(said);
    }
    return statement.match();
  }
  store::ContactMatch Of(const std::string& address) {
    const auto run = Must(store().ReadMatchRuns());
    REQUIRE(run.size() == 1);
    const token::Token contact = vault.vault().keyring().token_key().EmailToken(address);
    const auto bytes = Must(store().rows().Get(
        store::kMatches, store::ContactMatchKey(*ToArray<8>(run[0].second.run()), contact)));
    REQUIRE(bytes.has_value());
    return Must(store::DecodeContactMatch(*bytes));
  }
  bool IsMatched(const std::string& address, uint32_t i) {
    const store::ContactMatch match = Of(address);
    return match.outcome == static_cast<uint8_t>(match::Outcome::kMatched) &&
           match.voter ==
               vault.vault().keyring().token_key().VoterToken("NC", "V" + std::to_string(i));
  }
  // All that runs wrote, without the number of the run.
  std::map<std::string, std::string> Found() {
    std::map<std::string, std::string> found;
    for (const store::Family family : {store::kMatchRows, store::kMatches}) {
      for (auto cursor = store().rows().Scan(family, "", ""); cursor->valid(); cursor->Next())
        found[std::to_string(family) + std::string(cursor->key().substr(8))] = cursor->value();
    }
    return found;
  }
  v1::MatchExplanation Explain(const TestPerson& by, const std::string& address) {
    v1::SealedAddresses addresses;
    addresses.add_addresses(address);
    const std::string consortium = ToString(vault.consortium.id);
    v1::VaultExplainMatchRequest request;
    request.set_person(by.id.Name());
    request.set_sealed_address(
        Must(crypto::BoxSeal(vault.vault().keyring().box_key().public_key(),
                             "muster/match/explain/v1\n" + consortium + by.id.Name(),
                             AsBytes(addresses.SerializeAsString()))));
    const std::string sealed = Must(vault.vault().Explain(request));
    const auto opened = Must(by.box.Open("muster/match/explanation/v1\n" + consortium, sealed));
    v1::MatchExplanation explanation;
    REQUIRE(explanation.ParseFromString(opened.str()));
    CHECK(opened.str().size() == 4096);
    explanation.clear_padding();
    return explanation;
  }
};

}  // namespace

TEST_CASE("Match run: people of the pool are found in the voter file, others are not",
          "[pipeline]") {
  Room room;
  room.LoadVoters(900);
  room.Bring(room.ada, "news", 0, 400);
  room.Bring(room.bob, "friends", 300, 500);
  room.Bring(room.bob, "strangers", 900, 1000);
  const v1::MatchStatement words = room.Match();
  CHECK(words.voterfile() == "nc");
  CHECK(words.estimated());
  CHECK(words.matched_probability() == 0.75);
  CHECK(words.model_hash().size() == 32);
  CHECK_FALSE(words.has_table());  // so few people would be told apart by it
  for (uint32_t i = 0; i < 500; ++i) {
    const store::ContactMatch match = room.Of(AddressOf(i));
    INFO(i << ": outcome " << int{match.outcome} << ", doubt " << int{match.doubt} << ", "
           << match.probability);
    CHECK(room.IsMatched(AddressOf(i), i));
  }
  size_t strangers = 0;
  for (uint32_t i = 900; i < 1000; ++i) {
    strangers +=
        room.Of(AddressOf(i)).outcome == static_cast<uint8_t>(match::Outcome::kMatched) ? 1u : 0u;
  }
  CHECK(strangers <= 2);
}

TEST_CASE("Match run: again without news changes nothing but the run", "[pipeline]") {
  Room room;
  room.LoadVoters(600);
  room.Bring(room.ada, "news", 0, 300);
  room.Match();
  const auto before = room.Found();
  REQUIRE(!before.empty());
  const v1::MatchStatement words = room.Match();
  CHECK_FALSE(words.estimated());
  CHECK(room.Found() == before);
  room.Match(true);
  CHECK(room.Found() == before);
}

TEST_CASE("Match run: new contacts get what a run over everybody would give them", "[pipeline]") {
  Room first;
  first.LoadVoters(800);
  first.Bring(first.ada, "news", 0, 300);
  first.Match();
  const auto record = Must(first.store().ReadMatchRuns())[0].second;
  first.Bring(first.bob, "friends", 250, 450);
  first.Match();
  const auto added = first.Found();

  // Everything is linked anew, by the same weights.
  store::Batch batch;
  v1::MatchRunRecord current = Must(first.store().ReadMatchRuns())[0].second;
  const std::string source = Must(first.store().ReadMatchRuns())[0].first;
  batch.DeleteRange(store::kMatchRows, current.run(), store::PrefixEnd(current.run()));
  REQUIRE_OK(first.vault.vault().store().rows().Write(batch, store::Sync::kYes));
  CHECK(current.model().SerializeAsString() == record.model().SerializeAsString());
  first.Match();
  const auto anew = first.Found();
  REQUIRE(anew.size() == added.size());
  const std::string matches = std::to_string(store::kMatches);
  for (const auto& [key, value] : anew) {
    REQUIRE(added.contains(key));
    if (!key.starts_with(matches)) continue;
    const store::ContactMatch one = Must(store::DecodeContactMatch(value));
    const store::ContactMatch other = Must(store::DecodeContactMatch(added.at(key)));
    CHECK((one.person == other.person && one.voter == other.voter));
    CHECK((one.outcome == other.outcome && one.doubt == other.doubt));
    CHECK(one.probability == Approx(other.probability).margin(1e-4));
  }
}

TEST_CASE("Match run: a person keeps their number, and several addresses are one person",
          "[pipeline]") {
  Room room;
  room.LoadVoters(500);
  room.Bring(room.ada, "news", 0, 200);
  room.Match();
  std::map<uint32_t, Bytes8> numbers;
  for (uint32_t i = 0; i < 200; ++i) numbers[i] = room.Of(AddressOf(i)).person;
  std::vector<ContactRecord> second;
  for (uint32_t i = 0; i < 20; ++i)
    second.push_back(ContactOf(i, "a.second" + std::to_string(i) + "@example.net"));
  room.Bring(room.bob, "friends", second);
  room.Match();
  for (uint32_t i = 0; i < 200; ++i) CHECK(room.Of(AddressOf(i)).person == numbers[i]);
  for (uint32_t i = 0; i < 20; ++i) {
    CHECK(room.Of("a.second" + std::to_string(i) + "@example.net").person == numbers[i]);
    CHECK(room.IsMatched("a.second" + std::to_string(i) + "@example.net", i));
    CHECK(room.IsMatched(AddressOf(i), i));
  }
}

TEST_CASE("Match run: two people with one address make it ambiguous", "[pipeline]") {
  Room room;
  room.LoadVoters(500);
  room.Bring(room.ada, "news", 0, 200);
  // Two members know the address under two names.
  room.Bring(room.bob, "friends", {ContactOf(301, AddressOf(7))});
  room.Match();
  CHECK(room.Of(AddressOf(7)).outcome == static_cast<uint8_t>(match::Outcome::kAmbiguous));
  CHECK(room.Of(AddressOf(7)).doubt == static_cast<uint8_t>(match::Doubt::kHousehold));
  CHECK(room.IsMatched(AddressOf(8), 8));
}

TEST_CASE("Match run: a later extract is matched anew, and withdrawn names are gone",
          "[pipeline]") {
  Room room;
  room.LoadVoters(400);
  room.Bring(room.ada, "news", 0, 450);
  room.Match();
  CHECK_FALSE(room.IsMatched(AddressOf(420), 420));
  room.LoadVoters(500, "2026-10-01", "nc-october");
  const v1::MatchStatement words = room.Match();
  CHECK(words.voterfile() == "nc-october");
  CHECK(words.estimated());
  CHECK(room.IsMatched(AddressOf(420), 420));
  CHECK(room.IsMatched(AddressOf(7), 7));

  room.vault.Apply(room.vault.StateWithdrawal(room.ada, "", {AddressOf(7)}));
  room.Match();
  const token::Token gone = room.vault.vault().keyring().token_key().EmailToken(AddressOf(7));
  for (const auto& [key, value] : room.Found()) {
    CHECK(key.find(gone.View()) == std::string::npos);
  }
}

TEST_CASE("Match run: the table of a large pool is drawn once in four weeks", "[pipeline]") {
  Room room;
  room.LoadVoters(1500);
  room.Bring(room.ada, "news", 0, 1200);
  const v1::MatchStatement words = room.Match();
  REQUIRE(words.has_table());
  CHECK(words.table().noise_scale() == kMatchNoiseScale);
  int64_t all = 0;
  for (const v1::MatchBand& band : words.table().bands()) {
    CHECK(band.noisy_count() >= 0);
    all += band.noisy_count();
  }
  CHECK(std::llabs(all - 1200) < 200);
  room.Bring(room.bob, "friends", 1200, 1300);
  CHECK(room.Match().table().SerializeAsString() == words.table().SerializeAsString());
  CHECK(room.Match(true).table().SerializeAsString() == words.table().SerializeAsString());
  // Nor does another extract have it drawn again.
  room.LoadVoters(1600, "2026-10-01", "nc-october");
  CHECK(room.Match().table().SerializeAsString() == words.table().SerializeAsString());
  room.vault.clock.now += absl::Hours(24 * 29);
  int64_t later = 0;
  const v1::MatchTable drawn = room.Match().table();
  for (const v1::MatchBand& band : drawn.bands()) later += band.noisy_count();
  CHECK(std::llabs(later - 1300) < 200);
}

TEST_CASE("Match run: statements are told until the log shows them", "[pipeline]") {
  Room room;
  room.LoadVoters(400);
  room.Bring(room.ada, "news", 0, 200);
  const auto first = room.Unlogged();
  REQUIRE(first.size() == 1);
  auto second = room.Unlogged();
  REQUIRE(second.size() == 2);
  CHECK(second[0].SerializeAsString() == first[0].SerializeAsString());
  room.vault.Append(second[0]);
  room.vault.Reopen();
  second = room.Unlogged();
  REQUIRE(second.size() == 2);
  for (const auto& said : second) room.vault.Append(said);
  CHECK(room.Unlogged().size() == 1);
}

TEST_CASE("Match run: what a broken run left is gone after a start", "[pipeline]") {
  Room room;
  room.LoadVoters(400);
  room.Bring(room.ada, "news", 0, 200);
  room.Match();
  const auto found = room.Found();
  store::Batch batch;
  for (const std::string run : {"AAAAAAAA", "zzzzzzzz"}) {
    batch.Put(store::kMatchRows, run + std::string(24, 'k'), "half");
    batch.Put(store::kMatches, run + std::string(16, 'k'), "half");
  }
  REQUIRE_OK(room.vault.vault().store().rows().Write(batch, store::Sync::kYes));
  CHECK(room.Found() != found);
  room.vault.Reopen();
  CHECK(room.Found() == found);
}

TEST_CASE("Match run: without a voter file, or names, it says what is missing", "[pipeline]") {
  Room room;
  v1::VaultRunMatchRequest request;
  request.set_match(MatchId{crypto::RandomArray<8>()}.Name());
  const auto run = [&] {
    return ReasonOf(
        room.vault.vault().Match(request, [](std::string_view, uint64_t, uint64_t) {}).status());
  };
  CHECK(run() == v1::VOTERFILE_NOT_FOUND);
  room.LoadVoters(50);
  CHECK(run() == v1::NOTHING_TO_MATCH);
  request.set_voterfile("ohio");
  CHECK(run() == v1::VOTERFILE_NOT_FOUND);
}

TEST_CASE("Match explanation: is about one's own record alone", "[pipeline]") {
  Room room;
  room.LoadVoters(900);
  room.Bring(room.ada, "news", 0, 400);
  room.Match();
  const v1::MatchExplanation before = room.Explain(room.ada, AddressOf(5));
  CHECK(before.known());
  CHECK(before.outcome() == "matched");
  CHECK(before.voterfile() == "nc");
  CHECK(before.as_of() == "2026-09-01");
  REQUIRE(before.evidence_size() >= 12);
  CHECK(before.evidence(0).comparator() == "prior");
  CHECK(before.evidence(1).comparator() == "first_name");
  CHECK(before.evidence(1).level() == "same");
  CHECK(before.evidence(1).bits() > 0);
  CHECK(before.evidence(before.evidence_size() - 1).comparator() == "household");
  double bits = 0;
  for (const v1::MatchEvidence& piece : before.evidence()) bits += piece.bits();
  CHECK(bits > 5);

  // Whoever has not brought the address learns nothing, brought by others or not.
  const v1::MatchExplanation others = room.Explain(room.bob, AddressOf(5));
  CHECK_FALSE(others.known());
  CHECK(others.SerializeAsString() ==
        room.Explain(room.bob, "nobody@example.org").SerializeAsString());
  CHECK(others.SerializeAsString() == room.Explain(room.bob, "no address").SerializeAsString());

  // What others bring changes no answer: not of the same address, nor of the same voter.
  room.Bring(room.bob, "friends",
             {ContactOf(777, AddressOf(5)), ContactOf(6, "rival@example.net")});
  room.Match();
  CHECK(room.Explain(room.ada, AddressOf(5)).SerializeAsString() == before.SerializeAsString());
  CHECK(room.Explain(room.bob, AddressOf(5)).known());
}

TEST_CASE("Match explanation: is sealed to the person who asks, and wants an address sealed for it",
          "[pipeline]") {
  Room room;
  room.LoadVoters(300);
  room.Bring(room.ada, "news", 0, 100);
  room.Match();
  v1::VaultExplainMatchRequest request;
  request.set_person(room.ada.id.Name());
  request.set_sealed_address("not sealed");
  CHECK_FALSE(room.vault.vault().Explain(request).ok());
  // Another member's person cannot ask with what was sealed for this one.
  v1::SealedAddresses addresses;
  addresses.add_addresses(AddressOf(1));
  request.set_sealed_address(Must(crypto::BoxSeal(
      room.vault.vault().keyring().box_key().public_key(),
      "muster/match/explain/v1\n" + ToString(room.vault.consortium.id) + room.ada.id.Name(),
      AsBytes(addresses.SerializeAsString()))));
  CHECK(room.vault.vault().Explain(request).ok());
  request.set_person(room.bob.id.Name());
  CHECK_FALSE(room.vault.vault().Explain(request).ok());
  request.set_person(PersonId{crypto::RandomArray<8>()}.Name());
  CHECK(ReasonOf(room.vault.vault().Explain(request).status()) == v1::MEMBER_NOT_FOUND);
}

TEST_CASE("Noise: is drawn by the discrete Laplace distribution", "[pipeline]") {
  uint64_t state = 7;
  const RandomBits random = [&state] {
    state += 0x9e3779b97f4a7c15u;
    uint64_t x = state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  };
  for (const uint32_t scale : {1u, 4u, 20u}) {
    constexpr int kDraws = 60000;
    std::map<int64_t, int> counts;
    double sum = 0;
    for (int i = 0; i < kDraws; ++i) {
      const int64_t drawn = DrawDiscreteLaplace(scale, random);
      ++counts[drawn];
      sum += static_cast<double>(drawn);
    }
    const double p = std::exp(-1.0 / scale);
    for (int64_t x = -5; x <= 5; ++x) {
      const double expected =
          kDraws * (1 - p) / (1 + p) * std::pow(p, static_cast<double>(std::llabs(x)));
      INFO("scale " << scale << ", " << x);
      CHECK(std::abs(counts[x] - expected) < 6 * std::sqrt(expected) + 1);
    }
    CHECK(std::abs(sum / kDraws) < 0.03 * scale + 0.01);
  }
}

TEST_CASE("Match rows: go through their bytes unchanged, and others are refused", "[pipeline]") {
  store::MatchRow row;
  row.voters = {{{}, 77, 0.75f}, {{}, 78, 0.25f}};
  row.voters[0].voter.bytes[3] = 9;
  row.evidence = {-100, 7, 32767};
  const std::string bytes = store::EncodeMatchRow(row);
  const store::MatchRow back = Must(store::DecodeMatchRow(bytes));
  REQUIRE(back.voters.size() == 2);
  CHECK(back.voters[0].voter == row.voters[0].voter);
  CHECK(back.voters[1].pattern == 78);
  CHECK(back.voters[1].probability == 0.25f);
  CHECK(back.evidence == row.evidence);
  for (size_t cut = 0; cut < bytes.size(); ++cut)
    CHECK_FALSE(store::DecodeMatchRow(bytes.substr(0, cut)).ok());
  CHECK_FALSE(store::DecodeMatchRow(bytes + "x").ok());

  store::ContactMatch match;
  match.person = {1, 2, 3};
  match.outcome = 2;
  match.probability = 0.5f;
  const std::string coded = store::EncodeContactMatch(match);
  CHECK(Must(store::DecodeContactMatch(coded)).person == match.person);
  for (size_t cut = 0; cut < coded.size(); ++cut)
    CHECK_FALSE(store::DecodeContactMatch(coded.substr(0, cut)).ok());
  std::string wrong = coded;
  wrong[9] = 3;
  CHECK_FALSE(store::DecodeContactMatch(wrong).ok());
}

}  // namespace muster::pipeline
