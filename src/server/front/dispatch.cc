// SPDX-License-Identifier: Apache-2.0
#include "server/front/dispatch.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/governance/statement.h"
#include "server/front/authorization.h"

namespace muster::front {
namespace {

constexpr std::string_view kBearer = "Bearer ";
// A token of ours has about 500 bytes; gRPC itself stops at 8 KiB of metadata.
constexpr size_t kTokenBytesMax = 2048;

absl::Status NotAllowed(std::string_view method) {
  return MakeError(v1::METHOD_NOT_ALLOWED, "nobody may call " + std::string(method) + " here");
}

}  // namespace

Dispatcher::Dispatcher(const Principals* principals, const Clock* clock, CallerMarks* marks,
                       const governance::ReplayLimits& limits)
    : principals_(principals), clock_(clock), marks_(marks), replays_(limits) {}

absl::Status Dispatcher::ParseStrictly(std::string_view body, google::protobuf::Message& message) {
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return MakeError(v1::REQUEST_MALFORMED,
                     "the request cannot be parsed; use programs of one release");
  }
  // A field that this server would not look at may be one that the caller relies on.
  if (governance::HasUnknownFields(message)) {
    return MakeError(
        v1::REQUEST_MALFORMED,
        "the request has fields that this server does not know; use programs of one release");
  }
  return absl::OkStatus();
}

void Dispatcher::RegisterRaw(std::string_view method, Handler handler) {
  MUSTER_CHECK(FindMethodRule(method) != nullptr);
  MUSTER_CHECK(handlers_.emplace(method, std::move(handler)).second);
}

void Dispatcher::CheckComplete() const {
  const std::vector<std::string> served = ServedMethods();
  for (const std::string& method : served) {
    MUSTER_CHECK(FindMethodRule(method) != nullptr);
    MUSTER_CHECK(handlers_.contains(method));
  }
  MUSTER_CHECK(handlers_.size() == served.size());
  MUSTER_CHECK(MethodRules().size() == served.size());
}

absl::StatusOr<Caller> Dispatcher::Admit(const Call& call) {
  const MethodRule* rule = FindMethodRule(call.method);
  if (rule == nullptr) return NotAllowed(call.method);
  if (call.body.size() > rule->request_bytes_max) {
    return MakeError(v1::REQUEST_MALFORMED,
                     "the request has " + std::to_string(call.body.size()) + " bytes, at most " +
                         std::to_string(rule->request_bytes_max) + " are taken");
  }
  if (rule->open) return Caller{};
  if (!call.authorization.starts_with(kBearer) || call.authorization.size() > kTokenBytesMax) {
    return MakeError(
        v1::TOKEN_MISSING,
        "the call carries no token; use the muster command with a profile that has joined");
  }
  const std::string_view token = call.authorization.substr(kBearer.size());
  MUSTER_ASSIGN_OR_RETURN(const std::string key_id, governance::CallTokenKeyId(token));
  const std::optional<governance::PersonRecord> person = principals_->FindByKeyId(key_id);
  if (!person.has_value()) {
    return MakeError(v1::TOKEN_UNKNOWN_KEY,
                     "nobody here has the key that signed this call; check the profile, or join "
                     "again with a new invite");
  }
  const absl::Time now = clock_->Now();
  MUSTER_ASSIGN_OR_RETURN(
      const governance::CallToken verified,
      governance::VerifyCallToken(person->sign_key, token, principals_->consortium(), call.method,
                                  call.body, now, marks_->FloorOf(person->id)));
  if (verified.person != person->id) {
    return MakeError(v1::TOKEN_MALFORMED, "the token names another person than its key belongs to");
  }
  MUSTER_RETURN_IF_ERROR(Authorize(*rule, *person));
  MUSTER_RETURN_IF_ERROR(replays_.Admit(verified, now));
  MUSTER_RETURN_IF_ERROR(marks_->Note(person->id, verified.issued, now));
  return Caller{*person};
}

void Dispatcher::Handle(const Call& call, Reply reply) {
  const auto handler = handlers_.find(call.method);
  if (handler == handlers_.end()) return reply(NotAllowed(call.method));
  absl::StatusOr<Caller> caller = Admit(call);
  if (!caller.ok()) return reply(caller.status());
  handler->second(*caller, call.body, std::move(reply));
}

}  // namespace muster::front
