// SPDX-License-Identifier: Apache-2.0
#include "cli/vault.h"

#include <algorithm>
#include <set>

#include "absl/time/clock.h"
#include "cli/charter.h"
#include "cli/key_file.h"
#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/shares.h"
#include "muster/v1/charter_service.pb.h"

namespace muster::cli {
namespace {

using governance::Registry;
using governance::SplitRecord;
using v1::GetVaultKeysResponse;

// A vault that starts anew is met within seconds; a new root is written in one.
constexpr absl::Duration kCeremonyWait = absl::Seconds(60);
constexpr absl::Duration kOpeningWait = absl::Seconds(15);
constexpr absl::Duration kSealWait = absl::Seconds(30);
constexpr absl::Duration kPause = absl::Milliseconds(300);
// The store is opened meanwhile.
constexpr absl::Duration kUnsealTime = absl::Seconds(320);

std::string StateName(GetVaultKeysResponse::State state) {
  switch (state) {
    case GetVaultKeysResponse::SEALED:
      return "sealed";
    case GetVaultKeysResponse::UNSEALED:
      return "unsealed";
    default:
      return "unreachable";
  }
}

absl::StatusOr<GetVaultKeysResponse> AskKeys(Session& session) {
  GetVaultKeysResponse keys;
  MUSTER_RETURN_IF_ERROR(
      session.Call("VaultKeyService/GetVaultKeys", v1::GetVaultKeysRequest(), keys));
  return keys;
}

// Until `done` says so, or the time is over: whether it did.
template <typename Done>
absl::StatusOr<bool> WaitFor(absl::Duration time, Done done) {
  const absl::Time deadline = absl::Now() + time;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool there, done());
    if (there) return true;
    if (absl::Now() > deadline) return false;
    absl::SleepFor(kPause);
  }
}

absl::Status NotSplit() {
  return MakeError(v1::VAULT_NOT_SPLIT,
                   "the vault's root is a key file beside it, and nobody holds shares; split it "
                   "with `muster vault init --threshold K --holders N`");
}

// One approver for each member, by when they joined.
std::vector<const governance::PersonRecord*> Candidates(const Registry& registry) {
  std::vector<const governance::PersonRecord*> people;
  for (const auto& [id, person] : registry.people()) {
    if (person.member.has_value() && person.roles.Has(v1::ROLE_APPROVER)) people.push_back(&person);
  }
  std::sort(people.begin(), people.end(),
            [](const auto* a, const auto* b) { return a->join_index < b->join_index; });
  std::set<MemberId> seen;
  std::erase_if(people, [&](const auto* person) { return !seen.insert(*person->member).second; });
  return people;
}

absl::StatusOr<std::vector<const governance::PersonRecord*>> ChooseHolders(
    const Registry& registry, const VaultInitOptions& options) {
  std::vector<const governance::PersonRecord*> candidates = Candidates(registry);
  std::vector<const governance::PersonRecord*> chosen;
  for (const std::string& name : options.named) {
    const auto id = PersonId::Parse(name);
    const governance::PersonRecord* person = id.ok() ? registry.FindPerson(*id) : nullptr;
    if (const governance::MemberRecord* member = registry.FindMemberByName(name);
        member != nullptr) {
      const auto it = std::find_if(candidates.begin(), candidates.end(),
                                   [&](const auto* one) { return one->member == member->id; });
      if (it != candidates.end()) person = *it;
    }
    if (person == nullptr) {
      return MakeError(v1::PRINCIPAL_NOT_FOUND,
                       "--holder " + Visible(name) +
                           " is neither an approver (people/...) nor a member that has one");
    }
    chosen.push_back(person);
  }
  if (options.named.empty()) {
    if (std::ssize(candidates) < options.holders) {
      return MakeError(v1::NOT_A_HOLDER, "there are " + std::to_string(candidates.size()) +
                                             " members with an approver, too few for " +
                                             std::to_string(options.holders) +
                                             " holders: each member holds one share");
    }
    candidates.resize(static_cast<size_t>(options.holders));
    return candidates;
  }
  if (std::ssize(chosen) != options.holders) {
    return MakeError(v1::REQUEST_MALFORMED, "--holders says " + std::to_string(options.holders) +
                                                ", and " + std::to_string(chosen.size()) +
                                                " are named with --holder");
  }
  return chosen;
}

