// SPDX-License-Identifier: Apache-2.0
//
// A consortium's keys and statements for tests: real keys, made up people. What is said can be
// changed before it is signed.
#ifndef MUSTER_TESTS_SUPPORT_CONSORTIUM_H_
#define MUSTER_TESTS_SUPPORT_CONSORTIUM_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/id.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/crypto/hash.h"
#include "core/crypto/signature.h"
#include "core/governance/statement.h"
#include "core/tlog/note.h"
#include "muster/v1/statement.pb.h"

namespace muster::test {

inline constexpr int64_t kTestTime = 1'780'000'000;

template <typename IdType>
IdType DrawId() {
  return IdType{crypto::RandomArray<8>()};
}

struct TestPerson {
  PersonId id = DrawId<PersonId>();
  std::optional<MemberId> member;
  std::string name = "Person";
  crypto::SigningKey sign = crypto::SigningKey::Generate();
  crypto::SigningKey cosign = crypto::SigningKey::Generate();
  crypto::BoxSecretKey box = crypto::BoxSecretKey::Generate();
  std::optional<crypto::Scalar> m;

  v1::PersonKeys Keys() const {
    v1::PersonKeys keys;
    keys.set_sign_key(ToString(sign.verify_key().bytes));
    keys.set_cosign_key(ToString(cosign.verify_key().bytes));
    keys.set_box_key(ToString(box.public_key().bytes));
    if (m.has_value()) keys.set_member_key(ToString(m->TimesBase().bytes));
    return keys;
  }
};

struct TestInvite {
  InviteId id = DrawId<InviteId>();
  crypto::SigningKey key = crypto::SigningKey::Generate();
};

class TestConsortium {
 public:
  TestConsortium() { founder.name = "Founder"; }

  Bytes16 id = crypto::RandomArray<16>();
  crypto::SigningKey log_key = crypto::SigningKey::Generate();
  crypto::SigningKey vault_sign = crypto::SigningKey::Generate();
  crypto::BoxSecretKey vault_box = crypto::BoxSecretKey::Generate();
  crypto::Scalar v = crypto::Scalar::Random();
  TestPerson founder;
  int64_t now = kTestTime;

  std::string log_name() const { return "muster/" + HexEncode(id); }
  tlog::NoteKey note_key() const {
    return {log_name(), tlog::kAlgorithmEd25519, log_key.verify_key()};
  }
  v1::VaultKeys VaultKeys() const {
    v1::VaultKeys keys;
    keys.set_sign_key(ToString(vault_sign.verify_key().bytes));
    keys.set_box_key(ToString(vault_box.public_key().bytes));
    keys.set_holding_key(ToString(v.TimesBase().bytes));
    return keys;
  }

  v1::Statement Base(const std::string& signer) const {
    v1::Statement statement;
    statement.set_consortium(ToString(id));
    statement.set_create_time(now);
    statement.set_signer(signer);
    return statement;
  }

  v1::Statement Charter() const {
    v1::Statement statement = Base(founder.id.Name());
    v1::CharterStatement& charter = *statement.mutable_charter();
    charter.set_version(1);
    charter.set_name("Test Coalition");
    *charter.mutable_vault() = VaultKeys();
    charter.set_log_vkey(note_key().Format());
    charter.set_certificate_sha256(std::string(32, 'c'));
    charter.set_quorum(1);
    charter.set_witness_count(1);
    charter.set_founder(founder.id.Name());
    charter.set_founder_name(founder.name);
    *charter.mutable_founder_keys() = founder.Keys();
    return statement;
  }
  v1::SignedStatement SignedCharter() const { return SignBy(founder, Charter()); }
  Bytes32 CharterHash() const { return governance::StatementHash(SignedCharter()); }

  // A new member (`by` an operator) or a colleague (`by` an approver of that member).
  v1::Statement Admission(const TestPerson& by, const TestInvite& invite, const TestPerson& person,
                          const std::string& member_name, bool new_member,
                          std::vector<v1::Role> roles) const {
    v1::Statement statement = Base(by.id.Name());
    v1::AdmissionStatement& admission = *statement.mutable_admission();
    admission.set_invite(invite.id.Name());
    admission.set_invite_key(ToString(invite.key.verify_key().bytes));
    if (person.member.has_value()) {
      admission.set_member(person.member->Name());
      admission.set_member_name(member_name);
    }
    admission.set_new_member(new_member);
    admission.set_person(person.id.Name());
    admission.set_person_name(person.name);
    for (const v1::Role role : roles) admission.add_roles(role);
    admission.set_expire_time(now + 7 * 24 * 3600);
    return statement;
  }

  v1::Statement Join(const TestInvite& invite, const TestPerson& person) const {
    v1::Statement statement = Base(person.id.Name());
    v1::JoinStatement& join = *statement.mutable_join();
    join.set_invite(invite.id.Name());
    if (person.member.has_value()) join.set_member(person.member->Name());
    join.set_person(person.id.Name());
    *join.mutable_keys() = person.Keys();
    join.set_charter_hash(ToString(CharterHash()));
    return statement;
  }
  static v1::SignedStatement SignJoin(const v1::Statement& join, const TestInvite& invite,
                                      const TestPerson& person) {
    return SignWith(join, {&person.sign, &person.cosign, &invite.key});
  }

