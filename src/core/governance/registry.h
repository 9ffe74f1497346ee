// SPDX-License-Identifier: Apache-2.0
//
// Registry: who takes part, as follows from the log's statements and from nothing else. musterd,
// the vault and the auditor's verifier each build their own and so agree.
//
// Rules: entry 0 is the charter, signed by the founder's sign and cosign key; its terms change when
// the quorum of the charter in effect has signed a proposal that follows it (decision.h). An
// admission of a member, or of somebody of no member, is made by an operator and in effect with
// that quorum, until the charter changes; of a colleague, by an approver of that member. An invite
// is good for 90 days at most. Operators belong to no member, and
// only people of no member are operators. A join needs its admission, in effect and still good by
// the joiner's own clock, and signatures by the sign key, the cosign key and the invite's key; a
// member begins with its first join; keys are unique over all people and purposes; the first
// approver of a member, and nobody else, brings M. A ceremony for the vault's root needs the quorum
// and names one approver of each of its members; what the vault says of its key follows
// vault_key.h. Uploads, withdrawals: by an uploader (or, withdrawals, an approver) of that member,
// each id once; of voter files by a steward instead, under a name that no list of the member has.
// Erasures and reports to a person: as withdrawals. Intake, withdrawn and erased: by the vault's
// key in the charter, once for each upload, withdrawal and erasure, which must be there and agree.
// Nobody signs without need: a signature too many is refused.
// Errors: FAILED_PRECONDITION (STATEMENT_REFUSED) saying which rule; MEMBER_EXISTS, PERSON_EXISTS,
// INVITE_USED, INVITE_EXPIRED, KEY_LOW_ORDER; QUORUM_MISSING for what is not in effect yet,
// CHARTER_STALE for a proposal that follows another charter, NOTHING_TO_SIGN, ALREADY_SIGNED.
// Threads: externally synchronized.
#ifndef MUSTER_CORE_GOVERNANCE_REGISTRY_H_
#define MUSTER_CORE_GOVERNANCE_REGISTRY_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/id.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/governance/decision.h"
#include "core/governance/message_equal.h"
#include "core/governance/roles.h"
#include "core/governance/statement.h"
#include "core/governance/vault_key.h"

