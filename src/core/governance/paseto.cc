// SPDX-License-Identifier: Apache-2.0
#include "core/governance/paseto.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/crypto/password.h"

namespace muster::governance {
namespace {

constexpr std::string_view kHeader = "v4.public.";
constexpr size_t kSignatureBytes = 64;
constexpr size_t kTokenBytesMax = 8192;  // gRPC takes no larger metadata
constexpr size_t kFooterBytesMax = 1024;

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::TOKEN_MALFORMED, "not a call token: " + std::string(what));
}

// PASETO's pre-authentication encoding: counts and lengths keep the pieces apart.
std::string Pae(std::initializer_list<std::string_view> pieces) {
  std::string out;
  PutU64(out, pieces.size());
  for (std::string_view piece : pieces) {
    PutU64(out, piece.size());
    out.append(piece);
  }
  return out;
}

struct Split {
  PasetoParts parts;
  std::string signature;
};

absl::StatusOr<Split> SplitToken(std::string_view token) {
  if (token.size() > kTokenBytesMax) return Malformed("longer than 8 KiB");
  if (token.substr(0, kHeader.size()) != kHeader)
    return Malformed("it does not begin with v4.public.");
  token.remove_prefix(kHeader.size());
  const size_t dot = token.find('.');
  Split split;
  if (dot != std::string_view::npos) {
    const std::string_view encoded = token.substr(dot + 1);
    if (encoded.size() > (kFooterBytesMax * 4 + 2) / 3)
      return Malformed("the footer is longer than 1 KiB");
    auto footer = Base64UrlDecode(encoded);
    if (!footer || footer->empty()) return Malformed("the footer is not base64url");
    split.parts.footer = *std::move(footer);
  }
  auto body = Base64UrlDecode(token.substr(0, dot));
  if (!body || body->size() < kSignatureBytes) return Malformed("the payload is not base64url");
  split.signature = body->substr(body->size() - kSignatureBytes);
  body->resize(body->size() - kSignatureBytes);
  split.parts.payload = *std::move(body);
  return split;
}

// Takes a flat JSON object of strings with unique keys and nothing else, so that two readers cannot
// read two things.
class FlatStrings : public nlohmann::json_sax<nlohmann::json> {
 public:
  static std::optional<std::map<std::string, std::string>> Parse(std::string_view text) {
    FlatStrings sax;
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &sax) || !sax.open_)
      return std::nullopt;
    return std::move(sax.members_);
  }
  bool start_object(size_t) override { return !std::exchange(open_, true); }
  bool key(std::string& name) override {
    key_ = name;
    return open_ && !members_.contains(name);
  }
  bool string(std::string& value) override { return open_ && members_.emplace(key_, value).second; }
  bool end_object() override { return true; }

  bool null() override { return false; }
  bool boolean(bool) override { return false; }
  bool number_integer(number_integer_t) override { return false; }
  bool number_unsigned(number_unsigned_t) override { return false; }
  bool number_float(number_float_t, const std::string&) override { return false; }
  bool binary(binary_t&) override { return false; }
  bool start_array(size_t) override { return false; }
  bool end_array() override { return false; }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool open_ = false;
  std::string key_;
  std::map<std::string, std::string> members_;
};

// The values of exactly these keys, in their order.
template <size_t N>
std::optional<std::array<std::string, N>> Members(std::string_view json,
                                                  const std::array<std::string_view, N>& keys) {
  auto members = FlatStrings::Parse(json);
  if (!members || members->size() != N) return std::nullopt;
  std::array<std::string, N> values;
  for (size_t i = 0; i < N; ++i) {
    const auto found = members->find(std::string(keys[i]));
    if (found == members->end()) return std::nullopt;
    values[i] = std::move(found->second);
  }
  return values;
}

absl::StatusOr<std::string> KeyIdOf(std::string_view footer) {
  const auto members = Members<1>(footer, {"kid"});
  if (!members) return Malformed("the footer does not name a key and nothing else");
  return members->front();
}

