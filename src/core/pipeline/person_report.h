// SPDX-License-Identifier: Apache-2.0
//
// Person report: what the pool has of one address, for the person whose it is: who brought it,
// when, from which file, on what consent, and what was sent.
//
// Rule: asked for by a signed statement on the log, and answered only when the member that asks has
// brought the address; else the answer is that of an address that nobody brought, of the same size.
// The member's own part is sealed to who asks; the whole, which names other members, to the key
// that the person gave. Both are signed by the vault.
// Units: a report is padded to kPersonReportBytes; what does not fit is counted in it.
// Errors: FAILED_PRECONDITION (STATEMENT_REFUSED, LOG_BEHIND), INVALID_ARGUMENT (REQUEST_MALFORMED,
// DECRYPTION_FAILED), those of the store.
// Threads: const use from anywhere.
// Source: docs/formats/person.md.
#ifndef MUSTER_CORE_PIPELINE_PERSON_REPORT_H_
#define MUSTER_CORE_PIPELINE_PERSON_REPORT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/keyring/keyring.h"
#include "core/pipeline/log_observer.h"
#include "core/store/vault_store.h"
#include "core/token/token.h"
#include "muster/v1/person_service.pb.h"
#include "muster/v1/vault_service.pb.h"

namespace muster::pipeline {

inline constexpr size_t kPersonReportBytes = size_t{128} << 10;

class PersonReporter {
 public:
  // All outlive it.
  PersonReporter(const store::VaultStore* store, const keyring::Keyring* keyring,
                 const LogObserver* observer, const Clock* clock)
      : store_(*store), keyring_(*keyring), observer_(*observer), clock_(*clock) {}

  absl::StatusOr<v1::VaultReportPersonResponse> Report(uint64_t statement_index,
                                                       std::string_view sealed_order) const;

 private:
  struct Source {
    MemberId member;
    v1::PersonSource shown;
  };
  absl::StatusOr<std::vector<Source>> SourcesOf(const token::Token& contact) const;
  absl::Status AddMatches(const token::Token& contact, v1::PersonReport& report) const;
  // Padded and signed.
  std::string Sign(v1::PersonReport report) const;

  const store::VaultStore& store_;
  const keyring::Keyring& keyring_;
  const LogObserver& observer_;
  const Clock& clock_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_PERSON_REPORT_H_