Json HoldersJson(const Registry& registry, const SplitRecord& split, const v1::VaultKeyState& key) {
  const auto among = [](const auto& names, const PersonId& id) {
    return std::find(names.begin(), names.end(), id.Name()) != names.end();
  };
  Json array = Json::Array();
  for (const PersonId& id : split.holders) {
    array.Append(Json::Object()
                     .Set("person", id.Name())
                     .Set("name", WhoIs(registry, id))
                     .Set("confirmed", split.confirmed.contains(id))
                     .Set("delivered", among(key.delivered(), id))
                     .Set("refused", among(key.refused(), id)));
  }
  return array;
}

// The log, once it shows the opening that the vault takes shares for.
absl::StatusOr<LogView> ReadOpening(Session& session) {
  MUSTER_ASSIGN_OR_RETURN(LogView view, session.ReadLog());
  MUSTER_ASSIGN_OR_RETURN(
      const bool there, WaitFor(kOpeningWait, [&]() -> absl::StatusOr<bool> {
        MUSTER_ASSIGN_OR_RETURN(const GetVaultKeysResponse keys, AskKeys(session));
        if (keys.state() == GetVaultKeysResponse::UNSEALED) return true;
        const auto& opening = view.registry.vault_key().opening();
        if (opening.has_value() && AsText(opening->hash) == keys.key().opening_hash()) return true;
        MUSTER_ASSIGN_OR_RETURN(view, session.ReadLog());
        return false;
      }));
  if (there) return view;
  return MakeError(v1::VAULT_UNAVAILABLE,
                   "the vault announces no key on the log under which it would take a share; ask "
                   "the operator whether it runs");
}

}  // namespace

absl::StatusOr<int64_t> ParseLease(const std::string& text) {
  if (text.empty()) return 0;
  absl::Duration lease;
  if (!absl::ParseDuration(text, &lease) || lease < absl::Seconds(1) ||
      lease > absl::Hours(24 * 366)) {
    return MakeError(v1::TIME_MALFORMED, "--lease takes hours and minutes, as in 8h or 90m");
  }
  return absl::ToInt64Seconds(lease);
}

absl::StatusOr<crypto::Share> OpenOwnShare(Session& session, const SplitRecord& split) {
  const Profile& profile = session.profile();
  const std::optional<uint8_t> index = split.IndexOf(profile.person);
  if (!index.has_value()) {
    return MakeError(v1::NOT_A_HOLDER, "the profile " + profile.name +
                                           " holds no share of the vault's root; `muster vault "
                                           "status` says who does");
  }
  MUSTER_ASSIGN_OR_RETURN(const crypto::BoxSecretKey box,
                          ReadBoxKey(profile.folder / "box.key", session.passphrase()));
  const Bytes32 ceremony = *ToArray<32>(split.split.ceremony_hash());
  absl::StatusOr<crypto::SecretBytes> opened =
      box.OpenSecret(governance::ShareContext(profile.consortium, ceremony, profile.person),
                     split.split.holders(*index - 1).sealed_share());
  if (!opened.ok()) {
    return Annotate(opened.status(),
                    "the share that the log has for this profile does not open with its box.key; "
                    "the others must make new shares with `muster vault init` while the vault is "
                    "unsealed");
  }
  MUSTER_ASSIGN_OR_RETURN(crypto::Share share, crypto::ParseShare(*opened));
  const std::vector<std::string> points(split.split.commitments().begin(),
                                        split.split.commitments().end());
  MUSTER_ASSIGN_OR_RETURN(const crypto::ShareCommitments commitments,
                          crypto::ShareCommitments::Parse(points));
  absl::Status right = commitments.Check(share);
  if (right.ok() && share.index != *index)
    right = MakeError(v1::SHARE_WRONG, "the share is another holder's");
  if (!right.ok()) {
    return Annotate(right,
                    "the vault sealed a wrong share to this profile; tell the others, and "
                    "make new shares while the vault is unsealed");
  }
  return share;
}

absl::StatusOr<v1::DeliverShareRequest> SealDelivery(const Session& session,
                                                     const governance::OpeningRecord& opening,
                                                     const crypto::Share& share,
                                                     int64_t lease_seconds) {
  const Profile& profile = session.profile();
  v1::ShareDelivery delivery;
  delivery.set_consortium(ToString(profile.consortium));
  delivery.set_opening_hash(ToString(opening.hash));
  delivery.set_person(profile.person.Name());
  MUSTER_ASSIGN_OR_RETURN(
      *delivery.mutable_sealed_share(),
      crypto::BoxSeal(opening.box_key,
                      governance::DeliveryContext(profile.consortium, opening.hash, profile.person),
                      crypto::EncodeShare(share).ExposeSecret()));
  delivery.set_lease_seconds(lease_seconds);
  v1::DeliverShareRequest request;
  request.set_delivery(delivery.SerializeAsString());
  request.set_signature(session.sign_key().Sign(governance::kDeliveryPurpose, request.delivery()));
  return request;
}

