// SPDX-License-Identifier: Apache-2.0
//
// Matching from the command line, against a desk that can lie about it.
#include "cli/match.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/match_explain.h"
#include "cli/match_report.h"
#include "core/base/error.h"
#include "core/contact/identifier.h"
#include "muster/v1/match_service.pb.h"
#include "muster/v1/upload_service.pb.h"
#include "tests/cli/fake_front_desk.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;

constexpr char kVoterFile[] = "nc-2026-09-01";

// A consortium with a voter file that was read, and a person who may do everything.
struct Matching {
  test::TempDir home;
  report::Consortium consortium;
  report::Organization parks{"Parks Alliance"};
  std::unique_ptr<FakeFrontDesk> server;
  Profile profile;
  v1::UploadStatement upload;
  int64_t upload_index = 0;
  std::string text;
  nlohmann::json json;

  Matching() {
    ::setenv("MUSTER_HOME", home.path().c_str(), 1);
    consortium.Join(parks);
    v1::UploadProvenance loaded =
        consortium.Upload(parks, 3, 3, [&](v1::UploadStatement& statement) {
          statement.set_list(kVoterFile);
          statement.clear_consent();
          v1::VoterFileTerms& terms = *statement.mutable_voterfile();
          terms.set_layout("nc");
          terms.set_as_of("2026-09-01");
          terms.set_permitted_use("elections only");
          terms.set_state("NC");
          upload = statement;
        });
    upload_index = loaded.upload().index();
    consortium.Intake(loaded, [](v1::IntakeStatement& intake) {
      intake.set_contact_count(0);
      intake.mutable_voterfile()->set_voter_count(3);
      intake.mutable_voterfile()->set_current(true);
    });
    server = std::make_unique<FakeFrontDesk>(&consortium, &parks);
    profile = server->WriteProfile(home.path(), "parks", consortium.size());
    profile.roles = {v1::ROLE_UPLOADER, v1::ROLE_STEWARD};
    REQUIRE_OK(UpdateProfile(profile));
  }
  ~Matching() { ::unsetenv("MUSTER_HOME"); }

  v1::Statement Said(const std::string& job, bool table = true) const {
    v1::Statement statement = consortium.NewStatement("vault");
    v1::MatchStatement& match = *statement.mutable_match();
    match.set_match(job);
    match.set_upload(upload.upload());
    match.set_upload_index(upload_index);
    match.set_voterfile(kVoterFile);
    match.set_log_size(upload_index + 2);
    match.set_sketch_version(1);
    match.set_pattern_version(1);
    match.set_estimated(true);
    match.set_matched_probability(0.75);
    match.set_ambiguous_probability(0.2);
    match.set_model_hash(std::string(32, 'h'));
    for (const char* name : {"first_name", "last_name"}) {
      v1::ComparatorWeights& comparator = *match.add_comparators();
      comparator.set_comparator(name);
      for (const auto& [level, half_bits] : {std::pair("exact", 19), std::pair("differs", -7)}) {
        v1::LevelWeight& weight = *comparator.add_levels();
        weight.set_level(level);
        weight.set_half_bits(half_bits);
      }
    }
    if (!table) return statement;
    match.mutable_table()->set_noise_scale(4);
    for (const auto& [name, count] : {std::pair("matched_95", 600), std::pair("matched", 200),
                                      std::pair("ambiguous", -2), std::pair("unmatched", 200)}) {
      v1::MatchBand& band = *match.mutable_table()->add_bands();
      band.set_band(name);
      band.set_noisy_count(count);
    }
    return statement;
  }
  static std::string DrawJob() { return MatchId{crypto::RandomArray<8>()}.Name(); }

