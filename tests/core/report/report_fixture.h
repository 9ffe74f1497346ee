// SPDX-License-Identifier: Apache-2.0
//
// A consortium in memory: real keys, real statements, a real log, real sealed batches. What a test
// bends is bent before it is signed, so that the check that is meant is the one that refuses.
#ifndef MUSTER_TESTS_CORE_REPORT_REPORT_FIXTURE_H_
#define MUSTER_TESTS_CORE_REPORT_REPORT_FIXTURE_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/id.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/crypto/signature.h"
#include "core/report/verify.h"
#include "core/seal/sealer.h"
#include "core/tlog/entry.h"
#include "muster/v1/report.pb.h"

namespace muster::report {

// One person with all their keys.
struct Someone {
  PersonId id;
  std::string name;
  crypto::SigningKey sign = crypto::SigningKey::Generate();
  crypto::SigningKey cosign = crypto::SigningKey::Generate();
  crypto::BoxSecretKey box = crypto::BoxSecretKey::Generate();
  std::optional<crypto::Scalar> m;
  explicit Someone(std::string display_name, bool with_member_key = false);
  v1::PersonKeys Public() const;
};

struct Organization {
  MemberId id;
  std::string name;
  Someone person;  // its first: approver and uploader
  uint64_t admission_index = 0;
  uint64_t join_index = 0;
  explicit Organization(std::string display_name);
};

class Consortium {
 public:
  using BendUpload = std::function<void(v1::UploadStatement&)>;
  using BendIntake = std::function<void(v1::IntakeStatement&)>;
  using BendContext = std::function<void(seal::SealContext&)>;

  explicit Consortium(const std::string& certificate_sha256 = std::string(32, 'c'));

  // Appends to the log; returns the index.
  uint64_t Append(const v1::Statement& statement,
                  const std::vector<const crypto::SigningKey*>& keys);
  void Join(Organization& organization);
  // An upload of `records` records in batches of `per_batch`, one row each, signed by `by` (the
  // organization's person when null).
  v1::UploadProvenance Upload(const Organization& organization, int records, int per_batch,
                              const BendUpload& bend = {}, const BendContext& bend_context = {},
                              const Someone* by = nullptr);
  // The vault's statement about it, put on the log and into `upload`.
  void Intake(v1::UploadProvenance& upload, const BendIntake& bend = {},
              const crypto::SigningKey* key = nullptr);

  v1::Statement NewStatement(const std::string& signer) const;
  v1::Statement StatementAt(uint64_t index) const;
  v1::EntryProof Prove(uint64_t index, uint64_t size) const;
  std::string Checkpoint(uint64_t size) const;
  std::string Checkpoint() const { return Checkpoint(entries_.size()); }
  // The newest checkpoint and the proof that it extends `old_size`.
  v1::CheckpointProof Extend(uint64_t old_size) const;
  uint64_t size() const { return entries_.size(); }

  v1::Bundle MakeBundle() const;
  AuditRoot Root() const;
  // A report on the tree of `size`; proofs in `uploads` are made anew for it.
  v1::ProvenanceReport MakeReport(const Organization& organization,
                                  std::vector<v1::UploadProvenance> uploads,
                                  std::optional<uint64_t> size = std::nullopt) const;

  // Sees every block before it is sealed.
  std::function<void(uint32_t sequence, seal::RecordBlock&)> on_block;

  // The operator invites an auditor of no member.
  void JoinAuditor(Someone& auditor);
  // A withdrawal of a list by the organization's person, and what the vault did about it.
  void Withdraw(const Organization& organization, const std::string& list);
  // A voter file of `records` records, read by the vault, and a match run with it; returns the
  // index of the run.
  v1::UploadProvenance VoterFile(const Organization& organization, int records);
  uint64_t Match(const v1::UploadProvenance& voter_file);
  // A person's request to be erased, and what the vault did; returns where the former stands.
  uint64_t Erase(const Organization& organization, bool done = true);
  uint64_t TellPerson(const Organization& organization);
  // The terms in effect with another quorum; returns the statement's hash, for Endorse.
  Bytes32 Propose(const Organization& organization, int quorum);
  uint64_t Endorse(const Organization& organization, const Bytes32& hash);
  // The members agree that `quorum` of them decide; the vault's root is split between `a` and `b`,
  // who find their shares good; it is sealed, opened by them, told to seal itself.
  void DecideAndSplit(const Organization& a, const Organization& b);
  // All that there are kinds of statements, between `a` and `b`, who have joined.
  void SayEverything(const Organization& a, const Organization& b);

  // A coalition report in its parts, to be bent before it is encoded. `encode` draws the sample for
  // the checkpoint and key that are there when it is called.
  struct Coalition {
    v1::CoalitionHeader header;
    std::vector<v1::OpenedEntry> entries;
    std::optional<v1::SampleBlock> sample;  // not the drawn one
  };
  Coalition MakeCoalition(const Someone& auditor) const;
  std::string Encode(Coalition report, const Someone& auditor) const;
  std::string EncodeCoalition(const Someone& auditor) const {
    return Encode(MakeCoalition(auditor), auditor);
  }
  // What the sample of this report should hold.
  v1::SampleBlock Sample(const Coalition& report) const;

  Bytes16 id{};
  Someone founder{"operator"};
  crypto::SigningKey log_key = crypto::SigningKey::Generate();
  crypto::SigningKey vault_sign = crypto::SigningKey::Generate();
  crypto::BoxSecretKey vault_box = crypto::BoxSecretKey::Generate();
  crypto::Scalar v = crypto::Scalar::Random();
  std::string log_vkey;
  // Replaces an entry's content before the tree is signed: a log that lies.
  std::vector<tlog::Entry>& entries() { return entries_; }

 private:
  Bytes32 HashOf(uint64_t index) const;
  Bytes32 charter_hash_{};
  // The charter in effect, as Propose goes on from it.
  int32_t version_ = 1;
  Bytes32 version_hash_{};
  v1::CharterTerms terms_;
  std::vector<tlog::Entry> entries_;
  std::map<std::string, std::vector<v1::BatchRecord>> batches_;  // by upload
};

}  // namespace muster::report

#endif  // MUSTER_TESTS_CORE_REPORT_REPORT_FIXTURE_H_
