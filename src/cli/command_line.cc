// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <sstream>
#include <utility>

#include "cli/canary_book.h"
#include "cli/completion.h"
#include "cli/status.h"
#include "core/base/status.h"

#ifndef MUSTER_VERSION
#define MUSTER_VERSION "0"
#endif

namespace muster::cli {
namespace {

using Run = std::function<absl::StatusOr<int>(const Invocation&)>;

// Everything that options are read into; outlives the app.
struct Values {
  GlobalFlags global;
  FoundOptions found;
  AdmitOptions member_add;
  AdmitOptions person_add;
  JoinOptions join;
  UploadOptions upload;
  bool append = false;
  VoterFileLoadOptions voterfile_load;
  MatchRunOptions match_run;
  MatchReportOptions match_report;
  MatchExplainOptions match_explain;
  CharterShowOptions charter_show;
  CharterProposeOptions charter_propose;
  CharterSignOptions charter_sign;
  VaultInitOptions vault_init;
  VaultUnsealOptions vault_unseal;
  VaultSealOptions vault_seal;
  WithdrawOptions withdraw;
  EraseOptions erase;
  CanaryAddOptions canary_add;
  CanaryHitOptions canary_hit;
  ReportPersonOptions report_person;
  PersonKeyOptions person_key;
  ReportOpenOptions report_open;
  ReportOptions report;
  CoalitionOptions coalition;
  AuditOptions audit;
  LogShowOptions log_show;
  LogBundleOptions log_bundle;
  LogWitnessOptions log_witness;
  std::vector<std::string> gossip;
  LayoutsOptions layouts;
  std::string shell;
};

std::vector<CommandWords> WordsOf(const CLI::App& app, const std::string& path) {
  CommandWords own;
  own.path = path;
  own.description = app.get_description();
  std::vector<CommandWords> all;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    own.words.push_back(sub->get_name());
    own.describe.push_back(sub->get_description());
    for (CommandWords& words :
         WordsOf(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name())) {
      all.push_back(std::move(words));
    }
  }
  const auto add_flags = [&](const CLI::App& from) {
    for (const CLI::Option* option : from.get_options()) {
      if (option->get_positional()) own.takes_files = true;
      if (option->get_group().empty() || option->get_lnames().empty()) continue;
      own.words.push_back("--" + option->get_lnames().front());
      own.describe.push_back(option->get_description());
    }
  };
  add_flags(app);
  for (const CLI::App* parent = app.get_parent(); parent != nullptr;
       parent = parent->get_parent()) {
    if (parent->get_parent() == nullptr) add_flags(*parent);
  }
  if (path.empty()) own.takes_files = false;
  all.insert(all.begin(), std::move(own));
  return all;
}

class Declarations {
 public:
  Declarations() : app_("Muster: a shared list that no member can take.", "muster") { Declare(); }

  ParsedLine Parse(int argc, const char* const* argv) {
    ParsedLine line;
    if (argc <= 1) {
      line.text = app_.help();
      line.exit_code = kExitUsage;
      line.is_help = true;
      return line;
    }
    try {
      app_.parse(argc, argv);
      const WithdrawOptions& withdraw = values_->withdraw;
      if (app_.got_subcommand("withdraw") && withdraw.list.empty() &&
          withdraw.emails_file.empty()) {
        throw CLI::RequiredError("--list or --emails");
      }
    } catch (const CLI::ParseError& error) {
      std::ostringstream out;
      std::ostringstream err;
      const bool wrong = app_.exit(error, out, err) != 0;
      line.exit_code = wrong ? kExitUsage : kExitDone;
      line.is_help = !wrong;
      const std::vector<std::string> rest = app_.remaining(true);
      std::string what = error.what();
      if (error.get_name() == "RequiredError" && !rest.empty())
        what = "there is no command " + Visible(rest.front());
      line.text =
          wrong ? what +
                      std::string("; `muster --help` and `muster COMMAND --help` say what there is")
                : out.str();
      while (!line.text.empty() && line.text.back() == '\n') line.text.pop_back();
      line.global = values_->global;
      return line;
    }
    line.global = values_->global;
    line.run = run_;
    return line;
  }