  // The desk has a job that is done on the `polls`-th look.
  void ServeRun(const std::string& job, int polls, const crypto::SigningKey* signer = nullptr) {
    server->Serve<v1::StartMatchRequest, v1::MatchJob>(
        "MatchService/StartMatch",
        [job](const v1::StartMatchRequest&) -> absl::StatusOr<v1::MatchJob> {
          v1::MatchJob answer;
          answer.set_job(job);
          answer.set_state(v1::MatchJob::RUNNING);
          return answer;
        });
    auto looks = std::make_shared<int>(0);
    auto index = std::make_shared<uint64_t>(0);
    server->Serve<v1::GetMatchJobRequest, v1::MatchJob>(
        "MatchService/GetMatchJob",
        [=, this](const v1::GetMatchJobRequest& request) -> absl::StatusOr<v1::MatchJob> {
          v1::MatchJob answer;
          answer.set_job(request.job());
          answer.set_state(v1::MatchJob::RUNNING);
          answer.set_stage("comparing");
          answer.set_percent(50);
          if (++*looks < polls) return answer;
          if (*index == 0) {
            *index =
                consortium.Append(Said(job), {signer == nullptr ? &consortium.vault_sign : signer});
          }
          answer.set_state(v1::MatchJob::DONE);
          *answer.mutable_checkpoint() =
              consortium.Extend(static_cast<uint64_t>(request.known_size()));
          *answer.mutable_statement() = consortium.Prove(*index, consortium.size());
          return answer;
        });
  }

  absl::Status Run(const std::function<absl::StatusOr<int>(const Invocation&)>& command,
                   bool as_json = true) {
    std::ostringstream out, err;
    ConsoleOptions options;
    options.json = as_json;
    Console console(options, out, err);
    Invocation invocation;
    invocation.console = &console;
    const auto code = command(invocation);
    text = out.str() + err.str();
    if (!code.ok()) return code.status();
    if (as_json) json = nlohmann::json::parse(out.str());
    return *code == kExitDone ? absl::OkStatus() : absl::UnknownError("exit code");
  }
  absl::Status Match(const MatchRunOptions& options = {}) {
    return Run([&](const Invocation& i) { return RunMatchRun(i, options); });
  }
  absl::Status Report(const std::string& voterfile = "", bool as_json = true) {
    return Run([&](const Invocation& i) { return RunMatchReport(i, {voterfile}); }, as_json);
  }
  absl::Status Explain(const std::string& email, bool as_json = true) {
    return Run([&](const Invocation& i) { return RunMatchExplain(i, {email, ""}); }, as_json);
  }
};

TEST_CASE("match run: waits for the vault's word and checks it on the log", "[cli]") {
  Matching m;
  const std::string job = Matching::DrawJob();
  m.ServeRun(job, 3);
  REQUIRE_OK(m.Match({kVoterFile, false, false}));
  CHECK(m.json["job"] == job);
  CHECK(m.json["state"] == "done");
  CHECK(m.json["voterfile"] == kVoterFile);
  CHECK(m.json["log_index"] == m.consortium.size() - 1);
  CHECK(m.json["seconds"].is_number());
  CHECK(m.json["published"] == true);
  CHECK(m.server->CallCount("MatchService/GetMatchJob") == 3);
  CHECK(Must(ReadSeenCheckpoint(m.profile))->size == m.consortium.size());

  REQUIRE_OK(m.Match({kVoterFile, false, true}));
  CHECK(m.json["state"] == "running");
  CHECK(m.json["log_index"].is_null());
}

TEST_CASE("match run: a server that was started anew is asked again", "[cli][fault]") {
  Matching m;
  const std::string job = Matching::DrawJob();
  m.ServeRun(job, 2);
  int times = 0;
  m.server->Before("MatchService/GetMatchJob", [&]() -> absl::Status {
    return ++times == 1 ? MakeError(v1::MATCH_NOT_FOUND, "no such run") : absl::OkStatus();
  });
  REQUIRE_OK(m.Match());
  CHECK(m.server->CallCount("MatchService/StartMatch") == 2);
  CHECK(m.json["job"] == job);
}

TEST_CASE("match run: what the vault refused is told with the vault's reason", "[cli]") {
  Matching m;
  m.ServeRun(Matching::DrawJob(), 100);
  m.server->Bend<v1::MatchJob>("MatchService/GetMatchJob", [](v1::MatchJob& job) {
    job.set_state(v1::MatchJob::FAILED);
    job.set_error_reason("VOTERFILE_AMBIGUOUS");
    job.set_error_message("two are current");
  });
  const absl::Status status = m.Match();
  REQUIRE_REASON(status, v1::VOTERFILE_AMBIGUOUS);
  CHECK(status.message() == "two are current");
}