absl::StatusOr<int> RunVaultInit(const Invocation& invocation, const VaultInitOptions& options) {
  Console& console = *invocation.console;
  if (options.threshold < 1 || options.threshold > options.holders ||
      options.holders > crypto::kShareHoldersMax) {
    return MakeError(v1::REQUEST_MALFORMED,
                     "--threshold is 1 to the number of --holders, which is at most 64");
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(
      session->RequireRole({v1::ROLE_APPROVER, v1::ROLE_OPERATOR}, "start a ceremony"));
  MUSTER_ASSIGN_OR_RETURN(LogView view, session->ReadLog());
  MUSTER_ASSIGN_OR_RETURN(const auto holders, ChooseHolders(view.registry, options));
  MUSTER_ASSIGN_OR_RETURN(const GetVaultKeysResponse before, AskKeys(*session));
  if (before.state() != GetVaultKeysResponse::UNSEALED) {
    return MakeError(
        before.state() == GetVaultKeysResponse::SEALED ? v1::VAULT_SEALED : v1::VAULT_UNAVAILABLE,
        "a new root is made by an unsealed vault, and this one is " + StateName(before.state()));
  }
  const bool rotation = view.registry.vault_key().split().has_value();
  v1::Statement statement = session->NewStatement();
  v1::CeremonyStatement& ceremony = *statement.mutable_ceremony();
  ceremony.set_epoch(view.registry.vault_key().epoch() + 1);
  ceremony.set_threshold(options.threshold);
  for (const governance::PersonRecord* holder : holders) ceremony.add_holders(holder->id.Name());
  v1::StartCeremonyRequest request;
  *request.mutable_ceremony() = session->Sign(statement);
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatement(request.ceremony()));
  request.set_known_size(session->known_size());
  v1::StartCeremonyResponse response;
  MUSTER_RETURN_IF_ERROR(session->Call("VaultKeyService/StartCeremony", request, response));
  MUSTER_RETURN_IF_ERROR(session->Accept(response.checkpoint()));
  MUSTER_RETURN_IF_ERROR(session->OpenEntry(response.ceremony()).status());
  MUSTER_ASSIGN_OR_RETURN(view, session->ReadLog());
  const governance::Decision* decision = view.registry.decisions().Find(verified.hash);
  if (decision == nullptr)
    return MakeError(v1::PROOF_INVALID, "the ceremony is proven and not in the log that is listed");

  Json json = DecisionJson(view.registry, *decision);
  json.Set("epoch", ceremony.epoch()).Set("threshold", ceremony.threshold());
  if (decision->pending()) {
    console.Print(console.Bold("Asked for a ceremony") + ", " + DecisionId(decision->hash) + ": " +
                  Standing(view.registry, *decision) +
                  "\nThe members' approvers sign with `muster charter sign " +
                  DecisionId(decision->hash) + "`; then the vault makes its new root.");
    console.Result(json.Set("state", "pending"));
    return kExitDone;
  }
  MUSTER_ASSIGN_OR_RETURN(const bool done, WaitFor(kCeremonyWait, [&]() -> absl::StatusOr<bool> {
                            MUSTER_ASSIGN_OR_RETURN(const GetVaultKeysResponse keys,
                                                    AskKeys(*session));
                            return keys.key().epoch() >= ceremony.epoch();
                          }));
  if (!done) {
    return MakeError(v1::VAULT_UNAVAILABLE,
                     "the ceremony is on the log, and the vault has not followed it yet; look with "
                     "`muster vault status`");
  }
  MUSTER_ASSIGN_OR_RETURN(view, session->ReadLog());
  const auto& split = view.registry.vault_key().split();
  if (!split.has_value() || split->split.ceremony_hash() != AsText(verified.hash)) {
    return MakeError(v1::PROOF_INVALID,
                     "the vault says that it followed the ceremony, and the log does not show it");
  }
  std::string text = console.Bold(rotation ? "The vault has a new root" : "The root is split") +
                     ": any " + std::to_string(ceremony.threshold()) + " of";
  for (const PersonId& id : split->holders) text += "\n  " + WhoIs(view.registry, id);
  text += "\nopen the vault from now on, after every start." +
          std::string(rotation ? " The old shares open nothing." : " Its key file is gone.") +
          "\nLet each of them run `muster vault confirm` before it is sealed: it shows that their "
          "share "
          "opens.";
  console.Print(text);
  json.Set("state", "done").Set("split_log_index", split->index);
  json.Set("holders", HoldersJson(view.registry, *split, v1::VaultKeyState()));
  console.Result(json);
  return kExitDone;
}

