// SPDX-License-Identifier: Apache-2.0
//
// Person order: what a member passes on to the vault for a person, sealed so that the front desk
// sees no address; and the commitment that stands for the address on the log.
//
// Rule: an order is bound to what it is for, to the consortium and to the person who calls, and all
// orders are of one size. Whoever has the receipt's salt and the address can open the commitment;
// without the salt it says nothing.
// Errors: INVALID_ARGUMENT (EMAIL_TOO_LONG, DECRYPTION_FAILED, REQUEST_MALFORMED).
// Threads: pure.
// Source: docs/formats/person.md.
#ifndef MUSTER_CORE_GOVERNANCE_PERSON_ORDER_H_
#define MUSTER_CORE_GOVERNANCE_PERSON_ORDER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/crypto/box.h"
#include "muster/v1/person_service.pb.h"

namespace muster::governance {

enum class PersonOrderKind { kErase, kReport };

inline constexpr size_t kPersonOrderBytes = 768;
inline constexpr size_t kErasureSaltBytes = 32;
// The vault's signature on a report to a person, and what seals it.
inline constexpr std::string_view kPersonReportPurpose = "muster/person-report/v1\n";
inline constexpr std::string_view kOwnPartContext = "muster/person/own/v1\n";
inline constexpr std::string_view kFullReportContext = "muster/person/full/v1\n";

absl::StatusOr<std::string> SealPersonOrder(PersonOrderKind kind, const crypto::BoxPublicKey& vault,
                                            const Bytes16& consortium, std::string_view person,
                                            v1::PersonOrder order);
// Wipe the address when it has served.
absl::StatusOr<v1::PersonOrder> OpenPersonOrder(PersonOrderKind kind,
                                                const crypto::BoxSecretKey& vault,
                                                const Bytes16& consortium, std::string_view person,
                                                std::string_view sealed);

// BLAKE2b-256("muster/erase/v1\n" | salt | address).
Bytes32 ErasureCommitment(std::string_view salt, std::string_view address);

}  // namespace muster::governance

#endif  // MUSTER_CORE_GOVERNANCE_PERSON_ORDER_H_
