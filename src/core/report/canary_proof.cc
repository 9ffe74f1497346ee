// SPDX-License-Identifier: Apache-2.0
#include "core/report/canary_proof.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/id.h"
#include "core/base/status.h"
#include "core/crypto/merkle.h"
#include "core/report/evidence.h"
#include "core/seal/envelope.h"
#include "core/tlog/proof.h"

namespace muster::report {
namespace {

constexpr size_t kSignatureBytes = 64;

absl::Status Bad(std::string_view what) {
  return MakeError(v1::CANARY_MALFORMED, "the proof does not hold: " + std::string(what));
}

absl::StatusOr<seal::CanaryOpening> FromProto(const v1::CanaryOpening& proto) {
  seal::CanaryOpening opening;
  const auto salt = ToArray<32>(proto.salt());
  if (!salt.has_value() || proto.index() < 0 || proto.index() >= int32_t{seal::kBatchRecordsMax} ||
      proto.slot() < 0 || proto.slot() >= static_cast<int32_t>(seal::kCanarySlots)) {
    return Bad("its opening has not the form of one");
  }
  opening.address = proto.address();
  opening.index = static_cast<uint16_t>(proto.index());
  opening.salt = *salt;
  opening.slot = static_cast<uint8_t>(proto.slot());
  MUSTER_ASSIGN_OR_RETURN(opening.path, tlog::ParseHashes(proto.path()));
  return opening;
}

// The batch is one that the upload's signer sealed for it, and holds the record.
absl::StatusOr<seal::BatchHeader> VerifyBatch(const v1::CanaryProof& proof,
                                              const v1::UploadStatement& upload,
                                              const governance::PersonRecord& uploader,
                                              const Evidence& evidence) {
  const v1::BatchRecord& record = proof.batch();
  MUSTER_ASSIGN_OR_RETURN(const seal::BatchHeader header, seal::DecodeHeader(record.header()));
  const auto root = ToArray<32>(record.root());
  if (!root.has_value() || record.holding_wrap().size() != seal::kHoldingWrapBytes)
    return Bad("its batch has parts of another size");
  seal::Envelope envelope;
  envelope.header = header;
  envelope.header_bytes = record.header();
  envelope.holding_wrap = record.holding_wrap();
  envelope.signature = record.signature();
  envelope.root = *root;
  MUSTER_RETURN_IF_ERROR(seal::VerifyEnvelopeSignature(envelope, uploader.sign_key));
  if (header.consortium != evidence.registry.consortium() ||
      header.member.Name() != upload.member() || header.upload.Name() != upload.upload() ||
      header.uploader != uploader.id) {
    return Bad("its batch was sealed for another consortium, member, upload or uploader");
  }
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Bytes32> path, tlog::ParseHashes(proof.batch_path()));
  const Bytes32 batches_root = ToArray<32>(upload.batches_root()).value_or(Bytes32{});
  MUSTER_RETURN_IF_ERROR(Annotate(
      crypto::VerifyInclusion(header.sequence, static_cast<uint64_t>(upload.batch_count()),
                              crypto::MerkleLeaf(envelope.SignedPart()), path, batches_root),
      "the batch is not one of the upload's"));
  return header;
}

}  // namespace

v1::CanaryOpening ToProto(const seal::CanaryOpening& opening) {
  v1::CanaryOpening proto;
  proto.set_address(opening.address);
  proto.set_index(opening.index);
  proto.set_salt(ToString(opening.salt));
  proto.set_slot(opening.slot);
  tlog::PutHashes(opening.path, proto.mutable_path());
  return proto;
}

std::string EncodeCanaryProof(v1::CanaryProof proof, const crypto::SigningKey& key) {
  proof.set_reporter_key(ToString(key.verify_key().bytes));
  std::string file = std::string(kCanaryProofMagic) + proof.SerializeAsString();
  return file + key.Sign(kCanaryProofPurpose, file);
}