absl::StatusOr<int> RunVaultStatus(const Invocation& invocation) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_ASSIGN_OR_RETURN(const GetVaultKeysResponse keys, AskKeys(*session));
  MUSTER_ASSIGN_OR_RETURN(const LogView view, session->ReadLog());
  const Registry& registry = view.registry;
  const auto& split = registry.vault_key().split();
  const std::string state = StateName(keys.state());
  // The log has the last word on how the root is kept, also while the vault is away.
  const std::string root = split.has_value() ? "shares" : "keyfile";

  Table table({{""}, {""}});
  table.Row({"vault", state});
  if (!split.has_value()) {
    table.Row({"root",
               "a key file beside the vault: a trial on one machine. Whoever has the disk "
               "opens it; split it with `muster vault init`"});
  } else {
    table.Row({"root", "split, epoch " + std::to_string(split->epoch()) + ": any " +
                           std::to_string(split->threshold()) + " of " +
                           std::to_string(split->holders.size()) + " holders open it"});
    for (const PersonId& id : split->holders) {
      const auto among = [&](const auto& names) {
        return std::find(names.begin(), names.end(), id.Name()) != names.end();
      };
      table.Row({"holder", WhoIs(registry, id) +
                               (split->confirmed.contains(id) ? ", confirmed" : ", not confirmed") +
                               (among(keys.key().delivered()) ? ", share delivered" : "") +
                               (among(keys.key().refused()) ? ", WRONG SHARE" : "")});
    }
  }
  if (keys.key().lease_end_time() > 0)
    table.Row({"lease", "seals itself at " + FormatRfc3339(keys.key().lease_end_time())});
  const governance::CharterVersion& charter = registry.charter_versions().back();
  if (keys.charter_version() > 0) {
    table.Row({"charter",
               keys.charter_hash() == AsText(charter.hash)
                   ? "version " + std::to_string(keys.charter_version()) + ", the one in effect"
                   : "the vault goes by version " + std::to_string(keys.charter_version()) +
                         ", in effect is " + std::to_string(charter.version)});
  }
  console.Print(table.Format());

  Json json = Json::Object();
  json.Set("state", state).Set("root", root).Set("epoch", registry.vault_key().epoch());
  json.Set("threshold", split.has_value() ? Json(split->threshold()) : Json());
  json.Set("delivered", keys.key().delivered_size());
  json.Set("holders",
           split.has_value() ? HoldersJson(registry, *split, keys.key()) : Json::Array());
  json.Set("lease_end_time", keys.key().lease_end_time() > 0
                                 ? Json(FormatRfc3339(keys.key().lease_end_time()))
                                 : Json());
  json.Set("charter_version", keys.charter_version() > 0 ? Json(keys.charter_version()) : Json());
  console.Result(json);
  return kExitDone;
}

absl::StatusOr<int> RunVaultConfirm(const Invocation& invocation) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_ASSIGN_OR_RETURN(LogView view, session->ReadLog());
  const auto& split = view.registry.vault_key().split();
  if (!split.has_value()) return NotSplit();
  MUSTER_RETURN_IF_ERROR(OpenOwnShare(*session, *split).status());
  const bool before = split->confirmed.contains(session->profile().person);
  if (!before) {
    v1::Statement statement = session->NewStatement();
    statement.mutable_endorsement()->set_statement_hash(ToString(split->hash));
    v1::EndorseRequest request;
    *request.mutable_endorsement() = session->Sign(statement);
    request.set_known_size(session->known_size());
    v1::EndorseResponse response;
    MUSTER_RETURN_IF_ERROR(session->Call("CharterService/Endorse", request, response));
    MUSTER_RETURN_IF_ERROR(session->Accept(response.checkpoint()));
    MUSTER_RETURN_IF_ERROR(session->OpenEntry(response.endorsement()).status());
    MUSTER_ASSIGN_OR_RETURN(view, session->ReadLog());
  }
  const SplitRecord& now = *view.registry.vault_key().split();
  console.Print(console.Good("The share opens and is right") + "; " +
                std::to_string(now.confirmed.size()) + " of " + std::to_string(now.holders.size()) +
                " holders have confirmed theirs");
  console.Result(Json::Object()
                     .Set("confirmed", true)
                     .Set("confirmed_count", now.confirmed.size())
                     .Set("holders", now.holders.size()));
  return kExitDone;
}