std::string ImplicitAssertion(std::string_view method, std::string_view request) {
  const Bytes32 hash = crypto::Blake2b256(request);
  std::string implicit = "muster/rpc/v1\n";
  implicit.append(method).append("\n").append(AsText(hash));
  return implicit;
}

std::string Clocks(std::string_view what, absl::Time time, absl::Time now) {
  return std::string(what) + " " + FormatRfc3339(time) +
         " by the caller's clock; the server's says " + FormatRfc3339(now);
}

absl::Status CheckTimes(const CallToken& token, absl::Time now, absl::Time since) {
  if (token.expires <= token.issued) return Malformed("it expires before it is issued");
  if (token.expires - token.issued > kTokenLifetimeMax) {
    return MakeError(v1::TOKEN_LIVES_TOO_LONG,
                     "a call token lives for at most 10 minutes; make a new one");
  }
  if (token.issued > now + kClockSkewMax) {
    return MakeError(v1::TOKEN_NOT_YET_VALID, Clocks("the token is valid from", token.issued, now) +
                                                  ": set the clock of the machine that is ahead");
  }
  if (now > token.expires + kClockSkewMax) {
    return MakeError(v1::TOKEN_EXPIRED,
                     Clocks("the token expired at", token.expires, now) +
                         ": set the clock of the machine that is behind or run the "
                         "command again");
  }
  if (token.issued < absl::FromUnixSeconds(absl::ToUnixSeconds(since))) {
    return MakeError(v1::TOKEN_BEFORE_START,
                     Clocks("the token was issued at", token.issued, now) +
                         ", and since its start it takes none issued before " +
                         FormatRfc3339(since) + ": run the command again");
  }
  return absl::OkStatus();
}

}  // namespace

std::string PasetoSign(const crypto::SigningKey& key, std::string_view payload,
                       std::string_view footer, std::string_view implicit) {
  std::string body(payload);
  body += key.Sign("", Pae({kHeader, payload, footer, implicit}));
  std::string token(kHeader);
  token += Base64UrlEncode(AsBytes(body));
  if (!footer.empty()) token += "." + Base64UrlEncode(AsBytes(footer));
  return token;
}

absl::StatusOr<PasetoParts> PasetoSplit(std::string_view token) {
  MUSTER_ASSIGN_OR_RETURN(Split split, SplitToken(token));
  return std::move(split.parts);
}

absl::StatusOr<PasetoParts> PasetoVerify(const crypto::VerifyKey& key, std::string_view token,
                                         std::string_view implicit) {
  MUSTER_ASSIGN_OR_RETURN(Split split, SplitToken(token));
  const std::string signed_bytes =
      Pae({kHeader, split.parts.payload, split.parts.footer, implicit});
  if (!crypto::Verify(key, "", signed_bytes, split.signature).ok()) {
    return MakeError(
        v1::TOKEN_SIGNATURE_INVALID,
        "the call token was not signed by this key for this call; run the command again");
  }
  return std::move(split.parts);
}

std::string MakeCallToken(const crypto::SigningKey& key, const PersonId& person,
                          const Bytes16& audience, std::string_view method,
                          std::string_view request, absl::Time now) {
  // None of the values has a character that JSON would want escaped.
  const std::string payload = "{\"iss\":\"" + person.Name() + "\",\"aud\":\"" +
                              HexEncode(audience) + "\",\"iat\":\"" + FormatRfc3339(now) +
                              "\",\"exp\":\"" + FormatRfc3339(now + kTokenLifetime) +
                              "\",\"jti\":\"" + Base64UrlEncode(crypto::RandomArray<16>()) + "\"}";
  const std::string footer = "{\"kid\":\"" + crypto::PaserkPublicId(key.verify_key()) + "\"}";
  return PasetoSign(key, payload, footer, ImplicitAssertion(method, request));
}

absl::StatusOr<std::string> CallTokenKeyId(std::string_view token) {
  MUSTER_ASSIGN_OR_RETURN(const PasetoParts parts, PasetoSplit(token));
  return KeyIdOf(parts.footer);
}

