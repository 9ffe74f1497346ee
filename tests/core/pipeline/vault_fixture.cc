// SPDX-License-Identifier: Apache-2.0
#include "tests/core/pipeline/vault_fixture.h"

#include <algorithm>

#include "core/base/file.h"
#include "core/crypto/merkle.h"
#include "core/seal/envelope.h"
#include "core/store/source_row.h"
#include "core/tlog/checkpoint.h"
#include "core/token/normalize.h"

namespace muster::test {

using testing::Must;

contact::ContactRecord RecordOf(const Line& line, uint32_t place) {
  contact::ContactRecord record;
  record.row = place + 1;
  record.status = line.status;
  record[contact::Field::kEmail] = line.address;
  record[contact::Field::kConsent] = line.consent;
  record[contact::Field::kZip] = "62704-1234";
  record[contact::Field::kState] = "il";
  record[contact::Field::kMobile] = "+1312555" + std::to_string(1000 + place % 9000);
  record[contact::Field::kSubscribedTime] = "2020-01-02T03:04:05Z";
  return record;
}

v1::IntakeStatement WordsOf(const v1::SignedStatement& signed_statement) {
  const auto verified = Must(governance::VerifyStatement(signed_statement));
  REQUIRE(verified.statement.has_intake());
  return verified.statement.intake();
}

void RequireSame(const v1::IntakeStatement& got, const v1::IntakeStatement& want) {
  REQUIRE(got.record_count() == want.record_count());
  REQUIRE(got.contact_count() == want.contact_count());
  REQUIRE(got.duplicate_count() == want.duplicate_count());
  REQUIRE(got.suppression_count() == want.suppression_count());
  REQUIRE(got.exclusion_count() == want.exclusion_count());
  REQUIRE(got.refused_count() == want.refused_count());
  REQUIRE(got.replaced_count() == want.replaced_count());
}

TestVault::TestVault(pipeline::IntakeOptions intake) : intake_(intake) {
  (void)Must(keyring::Keyring::Create(home()));
  const auto keys = Must(keyring::Keyring::Open(home()));
  consortium.vault_sign = keys->sign_key().Clone();
  consortium.vault_box = Must(crypto::BoxSecretKey::FromBytes(keys->box_key().raw()));
  consortium.v = Must(crypto::Scalar::FromBytes(keys->holding_key().raw()));
  REQUIRE_OK(WriteFileDurably(home() / "log.vkey", consortium.note_key().Format() + "\n"));
  Reopen();
  (void)Append(consortium.SignedCharter());
}

void TestVault::Reopen() {
  vault_.reset();
  pipeline::VaultOptions options;
  options.home = home();
  options.intake = intake_;
  vault_ = Must(pipeline::Vault::Open(options, clock));
}

TestPerson& TestVault::AddMember(const std::string& name) {
  people_.push_back(std::make_unique<TestPerson>());
  TestPerson& person = *people_.back();
  person.member = DrawId<MemberId>();
  person.m = crypto::Scalar::Random();
  const TestInvite invite;
  const std::vector<v1::Role> roles = {v1::ROLE_UPLOADER, v1::ROLE_APPROVER};
  Append(TestConsortium::SignBy(
      consortium.founder,
      consortium.Admission(consortium.founder, invite, person, name, true, roles)));
  Append(TestConsortium::SignJoin(consortium.Join(invite, person), invite, person));
  return person;
}

TestPerson& TestVault::AddColleague(const TestPerson& by, const std::vector<v1::Role>& roles) {
  people_.push_back(std::make_unique<TestPerson>());
  TestPerson& person = *people_.back();
  person.member = by.member;
  const TestInvite invite;
  Append(TestConsortium::SignBy(by, consortium.Admission(by, invite, person, "", false, roles)));
  Append(TestConsortium::SignJoin(consortium.Join(invite, person), invite, person));
  return person;
}

uint64_t TestVault::Append(const v1::SignedStatement& statement) {
  entries_.push_back({crypto::RandomArray<32>(), statement.SerializeAsString()});
  REQUIRE(Must(vault_->Observe(Entries(entries_.size() - 1, entries_.size()))) == entries_.size());
  return entries_.size() - 1;
}

v1::ObserveEntriesRequest TestVault::Entries(uint64_t first, uint64_t end) const {
  v1::ObserveEntriesRequest request;
  request.set_first_index(static_cast<int64_t>(first));
  crypto::MerkleFrontier tree;
  for (uint64_t i = 0; i < end; ++i) {
    tree.Append(tlog::EntryLeaf(entries_[i].salt, entries_[i].body));
    if (i < first) continue;
    v1::LogEntry& entry = *request.add_entries();
    entry.set_index(static_cast<int64_t>(i));
    entry.set_salt(ToString(entries_[i].salt));
    entry.set_body(entries_[i].body);
    entry.set_commitment(ToString(tlog::EntryCommitment(entries_[i].salt, entries_[i].body)));
  }
  request.set_checkpoint(
      tlog::SignCheckpoint({consortium.log_name(), end, tree.Root()}, consortium.log_key));
  return request;
}

seal::SealContext TestVault::ContextOf(const SealedUpload& upload) const {
  seal::SealContext context;
  context.consortium = consortium.id;
  context.member = *upload.uploader->member;
  context.upload = upload.id;
  context.uploader = upload.uploader->id;
  context.intake_key = Must(crypto::ParseBoxPublicKey(upload.key.public_key()));
  context.vault_key = consortium.v.TimesBase();
  for (const auto& person : people_) {
    if (person->member == upload.uploader->member && person->m.has_value())
      context.member_key = person->m->TimesBase();
  }
  return context;
}

SealedUpload TestVault::Seal(const TestPerson& by, const std::string& list,
                             const std::vector<Line>& lines, size_t batch_records,
                             v1::UploadStatement::Mode mode) {
  std::vector<contact::ContactRecord> records;
  for (const Line& line : lines)
    records.push_back(RecordOf(line, static_cast<uint32_t>(records.size())));
  return SealRecords(by, list, records, batch_records, mode, {});
}

SealedUpload TestVault::SealRecords(const TestPerson& by, const std::string& list,
                                    const std::vector<contact::ContactRecord>& records,
                                    size_t batch_records, v1::UploadStatement::Mode mode,
                                    const v1::VoterFileTerms& voterfile) {
  SealedUpload upload;
  upload.id = DrawId<UploadId>();
  upload.uploader = &by;
  upload.list = list;
  upload.mode = mode;
  upload.voterfile = voterfile;
  upload.key = Must(vault_->OpenIntake(upload.id.Name(), by.member->Name(), list, voterfile));
  const seal::Sealer sealer(ContextOf(upload), &by.sign);
  std::vector<Bytes32> leaves;
  for (size_t first = 0; first < records.size(); first += batch_records) {
    seal::RecordBlock block;
    for (size_t i = first; i < std::min(records.size(), first + batch_records); ++i)
      REQUIRE_OK(block.Add(records[i]));
    seal::SealedBatch batch =
        Must(sealer.Seal(static_cast<uint32_t>(upload.batches.size()), block, kTestTime));
    leaves.push_back(crypto::MerkleLeaf(batch.signed_part));
    upload.batches.push_back(std::move(batch.envelope));
  }
  upload.record_count = static_cast<int64_t>(records.size());
  upload.root = crypto::MerkleRoot(leaves);
  return upload;
}

absl::Status TestVault::Send(const SealedUpload& upload) {
  auto reading = vault_->Read(upload.id.Name(), nullptr);
  if (!reading.ok()) return reading.status();
  pipeline::IntakeRun& run = (*reading)->run();
  for (int64_t n = run.durable_count(); n < static_cast<int64_t>(upload.batches.size()); ++n) {
    if (absl::Status status = run.Put(n, upload.batches[static_cast<size_t>(n)]); !status.ok())
      return status;
  }
  return run.Flush();
}

v1::Statement TestVault::StatementOf(const SealedUpload& upload) const {
  v1::Statement statement = consortium.Upload(*upload.uploader, upload.id);
  v1::UploadStatement& said = *statement.mutable_upload();
  said.set_list(upload.list);
  said.set_mode(upload.mode);
  said.set_row_count(upload.record_count);
  said.set_record_count(upload.record_count);
  said.mutable_files(0)->set_row_count(upload.record_count);
  said.set_batch_count(static_cast<int64_t>(upload.batches.size()));
  said.set_batches_root(ToString(upload.root));
  if (!upload.voterfile.layout().empty()) {
    said.clear_consent();
    *said.mutable_voterfile() = upload.voterfile;
  }
  return statement;
}

uint64_t TestVault::Commit(const SealedUpload& upload) {
  return Append(TestConsortium::SignBy(*upload.uploader, StatementOf(upload)));
}

absl::StatusOr<v1::IntakeStatement> TestVault::Finish(const SealedUpload& upload, uint64_t index) {
  auto response = vault_->FinishIntake(upload.id.Name(), static_cast<int64_t>(index));
  if (!response.ok()) return response.status();
  return WordsOf(response->intake());
}

v1::IntakeStatement TestVault::Upload(const TestPerson& by, const std::string& list,
                                      const std::vector<Line>& lines, size_t batch_records,
                                      v1::UploadStatement::Mode mode) {
  return TakeIn(Seal(by, list, lines, batch_records, mode));
}

v1::IntakeStatement TestVault::TakeIn(const SealedUpload& upload) {
  REQUIRE_OK(Send(upload));
  const uint64_t index = Commit(upload);
  auto response = Must(vault_->FinishIntake(upload.id.Name(), static_cast<int64_t>(index)));
  Append(response.intake());  // the registry takes it
  return WordsOf(response.intake());
}

TestVault::Withdrawal TestVault::StateWithdrawal(const TestPerson& by, const std::string& list,
                                                 const std::vector<std::string>& addresses) {
  Withdrawal out;
  v1::Statement statement = consortium.Withdrawal(by, DrawId<WithdrawalId>());
  statement.mutable_withdrawal()->set_list(list);
  if (list.empty()) {
    v1::SealedAddresses message;
    for (const std::string& address : addresses) message.add_addresses(address);
    out.sealed = Must(crypto::BoxSeal(consortium.vault_box.public_key(),
                                      "muster/withdraw/v1" + ToString(consortium.id),
                                      AsBytes(message.SerializeAsString())));
    statement.mutable_withdrawal()->set_sealed_hash(ToString(crypto::Blake2b256(out.sealed)));
  }
  out.index = Append(TestConsortium::SignBy(by, statement));
  return out;
}

v1::WithdrawnStatement TestVault::Apply(const Withdrawal& withdrawal) {
  const auto index = static_cast<int64_t>(withdrawal.index);
  const v1::SignedStatement said = Must(vault_->ApplyWithdrawal(index, withdrawal.sealed));
  REQUIRE(Must(vault_->ApplyWithdrawal(index, withdrawal.sealed)).SerializeAsString() ==
          said.SerializeAsString());
  Append(said);
  return Must(governance::VerifyStatement(said)).statement.withdrawn();
}

v1::IntakeStatement Notebook::Add(const MemberId& member, const std::string& list,
                                  const std::vector<Line>& lines, bool replace) {
  v1::IntakeStatement said;
  std::set<std::string> contacts, suppressions;
  int64_t usable = 0;
  for (const Line& line : lines) {
    if (contact::IsExclusion(line.status)) {
      said.set_exclusion_count(said.exclusion_count() + 1);
      continue;
    }
    const auto normalized = token::NormalizeEmail(line.address);
    if (!normalized.ok()) {
      said.set_refused_count(said.refused_count() + 1);
      continue;
    }
    ++usable;
    (contact::IsSuppression(line.status) ? suppressions : contacts).insert(*normalized);
  }
  for (const std::string& address : suppressions) contacts.erase(address);
  said.set_record_count(static_cast<int64_t>(lines.size()));
  said.set_contact_count(static_cast<int64_t>(contacts.size()));
  said.set_suppression_count(static_cast<int64_t>(suppressions.size()));
  said.set_duplicate_count(usable - said.contact_count() - said.suppression_count());
  if (replace) said.set_replaced_count(WithdrawList(member, list));
  uploads_.push_back({member, list, std::move(contacts)});
  return said;
}

int64_t Notebook::WithdrawList(const MemberId& member, const std::string& list) {
  int64_t sources = 0;
  std::erase_if(uploads_, [&](const Entry& upload) {
    if (upload.member != member || upload.list != list) return false;
    sources += static_cast<int64_t>(upload.addresses.size());
    return true;
  });
  return sources;
}

std::pair<int64_t, int64_t> Notebook::WithdrawAddresses(const MemberId& member,
                                                        const std::vector<std::string>& addresses) {
  int64_t sources = 0;
  int64_t unknown = 0;
  std::set<std::string> distinct;
  for (const std::string& address : addresses) {
    const auto normalized = token::NormalizeEmail(address);
    if (normalized.ok())
      distinct.insert(*normalized);
    else
      ++unknown;
  }
  for (const std::string& address : distinct) {
    int64_t met = 0;
    for (Entry& upload : uploads_) {
      if (upload.member == member) met += static_cast<int64_t>(upload.addresses.erase(address));
    }
    sources += met;
    if (met == 0) ++unknown;
  }
  return {sources, unknown};
}

void Notebook::RequireFigures(TestVault& vault, const TestPerson& of) const {
  std::set<std::string> all;
  std::map<std::string, std::set<std::string>> by_list;
  std::map<std::string, int64_t> uploads;
  for (const Entry& upload : uploads_) {
    if (upload.member != *of.member) continue;
    all.insert(upload.addresses.begin(), upload.addresses.end());
    by_list[upload.list].insert(upload.addresses.begin(), upload.addresses.end());
    ++uploads[upload.list];
  }
  const v1::MemberFigures figures = vault.Figures(of);
  REQUIRE(figures.contact_count() == static_cast<int64_t>(all.size()));
  REQUIRE(figures.lists_size() == static_cast<int>(by_list.size()));
  for (const v1::MemberList& list : figures.lists()) {
    REQUIRE(list.contact_count() == static_cast<int64_t>(by_list.at(list.list()).size()));
    REQUIRE(list.upload_count() == uploads.at(list.list()));
  }
}

void Notebook::RequireRows(TestVault& vault) const {
  const token::TokenKey& key = vault.vault().keyring().token_key();
  std::multiset<std::pair<token::Token, MemberId>> want, got;
  for (const Entry& upload : uploads_) {
    for (const std::string& address : upload.addresses)
      want.emplace(key.EmailToken(address), upload.member);
  }
  std::set<UploadId> open;
  for (const auto& [id, record] : Must(vault.vault().store().ReadUploads())) {
    if (record.state() == v1::UploadRecord::OPEN) open.insert(id);
    REQUIRE(!record.purge_due());
  }
  store::Store& rows = vault.vault().store().rows();
  std::set<std::string> indexed;
  for (auto cursor = rows.Scan(store::kSources, "", ""); cursor->valid(); cursor->Next()) {
    const store::SourceKey source = Must(store::DecodeSourceKey(cursor->key()));
    REQUIRE_OK(store::DecodeSourceRow(cursor->value()));
    if (open.contains(source.upload)) continue;
    got.emplace(source.token, source.member);
    std::string index;
    store::AppendUploadContactKey({source.upload, source.token, source.place}, index);
    REQUIRE(Must(rows.Get(store::kUploadContacts, index)).has_value());
    indexed.insert(index);
  }
  REQUIRE((got == want));
  for (auto cursor = rows.Scan(store::kUploadContacts, "", ""); cursor->valid(); cursor->Next()) {
    const store::UploadContactKey contact = Must(store::DecodeUploadContactKey(cursor->key()));
    const store::UploadContact value = Must(store::DecodeUploadContact(cursor->value()));
    if (open.contains(contact.upload)) continue;
    REQUIRE((value.suppression == token::Token{}));
    if (value.kind == store::UploadContactKind::kContact)
      REQUIRE(indexed.contains(std::string(cursor->key())));
  }
}

}  // namespace muster::test
