// SPDX-License-Identifier: Apache-2.0
#include "core/report/event.h"

#include "core/base/bytes.h"
#include "core/governance/roles.h"

namespace muster::report {
namespace {

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string Counted(int64_t count, std::string_view one, std::string_view more) {
  return Grouped(count) + " " + std::string(count == 1 ? one : more);
}

std::string NameOfMember(std::string_view resource, const governance::Registry& registry) {
  const auto id = MemberId::Parse(resource);
  const governance::MemberRecord* member = id.ok() ? registry.FindMember(*id) : nullptr;
  return member == nullptr ? std::string(resource) : member->name;
}

std::string SpacedRoles(const governance::RoleSet& roles) {
  std::string text;
  for (const v1::Role role : roles.List())
    text += (text.empty() ? "" : ", ") + std::string(governance::RoleName(role));
  return text;
}

std::string RolesOf(const v1::AdmissionStatement& admission) {
  governance::RoleSet roles;
  for (const int role : admission.roles()) roles.Add(static_cast<v1::Role>(role));
  return SpacedRoles(roles);
}

std::string WordsOf(const v1::UploadStatement& upload) {
  const std::string what = Counted(upload.record_count(), "record", "records") + " of " +
                           Counted(upload.row_count(), "row", "rows") + " in " +
                           Counted(upload.batch_count(), "sealed batch", "sealed batches");
  if (upload.has_voterfile()) {
    const v1::VoterFileTerms& terms = upload.voterfile();
    return "voters of " + terms.state() + " as of " + terms.as_of() + ", " + what +
           ", permitted use: " + Quoted(terms.permitted_use());
  }
  return what +
         (upload.mode() == v1::UploadStatement::REPLACE ? " in place of the list "
                                                        : " for the list ") +
         Quoted(upload.list()) +
         (upload.consent().empty() ? ", no words on consent"
                                   : ", consent: " + Quoted(upload.consent()));
}

std::string WordsOf(const v1::IntakeStatement& intake) {
  const std::string read = "read " + Counted(intake.record_count(), "record", "records") + " of " +
                           intake.upload() + " once: ";
  if (intake.has_voterfile()) {
    return read + Grouped(intake.voterfile().voter_count()) + " voters, " +
           Grouped(intake.voterfile().history_record_count()) + " of history";
  }
  return read + Counted(intake.contact_count(), "contact", "contacts") + ", " +
         Counted(intake.duplicate_count(), "duplicate", "duplicates") + ", " +
         Grouped(intake.suppression_count()) + " opt-outs, " + Grouped(intake.exclusion_count()) +
         " excluded, " + Grouped(intake.refused_count()) + " refused" +
         (intake.replaced_count() > 0
              ? "; took out " + Grouped(intake.replaced_count()) + " that it replaced"
              : "");
}

std::string WordsOf(const v1::MatchStatement& match) {
  return "matched the pool with " + Quoted(match.voterfile()) + ", weights " +
         (match.estimated() ? "estimated anew" : "of an earlier run") +
         (match.has_table() ? "; a table of noisy counts was published" : "; no table published");
}

std::string NameOfPerson(std::string_view resource, const governance::Registry& registry) {
  const auto id = PersonId::Parse(resource);
  const governance::PersonRecord* person = id.ok() ? registry.FindPerson(*id) : nullptr;
  return person == nullptr ? std::string(resource) : person->name;
}

std::string WordsOf(const v1::VaultKeyStatement& key, const governance::Registry& registry) {
  if (key.has_split()) {
    return "split its root anew: any " + std::to_string(key.split().commitments_size()) + " of " +
           std::to_string(key.split().holders_size()) + " shares open it";
  }
  if (key.has_opening()) return "is sealed, and takes shares";
  std::string holders;
  for (const std::string& holder : key.unsealed().holders())
    holders += (holders.empty() ? "" : ", ") + NameOfPerson(holder, registry);
  return "was unsealed with the shares of " + holders;
}

// Whether it takes more signatures before anybody may join by it.
bool Waits(const v1::AdmissionStatement& admission, const governance::Registry& registry) {
  const auto id = InviteId::Parse(admission.invite());
  const governance::PendingInvite* invite = id.ok() ? registry.FindInvite(*id) : nullptr;
  if (invite == nullptr || !invite->decision.has_value()) return false;
  const governance::Decision* decision = registry.decisions().Find(*invite->decision);
  return decision != nullptr && decision->pending();
}

// What is signed stands in an entry of its own, which the reader can look up.
std::string WordsOf(const v1::EndorsementStatement& endorsement,
                    const governance::Registry& registry) {
  const auto hash = ToArray<32>(endorsement.statement_hash());
  if (!hash.has_value()) return "signed what is not on the log";
  const auto& split = registry.vault_key().split();
  if (split.has_value() && split->hash == *hash)
    return "found their share of the vault's root good (entry " + std::to_string(split->index) +
           ")";
  const governance::Decision* decision = registry.decisions().Find(*hash);
  if (decision == nullptr) return "signed what is not on the log";
  const std::string entry = " (entry " + std::to_string(decision->index) + ")";
  switch (decision->kind) {
    case governance::Decision::Kind::kAdmission:
      return "signed that " + decision->statement.admission().person_name() + " may join" + entry;
    case governance::Decision::Kind::kCharter:
      return "signed version " + std::to_string(decision->statement.charter_proposal().version()) +
             " of the charter" + entry;
    case governance::Decision::Kind::kCeremony:
      return "signed that the vault's root be split anew" + entry;
  }
  return "signed what was proposed" + entry;
}

}  // namespace

std::string Grouped(int64_t number) {
  std::string digits = std::to_string(number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string EventKind(const v1::Statement& statement) {
  if (statement.upload().has_voterfile()) return "voterfile";
  if (statement.intake().has_voterfile()) return "voterfile_intake";
  return governance::KindOf(statement);
}

Event DescribeEvent(const v1::Statement& statement, const governance::Registry& registry) {
  Event event;
  event.kind = EventKind(statement);
  if (const auto owner = governance::Registry::OwnerOf(statement); owner.has_value()) {
    event.member = NameOfMember(owner->Name(), registry);
  }
  event.by =
      statement.signer() == "vault" ? "the vault" : NameOfPerson(statement.signer(), registry);
  switch (statement.body_case()) {
    case v1::Statement::kCharter:
      event.text = Quoted(statement.charter().name()) +
                   " was founded; until the members agree on more, an operator admits a member";
      break;
    case v1::Statement::kAdmission: {
      const v1::AdmissionStatement& admission = statement.admission();
      if (!admission.member().empty()) {
        event.member = admission.member_name().empty() ? NameOfMember(admission.member(), registry)
                                                       : admission.member_name();
      }
      event.text = (admission.new_member() ? "may join as a member, through " : "invited: ") +
                   admission.person_name() + " (" + RolesOf(admission) + ")" +
                   (Waits(admission, registry) ? ", once enough members have signed" : "");
      break;
    }
    case v1::Statement::kJoin:
      if (!statement.join().member().empty())
        event.member = NameOfMember(statement.join().member(), registry);
      event.text = "joined, and signed the charter";
      break;
    case v1::Statement::kUpload:
      event.text = WordsOf(statement.upload());
      break;
    case v1::Statement::kIntake:
      event.text = WordsOf(statement.intake());
      break;
    case v1::Statement::kWithdrawal:
      event.text = statement.withdrawal().list().empty()
                       ? std::string("took single addresses back")
                       : "took back " + Quoted(statement.withdrawal().list());
      break;
    case v1::Statement::kWithdrawn:
      event.text = "removed " + Counted(statement.withdrawn().source_count(), "source", "sources") +
                   " of contacts";
      break;
    case v1::Statement::kMatch:
      event.text = WordsOf(statement.match());
      break;
    case v1::Statement::kErase:
      event.text = "passed a person's request on: one address is to be erased for all members";
      break;
    case v1::Statement::kErased:
      event.text = statement.erased().done() ? "erased the address"
                                             : "did nothing: this member had not brought it";
      break;
    case v1::Statement::kPersonReport:
      event.text = statement.person_report().person_key().empty()
                       ? "told a person what this member has of them"
                       : "told a person all there is, sealed to the person's own key";
      break;
    case v1::Statement::kCharterProposal: {
      const v1::CharterProposalStatement& proposal = statement.charter_proposal();
      event.text = "proposed version " + std::to_string(proposal.version()) + " of the charter" +
                   " (" + std::to_string(proposal.terms().quorum()) + " members decide)" +
                   (proposal.reason().empty() ? "" : ": " + Quoted(proposal.reason()));
      break;
    }
    case v1::Statement::kEndorsement:
      event.text = WordsOf(statement.endorsement(), registry);
      break;
    case v1::Statement::kCeremony:
      event.text = "asked for the vault's root to be made anew and split, " +
                   std::to_string(statement.ceremony().threshold()) + " of " +
                   std::to_string(statement.ceremony().holders_size());
      break;
    case v1::Statement::kVaultKey:
      event.text = WordsOf(statement.vault_key(), registry);
      break;
    case v1::Statement::kSeal:
      event.text =
          "asked for the vault to be sealed" +
          (statement.seal().reason().empty() ? "" : ": " + Quoted(statement.seal().reason()));
      break;
    default:
      event.understood = false;
      event.text =
          "this program has no words for it: its signature and its place among the rules hold, "
          "what it says was not looked at";
      break;
  }
  return event;
}

}  // namespace muster::report
