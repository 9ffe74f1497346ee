// SPDX-License-Identifier: Apache-2.0
//
// report person: what the pool has of a person, asked for by a member that brought them. The
// member reads its own part; the whole, which names other members, is sealed to a key that the
// person made (report person-key) and that only they can open (report open). The latter two need
// neither profile nor network.
//
// Files: the secret key "muster-person-secret-1 HEX\n" and its public half "muster-person-1 HEX\n",
// each one line; the report "MUSTER-PERSON-1\n" | PersonReportFile.
// Rule: that the key is the person's is the member's to make sure of. The request is on the log
// with the key's bytes, so that a key that served for several people stands out.
// Errors: CONTACT_NOT_FOUND when one's own member has not brought the address,
// PERSON_REPORT_MALFORMED, SIGNATURE_INVALID, KEY_MALFORMED, and of the session.
#ifndef MUSTER_CLI_REPORT_PERSON_H_
#define MUSTER_CLI_REPORT_PERSON_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cli/session.h"
#include "core/crypto/box.h"
#include "muster/v1/person_service.pb.h"

namespace muster::cli {

struct ReportPersonOptions {
  std::string email;
  std::string for_key;  // the person's public key; empty: the member's own part alone
  std::string out;      // of the sealed report
};

struct PersonKeyOptions {
  std::string out;  // the secret key; the public half goes beside it, ".pub"
};

struct ReportOpenOptions {
  std::string file;
  std::string key;     // the secret key
  std::string bundle;  // may be empty
};

absl::StatusOr<crypto::BoxPublicKey> ParsePersonKey(std::string_view text);
absl::StatusOr<crypto::BoxSecretKey> ParsePersonSecret(std::string_view text);

struct OpenedPersonReport {
  v1::PersonReport report;
  std::string vault_sign_key;  // that signed it, as the file says
};
// Unseals, checks the signature by the key that the file names.
absl::StatusOr<OpenedPersonReport> OpenPersonReportFile(std::string_view file,
                                                        const crypto::BoxSecretKey& key);

std::string PersonReportText(const Console& console, const v1::PersonReport& report);
Json PersonReportJson(const v1::PersonReport& report);

absl::StatusOr<int> RunReportPerson(const Invocation& invocation,
                                    const ReportPersonOptions& options);
absl::StatusOr<int> RunPersonKey(Console& console, const PersonKeyOptions& options);
absl::StatusOr<int> RunReportOpen(Console& console, const ReportOpenOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_REPORT_PERSON_H_
