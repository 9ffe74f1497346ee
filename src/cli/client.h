// SPDX-License-Identifier: Apache-2.0
//
// Client: calls to the front desk, over TLS pinned to its one certificate, each with a token for
// this method and these very bytes.
//
// Rule: a request is serialized once; the token is made over those bytes and those bytes are sent.
// Calls are idempotent by their messages' ids, so a busy server or a vault that is being restarted
// is asked again for a few seconds; a server that is not there is not.
// Errors: those of the server (server/rpc/status.h); SERVER_UNAVAILABLE; CERTIFICATE_MISMATCH when
// somebody else answers at the address.
// Threads: Call is safe from many; each blocks until its answer is there, so calls are pipelined by
// calling from several threads.
#ifndef MUSTER_CLI_CLIENT_H_
#define MUSTER_CLI_CLIENT_H_

#include <google/protobuf/message_lite.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/crypto/signature.h"

namespace muster::cli {

struct Caller {
  PersonId person;
  Bytes16 consortium{};
  const crypto::SigningKey* key = nullptr;  // outlives the client
};

class Client {
 public:
  // Without a caller no token is sent: enrollment.
  Client(std::string server, std::string certificate_pem, std::optional<Caller> caller,
         const Clock& clock = Clock::System());
  ~Client();

  // `method` as in "UploadService/PutBatch".
  absl::Status Call(std::string_view method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response,
                    absl::Duration time = absl::Seconds(30));

 private:
  absl::Status CallOnce(const std::string& method, const std::string& request,
                        google::protobuf::MessageLite& response, absl::Duration time);
  // A refused handshake and an absent server look alike to gRPC.
  absl::Status Explain(const absl::Status& status) const;

  struct Channel;
  std::string server_;
  std::string certificate_pem_;
  std::optional<Caller> caller_;
  const Clock& clock_;
  std::unique_ptr<Channel> channel_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_CLIENT_H_
