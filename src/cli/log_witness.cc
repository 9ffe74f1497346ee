// SPDX-License-Identifier: Apache-2.0
#include "cli/log_witness.h"

#include <pthread.h>
#include <signal.h>

#include <ctime>

#include "cli/log.h"
#include "cli/monitor.h"
#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/tlog/gossip.h"

namespace muster::cli {
namespace {

// Held back in this thread and in those it starts, and taken between two looks: a look is never
// cut short.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~EndSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;
  // True when one came within the time.
  bool Wait(int seconds) {
    const timespec time{seconds, 0};
    return ::sigtimedwait(&signals_, nullptr, &time) > 0;
  }

 private:
  sigset_t signals_;
  sigset_t before_;
};

// Whether the log, or who serves it, has shown what no honest one does.
bool IsVerdict(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case v1::LOG_FORKED:
    case v1::LOG_REWOUND:
    case v1::PROOF_INVALID:
    case v1::SIGNATURE_INVALID:
    case v1::STATEMENT_REFUSED:
    case v1::CHECKPOINT_UNSIGNED:
      return true;
    default:
      return false;
  }
}

struct Watch {
  LogView view;
  uint64_t judged = 0;
  int64_t closed = 0;  // entries whose text was not shown
  int64_t alarms = 0;
  Json alarm_list = Json::Array();
};

// Looks at what is new in the log and says what concerns this profile's member.
absl::Status LookAtEntries(Session& session, Watch& watch) {
  const Profile& profile = session.profile();
  Console& console = session.console();
  MUSTER_RETURN_IF_ERROR(session.ReadLogFurther(watch.view));
  const governance::Registry& registry = watch.view.registry;
  const governance::PersonRecord* self = registry.FindPerson(profile.person);
  const uint64_t own_join = self == nullptr ? 0 : self->join_index;
  for (const v1::LogEntry& entry : watch.view.entries) {
    const auto index = static_cast<uint64_t>(entry.index());
    if (index < watch.judged) continue;
    if (entry.body().empty()) ++watch.closed;
    if (entry.body().empty() || !profile.member.has_value()) continue;
    MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                            governance::VerifyStatementBytes(entry.body()));
    const Concern concern = JudgeEntry(index, verified, registry, *profile.member, own_join);
    if (concern == Concern::kNone) continue;
    const EntryLine line = DescribeEntry(verified.statement, registry);
    const std::string what = "entry " + std::to_string(index) + ", " +
                             TimeForPeople(verified.statement.create_time()) + ": " + line.kind +
                             ", " + Visible(line.text);
    if (concern != Concern::kForeign) {
      console.Note(what);
      continue;
    }
    console.Note(console.Bad("ALARM") + " " + what + ". It concerns " +
                 Visible(profile.member_name) + " and nobody there made it");
    ++watch.alarms;
    watch.alarm_list.Append(Json::Object()
                                .Set("index", index)
                                .Set("kind", line.kind)
                                .Set("text", line.text)
                                .Set("signer", verified.statement.signer()));
  }
  watch.view.entries.clear();
  watch.judged = watch.view.tree.size();
  return WriteMonitored(profile, watch.judged);
}

}  // namespace

absl::StatusOr<int> RunLogWitness(const Invocation& invocation, const LogWitnessOptions& options) {
  Console& console = *invocation.console;
  EndSignals signals;
  // Opened without the look that every command takes: this command's own come now.
  Invocation bare = invocation;
  bare.witness = false;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(bare));
  Watch watch;
  MUSTER_ASSIGN_OR_RETURN(watch.judged, ReadMonitored(session->profile()));
  int64_t looks = 0;
  std::string said;
  bool away = false;
  do {
    absl::Status looked = session->WitnessLog();
    if (looked.ok() && (watch.view.tree.size() < session->seen().size)) {
      looked = LookAtEntries(*session, watch);
      // What was read of it may be half a page; the next look begins anew.
      if (!looked.ok()) watch.view = LogView();
    }
    if (!looked.ok()) {
      // A service goes on through what may pass; what the log itself is guilty of ends it.
      if (!options.follow || IsVerdict(looked) ||
          (looks == 0 && ExitCodeOf(looked) != kExitUnreachable)) {
        return looked;
      }
      if (!away) console.Note(std::string(looked.message()) + "; still trying");
      away = true;
      continue;
    }
    away = false;
    ++looks;
    const std::string now = WithCommas(static_cast<int64_t>(session->seen().size)) +
                            " entries, root " + Base64Encode(session->seen().root);
    if (now != said) console.Note("cosigned " + now);
    said = now;
  } while (options.follow && !signals.Wait(options.every_seconds));
  console.Print(said.empty() ? "The server was never reached." : "Cosigned " + said);
  if (watch.alarms > 0) {
    console.Print(console.Bad(WithCommas(watch.alarms) + " entries concern " +
                              Visible(session->profile().member_name) +
                              " and were not made by it; `muster log show` has them"));
  }
  Json json = Json::Object();
  json.Set("size", session->seen().size).Set("root", Base64Encode(session->seen().root));
  json.Set("looks", looks).Set("closed", watch.closed);
  json.Set("alarms", std::move(watch.alarm_list));
  console.Result(json);
  return watch.alarms > 0 && !options.follow ? kExitFailed : kExitDone;
}

absl::StatusOr<int> RunLogGossip(const Invocation& invocation,
                                 const std::vector<std::string>& words) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  const tlog::NoteKey& log_key = session->profile().log_key;
  Json json = Json::Object();
  if (words.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const std::string line,
                            tlog::FormatGossip(session->seen_note(), log_key));
    console.Bare(line);
    console.Note(
        "Send it to other members by any other way; they check it with: "
        "muster log gossip 'LINE'");
    json.Set("line", line);
  } else {
    std::string line;
    for (const std::string& word : words) line += word + " ";
    MUSTER_ASSIGN_OR_RETURN(const std::string note, tlog::ParseGossip(line, log_key));
    MUSTER_RETURN_IF_ERROR(session->Reconcile(note));
    MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint other, tlog::OpenCheckpoint(note, log_key));
    console.Print("The same log: their " + WithCommas(static_cast<int64_t>(other.size)) +
                  " entries and the " + WithCommas(static_cast<int64_t>(session->seen().size)) +
                  " seen here are of one history.");
    json.Set("consistent", true).Set("other_size", other.size);
  }
  json.Set("size", session->seen().size).Set("root", Base64Encode(session->seen().root));
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
