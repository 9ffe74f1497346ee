// SPDX-License-Identifier: Apache-2.0
#include "tests/core/report/report_fixture.h"

#include "core/base/check.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"
#include "core/crypto/shares.h"
#include "core/governance/charter.h"
#include "core/governance/statement.h"
#include "core/report/coalition.h"
#include "core/report/period.h"
#include "core/report/provenance.h"
#include "core/report/sample.h"
#include "core/report/witnesses.h"
#include "core/tlog/proof.h"
#include "core/tlog/witness.h"

namespace muster::report {
namespace {

constexpr int64_t kNow = 1'790'000'000;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) std::fprintf(stderr, "%s\n", std::string(value.status().message()).c_str());
  MUSTER_CHECK(value.ok());
  return std::move(value).value();
}

// The naive definition: roots over ranges of leaves, however often.
Bytes32 RangeRoot(const std::vector<tlog::Entry>& entries, uint64_t begin, uint64_t end) {
  std::vector<Bytes32> leaves;
  for (uint64_t i = begin; i < end; ++i)
    leaves.push_back(tlog::EntryLeaf(entries[i].salt, entries[i].body));
  return crypto::MerkleRoot(leaves);
}

}  // namespace

Someone::Someone(std::string display_name, bool with_member_key)
    : id{crypto::RandomArray<8>()}, name(std::move(display_name)) {
  if (with_member_key) m = crypto::Scalar::Random();
}

v1::PersonKeys Someone::Public() const {
  v1::PersonKeys keys;
  keys.set_sign_key(ToString(sign.verify_key().bytes));
  keys.set_cosign_key(ToString(cosign.verify_key().bytes));
  keys.set_box_key(ToString(box.public_key().bytes));
  if (m.has_value()) keys.set_member_key(ToString(m->TimesBase().bytes));
  return keys;
}

Organization::Organization(std::string display_name)
    : id{crypto::RandomArray<8>()}, name(display_name), person(display_name + "'s person", true) {}

Consortium::Consortium(const std::string& certificate_sha256) : id(crypto::RandomArray<16>()) {
  tlog::NoteKey key;
  key.name = "muster.example/log";
  key.key = log_key.verify_key();
  log_vkey = key.Format();
  v1::Statement statement = NewStatement(founder.id.Name());
  v1::CharterStatement& charter = *statement.mutable_charter();
  charter.set_version(1);
  charter.set_name("River County Coalition");
  charter.mutable_vault()->set_sign_key(ToString(vault_sign.verify_key().bytes));
  charter.mutable_vault()->set_box_key(ToString(vault_box.public_key().bytes));
  charter.mutable_vault()->set_holding_key(ToString(v.TimesBase().bytes));
  charter.set_log_vkey(log_vkey);
  charter.set_certificate_sha256(certificate_sha256);
  charter.set_quorum(1);
  charter.set_witness_count(1);
  charter.set_founder(founder.id.Name());
  charter.set_founder_name(founder.name);
  *charter.mutable_founder_keys() = founder.Public();
  Append(statement, {&founder.sign, &founder.cosign});
  charter_hash_ = crypto::Blake2b256(statement.SerializeAsString());
  version_hash_ = charter_hash_;
  terms_ = governance::TermsOf(charter);
}

v1::Statement Consortium::NewStatement(const std::string& signer) const {
  v1::Statement statement;
  statement.set_consortium(ToString(id));
  statement.set_create_time(kNow + static_cast<int64_t>(entries_.size()));
  statement.set_signer(signer);
  return statement;
}