absl::StatusOr<int> RunVaultUnseal(const Invocation& invocation,
                                   const VaultUnsealOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const int64_t lease, ParseLease(options.lease));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_ASSIGN_OR_RETURN(const GetVaultKeysResponse keys, AskKeys(*session));
  const auto report = [&](bool unsealed, int delivered, int threshold, const std::string& text) {
    console.Print(text);
    console.Result(Json::Object()
                       .Set("state", unsealed ? "unsealed" : "sealed")
                       .Set("delivered", delivered)
                       .Set("threshold", threshold));
    return kExitDone;
  };
  if (keys.state() == GetVaultKeysResponse::UNSEALED)
    return report(true, 0, keys.key().threshold(), "The vault is unsealed already.");
  MUSTER_ASSIGN_OR_RETURN(LogView view, ReadOpening(*session));
  const auto& split = view.registry.vault_key().split();
  if (!split.has_value()) return NotSplit();
  const auto& opening = view.registry.vault_key().opening();
  if (!opening.has_value())
    return report(true, 0, split->threshold(), "The vault is unsealed already.");
  MUSTER_ASSIGN_OR_RETURN(const crypto::Share share, OpenOwnShare(*session, *split));
  MUSTER_ASSIGN_OR_RETURN(const v1::DeliverShareRequest request,
                          SealDelivery(*session, *opening, share, lease));
  v1::DeliverShareResponse response;
  MUSTER_RETURN_IF_ERROR(
      session->Call("VaultKeyService/DeliverShare", request, response, kUnsealTime));
  if (!response.unsealed()) {
    return report(false, response.delivered_count(), response.threshold(),
                  console.Bold("Delivered.") + " The vault has " +
                      std::to_string(response.delivered_count()) + " of the " +
                      std::to_string(response.threshold()) + " shares it takes.");
  }
  // It works once the log shows who opened it.
  MUSTER_ASSIGN_OR_RETURN(const bool shown, WaitFor(kOpeningWait, [&]() -> absl::StatusOr<bool> {
                            MUSTER_ASSIGN_OR_RETURN(view, session->ReadLog());
                            return view.registry.vault_key().open_hash().has_value();
                          }));
  if (!shown) console.Note("The log does not show it yet; the vault works as soon as it does.");
  return report(true, response.delivered_count(), response.threshold(),
                console.Good("The vault is unsealed."));
}

absl::StatusOr<int> RunVaultSeal(const Invocation& invocation, const VaultSealOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_ASSIGN_OR_RETURN(const LogView view, session->ReadLog());
  const governance::VaultKeyRecord& key = view.registry.vault_key();
  if (!key.split().has_value()) return NotSplit();
  const auto done = [&](const std::string& text) {
    console.Print(text);
    console.Result(Json::Object().Set("state", "sealed"));
    return kExitDone;
  };
  MUSTER_ASSIGN_OR_RETURN(const GetVaultKeysResponse before, AskKeys(*session));
  if (before.state() == GetVaultKeysResponse::SEALED) return done("The vault is sealed already.");
  if (!key.open_hash().has_value()) {
    return MakeError(v1::VAULT_UNAVAILABLE,
                     "the log does not show by whom the vault was opened; try again in a few "
                     "seconds");
  }
  if (!key.seal_asked()) {
    if (std::ssize(key.split()->confirmed) < key.split()->threshold()) {
      console.Note("Mind: only " + std::to_string(key.split()->confirmed.size()) +
                   " holders have confirmed that their shares open, and it takes " +
                   std::to_string(key.split()->threshold()) + ".");
    }
    v1::Statement statement = session->NewStatement();
    statement.mutable_seal()->set_unsealed_hash(ToString(*key.open_hash()));
    statement.mutable_seal()->set_reason(options.reason);
    v1::SealVaultRequest request;
    *request.mutable_seal() = session->Sign(statement);
    request.set_known_size(session->known_size());
    v1::SealVaultResponse response;
    MUSTER_RETURN_IF_ERROR(session->Call("VaultKeyService/SealVault", request, response));
    MUSTER_RETURN_IF_ERROR(session->Accept(response.checkpoint()));
    MUSTER_RETURN_IF_ERROR(session->OpenEntry(response.seal()).status());
  }
  MUSTER_ASSIGN_OR_RETURN(const bool sealed, WaitFor(kSealWait, [&]() -> absl::StatusOr<bool> {
                            MUSTER_ASSIGN_OR_RETURN(const GetVaultKeysResponse keys,
                                                    AskKeys(*session));
                            return keys.state() == GetVaultKeysResponse::SEALED;
                          }));
  if (!sealed) {
    return MakeError(v1::VAULT_UNAVAILABLE,
                     "the word is on the log, and the vault has not sealed itself yet; look with "
                     "`muster vault status`, or let the operator stop it");
  }
  return done(console.Good("The vault is sealed."));
}

}  // namespace muster::cli
