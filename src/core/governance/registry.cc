// SPDX-License-Identifier: Apache-2.0
#include "core/governance/registry.h"

#include <algorithm>
#include <tuple>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/governance/charter.h"
#include "core/tlog/note.h"

namespace muster::governance {
namespace {

// An open invite is a door; nobody leaves one open for years.
constexpr int64_t kInviteSecondsMax = int64_t{90} * 24 * 3600;

absl::Status Refused(std::string_view why) {
  return MakeError(v1::STATEMENT_REFUSED, "statement refused: " + std::string(why));
}

Bytes32 Array32(std::string_view raw) {
  const auto array = ToArray<32>(raw);
  MUSTER_CHECK(array.has_value());  // VerifyStatement has checked every size
  return *array;
}

// Names and keys in a VerifiedStatement are well formed: these cannot fail.
template <typename IdType>
IdType Known(std::string_view name) {
  auto id = IdType::Parse(name);
  MUSTER_CHECK(id.ok());
  return *id;
}

std::optional<MemberId> OptionalMember(std::string_view name) {
  if (name.empty()) return std::nullopt;
  return Known<MemberId>(name);
}

Voice VoiceOf(const PersonRecord& person) { return {person.id, person.member, person.roles}; }

RoleSet RolesOf(const v1::AdmissionStatement& admission) {
  RoleSet roles;
  for (const int role : admission.roles()) roles.Add(static_cast<v1::Role>(role));
  return roles;
}

}  // namespace

bool SameSource(const v1::VoterFileTerms& a, const v1::VoterFileTerms& b) {
  return a.state() == b.state() && a.layout() == b.layout();
}

bool IsNewerExtract(const v1::VoterFileTerms& a, int64_t a_index, const v1::VoterFileTerms& b,
                    int64_t b_index) {
  return std::tie(a.as_of(), a_index) > std::tie(b.as_of(), b_index);
}

absl::Status Registry::Check(const VerifiedStatement& verified, std::optional<int64_t> now) const {
  const v1::Statement& statement = verified.statement;
  if (statement.has_charter()) return CheckCharter(verified);
  if (!founded()) return Refused("the log's first entry must be the charter");
  if (statement.consortium() != AsText(consortium_)) return Refused("it is of another consortium");
  switch (statement.body_case()) {
    case v1::Statement::kAdmission:
      return CheckAdmission(verified);
    case v1::Statement::kJoin:
      return CheckJoin(verified, now);
    case v1::Statement::kUpload: {
      const v1::UploadStatement& upload = statement.upload();
      MUSTER_RETURN_IF_ERROR(CheckMemberSigner(
          verified, upload.member(),
          upload.has_voterfile() ? RoleSet{v1::ROLE_STEWARD} : RoleSet{v1::ROLE_UPLOADER}));
      const std::optional<bool> named =
          IsVoterFileName(Known<MemberId>(upload.member()), upload.list());
      if (named.value_or(upload.has_voterfile()) != upload.has_voterfile()) {
        return Refused(upload.has_voterfile()
                           ? "the member has a list of this name; give the voter file another"
                           : "the member has a voter file of this name; give the list another");
      }
      if (FindUpload(Known<UploadId>(upload.upload())) != nullptr) {
        return MakeError(v1::UPLOAD_EXISTS, "statement refused: this upload was already committed");
      }
      return absl::OkStatus();
    }
    case v1::Statement::kIntake: {
      MUSTER_RETURN_IF_ERROR(CheckVaultSigner(verified));
      const v1::IntakeStatement& intake = statement.intake();
      const UploadRecord* upload = FindUpload(Known<UploadId>(intake.upload()));
      if (upload == nullptr) return Refused("the upload it speaks of is not on the log");
      if (upload->intake_index.has_value())
        return Refused("the upload already has an intake statement");
      if (upload->member.Name() != intake.member() ||
          AsText(upload->statement_hash) != intake.upload_statement_hash() ||
          AsText(upload->batches_root) != intake.batches_root() ||
          upload->record_count != intake.record_count() ||
          upload->voterfile.has_value() != intake.has_voterfile()) {
        return Refused("it does not agree with the upload statement it speaks of");
      }
      return absl::OkStatus();
    }
    case v1::Statement::kWithdrawal: {
      const v1::WithdrawalStatement& withdrawal = statement.withdrawal();
      const bool of_voters =
          IsVoterFileName(Known<MemberId>(withdrawal.member()), withdrawal.list()).value_or(false);
      MUSTER_RETURN_IF_ERROR(
          CheckMemberSigner(verified, withdrawal.member(),
                            {of_voters ? v1::ROLE_STEWARD : v1::ROLE_UPLOADER, v1::ROLE_APPROVER}));
      if (FindWithdrawal(Known<WithdrawalId>(withdrawal.withdrawal())) != nullptr) {
        return MakeError(v1::REQUEST_ID_REUSED,
                         "statement refused: this withdrawal is already on the log");
      }
      return absl::OkStatus();
    }
    case v1::Statement::kWithdrawn: {
      MUSTER_RETURN_IF_ERROR(CheckVaultSigner(verified));
      const WithdrawalRecord* withdrawal =
          FindWithdrawal(Known<WithdrawalId>(statement.withdrawn().withdrawal()));
      if (withdrawal == nullptr) return Refused("the withdrawal it speaks of is not on the log");
      if (withdrawal->withdrawn_index.has_value())
        return Refused("the withdrawal was already done");
      if (withdrawal->member.Name() != statement.withdrawn().member()) {
        return Refused("the withdrawal it speaks of is another member's");
      }
      return absl::OkStatus();
    }
    case v1::Statement::kErase: {
      MUSTER_RETURN_IF_ERROR(CheckMemberSigner(verified, statement.erase().member(),
                                               {v1::ROLE_UPLOADER, v1::ROLE_APPROVER}));
      if (FindErasure(Known<ErasureId>(statement.erase().erasure())) != nullptr) {
        return MakeError(v1::REQUEST_ID_REUSED,
                         "statement refused: this erasure is already on the log");
      }
      return absl::OkStatus();
    }
    case v1::Statement::kErased: {
      MUSTER_RETURN_IF_ERROR(CheckVaultSigner(verified));
      const v1::ErasedStatement& erased = statement.erased();
      const ErasureRecord* erasure = FindErasure(Known<ErasureId>(erased.erasure()));
      if (erasure == nullptr) return Refused("the erasure it speaks of is not on the log");
      if (erasure->erased_index.has_value()) return Refused("the erasure was already done");
      if (erasure->member.Name() != erased.member() ||
          AsText(erasure->commitment) != erased.commitment()) {
        return Refused("it does not agree with the erasure it speaks of");
      }
      return absl::OkStatus();
    }
    case v1::Statement::kPersonReport: {
      MUSTER_RETURN_IF_ERROR(CheckMemberSigner(verified, statement.person_report().member(),
                                               {v1::ROLE_UPLOADER, v1::ROLE_APPROVER}));
      if (FindPersonReport(Known<PersonReportId>(statement.person_report().report()))) {
        return MakeError(v1::REQUEST_ID_REUSED,
                         "statement refused: this report to a person is already on the log");
      }
      return absl::OkStatus();
    }
    case v1::Statement::kMatch: {
      MUSTER_RETURN_IF_ERROR(CheckVaultSigner(verified));
      const v1::MatchStatement& match = statement.match();
      const UploadRecord* upload = FindUpload(Known<UploadId>(match.upload()));
      if (upload == nullptr || !upload->voterfile.has_value() || !upload->intake_index.has_value())
        return Refused("the voter file it speaks of is not on the log, or was not read");
      if (static_cast<int64_t>(upload->index) != match.upload_index() ||
          upload->list != match.voterfile()) {
        return Refused("it does not agree with the voter file it speaks of");
      }
      if (matches_.contains(Known<MatchId>(match.match())))
        return Refused("this match run is already on the log");
      return absl::OkStatus();
    }
    case v1::Statement::kCharterProposal:
      return CheckProposal(verified);
    case v1::Statement::kEndorsement:
      return CheckEndorsement(verified);
    case v1::Statement::kCeremony:
      return CheckCeremony(verified);
    case v1::Statement::kVaultKey:
      return CheckVaultKey(verified);
    case v1::Statement::kSeal:
      MUSTER_RETURN_IF_ERROR(FindSigner(verified).status());
      return vault_key_.CheckSeal(statement.seal());
    case v1::Statement::kCharter:
    case v1::Statement::BODY_NOT_SET:
      break;
  }
  return Refused("it says nothing");
}

absl::Status Registry::CheckCharter(const VerifiedStatement& verified) const {
  if (founded()) return Refused("there is a charter already");
  const v1::PersonKeys& keys = verified.statement.charter().founder_keys();
  if (verified.signers.size() != 2 || !verified.SignedBy({Array32(keys.sign_key())}) ||
      !verified.SignedBy({Array32(keys.cosign_key())})) {
    return Refused(
        "the charter must be signed by the founder's sign key and cosign key, and nobody else");
  }
  if (verified.statement.charter().quorum() != 1) {
    return Refused(
        "a charter is founded with quorum 1, since nobody else takes part yet; raise it with "
        "`muster charter propose` when members have joined");
  }
  const v1::VaultKeys& vault = verified.statement.charter().vault();
  for (const std::string& key : {keys.sign_key(), keys.cosign_key(), keys.box_key()}) {
    if (key == vault.sign_key() || key == vault.box_key())
      return Refused("the founder's key is the vault's");
  }
  return absl::OkStatus();
}

absl::Status Registry::CheckAdmission(const VerifiedStatement& verified) const {
  const v1::AdmissionStatement& admission = verified.statement.admission();
  const std::optional<MemberId> member = OptionalMember(admission.member());
  const PersonRecord* signer = FindPerson(Known<PersonId>(verified.statement.signer()));
  if (signer == nullptr || !verified.SignedBy(signer->sign_key)) {
    return Refused("its signer does not take part, or did not sign");
  }
  const bool by_operators = admission.new_member() || !member.has_value();
  const bool entitled = by_operators
                            ? signer->roles.Has(v1::ROLE_OPERATOR)
                            : signer->roles.Has(v1::ROLE_APPROVER) && signer->member == member;
  if (!entitled) {
    return Refused(by_operators ? "only operators admit a member or somebody of no member"
                                : "only an approver of the member admits a colleague");
  }
  if (verified.signers.size() > 1) return Refused("it must be signed by its signer alone");

  const RoleSet roles = RolesOf(admission);
  if (member.has_value() && roles.Has(v1::ROLE_OPERATOR)) {
    return Refused(
        "operators belong to no member; invite the operator with `muster person add` as an "
        "operator");
  }
  if (!member.has_value() && roles.Intersects({v1::ROLE_UPLOADER, v1::ROLE_APPROVER})) {
    return Refused(
        "uploaders and approvers act for a member; invite the member with `muster member add`");
  }
  if (FindInvite(Known<InviteId>(admission.invite())) != nullptr) {
    return MakeError(v1::REQUEST_ID_REUSED, "statement refused: this invite is already on the log");
  }
  if (FindPerson(Known<PersonId>(admission.person())) != nullptr) {
    return MakeError(v1::PERSON_EXISTS, "statement refused: this person already takes part");
  }
  if (admission.expire_time() <= verified.statement.create_time()) {
    return MakeError(v1::INVITE_EXPIRED, "statement refused: the invite expires before it is made");
  }
  if (admission.expire_time() - verified.statement.create_time() > kInviteSecondsMax)
    return Refused("an invite is good for 90 days at most");
  if (admission.new_member()) {
    if (FindMember(*member) != nullptr || FindMemberByName(admission.member_name()) != nullptr) {
      return MakeError(
          v1::MEMBER_EXISTS,
          "statement refused: there is a member of this name already; choose another name, or let "
          "its approver invite colleagues with `muster person add`");
    }
    return absl::OkStatus();
  }
  if (!member.has_value()) return absl::OkStatus();
  const MemberRecord* record = FindMember(*member);
  MUSTER_CHECK(record != nullptr);  // its approver was found above
  if (!admission.member_name().empty() && admission.member_name() != record->name) {
    return Refused("it gives the member another name");
  }
  return absl::OkStatus();
}

absl::Status Registry::CheckNewKeys(const v1::PersonKeys& keys) const {
  for (const std::string& key :
       {keys.sign_key(), keys.cosign_key(), keys.box_key(), keys.member_key()}) {
    if (!key.empty() && used_keys_.contains(key)) {
      return Refused("one of its keys is already somebody's; make new keys");
    }
  }
  return absl::OkStatus();
}

absl::Status Registry::CheckJoin(const VerifiedStatement& verified,
                                 std::optional<int64_t> now) const {
  const v1::JoinStatement& join = verified.statement.join();
  const PendingInvite* invite = FindInvite(Known<InviteId>(join.invite()));
  if (invite == nullptr) {
    return MakeError(v1::INVITE_UNKNOWN, "this invite is not known here; ask for a new one");
  }
  if (invite->used) {
    return MakeError(v1::INVITE_USED, "this invite was already used; ask for a new one");
  }
  const v1::AdmissionStatement& admission = invite->admission;
  if (invite->decision.has_value()) {
    const Decision& decision = *decisions_.Find(*invite->decision);
    if (decision.is_void) {
      return Refused(
          "the charter has changed before this admission was signed; ask for a new invite");
    }
    if (decision.pending()) {
      return MakeError(v1::QUORUM_MISSING,
                       "this invite takes effect when " + std::to_string(quorum()) +
                           " members have signed it, and " +
                           std::to_string(decision.members.size()) +
                           " have; their approvers sign with `muster charter sign`");
    }
    // Decided by fewer than today's charter asks for, perhaps by one operator alone.
    if (*decision.effect_index < versions_.back().index) {
      return Refused(
          "the charter has changed since this admission was decided; ask for a new invite");
    }
  }
  const int64_t latest = std::max(verified.statement.create_time(), now.value_or(0));
  if (latest > admission.expire_time()) {
    return MakeError(v1::INVITE_EXPIRED, "this invite has expired; ask for a new one");
  }
  if (join.member() != admission.member() || join.person() != admission.person()) {
    return Refused("it is for another person or member than the invite");
  }
  if (join.charter_hash() != AsText(charter_hash_))
    return Refused("it joins under another charter");
  const v1::PersonKeys& keys = join.keys();
  if (verified.signers.size() != 3 || !verified.SignedBy({Array32(keys.sign_key())}) ||
      !verified.SignedBy({Array32(keys.cosign_key())}) ||
      !verified.SignedBy({Array32(admission.invite_key())})) {
    return Refused(
        "a join must be signed by its sign key, its cosign key and the invite's key, and nobody "
        "else");
  }
  MUSTER_RETURN_IF_ERROR(CheckNewKeys(keys));
  if (FindPerson(Known<PersonId>(join.person())) != nullptr) {
    return MakeError(v1::PERSON_EXISTS, "statement refused: this person already takes part");
  }
  const std::optional<MemberId> member = OptionalMember(admission.member());
  const MemberRecord* record = member.has_value() ? FindMember(*member) : nullptr;
  if (admission.new_member() &&
      (record != nullptr || FindMemberByName(admission.member_name()) != nullptr)) {
    return MakeError(v1::MEMBER_EXISTS,
                     "statement refused: a member of this name has joined meanwhile");
  }
  const bool first_approver = member.has_value() && RolesOf(admission).Has(v1::ROLE_APPROVER) &&
                              (record == nullptr || !record->member_key.has_value());
  if (first_approver == keys.member_key().empty()) {
    return Refused(first_approver
                       ? "the first approver of a member brings the member's key half"
                       : "only the first approver of a member brings the member's key half");
  }
  return absl::OkStatus();
}

absl::Status Registry::CheckMemberSigner(const VerifiedStatement& verified, std::string_view member,
                                         const RoleSet& roles) const {
  const PersonRecord* signer = FindPerson(Known<PersonId>(verified.statement.signer()));
  if (signer == nullptr || verified.signers.size() != 1 || !verified.SignedBy(signer->sign_key)) {
    return Refused("it must be signed by its signer's key, and by nobody else");
  }
  if (!signer->member.has_value() || signer->member->Name() != member) {
    return Refused("its signer is not of the member it speaks for");
  }
  if (!signer->roles.Intersects(roles)) {
    return Refused("its signer has not the role for it (" + FormatRoles(roles) + ")");
  }
  return absl::OkStatus();
}

absl::StatusOr<const PersonRecord*> Registry::FindSigner(const VerifiedStatement& verified) const {
  const auto id = PersonId::Parse(verified.statement.signer());
  const PersonRecord* signer = id.ok() ? FindPerson(*id) : nullptr;
  if (signer == nullptr || verified.signers.size() != 1 || !verified.SignedBy(signer->sign_key))
    return Refused("it must be signed by its signer's key, and by nobody else");
  return signer;
}

absl::Status Registry::CheckProposal(const VerifiedStatement& verified) const {
  MUSTER_ASSIGN_OR_RETURN(const PersonRecord* signer, FindSigner(verified));
  const v1::CharterProposalStatement& proposal = verified.statement.charter_proposal();
  if (!signer->roles.Intersects({v1::ROLE_APPROVER, v1::ROLE_OPERATOR}))
    return Refused("only approvers and operators propose a charter");
  const CharterVersion& current = versions_.back();
  if (proposal.version() != current.version + 1 ||
      proposal.predecessor_hash() != AsText(current.hash)) {
    return MakeError(v1::CHARTER_STALE,
                     "the proposal does not follow the charter in effect, which is version " +
                         std::to_string(current.version) + "; propose it anew");
  }
  std::set<MemberId> members;
  for (const auto& [id, person] : people_) {
    if (person.member.has_value() && person.roles.Has(v1::ROLE_APPROVER))
      members.insert(*person.member);
  }
  if (proposal.terms().quorum() > 1 && proposal.terms().quorum() > std::ssize(members)) {
    return Refused("its quorum is " + std::to_string(proposal.terms().quorum()) + ", and only " +
                   std::to_string(members.size()) +
                   " members have an approver who could sign; nothing could be decided any more");
  }
  if (decisions_.Find(verified.hash) != nullptr)
    return MakeError(v1::REQUEST_ID_REUSED, "statement refused: this proposal is on the log");
  return absl::OkStatus();
}

absl::Status Registry::CheckEndorsement(const VerifiedStatement& verified) const {
  MUSTER_ASSIGN_OR_RETURN(const PersonRecord* signer, FindSigner(verified));
  const Bytes32 hash = Array32(verified.statement.endorsement().statement_hash());
  if (vault_key_.split().has_value() && vault_key_.split()->hash == hash) {
    const SplitRecord& split = *vault_key_.split();
    if (!split.IndexOf(signer->id).has_value())
      return MakeError(v1::NOT_A_HOLDER, "only holders confirm their shares");
    if (split.confirmed.contains(signer->id))
      return MakeError(v1::ALREADY_SIGNED, "this holder has confirmed their share already");
    return absl::OkStatus();
  }
  const Decision* decision = decisions_.Find(hash);
  if (decision == nullptr || !decision->pending()) {
    return MakeError(v1::NOTHING_TO_SIGN,
                     decision == nullptr ? "nothing on the log that waits for signatures is this"
                     : decision->is_void ? "the charter has changed meanwhile; this is void"
                                         : "this is in effect already");
  }
  if (!Counts(VoiceOf(*signer), quorum())) {
    return Refused(
        "the charter in effect counts approvers of members, and its signer is none; ask a member");
  }
  if (signer->member.has_value() && decision->members.contains(*signer->member)) {
    return MakeError(v1::ALREADY_SIGNED,
                     "this member has signed already, and each member counts once");
  }
  if (decision->kind == Decision::Kind::kAdmission &&
      verified.statement.create_time() > decision->statement.admission().expire_time()) {
    return MakeError(v1::INVITE_EXPIRED, "the invite that this would admit has expired");
  }
  return absl::OkStatus();
}

absl::Status Registry::CheckCeremony(const VerifiedStatement& verified) const {
  MUSTER_ASSIGN_OR_RETURN(const PersonRecord* signer, FindSigner(verified));
  const v1::CeremonyStatement& ceremony = verified.statement.ceremony();
  if (!signer->roles.Intersects({v1::ROLE_APPROVER, v1::ROLE_OPERATOR}))
    return Refused("only approvers and operators ask for a ceremony");
  if (ceremony.epoch() != vault_key_.epoch() + 1) {
    return Refused("the vault's root was split anew meanwhile; look with `muster vault status`");
  }
  std::set<MemberId> members;
  for (const std::string& name : ceremony.holders()) {
    const PersonRecord* holder = FindPerson(Known<PersonId>(name));
    if (holder == nullptr || !holder->member.has_value() || !holder->roles.Has(v1::ROLE_APPROVER)) {
      return Refused("its holder " + name + " is no approver of a member");
    }
    if (!members.insert(*holder->member).second)
      return Refused("it names two holders of one member; each member holds one share");
  }
  if (decisions_.Find(verified.hash) != nullptr)
    return MakeError(v1::REQUEST_ID_REUSED, "statement refused: this ceremony is on the log");
  return absl::OkStatus();
}

absl::Status Registry::CheckVaultKey(const VerifiedStatement& verified) const {
  const v1::VaultKeyStatement& said = verified.statement.vault_key();
  if (said.has_opening()) return vault_key_.CheckOpening(verified);
  MUSTER_RETURN_IF_ERROR(CheckVaultSigner(verified));
  if (said.has_unsealed()) return vault_key_.CheckUnsealed(said.unsealed());
  MUSTER_RETURN_IF_ERROR(vault_key_.CheckSplit(
      said.split(), [&](const PersonId& id) -> std::optional<crypto::VerifyKey> {
        const PersonRecord* person = FindPerson(id);
        if (person == nullptr) return std::nullopt;
        return person->sign_key;
      }));
  if (used_keys_.contains(said.split().opening_key()))
    return Refused("its opening key is somebody's already");
  return absl::OkStatus();
}

void Registry::Propose(Decision::Kind kind, uint64_t index, const VerifiedStatement& verified) {
  Decision decision;
  decision.kind = kind;
  decision.hash = verified.hash;
  decision.statement = verified.statement;
  decision.index = index;
  const PersonRecord* proposer = FindPerson(Known<PersonId>(verified.statement.signer()));
  if (decisions_.Propose(std::move(decision), VoiceOf(*proposer), quorum()))
    TakeEffect(index, verified.hash);
}

void Registry::TakeEffect(uint64_t index, const Bytes32& hash) {
  const Decision& decision = *decisions_.Find(hash);
  switch (decision.kind) {
    case Decision::Kind::kAdmission:
      break;  // the join looks
    case Decision::Kind::kCharter: {
      const v1::CharterProposalStatement& proposal = decision.statement.charter_proposal();
      versions_.push_back({proposal.version(), proposal.terms(), hash, index});
      decisions_.VoidPending();
      // Decided under the charter before, and not followed yet.
      vault_key_.DropCeremony();
      break;
    }
    case Decision::Kind::kCeremony:
      vault_key_.TakeCeremony(hash, decision.statement.ceremony());
      decisions_.VoidPending(Decision::Kind::kCeremony);
      break;
  }
}

std::optional<uint64_t> Registry::FindDecided(const Bytes32& hash) const {
  const auto it = decided_.find(hash);
  return it == decided_.end() ? std::nullopt : std::optional<uint64_t>(it->second);
}

std::vector<uint64_t> Registry::DecidingEntries(uint64_t admission_index) const {
  for (const auto& [id, invite] : invites_) {
    if (invite.index != admission_index) continue;
    if (!invite.decision.has_value()) break;
    return decisions_.Find(*invite.decision)->signature_indices;
  }
  return {};
}

std::vector<uint64_t> Registry::CharterEntries() const {
  std::vector<uint64_t> entries;
  for (const CharterVersion& version : versions_) {
    const Decision* decision = decisions_.Find(version.hash);
    if (decision == nullptr) continue;  // the founding
    entries.push_back(decision->index);
    entries.insert(entries.end(), decision->signature_indices.begin(),
                   decision->signature_indices.end());
  }
  return entries;
}

absl::Status Registry::CheckVaultSigner(const VerifiedStatement& verified) const {
  if (verified.signers.size() == 1 && verified.SignedBy(vault_sign_key())) return absl::OkStatus();
  return Refused("it must be signed by the vault's key in the charter, and by nobody else");
}

absl::Status Registry::Apply(uint64_t index, const VerifiedStatement& verified) {
  MUSTER_RETURN_IF_ERROR(Check(verified));
  const v1::Statement& statement = verified.statement;
  if (statement.has_charter() && index != 0) return Refused("the charter is the log's first entry");

  if (statement.has_charter_proposal() || statement.has_endorsement() || statement.has_ceremony() ||
      statement.has_vault_key() || statement.has_seal()) {
    decided_[verified.hash] = index;
  }
  const auto enroll = [&](const PersonId& id, std::optional<MemberId> member,
                          const std::string& name, const RoleSet& roles, const v1::PersonKeys& keys,
                          uint64_t admission_index) {
    PersonRecord person;
    person.id = id;
    person.member = member;
    person.name = name;
    person.roles = roles;
    person.sign_key = {Array32(keys.sign_key())};
    person.cosign_key = {Array32(keys.cosign_key())};
    person.box_key = {Array32(keys.box_key())};
    person.join_time = statement.create_time();
    person.join_index = index;
    person.admission_index = admission_index;
    by_key_[person.sign_key] = id;
    for (const std::string& key :
         {keys.sign_key(), keys.cosign_key(), keys.box_key(), keys.member_key()}) {
      if (!key.empty()) used_keys_[key] = id;
    }
    people_[id] = std::move(person);
  };

  switch (statement.body_case()) {
    case v1::Statement::kCharter: {
      charter_ = statement.charter();
      consortium_ = *ToArray<16>(statement.consortium());
      charter_hash_ = verified.hash;
      versions_.push_back({1, TermsOf(*charter_), charter_hash_, index});
      // Nobody enrolls with a key of the vault or of the log: their signatures must stay apart.
      const auto log_key = tlog::NoteKey::Parse(charter_->log_vkey());
      MUSTER_CHECK(log_key.ok());
      const PersonId founder = Known<PersonId>(charter_->founder());
      for (const std::string& key :
           {charter_->vault().sign_key(), charter_->vault().box_key(),
            charter_->vault().holding_key(), ToString(log_key->key.bytes)}) {
        used_keys_[key] = founder;
      }
      enroll(founder, std::nullopt, charter_->founder_name(), {v1::ROLE_OPERATOR},
             charter_->founder_keys(), index);
      break;
    }
    case v1::Statement::kAdmission: {
      PendingInvite invite;
      invite.id = Known<InviteId>(statement.admission().invite());
      invite.admission = statement.admission();
      invite.index = index;
      if (invite.admission.new_member() || invite.admission.member().empty()) {
        invite.decision = verified.hash;
        Propose(Decision::Kind::kAdmission, index, verified);
      }
      invites_[invite.id] = std::move(invite);
      break;
    }
    case v1::Statement::kJoin: {
      const v1::JoinStatement& join = statement.join();
      PendingInvite& invite = invites_.at(Known<InviteId>(join.invite()));
      const v1::AdmissionStatement& admission = invite.admission;
      const PersonId person = Known<PersonId>(join.person());
      const std::optional<MemberId> member = OptionalMember(admission.member());
      enroll(person, member, admission.person_name(), RolesOf(admission), join.keys(),
             invite.index);
      invite.used = true;
      if (!member.has_value()) break;
      auto [it, created] = members_.try_emplace(*member);
      MemberRecord& record = it->second;
      if (created) {
        record.id = *member;
        record.name = admission.member_name();
        record.admission_index = invite.index;
      }
      record.people.push_back(person);
      if (!join.keys().member_key().empty()) {
        record.member_key = crypto::Point{Array32(join.keys().member_key())};
      }
      break;
    }
    case v1::Statement::kUpload: {
      const v1::UploadStatement& upload = statement.upload();
      UploadRecord record;
      record.id = Known<UploadId>(upload.upload());
      record.member = Known<MemberId>(upload.member());
      record.list = upload.list();
      record.mode = upload.mode();
      record.statement_hash = verified.hash;
      record.batches_root = Array32(upload.batches_root());
      record.record_count = upload.record_count();
      record.row_count = upload.row_count();
      record.create_time = statement.create_time();
      record.index = index;
      if (upload.has_voterfile()) record.voterfile = upload.voterfile();
      names_.try_emplace({record.member, record.list}, upload.has_voterfile());
      uploads_[record.id] = std::move(record);
      break;
    }
    case v1::Statement::kIntake: {
      UploadRecord& record = uploads_.at(Known<UploadId>(statement.intake().upload()));
      record.intake_index = index;
      if (statement.intake().has_voterfile()) record.voters = statement.intake().voterfile();
      break;
    }
    case v1::Statement::kWithdrawal: {
      const v1::WithdrawalStatement& withdrawal = statement.withdrawal();
      WithdrawalRecord record;
      record.id = Known<WithdrawalId>(withdrawal.withdrawal());
      record.member = Known<MemberId>(withdrawal.member());
      record.list = withdrawal.list();
      if (!withdrawal.sealed_hash().empty()) record.sealed_hash = Array32(withdrawal.sealed_hash());
      record.index = index;
      withdrawals_[record.id] = std::move(record);
      break;
    }
    case v1::Statement::kWithdrawn:
      withdrawals_.at(Known<WithdrawalId>(statement.withdrawn().withdrawal())).withdrawn_index =
          index;
      break;
    case v1::Statement::kErase: {
      const v1::EraseStatement& erase = statement.erase();
      ErasureRecord record;
      record.id = Known<ErasureId>(erase.erasure());
      record.member = Known<MemberId>(erase.member());
      record.sealed_hash = Array32(erase.sealed_hash());
      record.commitment = Array32(erase.commitment());
      record.index = index;
      erasures_[record.id] = record;
      break;
    }
    case v1::Statement::kErased:
      erasures_.at(Known<ErasureId>(statement.erased().erasure())).erased_index = index;
      break;
    case v1::Statement::kPersonReport:
      person_reports_[Known<PersonReportId>(statement.person_report().report())] = index;
      break;
    case v1::Statement::kMatch:
      matches_[Known<MatchId>(statement.match().match())] = index;
      break;
    case v1::Statement::kCharterProposal:
      Propose(Decision::Kind::kCharter, index, verified);
      break;
    case v1::Statement::kCeremony:
      Propose(Decision::Kind::kCeremony, index, verified);
      break;
    case v1::Statement::kEndorsement: {
      const PersonRecord& signer = *FindPerson(Known<PersonId>(statement.signer()));
      const Bytes32 hash = Array32(statement.endorsement().statement_hash());
      if (vault_key_.split().has_value() && vault_key_.split()->hash == hash) {
        vault_key_.Confirm(signer.id);
      } else if (decisions_.Sign(hash, index, VoiceOf(signer), quorum())) {
        TakeEffect(index, hash);
      }
      break;
    }
    case v1::Statement::kVaultKey: {
      const v1::VaultKeyStatement& said = statement.vault_key();
      if (said.has_split()) {
        used_keys_[said.split().opening_key()] = Known<PersonId>(charter_->founder());
        vault_key_.TakeSplit(index, verified.hash, said.split());
      } else if (said.has_opening()) {
        vault_key_.TakeOpening(index, verified.hash, said.opening());
      } else {
        vault_key_.TakeUnsealed(index, verified.hash, said.unsealed());
      }
      break;
    }
    case v1::Statement::kSeal:
      vault_key_.TakeSeal(index);
      break;
    case v1::Statement::BODY_NOT_SET:
      break;
  }
  if (!IsKeptAsRecord(statement)) named_.push_back(index);
  return absl::OkStatus();
}

bool Registry::IsKeptAsRecord(const v1::Statement& statement) {
  return statement.has_upload() || statement.has_intake() || statement.has_withdrawal() ||
         statement.has_withdrawn() || statement.has_match();
}

crypto::VerifyKey Registry::vault_sign_key() const {
  MUSTER_CHECK(founded());
  return {Array32(charter_->vault().sign_key())};
}

const PersonRecord* Registry::FindPerson(const PersonId& id) const {
  const auto it = people_.find(id);
  return it == people_.end() ? nullptr : &it->second;
}

const PersonRecord* Registry::FindPersonBySignKey(const crypto::VerifyKey& key) const {
  const auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : FindPerson(it->second);
}

const MemberRecord* Registry::FindMember(const MemberId& id) const {
  const auto it = members_.find(id);
  return it == members_.end() ? nullptr : &it->second;
}

const MemberRecord* Registry::FindMemberByName(std::string_view name) const {
  for (const auto& [id, member] : members_) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

const PendingInvite* Registry::FindInvite(const InviteId& id) const {
  const auto it = invites_.find(id);
  return it == invites_.end() ? nullptr : &it->second;
}

const UploadRecord* Registry::FindUpload(const UploadId& id) const {
  const auto it = uploads_.find(id);
  return it == uploads_.end() ? nullptr : &it->second;
}

const WithdrawalRecord* Registry::FindWithdrawal(const WithdrawalId& id) const {
  const auto it = withdrawals_.find(id);
  return it == withdrawals_.end() ? nullptr : &it->second;
}

const ErasureRecord* Registry::FindErasure(const ErasureId& id) const {
  const auto it = erasures_.find(id);
  return it == erasures_.end() ? nullptr : &it->second;
}

std::optional<uint64_t> Registry::FindPersonReport(const PersonReportId& id) const {
  const auto it = person_reports_.find(id);
  return it == person_reports_.end() ? std::nullopt : std::optional<uint64_t>(it->second);
}

std::optional<uint64_t> Registry::FindMatch(const MatchId& id) const {
  const auto it = matches_.find(id);
  return it == matches_.end() ? std::nullopt : std::optional<uint64_t>(it->second);
}

std::optional<bool> Registry::IsVoterFileName(const MemberId& member, std::string_view name) const {
  const auto it = names_.find(std::pair(member, std::string(name)));
  return it == names_.end() ? std::nullopt : std::optional<bool>(it->second);
}

std::optional<MemberId> Registry::OwnerOf(const v1::Statement& statement) {
  switch (statement.body_case()) {
    case v1::Statement::kUpload:
      return OptionalMember(statement.upload().member());
    case v1::Statement::kIntake:
      return OptionalMember(statement.intake().member());
    case v1::Statement::kWithdrawal:
      return OptionalMember(statement.withdrawal().member());
    case v1::Statement::kWithdrawn:
      return OptionalMember(statement.withdrawn().member());
    case v1::Statement::kErase:
      return OptionalMember(statement.erase().member());
    case v1::Statement::kErased:
      return OptionalMember(statement.erased().member());
    case v1::Statement::kPersonReport:
      return OptionalMember(statement.person_report().member());
    default:
      return std::nullopt;
  }
}

bool Registry::IsPublic(const v1::Statement& statement) {
  return statement.has_charter() || statement.has_admission() || statement.has_join() ||
         statement.has_charter_proposal() || statement.has_endorsement() ||
         statement.has_ceremony() || statement.has_vault_key() || statement.has_seal() ||
         statement.has_match() || statement.upload().has_voterfile() ||
         statement.intake().has_voterfile();
}

}  // namespace muster::governance