absl::StatusOr<v1::CanaryProof> DecodeCanaryProof(std::string_view file) {
  v1::CanaryProof proof;
  if (!file.starts_with(kCanaryProofMagic) ||
      file.size() < kCanaryProofMagic.size() + kSignatureBytes) {
    return Bad("it is no proof about a canary");
  }
  const std::string_view said = file.substr(0, file.size() - kSignatureBytes);
  if (!ParseOneForm(said.substr(kCanaryProofMagic.size()), proof))
    return Bad("it cannot be read, or was changed");
  MUSTER_ASSIGN_OR_RETURN(const crypto::VerifyKey key,
                          crypto::ParseVerifyKey(proof.reporter_key()));
  MUSTER_RETURN_IF_ERROR(
      Annotate(crypto::Verify(key, kCanaryProofPurpose, said, file.substr(said.size())),
               "the proof was changed, or its reporter did not sign it"));
  return proof;
}

absl::StatusOr<CanaryFinding> VerifyCanaryProof(std::string_view file, const AuditRoot& root) {
  MUSTER_ASSIGN_OR_RETURN(const v1::CanaryProof proof, DecodeCanaryProof(file));
  MUSTER_ASSIGN_OR_RETURN(const Evidence evidence,
                          OpenEvidence(root, proof.consortium(), proof.checkpoint(),
                                       proof.charter(), proof.people(), {&proof.upload()}));
  const auto index = static_cast<uint64_t>(proof.upload().index());
  const v1::Statement& statement = evidence.entries.at(index).statement;
  if (!statement.has_upload() || statement.upload().has_voterfile())
    return Bad("entry " + std::to_string(index) + " is no upload of a list");
  const v1::UploadStatement& upload = statement.upload();
  MUSTER_ASSIGN_OR_RETURN(const MemberId member_id, MemberId::Parse(proof.member()));
  const governance::MemberRecord* member = evidence.registry.FindMember(member_id);
  if (member == nullptr || upload.member() != proof.member())
    return Bad("the upload is another member's");
  if (member->name != proof.member_name()) return Bad("its member joined under another name");
  MUSTER_ASSIGN_OR_RETURN(const crypto::VerifyKey key,
                          crypto::ParseVerifyKey(proof.reporter_key()));
  const governance::PersonRecord* reporter = evidence.registry.FindPersonBySignKey(key);
  if (reporter == nullptr || reporter->id.Name() != proof.reporter() ||
      reporter->member != member_id) {
    return Bad("whoever signed the file has not joined for this member");
  }
  // The replay has found that the signer may upload for the member.
  MUSTER_ASSIGN_OR_RETURN(const PersonId signer, PersonId::Parse(statement.signer()));
  const governance::PersonRecord& uploader = *evidence.registry.FindPerson(signer);
  MUSTER_ASSIGN_OR_RETURN(const seal::BatchHeader header,
                          VerifyBatch(proof, upload, uploader, evidence));
  MUSTER_ASSIGN_OR_RETURN(const seal::CanaryOpening opening, FromProto(proof.opening()));
  if (opening.index >= header.record_count) return Bad("the batch has no record of this index");
  MUSTER_RETURN_IF_ERROR(seal::VerifyCanaryOpening(opening, header.canary));
  if (proof.log_size() < 0 || static_cast<uint64_t>(proof.log_size()) != evidence.checkpoint.size ||
      proof.read_entry_count() < 0 || proof.read_entry_count() > proof.log_size()) {
    return Bad("what it says of the log is not of its checkpoint");
  }

  CanaryFinding finding;
  finding.address = opening.address;
  finding.member = proof.member();
  finding.member_name = member->name;
  finding.reporter_name = reporter->name;
  finding.upload = upload.upload();
  finding.list = upload.list();
  finding.uploader_name = uploader.name;
  finding.sequence = header.sequence;
  finding.index = opening.index;
  finding.seal_time = header.create_time;
  finding.upload_time = statement.create_time();
  finding.upload_index = index;
  finding.mail = proof.mail();
  finding.log_size = proof.log_size();
  finding.read_entry_count = proof.read_entry_count();
  finding.send_indices.assign(proof.send_indices().begin(), proof.send_indices().end());
  finding.checkpoint = evidence.checkpoint;
  finding.same_tree = evidence.same_tree;
  return finding;
}

}  // namespace muster::report