namespace muster::governance {

struct PersonRecord {
  PersonId id;
  std::optional<MemberId> member;  // none for the consortium's own operators
  std::string name;
  RoleSet roles;
  crypto::VerifyKey sign_key;
  crypto::VerifyKey cosign_key;
  crypto::BoxPublicKey box_key;
  int64_t join_time = 0;
  uint64_t join_index = 0;  // log index of the join (0: the founder, in the charter)
  uint64_t admission_index = 0;
  bool operator==(const PersonRecord&) const = default;
};

struct MemberRecord {
  MemberId id;
  std::string name;
  std::optional<crypto::Point> member_key;  // M
  std::vector<PersonId> people;
  uint64_t admission_index = 0;
  bool operator==(const MemberRecord&) const = default;
};

struct PendingInvite {
  InviteId id;
  v1::AdmissionStatement admission;
  uint64_t index = 0;
  bool used = false;
  // When the charter's quorum decides on it.
  std::optional<Bytes32> decision;
  bool operator==(const PendingInvite&) const = default;
};

// A charter that is or was in effect.
struct CharterVersion {
  int32_t version = 1;
  v1::CharterTerms terms;
  Bytes32 hash{};      // of the statement that brought it
  uint64_t index = 0;  // of the entry from which on it was in effect
  bool operator==(const CharterVersion&) const = default;
};

// What the log says of an upload.
struct UploadRecord {
  UploadId id;
  MemberId member;
  std::string list;
  v1::UploadStatement::Mode mode = v1::UploadStatement::MODE_UNSPECIFIED;
  Bytes32 statement_hash{};
  Bytes32 batches_root{};
  int64_t record_count = 0;
  int64_t row_count = 0;
  int64_t create_time = 0;
  uint64_t index = 0;
  std::optional<uint64_t> intake_index;
  std::optional<v1::VoterFileTerms> voterfile;  // of a voter file
  std::optional<v1::VoterFileIntake> voters;    // of a voter file that the vault has read
  bool operator==(const UploadRecord&) const = default;
};

// Whether two voter files are extracts of one source: of one state, in one layout.
bool SameSource(const v1::VoterFileTerms& a, const v1::VoterFileTerms& b);
// Whether extract `a` goes before `b` of the same source: the later day, or of one day the later
// statement. Indices: where the upload statements stand in the log.
bool IsNewerExtract(const v1::VoterFileTerms& a, int64_t a_index, const v1::VoterFileTerms& b,
                    int64_t b_index);

struct WithdrawalRecord {
  WithdrawalId id;
  MemberId member;
  std::string list;  // empty: single addresses
  Bytes32 sealed_hash{};
  uint64_t index = 0;
  std::optional<uint64_t> withdrawn_index;
  bool operator==(const WithdrawalRecord&) const = default;
};

struct ErasureRecord {
  ErasureId id;
  MemberId member;
  Bytes32 sealed_hash{};
  Bytes32 commitment{};
  uint64_t index = 0;
  std::optional<uint64_t> erased_index;
  bool operator==(const ErasureRecord&) const = default;
};

class Registry {
 public:
  // Checks a verified statement against the state; changes nothing. Times: invites expire by the
  // join statement's own create_time when `now` is not given.
  absl::Status Check(const VerifiedStatement& statement,
                     std::optional<int64_t> now = std::nullopt) const;
  // Check, then take effect. `index`: its place in the log.
  absl::Status Apply(uint64_t index, const VerifiedStatement& statement);

  bool founded() const { return charter_.has_value(); }
  // The founding charter: names and keys, which stay. What may change is in terms().
  const v1::CharterStatement& charter() const { return *charter_; }
  const Bytes16& consortium() const { return consortium_; }
  const Bytes32& charter_hash() const { return charter_hash_; }
  // The charter in effect, last, and those before it.
  const std::vector<CharterVersion>& charter_versions() const { return versions_; }
  const v1::CharterTerms& terms() const { return versions_.back().terms; }
  const DecisionBook& decisions() const { return decisions_; }
  const VaultKeyRecord& vault_key() const { return vault_key_; }
  // Where a statement of these kinds stands in the log: what is decided by quorum, its signatures,
  // the vault's key. By its hash.
  std::optional<uint64_t> FindDecided(const Bytes32& hash) const;
  // The entries with the signatures that brought the admission at `admission_index` into effect;
  // none for a colleague's.
  std::vector<uint64_t> DecidingEntries(uint64_t admission_index) const;
  // The entries that brought the charters since the founding: proposals and signatures.
  std::vector<uint64_t> CharterEntries() const;
  crypto::VerifyKey vault_sign_key() const;

  const PersonRecord* FindPerson(const PersonId& id) const;
  const PersonRecord* FindPersonBySignKey(const crypto::VerifyKey& key) const;
  const MemberRecord* FindMember(const MemberId& id) const;
  const MemberRecord* FindMemberByName(std::string_view name) const;
  const PendingInvite* FindInvite(const InviteId& id) const;
  const UploadRecord* FindUpload(const UploadId& id) const;
  const WithdrawalRecord* FindWithdrawal(const WithdrawalId& id) const;
  const ErasureRecord* FindErasure(const ErasureId& id) const;
  // Where the statement stands in the log.
  std::optional<uint64_t> FindPersonReport(const PersonReportId& id) const;
  // Where the run's statement stands in the log.
  std::optional<uint64_t> FindMatch(const MatchId& id) const;
  // Whether the member's uploads under this name are voter files; none when there are no uploads.
  std::optional<bool> IsVoterFileName(const MemberId& member, std::string_view name) const;
  const std::map<MemberId, MemberRecord>& members() const { return members_; }
  const std::map<PersonId, PersonRecord>& people() const { return people_; }
  const std::map<UploadId, UploadRecord>& uploads() const { return uploads_; }
  const std::map<WithdrawalId, WithdrawalRecord>& withdrawals() const { return withdrawals_; }
  const std::map<ErasureId, ErasureRecord>& erasures() const { return erasures_; }