TEST_CASE("match run: a statement of another run, another file or another signer is refused",
          "[cli][fault]") {
  Matching m;
  SECTION("another run's") {
    m.ServeRun(Matching::DrawJob(), 1);
    const std::string other = Matching::DrawJob();
    m.server->Bend<v1::MatchJob>("MatchService/StartMatch",
                                 [&](v1::MatchJob& job) { job.set_job(other); });
    REQUIRE_REASON(m.Match(), v1::STATEMENT_REFUSED);
  }
  SECTION("not the vault's") {
    const crypto::SigningKey other = crypto::SigningKey::Generate();
    m.ServeRun(Matching::DrawJob(), 1, &other);
    REQUIRE_REASON(m.Match(), v1::STATEMENT_REFUSED);
  }
  SECTION("not in the tree") {
    m.ServeRun(Matching::DrawJob(), 1);
    m.server->Bend<v1::MatchJob>("MatchService/GetMatchJob", [](v1::MatchJob& job) {
      std::string& salt = *job.mutable_statement()->mutable_salt();
      salt[0] = static_cast<char>(salt[0] ^ 1);
    });
    REQUIRE_REASON(m.Match(), v1::PROOF_INVALID);
  }
  SECTION("of a run that was under way with another file") {
    m.ServeRun(Matching::DrawJob(), 1);
    REQUIRE_REASON(m.Match({"oh-2026-09-01", false, false}), v1::SERVER_BUSY);
  }
}

TEST_CASE("match run and explain: roles are told before the server is asked", "[cli]") {
  Matching m;
  m.profile.roles = {v1::ROLE_AUDITOR};
  REQUIRE_OK(UpdateProfile(m.profile));
  REQUIRE_REASON(m.Match(), v1::ROLE_NOT_ALLOWED);
  REQUIRE_REASON(m.Explain("a@example.org"), v1::ROLE_NOT_ALLOWED);
}

TEST_CASE("match report: extract, thresholds, weights and noisy shares, from the log alone",
          "[cli]") {
  Matching m;
  REQUIRE_REASON(m.Report(), v1::NOTHING_TO_MATCH);
  m.consortium.Append(m.Said(Matching::DrawJob()), {&m.consortium.vault_sign});
  const std::string job = Matching::DrawJob();
  v1::Statement again = m.Said(job, false);  // the table stands from the run before
  again.mutable_match()->set_estimated(false);
  m.consortium.Append(again, {&m.consortium.vault_sign});
  REQUIRE_OK(m.Report(kVoterFile));
  REQUIRE(m.json["matches"].size() == 1);
  const nlohmann::json& match = m.json["matches"][0];
  CHECK(match["voterfile"] == kVoterFile);
  CHECK(match["as_of"] == "2026-09-01");
  CHECK(match["job"] == job);
  CHECK(match["log_index"] == m.consortium.size() - 1);
  CHECK(match["estimated"] == false);
  CHECK(match["matched_probability"] == 0.75);
  CHECK(match["comparators"][0]["comparator"] == "first_name");
  CHECK(match["comparators"][0]["levels"][0]["bits"] == 9.5);
  CHECK(match["comparators"][0]["levels"][1]["bits"] == -3.5);
  REQUIRE(match["bands"].size() == 4);
  CHECK(match["bands"][0]["noisy_count"] == 600);
  CHECK(match["bands"][0]["share"] == 0.6);
  CHECK(match["bands"][2]["share"] == 0.0);  // noise alone
  CHECK(match["bands"][0]["plus_minus"] == NoiseBound(4));
  REQUIRE_REASON(m.Report("oh"), v1::VOTERFILE_NOT_FOUND);

  REQUIRE_OK(m.Report("", false));
  for (const char* piece :
       {"NC as of 2026-09-01", "60.0 %", "the vault draws once", "exact +9.5; differs -3.5",
        "Exact counts are shown to nobody", "signed by the vault"}) {
    INFO(piece << " in " << m.text);
    CHECK(m.text.find(piece) != std::string::npos);
  }
  CHECK(m.text.find(" -2 ") == std::string::npos);
}

