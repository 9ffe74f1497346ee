// SPDX-License-Identifier: Apache-2.0
//
// Dispatch: the one way in. For every call of every method: size, token over the bytes as received,
// replay, role, strict parse, handler.
//
// Rule: a handler runs only for a caller whose signed token names this method and these bytes, was
// not seen before (nor could have been by a server before this one: caller_marks.h), and whose
// roles the table allows (authorization.h). The order matters: nothing is parsed before the token
// holds, and a token is used up only when the call is otherwise allowed to be heard. Knows no gRPC:
// the server hands in bytes and takes bytes.
// Errors: UNAUTHENTICATED (TOKEN_*), PERMISSION_DENIED (ROLE_NOT_ALLOWED, METHOD_NOT_ALLOWED),
// INVALID_ARGUMENT (REQUEST_MALFORMED), RESOURCE_EXHAUSTED (SERVER_BUSY); then the handler's.
// Threads: Register everything first; Handle is safe from anywhere.
#ifndef MUSTER_SERVER_FRONT_DISPATCH_H_
#define MUSTER_SERVER_FRONT_DISPATCH_H_

#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/governance/paseto.h"
#include "core/governance/registry.h"
#include "server/front/caller_marks.h"

namespace muster::front {

using Reply = std::function<void(absl::StatusOr<std::string>)>;

// Who takes part, as the log says.
class Principals {
 public:
  virtual ~Principals() = default;
  virtual Bytes16 consortium() const = 0;
  // By the "k4.pid." of the sign key.
  virtual std::optional<governance::PersonRecord> FindByKeyId(std::string_view key_id) const = 0;
};

struct Caller {
  governance::PersonRecord person;  // empty for open methods
  // For methods of members only.
  const MemberId& member() const { return *person.member; }
};

struct Call {
  std::string_view method;
  std::string_view authorization;  // the metadata's value; empty when there was none
  std::string_view body;
};

class Dispatcher {
 public:
  // All outlive the dispatcher. `marks` knows since when tokens are remembered.
  Dispatcher(const Principals* principals, const Clock* clock, CallerMarks* marks,
             const governance::ReplayLimits& limits = {});

  // A handler that answers at once. `method` must have a row in the table.
  template <typename Request, typename Response>
  void Register(std::string_view method,
                std::function<absl::StatusOr<Response>(const Caller&, const Request&)> handler) {
    RegisterLater<Request>(
        method, [handler](const Caller& caller, const Request& request, Reply reply) {
          absl::StatusOr<Response> response = handler(caller, request);
          reply(response.ok() ? absl::StatusOr<std::string>(response->SerializeAsString())
                              : response.status());
        });
  }
  // A handler that may keep `reply` and call it once, later, from any thread.
  template <typename Request>
  void RegisterLater(std::string_view method,
                     std::function<void(const Caller&, const Request&, Reply)> handler) {
    RegisterRaw(method, [handler](const Caller& caller, std::string_view body, Reply reply) {
      Request request;
      if (absl::Status status = ParseStrictly(body, request); !status.ok())
        return reply(std::move(status));
      handler(caller, request, std::move(reply));
    });
  }

  // Aborts unless every served method has a rule and a handler, and nothing else has.
  void CheckComplete() const;

  // Answers exactly once, with the serialized response.
  void Handle(const Call& call, Reply reply);

 private:
  using Handler = std::function<void(const Caller&, std::string_view body, Reply)>;
  static absl::Status ParseStrictly(std::string_view body, google::protobuf::Message& message);
  void RegisterRaw(std::string_view method, Handler handler);
  absl::StatusOr<Caller> Admit(const Call& call);

  const Principals* principals_;
  const Clock* clock_;
  CallerMarks* marks_;
  governance::ReplayCache replays_;
  std::map<std::string, Handler, std::less<>> handlers_;
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_DISPATCH_H_
