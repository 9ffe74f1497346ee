// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <string>

#include "core/crypto/hash.h"
#include "core/governance/person_order.h"
#include "core/pipeline/eraser.h"
#include "core/pipeline/erasure_list.h"
#include "core/pipeline/held_back.h"
#include "core/pipeline/person_report.h"
#include "core/pipeline/pool.h"
#include "core/store/source_row.h"
#include "tests/core/pipeline/vault_fixture.h"

namespace muster::pipeline {
namespace {

using test::Line;
using test::SealedUpload;
using test::TestPerson;
using test::TestVault;
using testing::Must;

constexpr char kAda[] = "ada.lark@example.org";

struct Erasure {
  uint64_t index = 0;
  std::string sealed;
  v1::EraseStatement statement;
};

Erasure State(TestVault& vault, const TestPerson& by, const std::string& address) {
  Erasure erasure;
  v1::PersonOrder order;
  order.set_address(address);
  order.set_salt(ToString(crypto::RandomArray<32>()));
  const Bytes32 commitment = governance::ErasureCommitment(order.salt(), address);
  erasure.sealed = Must(governance::SealPersonOrder(governance::PersonOrderKind::kErase,
                                                    vault.vault().keyring().box_key().public_key(),
                                                    vault.consortium.id, by.id.Name(), order));
  v1::Statement statement = vault.consortium.Base(by.id.Name());
  v1::EraseStatement& said = *statement.mutable_erase();
  said.set_erasure(test::DrawId<ErasureId>().Name());
  said.set_member(by.member->Name());
  said.set_sealed_hash(ToString(crypto::Blake2b256(erasure.sealed)));
  said.set_commitment(ToString(commitment));
  erasure.statement = said;
  erasure.index = vault.Append(test::TestConsortium::SignBy(by, statement));
  return erasure;
}

v1::ErasedStatement Apply(TestVault& vault, const Erasure& erasure) {
  const auto verified = Must(governance::VerifyStatement(
      Must(vault.vault().ApplyErasure(static_cast<int64_t>(erasure.index), erasure.sealed))));
  REQUIRE(verified.statement.has_erased());
  return verified.statement.erased();
}

v1::ErasedStatement Erase(TestVault& vault, const TestPerson& by, const std::string& address) {
  return Apply(vault, State(vault, by, address));
}

// Everything in the store that stands under the address's token.
size_t Traces(TestVault& vault, const std::string& address) {
  const token::Token token = vault.vault().keyring().token_key().EmailToken(address);
  size_t found = 0;
  for (const store::Family family :
       {store::kSources, store::kUploadContacts, store::kUnreadWithdrawn, store::kMatchRows,
        store::kMatches, store::kHeldBackList, store::kSuppressions}) {
    for (auto cursor = vault.vault().store().rows().Scan(family, "", ""); cursor->valid();
         cursor->Next()) {
      if (cursor->key().find(token.View()) != std::string_view::npos ||
          cursor->value().find(token.View()) != std::string_view::npos)
        ++found;
    }
  }
  return found;
}

std::vector<Line> Three() { return {{"bo.reed@example.org"}, {kAda}, {"cy.moss@example.org"}}; }

struct Report {
  v1::PersonReport own;
  v1::PersonReport full;
  size_t sealed_own_bytes = 0;
  size_t sealed_full_bytes = 0;
};

Report Ask(TestVault& vault, const TestPerson& by, const std::string& address,
           const crypto::BoxSecretKey* person_key) {
  v1::PersonOrder order;
  order.set_address(address);
  const std::string sealed = Must(governance::SealPersonOrder(
      governance::PersonOrderKind::kReport, vault.vault().keyring().box_key().public_key(),
      vault.consortium.id, by.id.Name(), order));
  v1::Statement statement = vault.consortium.Base(by.id.Name());
  v1::PersonReportStatement& said = *statement.mutable_person_report();
  said.set_report(test::DrawId<PersonReportId>().Name());
  said.set_member(by.member->Name());
  said.set_sealed_hash(ToString(crypto::Blake2b256(sealed)));
  if (person_key != nullptr) said.set_person_key(ToString(person_key->public_key().bytes));
  v1::VaultReportPersonRequest request;
  request.set_statement_index(
      static_cast<int64_t>(vault.Append(test::TestConsortium::SignBy(by, statement))));
  request.set_sealed_order(sealed);
  const v1::VaultReportPersonResponse response = Must(vault.vault().ReportPerson(request));
  const auto open = [&](const crypto::BoxSecretKey& key, std::string_view context,
                        const std::string& bytes) {
    const auto plain = Must(key.Open(std::string(context) + ToString(vault.consortium.id), bytes));
    v1::SignedPersonReport signed_report;
    v1::PersonReport report;
    REQUIRE(signed_report.ParseFromString(plain.str()));
    REQUIRE_OK(crypto::Verify(vault.consortium.vault_sign.verify_key(),
                              governance::kPersonReportPurpose, signed_report.report(),
                              signed_report.signature()));
    REQUIRE(signed_report.report().size() == kPersonReportBytes);
    REQUIRE(report.ParseFromString(signed_report.report()));
    return report;
  };
  Report out;
  out.own = open(by.box, governance::kOwnPartContext, response.sealed_own());
  out.sealed_own_bytes = response.sealed_own().size();
  out.sealed_full_bytes = response.sealed_full().size();
  if (person_key != nullptr)
    out.full = open(*person_key, governance::kFullReportContext, response.sealed_full());
  return out;
}

}  // namespace

TEST_CASE("Erasure: all that the pool has of an address goes, whoever brought it", "[erase]") {
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  TestPerson& birch = vault.AddMember("Birch");
  vault.Upload(alder, "everyone", Three());
  vault.Upload(alder, "news", {{kAda, contact::Status::kSubscribed, "a card that she signed"}});
  vault.Upload(birch, "all", {{kAda}, {"dee.fern@example.org"}});
  REQUIRE(Traces(vault, kAda) == 6);

  const v1::ErasedStatement erased = Erase(vault, alder, "Ada.Lark@EXAMPLE.org");
  CHECK(erased.done());
  CHECK(erased.source_count() == 2);
  CHECK(Traces(vault, kAda) == 0);
  CHECK(vault.Figures(alder).contact_count() == 2);
  CHECK(vault.Figures(alder).lists(0).contact_count() == 2);
  CHECK(vault.Figures(alder).lists(1).contact_count() == 0);
  // Her consent text was of her row alone.
  auto consents = vault.vault().store().rows().Scan(store::kConsents, "", "");
  CHECK(!consents->valid());
  // What was removed leaves the files.
  REQUIRE(Must(vault.vault().pool().CompactionDue()));
  REQUIRE_OK(vault.vault().pool().Compact());
}

TEST_CASE("Erasure: another member's figures do not move, then or later", "[erase]") {
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  TestPerson& birch = vault.AddMember("Birch");
  vault.Upload(alder, "everyone", Three());
  vault.Upload(birch, "all", {{kAda}, {"dee.fern@example.org"}});
  vault.Upload(birch, "more", {{kAda}});
  const std::string before = vault.Figures(birch).SerializeAsString();
  REQUIRE(Erase(vault, alder, kAda).done());
  CHECK(vault.Figures(birch).SerializeAsString() == before);

  // The same file again, in the place of what the list had.
  const v1::IntakeStatement again = vault.Upload(birch, "all", {{kAda}, {"dee.fern@example.org"}},
                                                 50, v1::UploadStatement::REPLACE);
  CHECK(again.contact_count() == 2);
  CHECK(again.replaced_count() == 2);
  CHECK(again.suppression_count() == 0);
  CHECK(vault.Figures(birch).contact_count() == 2);
  CHECK(Traces(vault, kAda) == 0);
  // And a withdrawal of the address answers as for any that was brought.
  const v1::WithdrawnStatement withdrawn =
      vault.Apply(vault.StateWithdrawal(birch, "", {kAda, "nobody@example.org"}));
  CHECK(withdrawn.source_count() == 2);
  CHECK(withdrawn.unknown_count() == 1);
  CHECK(vault.Figures(birch).contact_count() == 1);
}

TEST_CASE("Erasure: an erased address that is uploaded again is never a contact", "[erase]") {
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  vault.Upload(alder, "everyone", Three());
  REQUIRE(Erase(vault, alder, kAda).done());
  // Written otherwise, twice in the file.
  const v1::IntakeStatement again =
      vault.Upload(alder, "everyone", {{"ADA.LARK@example.org"}, {kAda}, {"eve.ash@example.org"}});
  CHECK(again.contact_count() == 1);
  CHECK(again.suppression_count() == 1);
  CHECK(again.duplicate_count() == 1);
  CHECK(Traces(vault, kAda) == 0);
  CHECK(vault.Figures(alder).contact_count() == 3);
  vault.Reopen();
  CHECK(Traces(vault, kAda) == 0);
  // Asking again finds nothing and says so without an error.
  const v1::ErasedStatement twice = Erase(vault, alder, kAda);
  CHECK(twice.done());
  CHECK(twice.source_count() == 0);
}

TEST_CASE(
    "Erasure: of a row that is held back no text of consent stays, nor its bytes in old files",
    "[erase]") {
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  vault.Upload(alder, "everyone", Three());
  REQUIRE(Erase(vault, alder, kAda).done());
  const auto mark = [&vault] {
    return Must(vault.vault().store().ReadCompactionMark(store::VaultStore::Rows::kOfContacts));
  };
  REQUIRE_OK(vault.vault().pool().Compact());
  REQUIRE(mark().empty());
  const auto consents = [&vault] {
    std::set<std::string> texts;
    for (auto cursor = vault.vault().store().rows().Scan(store::kConsents, "", ""); cursor->valid();
         cursor->Next())
      texts.emplace(cursor->value());
    return texts;
  };
  const auto status = contact::Status::kSubscribed;
  const SealedUpload again = vault.Seal(alder, "more",
                                        {{kAda, status, "signed by Ada at the fair"},
                                         {"eve.ash@example.org", status, "signed on the web"},
                                         {kAda, status, "signed on the web"}},
                                        3);
  REQUIRE_OK(vault.Send(again));
  Must(vault.Finish(again, vault.Commit(again)));
  CHECK_FALSE(mark().empty());
  CHECK(Traces(vault, kAda) == 0);
  CHECK(consents() == std::set<std::string>{"signed on the web"});
}

TEST_CASE("Erasure: it reaches uploads that were not read to their end", "[erase]") {
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  TestPerson& birch = vault.AddMember("Birch");
  vault.Upload(alder, "everyone", Three());
  const SealedUpload open = vault.Seal(birch, "all", {{kAda}, {"dee.fern@example.org"}, {kAda}}, 2);
  REQUIRE_OK(vault.Send(open));
  REQUIRE(Erase(vault, alder, kAda).done());
  CHECK(Traces(vault, kAda) == 0);
  // Read once more from the start, as after a crash: the rows come back and are held back again.
  store::Batch batch;
  batch.Delete(store::kIntakes, open.id.View());
  REQUIRE_OK(vault.vault().store().rows().Write(batch, store::Sync::kYes));
  REQUIRE_OK(vault.Send(open));
  const v1::IntakeStatement words = Must(vault.Finish(open, vault.Commit(open)));
  CHECK(words.contact_count() == 2);
  CHECK(words.duplicate_count() == 1);
  CHECK(Traces(vault, kAda) == 0);
  CHECK(vault.Figures(birch).contact_count() == 2);
}

TEST_CASE("Erasure: a member that has not brought the address changes nothing", "[erase]") {
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  TestPerson& birch = vault.AddMember("Birch");
  vault.Upload(alder, "everyone", Three());
  vault.Upload(birch, "all", {{"dee.fern@example.org"}});
  const v1::ErasedStatement refused = Erase(vault, birch, kAda);
  CHECK(!refused.done());
  CHECK(refused.source_count() == 0);
  CHECK(Traces(vault, kAda) == 2);
  // Nor does it afterwards, when it is erased: to both the address is one that nobody brought.
  REQUIRE(Erase(vault, alder, kAda).done());
  v1::ErasedStatement later = Erase(vault, birch, kAda);
  later.clear_erasure();
  later.clear_commitment();
  v1::ErasedStatement same = refused;
  same.clear_erasure();
  same.clear_commitment();
  CHECK(later.SerializeAsString() == same.SerializeAsString());
}

TEST_CASE("Erasure: only what a person signed and sealed is carried out, once", "[erase]") {
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  TestPerson& birch = vault.AddMember("Birch");
  vault.Upload(alder, "everyone", Three());
  vault.Upload(birch, "all", Three());
  const Erasure good = State(vault, alder, kAda);
  const Erasure other = State(vault, alder, "bo.reed@example.org");
  const auto apply = [&](uint64_t index, const std::string& sealed) {
    return vault.vault().ApplyErasure(static_cast<int64_t>(index), sealed).status();
  };
  REQUIRE_REASON(apply(good.index, other.sealed), v1::REQUEST_MALFORMED);
  REQUIRE_REASON(apply(0, good.sealed), v1::STATEMENT_REFUSED);
  REQUIRE_REASON(apply(999, good.sealed), v1::LOG_BEHIND);
  // Sealed in another's name, committed to another address.
  const auto state = [&](const TestPerson& by, const TestPerson& sealed_for,
                         const std::string& committed) {
    v1::PersonOrder order;
    order.set_address(kAda);
    order.set_salt(std::string(32, 's'));
    const std::string sealed = Must(governance::SealPersonOrder(
        governance::PersonOrderKind::kErase, vault.vault().keyring().box_key().public_key(),
        vault.consortium.id, sealed_for.id.Name(), order));
    v1::Statement statement = vault.consortium.Base(by.id.Name());
    v1::EraseStatement& said = *statement.mutable_erase();
    said.set_erasure(test::DrawId<ErasureId>().Name());
    said.set_member(by.member->Name());
    said.set_sealed_hash(ToString(crypto::Blake2b256(sealed)));
    said.set_commitment(ToString(governance::ErasureCommitment(std::string(32, 's'), committed)));
    return apply(vault.Append(test::TestConsortium::SignBy(by, statement)), sealed);
  };
  REQUIRE_REASON(state(birch, alder, kAda), v1::DECRYPTION_FAILED);
  REQUIRE_REASON(state(birch, birch, "cy.moss@example.org"), v1::REQUEST_MALFORMED);
  REQUIRE(Traces(vault, kAda) == 4);

  const v1::SignedStatement first =
      Must(vault.vault().ApplyErasure(static_cast<int64_t>(good.index), good.sealed));
  vault.Reopen();
  const v1::SignedStatement again =
      Must(vault.vault().ApplyErasure(static_cast<int64_t>(good.index), good.sealed));
  CHECK(first.SerializeAsString() == again.SerializeAsString());
  CHECK(vault.Figures(alder).contact_count() == 2);
}

TEST_CASE("Erasure: a store restored from an older backup brings nobody back", "[erase][fault]") {
  namespace fs = std::filesystem;
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  TestPerson& birch = vault.AddMember("Birch");
  vault.Upload(alder, "everyone", Three());
  vault.Upload(birch, "all", {{kAda}, {"dee.fern@example.org"}});
  const fs::path backup = vault.home().parent_path() / "backup";
  vault.Close();
  fs::copy(vault.home() / "store", backup, fs::copy_options::recursive);
  vault.Reopen();
  const Erasure erasure = State(vault, alder, kAda);
  REQUIRE(Apply(vault, erasure).done());

  vault.Close();
  fs::remove_all(vault.home() / "store");
  fs::copy(backup, vault.home() / "store", fs::copy_options::recursive);
  vault.Reopen();
  CHECK(Traces(vault, kAda) == 0);
  CHECK(vault.Figures(alder).contact_count() == 2);
  CHECK(vault.Figures(birch).contact_count() == 2);
  // The log is shown to it anew from where the backup stood, and answered the same.
  REQUIRE_OK(vault.vault().Observe(
      vault.Entries(vault.vault().observer().size(), vault.entries().size())));
  CHECK(Apply(vault, erasure).done());
  CHECK(vault.Figures(alder).contact_count() == 2);
  // What comes in later is held back.
  CHECK(vault.Upload(birch, "more", {{kAda}}).contact_count() == 1);
  CHECK(Traces(vault, kAda) == 0);
  vault.Reopen();
  CHECK(vault.Figures(alder).contact_count() == 2);

  // The other way round: a crash before the list was written.
  fs::remove(vault.home() / "erased.list");
  vault.Reopen();
  CHECK(fs::exists(vault.home() / "erased.list"));
  vault.Close();
  test::Spit(vault.home() / "erased.list", "something else");
  REQUIRE_REASON(ErasureList::Open(vault.home() / "erased.list", crypto::SecretBytes::Random(32)),
                 v1::STORE_CORRUPT);
}

TEST_CASE("Person report: the member reads its own part, the person all of it", "[person]") {
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  TestPerson& birch = vault.AddMember("Birch");
  TestPerson& cedar = vault.AddMember("Cedar");
  vault.Upload(alder, "everyone", Three());
  vault.Upload(birch, "all", {{kAda, contact::Status::kSubscribed, "at the fair"}});
  vault.Upload(cedar, "mine", {{"dee.fern@example.org"}});
  const crypto::BoxSecretKey ada = crypto::BoxSecretKey::Generate();
  const Report report = Ask(vault, alder, "ADA.lark@example.org", &ada);
  REQUIRE(report.own.known());
  REQUIRE(report.own.sources_size() == 1);
  CHECK(report.own.sources(0).member_name() == "Alder");
  CHECK(report.own.sources(0).list() == "everyone");
  CHECK(report.own.sources(0).row() == 2);
  CHECK(report.own.sources(0).file_names_size() == 1);
  REQUIRE(report.full.sources_size() == 2);
  CHECK(report.full.sources(1).member_name() == "Birch");
  CHECK(report.full.sources(1).consent() == "at the fair");
  CHECK(report.full.sources(1).consent_of_row());
  CHECK(report.full.send_count() == 0);

  // What Cedar is told of Ada is what it is told of somebody whom nobody brought.
  const Report of_ada = Ask(vault, cedar, kAda, &ada);
  const Report of_nobody = Ask(vault, cedar, "no.body@example.org", &ada);
  CHECK(!of_ada.own.known());
  CHECK(!of_ada.full.known());
  CHECK(of_ada.full.sources().empty());
  CHECK(of_ada.sealed_own_bytes == of_nobody.sealed_own_bytes);
  CHECK(of_ada.sealed_full_bytes == of_nobody.sealed_full_bytes);
  CHECK(of_ada.sealed_own_bytes == report.sealed_own_bytes);
  CHECK(of_ada.sealed_full_bytes == report.sealed_full_bytes);
  CHECK(Ask(vault, alder, kAda, nullptr).sealed_full_bytes == 0);

  // Once she is erased, there is nothing to say.
  REQUIRE(Erase(vault, alder, kAda).done());
  CHECK(!Ask(vault, alder, kAda, &ada).full.known());
}

TEST_CASE("Person report: many sources are cut to the size, and counted", "[person]") {
  TestVault vault;
  TestPerson& alder = vault.AddMember("Alder");
  const std::string consent(1000, 'c');
  for (int i = 0; i < 120; ++i) {
    vault.Upload(alder, "list " + std::to_string(i),
                 {{kAda, contact::Status::kSubscribed, consent}});
  }
  const Report report = Ask(vault, alder, kAda, nullptr);
  CHECK(report.own.omitted_count() > 0);
  CHECK(report.own.sources_size() + report.own.omitted_count() == 120);
}

}  // namespace muster::pipeline