TEST_CASE("match report: without a table it says that the pool is too small", "[cli]") {
  Matching m;
  m.consortium.Append(m.Said(Matching::DrawJob(), false), {&m.consortium.vault_sign});
  REQUIRE_OK(m.Report("", false));
  CHECK(m.text.find("too small") != std::string::npos);
  REQUIRE_OK(m.Report());
  CHECK(m.json["matches"][0]["bands"].is_null());
}

TEST_CASE("match report: a statement that is not the vault's does not count", "[cli][fault]") {
  Matching m;
  m.consortium.Append(m.Said(Matching::DrawJob()), {&m.parks.person.sign});
  REQUIRE_REASON(m.Report(), v1::STATEMENT_REFUSED);
}

TEST_CASE("19 of 20 counts are within the noise that is told", "[cli]") {
  for (const double scale : {0.5, 1.0, 4.0, 20.0}) {
    const double p = std::exp(-1 / scale);
    const auto beyond = [&](int64_t k) {  // P(|noise| > k)
      return 2 * std::pow(p, static_cast<double>(k + 1)) / (1 + p);
    };
    INFO(scale);
    CHECK(beyond(NoiseBound(scale)) <= 0.05);
    if (NoiseBound(scale) > 0) CHECK(beyond(NoiseBound(scale) - 1) > 0.05);
  }
}

// The vault's side of an explanation.
void ServeExplanation(Matching& m, const v1::MatchExplanation& explanation,
                      std::string* address = nullptr) {
  m.server->Serve<v1::ExplainMatchRequest, v1::ExplainMatchResponse>(
      "MatchService/ExplainMatch",
      [&m, explanation, address](
          const v1::ExplainMatchRequest& request) -> absl::StatusOr<v1::ExplainMatchResponse> {
        const std::string consortium = ToString(m.consortium.id);
        const auto opened = m.consortium.vault_box.Open(
            "muster/match/explain/v1\n" + consortium + m.parks.person.id.Name(),
            request.sealed_address());
        if (!opened.ok()) return opened.status();
        v1::SealedAddresses addresses;
        addresses.ParseFromString(opened->str());
        if (address != nullptr && addresses.addresses_size() == 1)
          *address = addresses.addresses(0);
        v1::ExplainMatchResponse response;
        response.set_sealed_explanation(Must(crypto::BoxSeal(
            m.parks.person.box.public_key(), "muster/match/explanation/v1\n" + consortium,
            AsBytes(explanation.SerializeAsString()))));
        return response;
      });
}

v1::MatchExplanation Explanation() {
  v1::MatchExplanation explanation;
  explanation.set_known(true);
  explanation.set_outcome("matched");
  explanation.set_probability(0.97);
  explanation.set_runner_up_probability(0.01);
  explanation.set_voterfile(kVoterFile);
  explanation.set_as_of("2026-09-01");
  const auto add = [&](const char* comparator, const char* level, double bits) {
    v1::MatchEvidence& piece = *explanation.add_evidence();
    piece.set_comparator(comparator);
    piece.set_level(level);
    piece.set_bits(bits);
  };
  add("prior", "", -20);
  add("first_name", "nickname", 6);
  add("last_name", "exact", 12);
  add("birth_date", "year_only", 10);
  add("phone", "missing", 0);
  add("sex", "differs", -2);
  add("household", "", -1);
  return explanation;
}

TEST_CASE("match explain: the address travels sealed, the answer opens here alone", "[cli]") {
  Matching m;
  std::string address;
  ServeExplanation(m, Explanation(), &address);
  REQUIRE_OK(m.Explain("Ada@Example.ORG"));
  CHECK(address == Must(contact::ParseEmail("Ada@Example.ORG")).Text());
  CHECK(m.json["outcome"] == "matched");
  CHECK(m.json["doubt"].is_null());
  CHECK(m.json["probability"] == 0.97);
  CHECK(m.json["bits"] == 5.0);
  CHECK(m.json["evidence"][1]["comparator"] == "first_name");
  CHECK(m.json["evidence"][1]["level"] == "nickname");
  CHECK(m.json["evidence"][0]["level"].is_null());
  CHECK(m.json["voterfile"] == kVoterFile);
  REQUIRE_REASON(m.Explain("not an address"), v1::EMAIL_MALFORMED);
}