  v1::Statement Upload(const TestPerson& by, const UploadId& upload) const {
    v1::Statement statement = Base(by.id.Name());
    v1::UploadStatement& said = *statement.mutable_upload();
    said.set_upload(upload.Name());
    said.set_member(by.member.has_value() ? by.member->Name() : "");
    said.set_list("everyone");
    said.set_mode(v1::UploadStatement::APPEND);
    v1::UploadFile& file = *said.add_files();
    file.set_file_name("list.csv");
    file.set_byte_count(100);
    file.set_blake2b(std::string(32, 'f'));
    file.set_row_count(2);
    file.set_format("plain");
    said.set_row_count(2);
    said.set_record_count(2);
    said.set_batch_count(1);
    said.set_batches_root(std::string(32, 'r'));
    said.set_consent("signed up at the fair");
    return statement;
  }

  // The same as a voter file.
  v1::Statement VoterUpload(const TestPerson& by, const UploadId& upload,
                            const std::string& name = "nc-2026-09-01",
                            const std::string& as_of = "2026-09-01") const {
    v1::Statement statement = Upload(by, upload);
    v1::UploadStatement& said = *statement.mutable_upload();
    said.set_list(name);
    said.clear_consent();
    v1::VoterFileTerms& terms = *said.mutable_voterfile();
    terms.set_layout("nc");
    terms.set_as_of(as_of);
    terms.set_permitted_use("elections only, as the office's form says");
    terms.set_state("NC");
    return statement;
  }

  v1::Statement Intake(const v1::SignedStatement& upload) const {
    v1::Statement said;
    said.ParseFromString(upload.statement());
    v1::Statement statement = Base("vault");
    v1::IntakeStatement& intake = *statement.mutable_intake();
    intake.set_upload(said.upload().upload());
    intake.set_member(said.upload().member());
    intake.set_upload_statement_hash(ToString(governance::StatementHash(upload)));
    intake.set_batches_root(said.upload().batches_root());
    intake.set_record_count(said.upload().record_count());
    if (said.upload().has_voterfile()) {
      intake.mutable_voterfile()->set_voter_count(said.upload().record_count());
      intake.mutable_voterfile()->set_current(true);
    } else {
      intake.set_contact_count(said.upload().record_count());
    }
    intake.set_normalizer_version(1);
    return statement;
  }

  v1::Statement Withdrawal(const TestPerson& by, const WithdrawalId& withdrawal) const {
    v1::Statement statement = Base(by.id.Name());
    statement.mutable_withdrawal()->set_withdrawal(withdrawal.Name());
    statement.mutable_withdrawal()->set_member(by.member.has_value() ? by.member->Name() : "");
    statement.mutable_withdrawal()->set_list("everyone");
    return statement;
  }
  v1::Statement Withdrawn(const TestPerson& by, const WithdrawalId& withdrawal) const {
    v1::Statement statement = Base("vault");
    statement.mutable_withdrawn()->set_withdrawal(withdrawal.Name());
    statement.mutable_withdrawn()->set_member(by.member.has_value() ? by.member->Name() : "");
    return statement;
  }

  // `upload_index`: where the voter file's upload statement stands in the log.
  v1::Statement Match(const MatchId& match, const UploadId& upload, const std::string& voterfile,
                      uint64_t upload_index) const {
    v1::Statement statement = Base("vault");
    v1::MatchStatement& said = *statement.mutable_match();
    said.set_match(match.Name());
    said.set_upload(upload.Name());
    said.set_upload_index(static_cast<int64_t>(upload_index));
    said.set_voterfile(voterfile);
    said.set_log_size(static_cast<int64_t>(upload_index) + 2);
    said.set_sketch_version(1);
    said.set_pattern_version(1);
    said.set_estimated(true);
    v1::ComparatorWeights& weights = *said.add_comparators();
    weights.set_comparator("first_name");
    v1::LevelWeight& level = *weights.add_levels();
    level.set_level("exact");
    level.set_half_bits(17);
    said.set_matched_probability(0.75);
    said.set_ambiguous_probability(0.2);
    said.set_model_hash(std::string(32, 'h'));
    said.mutable_table()->set_noise_scale(4);
    v1::MatchBand& band = *said.mutable_table()->add_bands();
    band.set_band("matched");
    band.set_noisy_count(1234);
    return statement;
  }

  static v1::SignedStatement SignWith(const v1::Statement& statement,
                                      std::vector<const crypto::SigningKey*> keys) {
    return governance::SignStatement(statement, keys);
  }
  // By both keys for what enrolls its signer, by the sign key otherwise.
  static v1::SignedStatement SignBy(const TestPerson& person, const v1::Statement& statement) {
    if (statement.has_charter()) return SignWith(statement, {&person.sign, &person.cosign});
    return SignWith(statement, {&person.sign});
  }
  v1::SignedStatement SignByVault(const v1::Statement& statement) const {
    return SignWith(statement, {&vault_sign});
  }
};

}  // namespace muster::test

#endif  // MUSTER_TESTS_SUPPORT_CONSORTIUM_H_
