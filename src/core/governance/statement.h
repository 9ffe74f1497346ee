// SPDX-License-Identifier: Apache-2.0
//
// Statements: exact bytes, signed. Sign once, keep the bytes, verify the bytes.
//
// Signed message: "muster/statement/v1\n" || statement bytes, Ed25519. Parsing is strict: unknown
// fields, missing body, wrong sizes of keys and hashes are refused, so that two readers never see
// two meanings.
// Errors: INVALID_ARGUMENT (STATEMENT_MALFORMED, SIGNATURE_INVALID, KEY_LOW_ORDER).
// Threads: pure.
#ifndef MUSTER_CORE_GOVERNANCE_STATEMENT_H_
#define MUSTER_CORE_GOVERNANCE_STATEMENT_H_

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/crypto/signature.h"
#include "core/crypto/signature_batch.h"
#include "muster/v1/statement.pb.h"

namespace muster::governance {

inline constexpr std::string_view kStatementPurpose = "muster/statement/v1\n";

v1::SignedStatement SignStatement(const v1::Statement& statement,
                                  std::span<const crypto::SigningKey* const> keys);

struct VerifiedStatement {
  v1::Statement statement;
  std::vector<crypto::VerifyKey> signers;  // every one checked
  Bytes32 hash{};                          // BLAKE2b-256 of the statement bytes
  bool SignedBy(const crypto::VerifyKey& key) const;
};

// Parses strictly and checks every signature; says nothing about whether the signers may say it
// (registry.h does).
absl::StatusOr<VerifiedStatement> VerifyStatement(const v1::SignedStatement& signed_statement);
// The same from the serialized SignedStatement of a log entry's body.
absl::StatusOr<VerifiedStatement> VerifyStatementBytes(std::string_view body);

// Many statements at once: everything about each is checked as it is added, but for the signatures,
// which Verify checks together. For whoever reads a whole log. Belongs to one thread.
class StatementBatch {
 public:
  // As VerifyStatementBytes, except that the signatures are still to be checked.
  absl::StatusOr<VerifiedStatement> Add(std::string_view body);
  // Whether every signature of every statement holds. Which does not, VerifyStatementBytes tells.
  bool Verify() const { return signatures_.Verify(); }
  // Forgets the statements, and keeps which keys are well formed.
  void Clear() { signatures_ = {}; }

 private:
  crypto::SignatureBatch signatures_;
  std::set<std::string> good_keys_;
};

// What a statement is called that this version cannot read because a later one wrote it: "field 31"
// for a kind that is not known here, "upload with later fields" for a kind that is. None for
// anything else, good or bad. Its signatures were not looked at.
std::optional<std::string> LaterKindOf(std::string_view body);
// The name of a statement's kind: the field of `body` that is set, "upload".
std::string KindOf(const v1::Statement& statement);

// The form of a voter file's terms, for whoever takes them before they are in a statement.
absl::Status CheckVoterFileTerms(const v1::VoterFileTerms& terms);
// Whether two are the same but for the counts, which are known only with the statement. Terms that
// are not set (of a list) are the same among each other.
bool SameTerms(const v1::VoterFileTerms& a, const v1::VoterFileTerms& b);

// Whether a message, or one inside it, has fields that this schema does not know.
bool HasUnknownFields(const google::protobuf::Message& message);

Bytes32 StatementHash(const v1::SignedStatement& signed_statement);

}  // namespace muster::governance

#endif  // MUSTER_CORE_GOVERNANCE_STATEMENT_H_