uint64_t Consortium::Append(const v1::Statement& statement,
                            const std::vector<const crypto::SigningKey*>& keys) {
  tlog::Entry entry;
  entry.salt = crypto::RandomArray<32>();
  entry.body = governance::SignStatement(statement, keys).SerializeAsString();
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

void Consortium::Join(Organization& organization) {
  const crypto::SigningKey invite_key = crypto::SigningKey::Generate();
  const std::string invite = InviteId{crypto::RandomArray<8>()}.Name();
  v1::Statement admitted = NewStatement(founder.id.Name());
  v1::AdmissionStatement& admission = *admitted.mutable_admission();
  admission.set_invite(invite);
  admission.set_invite_key(ToString(invite_key.verify_key().bytes));
  admission.set_member(organization.id.Name());
  admission.set_member_name(organization.name);
  admission.set_new_member(true);
  admission.set_person(organization.person.id.Name());
  admission.set_person_name(organization.person.name);
  admission.add_roles(v1::ROLE_UPLOADER);
  admission.add_roles(v1::ROLE_APPROVER);
  admission.add_roles(v1::ROLE_STEWARD);
  admission.set_expire_time(kNow + 1'000'000);
  organization.admission_index = Append(admitted, {&founder.sign});

  v1::Statement joined = NewStatement(organization.person.id.Name());
  v1::JoinStatement& join = *joined.mutable_join();
  join.set_invite(invite);
  join.set_member(organization.id.Name());
  join.set_person(organization.person.id.Name());
  *join.mutable_keys() = organization.person.Public();
  join.set_charter_hash(ToString(charter_hash_));
  organization.join_index =
      Append(joined, {&organization.person.sign, &organization.person.cosign, &invite_key});
}

v1::UploadProvenance Consortium::Upload(const Organization& organization, int records,
                                        int per_batch, const BendUpload& bend,
                                        const BendContext& bend_context, const Someone* by) {
  const Someone& uploader = by == nullptr ? organization.person : *by;
  seal::SealContext context;
  context.consortium = id;
  context.member = organization.id;
  context.upload = {crypto::RandomArray<8>()};
  context.uploader = uploader.id;
  context.intake_key = crypto::BoxSecretKey::Generate().public_key();
  context.vault_key = v.TimesBase();
  context.member_key = organization.person.m->TimesBase();
  const std::string upload_name = context.upload.Name();
  if (bend_context) bend_context(context);
  const seal::Sealer sealer(context, &uploader.sign);

  v1::UploadProvenance provenance;
  crypto::MerkleFrontier tree;
  for (int row = 1; row <= records;) {
    seal::RecordBlock block;
    for (int i = 0; i < per_batch && row <= records; ++i, ++row) {
      contact::ContactRecord record;
      record.row = static_cast<uint32_t>(row);
      record[contact::Field::kEmail] = "person" + std::to_string(row) + "@example.org";
      MUSTER_CHECK(block.Add(record).ok());
    }
    if (on_block) on_block(static_cast<uint32_t>(tree.size()), block);
    const seal::SealedBatch batch =
        Must(sealer.Seal(static_cast<uint32_t>(tree.size()), block, kNow));
    tree.Append(crypto::MerkleLeaf(batch.signed_part));
    v1::BatchRecord& said = *provenance.add_batches();
    said.set_header(batch.signed_part.substr(0, seal::kHeaderBytes));
    said.set_holding_wrap(batch.signed_part.substr(seal::kHeaderBytes, seal::kHoldingWrapBytes));
    said.set_root(batch.signed_part.substr(seal::kHeaderBytes + seal::kHoldingWrapBytes));
    said.set_signature(batch.signature);
  }

  v1::Statement statement = NewStatement(uploader.id.Name());
  v1::UploadStatement& upload = *statement.mutable_upload();
  upload.set_upload(upload_name);
  upload.set_member(organization.id.Name());
  upload.set_list("members");
  upload.set_mode(v1::UploadStatement::APPEND);
  v1::UploadFile& file = *upload.add_files();
  file.set_file_name("members.csv");
  file.set_byte_count(100);
  file.set_blake2b(std::string(32, 'f'));
  file.set_row_count(records + 1);
  file.set_rejected_row_count(1);
  file.set_format("plain");
  upload.set_row_count(records + 1);
  upload.set_rejected_row_count(1);
  upload.set_record_count(records);
  upload.set_batch_count(static_cast<int64_t>(tree.size()));
  upload.set_batches_root(ToString(tree.Root()));
  upload.set_consent("newsletter form");
  if (bend) bend(upload);
  batches_[upload_name] = {provenance.batches().begin(), provenance.batches().end()};
  provenance.mutable_upload()->set_index(static_cast<int64_t>(Append(statement, {&uploader.sign})));
  return provenance;
}

void Consortium::Intake(v1::UploadProvenance& upload, const BendIntake& bend,
                        const crypto::SigningKey* key) {
  v1::SignedStatement signed_upload;
  signed_upload.ParseFromString(entries_[static_cast<size_t>(upload.upload().index())].body);
  const v1::Statement said = StatementAt(static_cast<uint64_t>(upload.upload().index()));
  v1::Statement statement = NewStatement("vault");
  v1::IntakeStatement& intake = *statement.mutable_intake();
  intake.set_upload(said.upload().upload());
  intake.set_member(said.upload().member());
  intake.set_upload_statement_hash(ToString(governance::StatementHash(signed_upload)));
  intake.set_batches_root(said.upload().batches_root());
  intake.set_record_count(said.upload().record_count());
  intake.set_contact_count(said.upload().record_count());
  intake.set_normalizer_version(1);
  if (bend) bend(intake);
  upload.mutable_intake()->set_index(
      static_cast<int64_t>(Append(statement, {key == nullptr ? &vault_sign : key})));
}

v1::Statement Consortium::StatementAt(uint64_t index) const {
  v1::SignedStatement signed_statement;
  signed_statement.ParseFromString(entries_[index].body);
  v1::Statement statement;
  statement.ParseFromString(signed_statement.statement());
  return statement;
}

void Consortium::JoinAuditor(Someone& auditor) {
  const crypto::SigningKey invite_key = crypto::SigningKey::Generate();
  const std::string invite = InviteId{crypto::RandomArray<8>()}.Name();
  v1::Statement admitted = NewStatement(founder.id.Name());
  v1::AdmissionStatement& admission = *admitted.mutable_admission();
  admission.set_invite(invite);
  admission.set_invite_key(ToString(invite_key.verify_key().bytes));
  admission.set_person(auditor.id.Name());
  admission.set_person_name(auditor.name);
  admission.add_roles(v1::ROLE_AUDITOR);
  admission.set_expire_time(kNow + 1'000'000);
  Append(admitted, {&founder.sign});
  v1::Statement joined = NewStatement(auditor.id.Name());
  v1::JoinStatement& join = *joined.mutable_join();
  join.set_invite(invite);
  join.set_person(auditor.id.Name());
  *join.mutable_keys() = auditor.Public();
  join.set_charter_hash(ToString(charter_hash_));
  Append(joined, {&auditor.sign, &auditor.cosign, &invite_key});
}

void Consortium::Withdraw(const Organization& organization, const std::string& list) {
  v1::Statement statement = NewStatement(organization.person.id.Name());
  v1::WithdrawalStatement& withdrawal = *statement.mutable_withdrawal();
  withdrawal.set_withdrawal(WithdrawalId{crypto::RandomArray<8>()}.Name());
  withdrawal.set_member(organization.id.Name());
  withdrawal.set_list(list);
  Append(statement, {&organization.person.sign});
  v1::Statement done = NewStatement("vault");
  done.mutable_withdrawn()->set_withdrawal(withdrawal.withdrawal());
  done.mutable_withdrawn()->set_member(withdrawal.member());
  done.mutable_withdrawn()->set_source_count(3);
  Append(done, {&vault_sign});
}

v1::UploadProvenance Consortium::VoterFile(const Organization& organization, int records) {
  v1::UploadProvenance voters =
      Upload(organization, records, 100, [&](v1::UploadStatement& upload) {
        upload.clear_consent();
        upload.set_list("nc-2026-09-01");
        v1::VoterFileTerms& terms = *upload.mutable_voterfile();
        terms.set_layout("nc");
        terms.set_as_of("2026-09-01");
        terms.set_permitted_use("elections only");
        terms.set_state("NC");
      });
  Intake(voters, [&](v1::IntakeStatement& intake) {
    intake.clear_contact_count();
    intake.mutable_voterfile()->set_voter_count(records);
    intake.mutable_voterfile()->set_current(true);
  });
  return voters;
}

uint64_t Consortium::Match(const v1::UploadProvenance& voter_file) {
  const auto index = static_cast<uint64_t>(voter_file.upload().index());
  const v1::Statement said = StatementAt(index);
  v1::Statement statement = NewStatement("vault");
  v1::MatchStatement& match = *statement.mutable_match();
  match.set_match(MatchId{crypto::RandomArray<8>()}.Name());
  match.set_upload(said.upload().upload());
  match.set_upload_index(static_cast<int64_t>(index));
  match.set_voterfile(said.upload().list());
  match.set_log_size(static_cast<int64_t>(size()));
  match.set_sketch_version(1);
  match.set_pattern_version(1);
  match.set_estimated(true);
  match.add_comparators()->set_comparator("first_name");
  match.set_matched_probability(0.75);
  match.set_ambiguous_probability(0.2);
  match.set_model_hash(std::string(32, 'm'));
  match.mutable_table()->set_noise_scale(10);
  v1::MatchBand& band = *match.mutable_table()->add_bands();
  band.set_band("matched");
  band.set_noisy_count(1234);
  return Append(statement, {&vault_sign});
}

uint64_t Consortium::Erase(const Organization& organization, bool done) {
  v1::Statement asked = NewStatement(organization.person.id.Name());
  v1::EraseStatement& erase = *asked.mutable_erase();
  erase.set_erasure(ErasureId{crypto::RandomArray<8>()}.Name());
  erase.set_member(organization.id.Name());
  erase.set_sealed_hash(std::string(32, 'h'));
  erase.set_commitment(std::string(32, 'c'));
  const uint64_t index = Append(asked, {&organization.person.sign});
  v1::Statement said = NewStatement("vault");
  v1::ErasedStatement& erased = *said.mutable_erased();
  erased.set_erasure(erase.erasure());
  erased.set_member(erase.member());
  erased.set_commitment(erase.commitment());
  erased.set_done(done);
  erased.set_source_count(done ? 2 : 0);
  Append(said, {&vault_sign});
  return index;
}

uint64_t Consortium::TellPerson(const Organization& organization) {
  v1::Statement statement = NewStatement(organization.person.id.Name());
  v1::PersonReportStatement& report = *statement.mutable_person_report();
  report.set_report(PersonReportId{crypto::RandomArray<8>()}.Name());
  report.set_member(organization.id.Name());
  report.set_sealed_hash(std::string(32, 'h'));
  return Append(statement, {&organization.person.sign});
}

Bytes32 Consortium::HashOf(uint64_t index) const {
  v1::SignedStatement said;
  MUSTER_CHECK(said.ParseFromString(entries_[index].body));
  return governance::StatementHash(said);
}

Bytes32 Consortium::Propose(const Organization& organization, int quorum) {
  v1::Statement statement = NewStatement(organization.person.id.Name());
  v1::CharterProposalStatement& proposal = *statement.mutable_charter_proposal();
  proposal.set_version(++version_);
  proposal.set_predecessor_hash(ToString(version_hash_));
  terms_.set_quorum(quorum);
  *proposal.mutable_terms() = terms_;
  proposal.set_reason("so many of us");
  version_hash_ = HashOf(Append(statement, {&organization.person.sign}));
  return version_hash_;
}

uint64_t Consortium::Endorse(const Organization& organization, const Bytes32& hash) {
  v1::Statement statement = NewStatement(organization.person.id.Name());
  statement.mutable_endorsement()->set_statement_hash(ToString(hash));
  return Append(statement, {&organization.person.sign});
}

void Consortium::DecideAndSplit(const Organization& a, const Organization& b) {
  Propose(a, 2);
  Endorse(b, Propose(a, 2));
  v1::Statement asked = NewStatement(a.person.id.Name());
  v1::CeremonyStatement& ceremony = *asked.mutable_ceremony();
  ceremony.set_epoch(1);
  ceremony.set_threshold(2);
  ceremony.add_holders(a.person.id.Name());
  ceremony.add_holders(b.person.id.Name());
  const Bytes32 ceremony_hash = HashOf(Append(asked, {&a.person.sign}));
  Endorse(b, ceremony_hash);

  const crypto::SigningKey opening_key = crypto::SigningKey::Generate();
  const crypto::SplitScalar made = crypto::SplitScalar::Make(crypto::Scalar::Random(), 2, 2);
  v1::Statement said = NewStatement("vault");
  v1::RootSplit& split = *said.mutable_vault_key()->mutable_split();
  split.set_ceremony_hash(ToString(ceremony_hash));
  split.set_epoch(1);
  for (const crypto::Point& point : made.commitments.points())
    split.add_commitments(ToString(point.bytes));
  for (const Organization* holder : {&a, &b}) {
    v1::ShareHolder& share = *split.add_holders();
    share.set_person(holder->person.id.Name());
    share.set_sign_key(ToString(holder->person.sign.verify_key().bytes));
    share.set_sealed_share(std::string(crypto::kShareBytes + crypto::kBoxOverheadBytes, 's'));
  }
  split.set_opening_key(ToString(opening_key.verify_key().bytes));
  const Bytes32 split_hash = HashOf(Append(said, {&vault_sign}));
  Endorse(a, split_hash);
  Endorse(b, split_hash);

  v1::Statement sealed = NewStatement("vault");
  v1::VaultOpening& opening = *sealed.mutable_vault_key()->mutable_opening();
  opening.set_split_hash(ToString(split_hash));
  opening.set_box_key(ToString(crypto::BoxSecretKey::Generate().public_key().bytes));
  const Bytes32 opening_hash = HashOf(Append(sealed, {&opening_key}));
  v1::Statement open = NewStatement("vault");
  v1::VaultUnsealed& unsealed = *open.mutable_vault_key()->mutable_unsealed();
  unsealed.set_opening_hash(ToString(opening_hash));
  unsealed.add_holders(a.person.id.Name());
  unsealed.add_holders(b.person.id.Name());
  const Bytes32 unsealed_hash = HashOf(Append(open, {&vault_sign}));
  v1::Statement seal = NewStatement(b.person.id.Name());
  seal.mutable_seal()->set_unsealed_hash(ToString(unsealed_hash));
  seal.mutable_seal()->set_reason("nobody is here over the holidays");
  Append(seal, {&b.person.sign});
}

void Consortium::SayEverything(const Organization& a, const Organization& b) {
  DecideAndSplit(a, b);
  for (const Organization* by : {&a, &b}) {
    v1::UploadProvenance upload = Upload(*by, 3, 2);
    Intake(upload);
    Erase(*by);
    TellPerson(*by);
  }
  Erase(b, false);
  Match(VoterFile(a, 10));
  Withdraw(b, "members");
}

Consortium::Coalition Consortium::MakeCoalition(const Someone& auditor) const {
  Coalition report;
  report.header.set_version(kCoalitionVersion);
  report.header.set_consortium(ToString(id));
  report.header.set_reporter(auditor.id.Name());
  report.header.set_create_time(kNow + 1000);
  report.header.set_checkpoint(Checkpoint());
  for (const tlog::Entry& entry : entries_) {
    v1::OpenedEntry& opened = report.entries.emplace_back();
    opened.set_salt(ToString(entry.salt));
    opened.set_body(entry.body);
  }
  return report;
}

v1::SampleBlock Consortium::Sample(const Coalition& report) const {
  v1::SampleBlock sample;
  const auto checkpoint =
      tlog::OpenCheckpoint(report.header.checkpoint(), Must(tlog::NoteKey::Parse(log_vkey)));
  if (!checkpoint.ok()) return sample;
  LogClock clock(report.header.create_time());
  std::vector<std::pair<std::string, size_t>> population;
  for (const v1::OpenedEntry& entry : report.entries) {
    v1::SignedStatement signed_statement;
    v1::Statement statement;
    if (!signed_statement.ParseFromString(entry.body()) ||
        !statement.ParseFromString(signed_statement.statement()) ||
        statement.body_case() == v1::Statement::BODY_NOT_SET) {
      continue;
    }
    const LogClock::Reading reading = clock.Read(statement.create_time(), statement.signer());
    if (!statement.has_upload() || !IsWithin(reading.time, report.header.period())) continue;
    for (size_t i = 0; i < static_cast<size_t>(statement.upload().batch_count()); ++i)
      population.emplace_back(statement.upload().upload(), i);
  }
  for (const uint64_t number :
       DrawSample(*checkpoint, report.header.sample_signature(), population.size())) {
    const auto& [upload, sequence] = population[number];
    const std::vector<v1::BatchRecord>& records = batches_.at(upload);
    v1::BatchOpening& opening = *sample.add_batches();
    opening.set_upload(upload);
    opening.set_sequence(static_cast<int64_t>(sequence));
    if (sequence >= records.size()) continue;
    *opening.mutable_record() = records[sequence];
    std::vector<Bytes32> leaves;
    for (const v1::BatchRecord& record : records)
      leaves.push_back(crypto::MerkleLeaf(record.header() + record.holding_wrap() + record.root()));
    tlog::PutHashes(
        Must(crypto::InclusionProof(sequence, leaves.size(),
                                    [&](int level, uint64_t at) -> absl::StatusOr<Bytes32> {
                                      return crypto::MerkleRoot(std::span(leaves).subspan(
                                          at << level, size_t{1} << level));
                                    })),
        opening.mutable_hashes());
  }
  return sample;
}

std::string Consortium::Encode(Coalition report, const Someone& auditor) const {
  report.header.set_reporter_key(ToString(auditor.sign.verify_key().bytes));
  const auto checkpoint =
      tlog::OpenCheckpoint(report.header.checkpoint(), Must(tlog::NoteKey::Parse(log_vkey)));
  if (report.header.sample_signature().empty() && checkpoint.ok())
    report.header.set_sample_signature(SignSample(*checkpoint, auditor.sign));
  std::string file;
  CoalitionWriter writer(
      [&](std::string_view bytes) {
        file.append(bytes);
        return absl::OkStatus();
      },
      &auditor.sign);
  MUSTER_CHECK(writer.Begin(report.header).ok());
  for (const v1::OpenedEntry& entry : report.entries) MUSTER_CHECK(writer.Add(entry).ok());
  MUSTER_CHECK(writer.Finish(report.sample.has_value() ? *report.sample : Sample(report)).ok());
  return file;
}

v1::EntryProof Consortium::Prove(uint64_t index, uint64_t size) const {
  v1::EntryProof proof;
  proof.set_index(static_cast<int64_t>(index));
  proof.set_salt(ToString(entries_[index].salt));
  proof.set_body(entries_[index].body);
  const auto hashes = Must(crypto::InclusionProof(
      index, size, [&](int level, uint64_t number) -> absl::StatusOr<Bytes32> {
        return RangeRoot(entries_, number << level, (number + 1) << level);
      }));
  tlog::PutHashes(hashes, proof.mutable_hashes());
  return proof;
}

std::string Consortium::Checkpoint(uint64_t size) const {
  tlog::Checkpoint checkpoint;
  checkpoint.origin = "muster.example/log";
  checkpoint.size = size;
  checkpoint.root = RangeRoot(entries_, 0, size);
  return tlog::SignCheckpoint(checkpoint, log_key);
}

v1::CheckpointProof Consortium::Extend(uint64_t old_size) const {
  v1::CheckpointProof proof;
  proof.set_checkpoint(Checkpoint());
  proof.set_old_size(static_cast<int64_t>(old_size));
  if (old_size == 0 || old_size > size()) return proof;
  const auto hashes = Must(crypto::ConsistencyProof(
      old_size, size(), [&](int level, uint64_t number) -> absl::StatusOr<Bytes32> {
        return RangeRoot(entries_, number << level, (number + 1) << level);
      }));
  tlog::PutHashes(hashes, proof.mutable_consistency());
  return proof;
}

v1::Bundle Consortium::MakeBundle() const {
  v1::Bundle bundle;
  bundle.set_consortium(ToString(id));
  bundle.set_consortium_name("River County Coalition");
  bundle.set_log_vkey(log_vkey);
  bundle.mutable_vault()->set_sign_key(ToString(vault_sign.verify_key().bytes));
  bundle.mutable_vault()->set_box_key(ToString(vault_box.public_key().bytes));
  bundle.mutable_vault()->set_holding_key(ToString(v.TimesBase().bytes));
  // The founder has witnessed it.
  const tlog::NoteKey log = Must(tlog::NoteKey::Parse(log_vkey));
  const std::string witness = tlog::WitnessName(log.name, founder.id.Name());
  tlog::Note note = Must(tlog::ParseNote(Checkpoint()));
  note.signatures.push_back(tlog::CosignNoteText(note.text, kNow, witness, founder.cosign));
  bundle.set_checkpoint(tlog::FormatNote(note));
  *bundle.mutable_charter() = Prove(0, size());
  bundle.set_policy(
      WitnessPolicy(log, {{witness, tlog::kAlgorithmCosignature, founder.cosign.verify_key()}}, 1));
  bundle.set_create_time(kNow);
  return bundle;
}

AuditRoot Consortium::Root() const { return Must(OpenBundle(MakeBundle())); }

v1::ProvenanceReport Consortium::MakeReport(const Organization& organization,
                                            std::vector<v1::UploadProvenance> uploads,
                                            std::optional<uint64_t> at_size) const {
  const uint64_t tree_size = at_size.value_or(size());
  const auto prove = [&](v1::EntryProof& proof) {
    proof = Prove(static_cast<uint64_t>(proof.index()), tree_size);
  };
  v1::ProvenanceReport report;
  report.set_consortium(ToString(id));
  report.set_member(organization.id.Name());
  report.set_member_name(organization.name);
  report.set_reporter(organization.person.id.Name());
  report.set_create_time(kNow + 1000);
  report.set_checkpoint(Checkpoint(tree_size));
  *report.mutable_charter() = Prove(0, tree_size);
  *report.add_people() = Prove(organization.admission_index, tree_size);
  *report.add_people() = Prove(organization.join_index, tree_size);
  for (v1::UploadProvenance& upload : uploads) {
    prove(*upload.mutable_upload());
    if (upload.has_intake()) prove(*upload.mutable_intake());
    for (v1::EntryProof& proof : *upload.mutable_withdrawals()) prove(proof);
    *report.add_uploads() = std::move(upload);
  }
  return report;
}

}  // namespace muster::report