  // Who may read an entry's body: everyone (charters, admissions, joins, what is decided by quorum,
  // the vault's key, voter files, match runs) or
  // one member (none: nobody but operators of none).
  static std::optional<MemberId> OwnerOf(const v1::Statement& statement);
  static bool IsPublic(const v1::Statement& statement);
  // Whether all that follows from a statement stands in the records of uploads, withdrawals and
  // match runs.
  static bool IsKeptAsRecord(const v1::Statement& statement);

  // Whether both know the same, all of it. What is added to the registry is compared too, or does
  // not compile: a snapshot that forgets it is found out (snapshot.h).
  bool operator==(const Registry&) const = default;

 private:
  absl::Status CheckCharter(const VerifiedStatement& statement) const;
  absl::Status CheckAdmission(const VerifiedStatement& statement) const;
  absl::Status CheckJoin(const VerifiedStatement& statement, std::optional<int64_t> now) const;
  absl::Status CheckNewKeys(const v1::PersonKeys& keys) const;
  // The one person who signs for `member` in one of `roles`.
  absl::Status CheckMemberSigner(const VerifiedStatement& statement, std::string_view member,
                                 const RoleSet& roles) const;
  absl::Status CheckVaultSigner(const VerifiedStatement& statement) const;
  // Their signer, who takes part and alone has signed.
  absl::StatusOr<const PersonRecord*> FindSigner(const VerifiedStatement& statement) const;
  absl::Status CheckProposal(const VerifiedStatement& statement) const;
  absl::Status CheckEndorsement(const VerifiedStatement& statement) const;
  absl::Status CheckCeremony(const VerifiedStatement& statement) const;
  absl::Status CheckVaultKey(const VerifiedStatement& statement) const;
  int quorum() const { return versions_.back().terms.quorum(); }
  // Lets a decision take effect that has just reached its quorum.
  void TakeEffect(uint64_t index, const Bytes32& hash);
  void Propose(Decision::Kind kind, uint64_t index, const VerifiedStatement& statement);

  std::optional<v1::CharterStatement> charter_;
  Bytes16 consortium_{};
  Bytes32 charter_hash_{};
  std::map<MemberId, MemberRecord> members_;
  std::map<PersonId, PersonRecord> people_;
  std::map<InviteId, PendingInvite> invites_;
  std::map<UploadId, UploadRecord> uploads_;
  // Whether a name of a member is a voter file's: every upload is asked, so none is looked for.
  std::map<std::pair<MemberId, std::string>, bool> names_;
  std::map<WithdrawalId, WithdrawalRecord> withdrawals_;
  std::map<ErasureId, ErasureRecord> erasures_;
  std::map<PersonReportId, uint64_t> person_reports_;
  std::map<MatchId, uint64_t> matches_;
  std::vector<CharterVersion> versions_;
  DecisionBook decisions_;
  VaultKeyRecord vault_key_;
  std::map<Bytes32, uint64_t> decided_;
  std::map<crypto::VerifyKey, PersonId> by_key_;  // sign keys
  std::map<std::string, PersonId> used_keys_;     // every key of every purpose, raw

  friend class SnapshotCodec;
  // Where the statements stand that a snapshot names rather than keeps what followed from them
  // (snapshot.h): all but those about uploads, withdrawals and match runs.
  std::vector<uint64_t> named_;
};

}  // namespace muster::governance

#endif  // MUSTER_CORE_GOVERNANCE_REGISTRY_H_
