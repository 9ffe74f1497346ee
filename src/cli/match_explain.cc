// SPDX-License-Identifier: Apache-2.0
#include "cli/match_explain.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#include "cli/key_file.h"
#include "cli/table.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/box.h"
#include "muster/v1/upload_service.pb.h"

namespace muster::cli {
namespace {

constexpr std::string_view kExplainContext = "muster/match/explain/v1\n";
constexpr std::string_view kExplanationContext = "muster/match/explanation/v1\n";
constexpr absl::Duration kExplainTime = absl::Seconds(150);
constexpr size_t kBarWidth = 44;
constexpr std::string_view kMissing = "missing";

std::string Label(const std::string& comparator) {
  if (comparator == "prior") return "before looking";
  if (comparator == "names_together") return "both names at once";
  if (comparator == "household") return "perhaps of one household";
  std::string text = Visible(comparator);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string LevelText(const std::string& level) {
  if (level == kMissing) return "not on both sides";
  std::string text = Visible(level);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string Bits(double bits) {
  char text[32];
  std::snprintf(text, sizeof(text), "%+.1f", bits);
  return text;
}

// The vault rounds to hundredths; what is rounded to one or to nothing is neither.
std::string Probability(double probability) {
  if (probability > 0.995) return "more than 0.99";
  if (probability < 0.005) return "less than 0.01";
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", probability);
  return text;
}

std::string Padded(std::string text, size_t width, bool right = false) {
  const std::string gap(width > text.size() ? width - text.size() : 0, ' ');
  return right ? gap + text : text + gap;
}

double SumOf(const v1::MatchExplanation& explanation) {
  double sum = 0;
  for (const v1::MatchEvidence& piece : explanation.evidence()) sum += piece.bits();
  return sum;
}

std::string Waterfall(const Console& console, const v1::MatchExplanation& explanation) {
  double low = 0;
  double high = 0;
  double sum = 0;
  size_t labels = 0;
  size_t levels = 0;
  for (const v1::MatchEvidence& piece : explanation.evidence()) {
    sum += piece.bits();
    low = std::min(low, sum);
    high = std::max(high, sum);
    labels = std::max(labels, Label(piece.comparator()).size());
    levels = std::max(levels, LevelText(piece.level()).size());
  }
  const double scale = static_cast<double>(kBarWidth) / std::max(high - low, 1.0);
  const auto column = [&](double at) {
    return std::min(static_cast<size_t>(std::lround((at - low) * scale)), kBarWidth);
  };
  const size_t zero = column(0);
  const auto line = [&](const std::string& label, const std::string& level, const std::string& bits,
                        double from, double to) {
    std::string text = "  " + Padded(label, labels) + "  " + Padded(level, levels) + "  " +
                       Padded(bits, 6, true) + "  ";
    std::string bar(kBarWidth + 1, ' ');
    bar[zero] = '|';
    const size_t begin = std::min(column(from), column(to));
    const size_t end = std::max(column(from), column(to));
    const std::string blocks(end - begin, to >= from ? '+' : '-');
    const std::string rest = bar.substr(end);
    text += bar.substr(0, begin);
    if (!blocks.empty()) text += to >= from ? console.Good(blocks) : console.Bad(blocks);
    text += rest;
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  std::string out;
  sum = 0;
  for (const v1::MatchEvidence& piece : explanation.evidence()) {
    const bool silent = piece.level() == kMissing && piece.bits() == 0;
    out += line(Label(piece.comparator()), LevelText(piece.level()),
                silent ? "" : Bits(piece.bits()), sum, sum + piece.bits());
    sum += piece.bits();
  }
  return out + line("together", "", Bits(sum), 0, sum);
}

// Doubts as match/decide.h names them.
std::string Why(const std::string& doubt) {
  if (doubt == "unlikely") return "the likeliest voter falls short of what the charter asks for";
  if (doubt == "runner_up") return "two voters fit about as well";
  if (doubt == "household") return "only what a whole household shares speaks for the voter";
  if (doubt == "suffix") return "the suffixes (Jr, Sr) contradict each other";
  if (doubt == "taken") return "another person fits the voter better";
  return LevelText(doubt);
}

std::string OutcomeText(const Console& console, const v1::MatchExplanation& explanation) {
  if (explanation.outcome() == "matched")
    return console.Good("Matched") + ": by what you brought, this contact is one voter";
  if (explanation.outcome() == "ambiguous")
    return console.Bold("Ambiguous") + ": " + Why(explanation.doubt()) +
           "; nobody is guessed, so the contact counts as none";
  return console.Bold("Unmatched") + ": by what you brought, no voter comes into question";
}

absl::StatusOr<std::string> SealAddress(const Profile& profile, const std::string& address) {
  v1::SealedAddresses plain;
  plain.add_addresses(address);
  const crypto::WipedString bytes(plain.SerializeAsString());
  return crypto::BoxSeal(
      profile.vault_box_key,
      std::string(kExplainContext) + ToString(profile.consortium) + profile.person.Name(),
      AsBytes(bytes.str()));
}

absl::StatusOr<v1::MatchExplanation> OpenExplanation(Session& session, const std::string& sealed) {
  const Profile& profile = session.profile();
  MUSTER_ASSIGN_OR_RETURN(const crypto::BoxSecretKey box,
                          ReadBoxKey(profile.folder / "box.key", session.passphrase()));
  absl::StatusOr<crypto::WipedString> bytes =
      box.Open(std::string(kExplanationContext) + ToString(profile.consortium), sealed);
  if (!bytes.ok())
    return Annotate(bytes.status(), "the vault's answer does not open with this profile's key");
  v1::MatchExplanation explanation;
  if (!explanation.ParseFromString(bytes->str())) {
    return MakeError(v1::INTERNAL_ERROR,
                     "the vault's answer cannot be read; use programs of one release");
  }
  return explanation;
}

}  // namespace

Json ExplanationJson(const v1::MatchExplanation& explanation) {
  Json json = Json::Object();
  json.Set("voterfile", explanation.voterfile()).Set("as_of", explanation.as_of());
  json.Set("outcome", explanation.outcome());
  json.Set("doubt", explanation.doubt().empty() ? Json() : Json(explanation.doubt()));
  json.Set("probability", explanation.probability())
      .Set("runner_up_probability", explanation.runner_up_probability())
      .Set("bits", SumOf(explanation));
  Json evidence = Json::Array();
  for (const v1::MatchEvidence& piece : explanation.evidence()) {
    evidence.Append(Json::Object()
                        .Set("comparator", piece.comparator())
                        .Set("level", piece.level().empty() ? Json() : Json(piece.level()))
                        .Set("bits", piece.bits()));
  }
  return json.Set("evidence", std::move(evidence));
}

std::string ExplanationText(const Console& console, const v1::MatchExplanation& explanation) {
  std::string text = OutcomeText(console, explanation) + "\n";
  text += "  voters of \"" + Visible(explanation.voterfile()) + "\", as of " +
          Visible(explanation.as_of()) + "\n";
  if (explanation.evidence().empty()) {
    text.pop_back();
    return text;
  }
  text += "\n" + console.Bold("What speaks for the likeliest voter, in bits, each rounded") + "\n" +
          Waterfall(console, explanation);
  text +=
      "\n  probability  " + Probability(explanation.probability()) + "\n  runner-up    " +
      (explanation.runner_up_probability() > 0 ? Probability(explanation.runner_up_probability())
                                               : std::string("none"));
  return text;
}

absl::StatusOr<int> RunMatchExplain(const Invocation& invocation,
                                    const MatchExplainOptions& options) {
  Console& console = *invocation.console;
  const auto email = contact::ParseEmail(options.email);
  if (!email.ok()) return Annotate(email.status(), "--email");
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(session->RequireRole({v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_LEAD},
                                              "ask about a contact"));
  MUSTER_RETURN_IF_ERROR(session->RequireMember().status());
  v1::ExplainMatchRequest request;
  MUSTER_ASSIGN_OR_RETURN(*request.mutable_sealed_address(),
                          SealAddress(session->profile(), email->Text()));
  request.set_voterfile(options.voterfile);
  v1::ExplainMatchResponse response;
  MUSTER_RETURN_IF_ERROR(
      session->Call("MatchService/ExplainMatch", request, response, kExplainTime));
  MUSTER_ASSIGN_OR_RETURN(const v1::MatchExplanation explanation,
                          OpenExplanation(*session, response.sealed_explanation()));
  if (!explanation.known()) {
    return MakeError(v1::CONTACT_NOT_FOUND,
                     "there is nothing of your own to explain: " + session->profile().member_name +
                         " has not brought this address, or brought no name with it, or only since "
                         "the last run; see `muster lists`");
  }
  console.Print(ExplanationText(console, explanation));
  console.Result(ExplanationJson(explanation));
  return kExitDone;
}

}  // namespace muster::cli