 private:
  CLI::App* Command(CLI::App* parent, const std::string& name, const std::string& description,
                    const std::string& examples, Run run) {
    CLI::App* command = parent->add_subcommand(name, description);
    if (!examples.empty()) command->footer("Examples:\n" + examples);
    command->callback([this, run = std::move(run)] { run_ = run; });
    return command;
  }
  CLI::App* Group(const std::string& name, const std::string& description) {
    CLI::App* group = app_.add_subcommand(name, description);
    group->require_subcommand(1);
    return group;
  }
  void Declare();
  void DeclareFounding();
  void DeclareCharter();
  void DeclareLists();
  void DeclarePeoplesRights();
  void DeclareCanaries();
  void DeclareVoterFiles();
  void DeclareMatching();
  void DeclareAudit();

  std::shared_ptr<Values> values_ = std::make_shared<Values>();
  CLI::App app_;
  Run run_;
};

void Declarations::Declare() {
  GlobalFlags& global = values_->global;
  app_.fallthrough();
  app_.require_subcommand(1);
  app_.get_formatter()->column_width(34);
  app_.set_version_flag("--version", "muster " MUSTER_VERSION, "print the version");
  app_.add_option("--profile", global.profile, "who is speaking")
      ->envname("MUSTER_PROFILE")
      ->type_name("NAME")
      ->group("Anywhere on the line");
  app_.add_option("--server", global.server, "another address of the same server")
      ->type_name("HOST:PORT")
      ->group("Anywhere on the line");
  app_.add_option("--passphrase-file", global.passphrase_file, "file with the keys' passphrase")
      ->type_name("FILE")
      ->group("Anywhere on the line");
  app_.add_flag("--json", global.json, "one JSON object on stdout")->group("Anywhere on the line");
  app_.add_flag("--quiet", global.quiet, "results and errors only")->group("Anywhere on the line");
  app_.add_flag("--yes", global.yes, "do not ask")->group("Anywhere on the line");
  app_.footer(
      "Profiles live in $MUSTER_HOME, else in $XDG_CONFIG_HOME/muster. A passphrase may stand in "
      "MUSTER_PASSPHRASE.\n"
      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 4 server out of reach, 5 not "
      "allowed.");
  DeclareFounding();
  DeclareCharter();
  DeclareLists();
  DeclarePeoplesRights();
  DeclareCanaries();
  DeclareVoterFiles();
  DeclareMatching();
  DeclareAudit();
  CLI::App* completion =
      Command(&app_, "completion", "completion for a shell", "  source <(muster completion bash)\n",
              [this, v = values_](const Invocation& invocation) -> absl::StatusOr<int> {
                MUSTER_ASSIGN_OR_RETURN(const std::string script,
                                        CompletionScript(v->shell, WordsOf(app_, "")));
                invocation.console->Bare(script);
                invocation.console->Result(Json::Object().Set("script", script));
                return kExitDone;
              });
  completion->add_option("shell", values_->shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

void Declarations::DeclareFounding() {
  const auto v = values_;
  CLI::App* found = Command(
      &app_, "found", "found a consortium, and be its first operator",
      "  muster found --home pool --name \"River County Coalition\" --listen 127.0.0.1:8443\n",
      [v](const Invocation& i) { return RunFound(i, v->found); });
  found->add_option("--home", v->found.home, "the server's folder, made here")
      ->required()
      ->type_name("DIR");
  found->add_option("--name", v->found.name, "the consortium's name")
      ->required()
      ->type_name("NAME");
  found->add_option("--listen", v->found.listen, "where the server listens")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  found->add_option("--http", v->found.http, "where it listens for people's clicks")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  found->add_option("--advertise", v->found.advertise, "what members dial, when it differs")
      ->type_name("HOST:PORT");
  found->add_flag("--no-passphrase", v->found.no_passphrase,
                  "leave the keys open: services and tests");

  CLI::App* member = Group("member", "the consortium's members");
  CLI::App* member_add =
      Command(member, "add", "admit a member; prints its invite",
              "  muster member add \"Parks Alliance\" > invite.txt\n",
              [v](const Invocation& i) { return RunMemberAdd(i, v->member_add); });
  v->member_add.roles = "approver,uploader";
  member_add->add_option("name", v->member_add.name, "the member's name")->required();
  member_add->add_option("--role", v->member_add.roles, "roles of its first person")
      ->type_name("ROLE,..")
      ->capture_default_str();
  member_add->add_option("--expires-in", v->member_add.expires_in, "how long the invite is good")
      ->type_name("72h")
      ->capture_default_str();

  CLI::App* person = Group("person", "the people of one's own member");
  CLI::App* person_add =
      Command(person, "add", "admit a colleague; prints their invite",
              "  muster person add \"Ada\" --role uploader\n",
              [v](const Invocation& i) { return RunPersonAdd(i, v->person_add); });
  person_add->add_option("name", v->person_add.name, "the person's name")->required();
  person_add
      ->add_option("--role", v->person_add.roles,
                   "uploader, approver, lead, auditor, steward, operator")
      ->required()
      ->type_name("ROLE,..");
  person_add->add_option("--expires-in", v->person_add.expires_in, "how long the invite is good")
      ->type_name("72h")
      ->capture_default_str();

  CLI::App* join =
      Command(&app_, "join", "take an invite up: makes keys, signs the charter",
              "  muster join \"$(cat invite.txt)\" --profile parks\n  muster join - < invite.txt\n",
              [v](const Invocation& i) { return RunJoin(i, v->join); });
  join->add_option("invite", v->join.invite, "the string that was sent; - reads it from stdin")
      ->required();
  join->add_flag("--no-passphrase", v->join.no_passphrase,
                 "leave the keys open: services and tests");

  Command(&app_, "status", "who one is, who takes part, what is one's own",
          "  muster status --json\n", [](const Invocation& i) { return RunStatus(i); });
}

void Declarations::DeclareCharter() {
  const auto v = values_;
  CLI::App* charter = Group("charter", "the consortium's terms, and what the members decide");
  CLI::App* show = Command(charter, "show", "the charter in effect, as TOML",
                           "  muster charter show > charter.toml\n",
                           [v](const Invocation& i) { return RunCharterShow(i, v->charter_show); });
  show->add_option("--version", v->charter_show.version, "an earlier one")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  CLI::App* propose =
      Command(charter, "propose", "propose a change; in effect when the quorum has signed",
              "  muster charter propose charter.toml --reason \"three members now\"\n",
              [v](const Invocation& i) { return RunCharterPropose(i, v->charter_propose); });
  propose->add_option("file", v->charter_propose.file, "TOML; what is left out stays")
      ->required()
      ->type_name("FILE");
  propose->add_option("--reason", v->charter_propose.reason, "why")->type_name("TEXT");
  CLI::App* sign = Command(charter, "sign", "sign a charter, an admission or a ceremony that waits",
                           "  muster charter sign\n  muster charter sign 3f9a12c40b77\n",
                           [v](const Invocation& i) { return RunCharterSign(i, v->charter_sign); });
  sign->add_option("id", v->charter_sign.id, "what; needed when several wait")->type_name("ID");
  sign->add_flag("--all", v->charter_sign.all, "everything that waits");
  Command(charter, "history", "every version, who signed it, what it changed", "",
          [](const Invocation& i) { return RunCharterHistory(i); });

  CLI::App* vault = Group("vault", "the key that opens the vault");
  CLI::App* init =
      Command(vault, "init", "make the vault's root anew and split it among members",
              "  muster vault init --threshold 2 --holders 3\n"
              "  muster vault init --threshold 2 --holders 2 --holder \"Parks Alliance\" --holder "
              "\"Transit Riders\"\n",
              [v](const Invocation& i) { return RunVaultInit(i, v->vault_init); });
  init->add_option("--threshold", v->vault_init.threshold, "how many shares open the vault")
      ->required()
      ->type_name("K");
  init->add_option("--holders", v->vault_init.holders, "how many members hold a share")
      ->required()
      ->type_name("N");
  init->add_option("--holder", v->vault_init.named,
                   "a member, or people/..; again for more; else the first to join")
      ->type_name("NAME")
      ->allow_extra_args(false);
  Command(vault, "status", "sealed or not, and who holds what opens it", "",
          [](const Invocation& i) { return RunVaultStatus(i); });
  Command(vault, "confirm", "check one's own share, and sign that it opens", "",
          [](const Invocation& i) { return RunVaultConfirm(i); });
  CLI::App* unseal =
      Command(vault, "unseal", "hand in one's share; the last of the threshold opens the vault",
              "  muster vault unseal --lease 8h\n",
              [v](const Invocation& i) { return RunVaultUnseal(i, v->vault_unseal); });
  unseal->add_option("--lease", v->vault_unseal.lease, "it seals itself after this long")
      ->type_name("8h");
  CLI::App* seal = Command(vault, "seal", "seal the vault, now",
                           "  muster vault seal --reason \"a laptop was stolen\"\n",
                           [v](const Invocation& i) { return RunVaultSeal(i, v->vault_seal); });
  seal->add_option("--reason", v->vault_seal.reason, "why")->type_name("TEXT");
}

void Declarations::DeclareLists() {
  const auto v = values_;
  CLI::App* upload = Command(
      &app_, "upload", "seal lists here, bring them into the pool",
      "  muster upload members.csv --list members --consent \"newsletter sign-up form, 2026\"\n"
      "  muster upload subscribed.csv unsubscribed.csv cleaned.csv --list newsletter\n"
      "  muster upload odd.csv --map email=\"E-mail address\" --map zip=PLZ --dry-run\n"
      "  muster upload members.csv --resume\n",
      [v](const Invocation& i) { return RunUpload(i, v->upload); });
  upload->add_option("file", v->upload.files, "exports: CSV or TSV")->required()->type_name("FILE");
  upload->add_option("--list", v->upload.list, "the list's name; else the first file's")
      ->type_name("NAME");
  auto* append =
      upload->add_flag("--append", v->append, "the list keeps what it has (so by default)");
  upload->add_flag("--replace", v->upload.replace, "what earlier uploads brought leaves the list")
      ->excludes(append);
  upload->add_flag("--strict", v->upload.strict, "send nothing when a row is rejected");
  upload->add_option("--consent", v->upload.consent, "how these people agreed, in your words")
      ->type_name("TEXT");
  // One value each, so that files may follow.
  upload->add_option("--map", v->upload.map, "corrects what a column is; again for more")
      ->type_name("FIELD=COLUMN")
      ->allow_extra_args(false);
  upload->add_option("--encoding", v->upload.encoding, "utf-8, utf-16le, utf-16be, windows-1252")
      ->type_name("NAME");
  upload->add_option("--region", v->upload.region, "whose phone numbers and dates; US unless said")
      ->type_name("COUNTRY");
  upload->add_flag("--dry-run", v->upload.dry_run, "read and report only");
  upload->add_flag("--resume", v->upload.resume, "go on with an upload that broke off");
  upload->add_flag("--no-wait", v->upload.no_wait, "return when all is durably received");
  upload->add_flag("--seal-only", v->upload.seal_only, "")->group("");

  Command(&app_, "lists", "one's own lists", "  muster lists\n",
          [](const Invocation& i) { return RunLists(i); });

  CLI::App* withdraw =
      Command(&app_, "withdraw", "take names out of the pool",
              "  muster withdraw --list members\n  muster withdraw --emails leavers.txt --yes\n",
              [v](const Invocation& i) { return RunWithdraw(i, v->withdraw); });
  auto* list = withdraw->add_option("--list", v->withdraw.list, "a whole list")->type_name("NAME");
  withdraw
      ->add_option("--emails", v->withdraw.emails_file, "the addresses in a file, from all lists")
      ->type_name("FILE")
      ->excludes(list);
}

void Declarations::DeclarePeoplesRights() {
  const auto v = values_;
  CLI::App* erase = Command(&app_, "erase",
                            "erase a person on their request: all that the pool has of an address",
                            "  muster erase --email ada@example.org --out ada.receipt\n",
                            [v](const Invocation& i) { return RunErase(i, v->erase); });
  erase->add_option("--email", v->erase.email, "an address that your member brought")
      ->required()
      ->type_name("ADDRESS");
  erase->add_option("--out", v->erase.out, "where to write a receipt for the person")
      ->type_name("FILE");
}

void Declarations::DeclareCanaries() {
  const auto v = values_;
  CLI::App* group = Group("canary", "seed addresses of your own among your uploads");
  CLI::App* add = Command(group, "add", "register seed addresses; later uploads are given some",
                          "  muster canary add seeds.txt\n"
                          "  muster canary add seeds.csv --per-upload 3\n",
                          [v](const Invocation& i) { return RunCanaryAdd(i, v->canary_add); });
  add->add_option("file", v->canary_add.file, "an address a line, or an export with more columns")
      ->required()
      ->type_name("FILE");
  add->add_option("--per-upload", v->canary_add.per_upload, "how many each upload is given")
      ->type_name("N")
      ->check(CLI::Range(1, kCanariesPerUploadMax));
  Command(group, "list", "the canaries, and where they were given", "  muster canary list\n",
          [](const Invocation& i) { return RunCanaryList(i); });
  CLI::App* hit =
      Command(group, "hit", "which batch a mail's canary was given in, and whether a send accounts",
              "  muster canary hit mail.eml --out hit.proof\n",
              [v](const Invocation& i) { return RunCanaryHit(i, v->canary_hit); });
  hit->add_option("mail", v->canary_hit.mail, "the mail with its headers (.eml)")
      ->required()
      ->type_name("FILE");
  hit->add_option("--upload", v->canary_hit.upload, "of several that it was given in, this one")
      ->type_name("uploads/..");
  hit->add_option("--out", v->canary_hit.out, "where to write a proof for others")
      ->type_name("FILE");
}

void Declarations::DeclareVoterFiles() {
  const auto v = values_;
  CLI::App* group = Group("voterfile", "the voter files that contacts are matched with");
  CLI::App* load =
      Command(group, "load", "seal a state's voter file here, bring it into the pool",
              "  muster voterfile load ncvoter_Statewide.txt ncvhis_Statewide.txt --layout nc \\\n"
              "      --as-of 2026-09-01 --permitted-use \"elections only, G.S. 163-82.10\"\n"
              "  muster voterfile load SWVF_*.txt --layout oh --as-of 2026-09-01 --dry-run\n"
              "  muster voterfile load county.txt --layout ./county.toml --as-of 2026-09-01 \\\n"
              "      --permitted-use \"political purposes\"\n"
              "  muster voterfile load ncvoter_Statewide.txt ncvhis_Statewide.txt --layout nc \\\n"
              "      --as-of 2026-09-01 --resume\n",
              [v](const Invocation& i) { return RunVoterFileLoad(i, v->voterfile_load); });
  VoterFileLoadOptions& options = v->voterfile_load;
  load->add_option("file", options.files, "the files of voters and of their history, in any order")
      ->required()
      ->type_name("FILE");
  load->add_option("--layout", options.layout, "a layout's name, or a TOML file that describes one")
      ->required()
      ->type_name("NAME|FILE");
  load->add_option("--as-of", options.as_of, "the day of the extract")
      ->required()
      ->type_name("YYYY-MM-DD");
  load->add_option("--permitted-use", options.permitted_use,
                   "what the file may be used for, in your words; on the log")
      ->type_name("TEXT");
  load->add_option("--name", options.name, "the voter file's name; else layout and day")
      ->type_name("NAME");
  load->add_flag("--strict", options.strict, "send nothing when a row is rejected");
  load->add_flag("--dry-run", options.dry_run, "read and report only");
  load->add_flag("--resume", options.resume, "go on with a load that broke off");
  load->add_flag("--no-wait", options.no_wait, "return when all is durably received");

  Command(group, "list", "the voter files there are, and which one a state is matched by",
          "  muster voterfile list\n", [](const Invocation& i) { return RunVoterFileList(i); });

  CLI::App* layouts =
      Command(group, "layouts", "which states' files can be read; no network, no profile",
              "  muster voterfile layouts --show oh > mine.toml\n"
              "  muster voterfile layouts --recognize unknown.txt\n",
              [v](const Invocation& i) { return RunVoterFileLayouts(*i.console, v->layouts); });
  auto* show = layouts
                   ->add_option("--show", v->layouts.show,
                                "the text of one, to start your own from; or check your own")
                   ->type_name("NAME|FILE.toml");
  layouts->add_option("--recognize", v->layouts.recognize, "which layouts a voter file fits")
      ->type_name("FILE")
      ->excludes(show);
}

void Declarations::DeclareMatching() {
  const auto v = values_;
  CLI::App* group = Group("match", "who in the pool is which voter");
  const auto voterfile = [](CLI::App* command, std::string& name, const std::string& otherwise) {
    command->add_option("--voterfile", name, "the voter file's name; " + otherwise)
        ->type_name("NAME");
  };
  CLI::App* run = Command(group, "run", "match the pool with a voter file",
                          "  muster match run\n"
                          "  muster match run --voterfile nc-2026-09-01 --new-model\n"
                          "  muster match run --no-wait\n",
                          [v](const Invocation& i) { return RunMatchRun(i, v->match_run); });
  voterfile(run, v->match_run.voterfile, "else the only one that is current");
  run->add_flag("--new-model", v->match_run.new_model,
                "estimate the weights anew, and match everybody anew");
  run->add_flag("--no-wait", v->match_run.no_wait, "return while the vault is at it");

  CLI::App* report =
      Command(group, "report", "weights, thresholds and the published shares, from the log",
              "  muster match report\n  muster match report --voterfile nc-2026-09-01 --json\n",
              [v](const Invocation& i) { return RunMatchReport(i, v->match_report); });
  voterfile(report, v->match_report.voterfile, "else all that were matched");

  CLI::App* explain =
      Command(group, "explain", "what speaks for a contact of your own being a voter",
              "  muster match explain --email ada@example.org\n",
              [v](const Invocation& i) { return RunMatchExplain(i, v->match_explain); });
  explain->add_option("--email", v->match_explain.email, "an address that your member brought")
      ->required()
      ->type_name("ADDRESS");
  voterfile(explain, v->match_explain.voterfile, "else the only one that is current");
}

void Declarations::DeclareAudit() {
  const auto v = values_;
  CLI::App* report = Group("report", "what was brought and done, provable");
  const auto period = [](CLI::App* command, std::string& from, std::string& to) {
    command->add_option("--from", from, "only what was done from this day on")->type_name("DATE");
    command->add_option("--to", to, "and before this one")->type_name("DATE");
  };
  CLI::App* provenance =
      Command(report, "provenance", "what one's member brought, and what was done with it",
              "  muster report provenance --out parks.report\n"
              "  muster report provenance --from 2026-09-01 --to 2026-10-01\n",
              [v](const Invocation& i) { return RunReportProvenance(i, v->report); });
  provenance->add_option("--member", v->report.member, "one's own member")->type_name("NAME");
  provenance->add_option("--upload", v->report.upload, "one upload only")->type_name("uploads/..");
  provenance->add_option("--out", v->report.out, "where to write it")->type_name("FILE");
  CLI::App* person =
      Command(report, "person", "what the pool has of a person, on their request",
              "  muster report person --email ada@example.org\n"
              "  muster report person --email ada@example.org --for-key ada.pub --out ada.sealed\n",
              [v](const Invocation& i) { return RunReportPerson(i, v->report_person); });
  person->add_option("--email", v->report_person.email, "an address that your member brought")
      ->required()
      ->type_name("ADDRESS");
  person
      ->add_option("--for-key", v->report_person.for_key,
                   "the person's public key: the whole, for their eyes only")
      ->type_name("FILE");
  person->add_option("--out", v->report_person.out, "where to write what is sealed to it")
      ->type_name("FILE");
  CLI::App* person_key =
      Command(report, "person-key", "for the person: make a key; no network, no profile",
              "  muster report person-key --out ada.key\n",
              [v](const Invocation& i) { return RunPersonKey(*i.console, v->person_key); });
  person_key->add_option("--out", v->person_key.out, "the secret key; the public one ends in .pub")
      ->required()
      ->type_name("FILE");
  CLI::App* open =
      Command(report, "open", "for the person: read a sealed report; no network, no profile",
              "  muster report open ada.sealed --key ada.key\n",
              [v](const Invocation& i) { return RunReportOpen(*i.console, v->report_open); });
  open->add_option("file", v->report_open.file, "the sealed report")->required()->type_name("FILE");
  open->add_option("--key", v->report_open.key, "the secret key")->required()->type_name("FILE");
  open->add_option("--bundle", v->report_open.bundle, "the consortium's bundle, to check the vault")
      ->type_name("FILE");
  period(provenance, v->report.from, v->report.to);
  CLI::App* coalition = Command(
      report, "coalition", "the whole log, proven, for the coalition's auditor",
      "  muster report coalition --out coalition.report\n"
      "  muster report coalition --from 2026-09-01 --to 2026-10-01 --out september.report\n",
      [v](const Invocation& i) { return RunReportCoalition(i, v->coalition); });
  coalition->add_option("--out", v->coalition.out, "where to write it")->type_name("FILE");
  period(coalition, v->coalition.from, v->coalition.to);

  CLI::App* audit = Group("audit", "checks that trust no server");
  CLI::App* verify =
      Command(audit, "verify", "verify reports against a bundle; no network, no profile",
              "  muster audit verify parks.report --bundle coalition.bundle\n"
              "  muster audit verify *.report --bundle coalition.bundle --html audit.html\n",
              [v](const Invocation& i) { return RunAuditVerify(*i.console, v->audit); });
  verify->add_option("--html", v->audit.html, "also a page to read and print")->type_name("FILE");
  verify->add_option("file", v->audit.files, "reports, of members and of the coalition")
      ->required()
      ->type_name("FILE");
  verify->add_option("--bundle", v->audit.bundle, "the consortium's bundle")
      ->required()
      ->type_name("FILE");

  CLI::App* log = Group("log", "the transparency log");
  Command(log, "checkpoint", "the newest signed checkpoint", "",
          [](const Invocation& i) { return RunLogCheckpoint(i); });
  CLI::App* show = Command(log, "show", "the log's entries, and that they are what was signed", "",
                           [v](const Invocation& i) { return RunLogShow(i, v->log_show); });
  show->add_option("--from", v->log_show.from, "first entry to show")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  CLI::App* witness = Command(
      log, "witness", "check that the log only grew, cosign it, and say what concerns one's member",
      "  muster log witness\n  muster log witness --follow --every 60\n",
      [v](const Invocation& i) { return RunLogWitness(i, v->log_witness); });
  witness->add_flag("--follow", v->log_witness.follow, "go on until ended by SIGTERM or Ctrl-C");
  witness->add_option("--every", v->log_witness.every_seconds, "seconds between looks")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86400));
  CLI::App* gossip = Command(
      log, "gossip",
      "one line that says which log this person sees; with a line of somebody else's, whether it "
      "is the same log",
      "  muster log gossip\n  muster log gossip 'muster-log muster/3f... 812 ...'\n",
      [v](const Invocation& i) { return RunLogGossip(i, v->gossip); });
  gossip->add_option("line", v->gossip, "a line that somebody else's `muster log gossip` printed")
      ->type_name("LINE");
  CLI::App* bundle = Command(log, "bundle", "what an auditor needs to trust nobody",
                             "  muster log bundle --out coalition.bundle\n",
                             [v](const Invocation& i) { return RunLogBundle(i, v->log_bundle); });
  bundle->add_option("--out", v->log_bundle.out, "where to write it")
      ->required()
      ->type_name("FILE");
}

}  // namespace

ParsedLine ParseCommandLine(int argc, const char* const* argv) {
  // The command that is run refers to the declarations (completion walks them).
  auto declarations = std::make_shared<Declarations>();
  ParsedLine line = declarations->Parse(argc, argv);
  if (line.run)
    line.run = [declarations, run = line.run](const Invocation& invocation) {
      return run(invocation);
    };
  return line;
}

}  // namespace muster::cli