TEST_CASE("match explain: a waterfall goes on where the piece before ended", "[cli]") {
  Matching m;
  ServeExplanation(m, Explanation());
  REQUIRE_OK(m.Explain("ada@example.org", false));
  INFO(m.text);
  CHECK(m.text.find("Matched: by what you brought") == 0);
  // 28 bits wide over 44 columns: -20 fills the 31 columns left of zero; what follows comes back.
  CHECK(m.text.find("-20.0  " + std::string(31, '-') + "|") != std::string::npos);
  CHECK(m.text.find("+6.0  " + std::string(9, '+')) != std::string::npos);
  CHECK(m.text.find("not on both sides") != std::string::npos);
  CHECK(m.text.find("first name" + std::string(16, ' ') + "nickname") != std::string::npos);
  CHECK(m.text.find("together") != std::string::npos);
  CHECK(m.text.find("+5.0") != std::string::npos);
  CHECK(m.text.find("probability  0.97") != std::string::npos);
  CHECK(m.text.find('\033') == std::string::npos);
}

TEST_CASE("match explain: colours only on a terminal, and never with NO_COLOR", "[cli]") {
  std::ostringstream out, err;
  ConsoleOptions options;
  options.out_terminal = true;
  options.color = true;
  CHECK(ExplanationText(Console(options, out, err), Explanation()).find("\033[32m+") !=
        std::string::npos);
  options.color = false;
  CHECK(ExplanationText(Console(options, out, err), Explanation()).find('\033') ==
        std::string::npos);
}

TEST_CASE("match explain: outcomes in words, certainty never overstated", "[cli]") {
  std::ostringstream out, err;
  const Console console({}, out, err);
  v1::MatchExplanation explanation = Explanation();
  explanation.set_probability(1.0);  // as rounded
  CHECK(ExplanationText(console, explanation).find("more than 0.99") != std::string::npos);
  explanation.set_outcome("ambiguous");
  for (const char* doubt : {"unlikely", "runner_up", "household", "suffix", "taken"}) {
    explanation.set_doubt(doubt);
    const std::string text = ExplanationText(console, explanation);
    CHECK(text.find("Ambiguous: ") == 0);
    CHECK(text.find("nobody is guessed") != std::string::npos);
    CHECK(text.find('_') == std::string::npos);
  }
  v1::MatchExplanation none;
  none.set_known(true);
  none.set_outcome("unmatched");
  none.set_voterfile(kVoterFile);
  CHECK(ExplanationText(console, none).find("Unmatched: ") == 0);
}

TEST_CASE("match explain: what one's own member did not bring is answered once and plainly",
          "[cli]") {
  Matching m;
  ServeExplanation(m, v1::MatchExplanation());
  const absl::Status status = m.Explain("stranger@example.org");
  REQUIRE_REASON(status, v1::CONTACT_NOT_FOUND);
  CHECK(ExitCodeOf(status) == kExitFailed);
  CHECK(std::string(status.message()).find("stranger") == std::string::npos);
}

TEST_CASE("match explain: an answer for somebody else is refused", "[cli][fault]") {
  Matching m;
  ServeExplanation(m, Explanation());
  m.server->Bend<v1::ExplainMatchResponse>(
      "MatchService/ExplainMatch", [&](v1::ExplainMatchResponse& response) {
        response.set_sealed_explanation(
            Must(crypto::BoxSeal(m.consortium.founder.box.public_key(), "elsewhere",
                                 AsBytes(Explanation().SerializeAsString()))));
      });
  REQUIRE_REASON(m.Explain("ada@example.org"), v1::DECRYPTION_FAILED);
}

}  // namespace
}  // namespace muster::cli
