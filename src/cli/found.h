// SPDX-License-Identifier: Apache-2.0
//
// found: a consortium and its first operator's profile. Runs `musterd init`, makes the operator's
// keys here, signs the charter, pins everything.
//
// Order: profile folder and keys, the server's home, the founding statement in it, profile.json
// last; so a profile that loads is whole.
// Errors: PROFILE_EXISTS, HOME_EXISTS, NAME_MALFORMED, those of key_file and base/file.h.
#ifndef MUSTER_CLI_FOUND_H_
#define MUSTER_CLI_FOUND_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct FoundOptions {
  std::string home;
  std::string name;
  std::string listen = "127.0.0.1:8443";
  std::string http = "127.0.0.1:8480";
  std::string advertise;  // what members dial; empty: as --listen
  bool no_passphrase = false;
};

absl::StatusOr<int> RunFound(const Invocation& invocation, const FoundOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_FOUND_H_