absl::StatusOr<CallToken> VerifyCallToken(const crypto::VerifyKey& key, std::string_view token,
                                          const Bytes16& audience, std::string_view method,
                                          std::string_view request, absl::Time now,
                                          absl::Time since) {
  MUSTER_ASSIGN_OR_RETURN(const PasetoParts parts,
                          PasetoVerify(key, token, ImplicitAssertion(method, request)));
  MUSTER_ASSIGN_OR_RETURN(const std::string key_id, KeyIdOf(parts.footer));
  if (key_id != crypto::PaserkPublicId(key)) return Malformed("its footer names another key");
  const auto members = Members<5>(parts.payload, {"iss", "aud", "iat", "exp", "jti"});
  if (!members) return Malformed("the payload is not iss, aud, iat, exp and jti");
  const auto& [iss, aud, iat, exp, jti] = *members;
  const auto person = PersonId::Parse(iss);
  const auto issued = ParseRfc3339(iat);
  const auto expires = ParseRfc3339(exp);
  const auto id = ToArray<16>(Base64UrlDecode(jti).value_or(""));
  if (!person.ok()) return Malformed("iss is no person");
  if (!issued.ok() || !expires.ok()) return Malformed("iat or exp is no time");
  if (!id) return Malformed("jti is not 16 bytes");
  if (aud != HexEncode(audience)) {
    return MakeError(v1::TOKEN_OTHER_AUDIENCE,
                     "the call token is for another consortium; choose the right profile");
  }
  const CallToken call{*person, *id, *issued, *expires};
  MUSTER_RETURN_IF_ERROR(CheckTimes(call, now, since));
  return call;
}

struct ReplayCache::State {
  using Key = std::array<uint8_t, 24>;  // person, then jti

  explicit State(const ReplayLimits& given) : limits(given) {}

  const ReplayLimits limits;
  std::mutex mutex;
  absl::flat_hash_set<Key> seen ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<PersonId, size_t> counts ABSL_GUARDED_BY(mutex);  // none is zero
  std::set<std::pair<absl::Time, Key>> by_expiry ABSL_GUARDED_BY(mutex);
  // The clock never goes back here: a token that was forgotten must stay expired.
  absl::Time latest ABSL_GUARDED_BY(mutex) = absl::InfinitePast();
};

ReplayCache::ReplayCache(const ReplayLimits& limits) : state_(std::make_unique<State>(limits)) {}

ReplayCache::~ReplayCache() = default;

absl::Status ReplayCache::Admit(const CallToken& token, absl::Time now) {
  State::Key key;
  std::copy(token.person.bytes.begin(), token.person.bytes.end(), key.begin());
  std::copy(token.jti.begin(), token.jti.end(), key.begin() + 8);
  // VerifyCallToken takes tokens this long.
  const absl::Time forgotten = token.expires + kClockSkewMax;

  std::lock_guard lock(state_->mutex);
  state_->latest = std::max(state_->latest, now);
  while (!state_->by_expiry.empty() && state_->by_expiry.begin()->first < state_->latest) {
    const State::Key& gone = state_->by_expiry.begin()->second;
    PersonId person;
    std::copy_n(gone.begin(), person.bytes.size(), person.bytes.begin());
    const auto count = state_->counts.find(person);
    if (--count->second == 0) state_->counts.erase(count);
    state_->seen.erase(gone);
    state_->by_expiry.erase(state_->by_expiry.begin());
  }
  if (state_->seen.contains(key)) {
    return MakeError(v1::TOKEN_REPLAYED, "this call token was used before; run the command again");
  }
  if (forgotten < state_->latest) {
    return MakeError(
        v1::TOKEN_EXPIRED,
        Clocks("the token expired at", token.expires, state_->latest) + ": run the command again");
  }
  const auto count = state_->counts.find(token.person);
  if (state_->seen.size() >= state_->limits.entries_max ||
      (count != state_->counts.end() && count->second >= state_->limits.entries_per_person_max)) {
    return MakeError(v1::SERVER_BUSY,
                     "too many calls in a few minutes; wait a little and try again");
  }
  ++state_->counts[token.person];
  state_->seen.insert(key);
  state_->by_expiry.emplace(forgotten, key);
  return absl::OkStatus();
}

}  // namespace muster::governance
