// SPDX-License-Identifier: Apache-2.0
#include "cli/invite.h"

#include <charconv>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/id.h"
#include "core/base/status.h"
#include "core/crypto/group.h"
#include "core/crypto/hash.h"
#include "core/crypto/signature.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/note.h"
#include "muster/v1/statement.pb.h"

namespace muster::cli {
namespace {

constexpr std::string_view kPrefix = "muster-invite-1.";
constexpr size_t kInviteBytesMax = 16 << 10;
constexpr size_t kChecksumBytes = 4;

std::string Checksum(std::string_view bytes) {
  return ToString(ByteView(crypto::Blake2b256({"muster/invite/v1", bytes})).first(kChecksumBytes));
}

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::INVITE_MALFORMED,
                   "this is not a whole invite (" + std::string(what) +
                       "); copy all of it, from \"muster-invite-1.\" to its end");
}

absl::Status CheckParts(const v1::Invite& invite) {
  if (!ParseEndpoint(invite.server()).ok()) return Malformed("its server");
  if (invite.certificate_sha256().size() != 32) return Malformed("its certificate");
  if (invite.consortium().size() != 16 || invite.consortium_name().empty())
    return Malformed("its consortium");
  if (invite.charter_hash().size() != 32) return Malformed("its charter");
  if (!crypto::ParseVerifyKey(invite.vault_sign_key()).ok() ||
      !crypto::ParsePoint(invite.vault_holding_key()).ok()) {
    return Malformed("the vault's keys");
  }
  const auto log_key = tlog::NoteKey::Parse(invite.log_vkey());
  if (!log_key.ok()) return Malformed("the log's key");
  if (!tlog::OpenCheckpoint(invite.checkpoint(), *log_key).ok()) return Malformed("its checkpoint");
  if (!InviteId::Parse(invite.invite()).ok() || !PersonId::Parse(invite.person()).ok() ||
      invite.person_name().empty()) {
    return Malformed("whom it is for");
  }
  if (!invite.member().empty() &&
      (!MemberId::Parse(invite.member()).ok() || invite.member_name().empty())) {
    return Malformed("its member");
  }
  if (invite.secret().size() != 32) return Malformed("its secret");
  if (invite.roles().empty()) return Malformed("its roles");
  for (const int role : invite.roles()) {
    if (role <= v1::ROLE_UNSPECIFIED || !v1::Role_IsValid(role)) return Malformed("its roles");
  }
  return absl::OkStatus();
}

}  // namespace

std::string FormatInvite(const v1::Invite& invite) {
  const std::string bytes = invite.SerializeAsString();
  return std::string(kPrefix) + Base64UrlEncode(AsBytes(bytes + Checksum(bytes)));
}

absl::StatusOr<v1::Invite> ParseInvite(std::string_view text) {
  std::string compact;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') compact.push_back(c);
    if (compact.size() > kInviteBytesMax) return Malformed("it is too long");
  }
  if (std::string_view(compact).substr(0, kPrefix.size()) != kPrefix)
    return Malformed("its beginning");
  auto bytes = Base64UrlDecode(std::string_view(compact).substr(kPrefix.size()));
  if (!bytes.has_value() || bytes->size() < kChecksumBytes)
    return Malformed("a character is lost or changed");
  const std::string checksum = bytes->substr(bytes->size() - kChecksumBytes);
  bytes->resize(bytes->size() - kChecksumBytes);
  if (Checksum(*bytes) != checksum) return Malformed("a character is lost or changed");
  v1::Invite invite;
  if (!invite.ParseFromString(*bytes)) return Malformed("a character is lost or changed");
  v1::Invite known = invite;
  known.DiscardUnknownFields();
  if (known.SerializeAsString() != *bytes) return Malformed("it is of a later version, or changed");
  MUSTER_RETURN_IF_ERROR(CheckParts(invite));
  return invite;
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  Endpoint endpoint;
  if (colon != std::string_view::npos) {
    endpoint.host = std::string(text.substr(0, colon));
    endpoint.port = std::string(text.substr(colon + 1));
  }
  if (endpoint.host.size() > 2 && endpoint.host.front() == '[' && endpoint.host.back() == ']') {
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  } else if (endpoint.host.find(':') != std::string::npos) {
    endpoint.host.clear();
  }
  uint16_t port = 0;
  const char* end = endpoint.port.data() + endpoint.port.size();
  const auto parsed = std::from_chars(endpoint.port.data(), end, port);
  const bool good_host = !endpoint.host.empty() && endpoint.host.size() <= 253 &&
                         endpoint.host.find_first_of(" /\\\t\r\n\"'[]@") == std::string::npos;
  if (!good_host || parsed.ec != std::errc() || parsed.ptr != end || endpoint.port.empty()) {
    return MakeError(v1::NAME_MALFORMED, "expected HOST:PORT, as in 127.0.0.1:8443 or [::1]:8443");
  }
  return endpoint;
}

}  // namespace muster::cli
