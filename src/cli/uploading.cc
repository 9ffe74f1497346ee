// SPDX-License-Identifier: Apache-2.0
#include "cli/uploading.h"

#include <atomic>
#include <utility>

#include "absl/time/clock.h"
#include "cli/batch_sender.h"
#include "cli/canary_mixer.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/tlog/proof.h"

namespace muster::cli {
namespace {

constexpr absl::Duration kCommitTime = absl::Seconds(120);
constexpr int32_t kWaitSeconds = 20;
// A server or vault that is being restarted is waited for while there is nothing to do but wait.
constexpr absl::Duration kPatience = absl::Seconds(90);
constexpr size_t kNameBytesMax = 200;  // as statements allow
constexpr std::string_view kRefusedContext = "muster/refused/v1";

absl::Status NothingLeft(const PassFigures& figures, bool voters) {
  std::string where;
  if (figures.withheld() > 0) {
    where = "; " + WithCommas(figures.withheld()) +
            (voters ? " are withheld by law" : " are of people who are not to be shared");
  }
  if (figures.not_registered() > 0)
    where += "; " + WithCommas(figures.not_registered()) + " are of people who are not registered";
  for (const FileFigures& file : figures.files) {
    if (file.reject_file.empty()) continue;
    where += "; " + file.reject_file + " says why, row by row";
    break;
  }
  return MakeError(v1::ROWS_REJECTED,
                   "none of the " + WithCommas(figures.rows()) +
                       " rows can be used, so nothing was uploaded" + where,
                   {{"rows", std::to_string(figures.rows())},
                    {"rejected", std::to_string(figures.rejected())},
                    {"withheld", std::to_string(figures.withheld())}});
}

}  // namespace

absl::Status CheckUploadName(const std::string& name, std::string_view flag) {
  const bool good = !name.empty() && name.size() <= kNameBytesMax && contact::IsUtf8(name) &&
                    Visible(name) == name;
  if (good) return absl::OkStatus();
  return MakeError(v1::LIST_NAME_MALFORMED,
                   "a list's name has 1 to 200 bytes of UTF-8 without control characters; give "
                   "one with " +
                       std::string(flag));
}

absl::StatusOr<std::vector<v1::UploadFile>> HashFiles(const std::vector<std::string>& names) {
  std::vector<v1::UploadFile> files;
  for (const std::string& name : names) {
    MUSTER_ASSIGN_OR_RETURN(v1::UploadFile file, HashFile(name));
    for (const v1::UploadFile& other : files) {
      if (other.blake2b() == file.blake2b()) {
        return MakeError(v1::FILE_ALREADY_UPLOADED, name + " is named twice, or is a copy of " +
                                                        other.file_name() +
                                                        "; name each file once");
      }
    }
    files.push_back(std::move(file));
  }
  return files;
}

absl::StatusOr<UploadReport> ReadOnly(Console& console, FilePassOptions pass_options) {
  const std::shared_ptr<const RecordFormat> format = pass_options.format;
  pass_options.write_rejects = false;
  const absl::Time begin = absl::Now();
  FilePass pass(std::move(pass_options));
  UploadReport report;
  {
    const Progress progress(console, "reading", [&] {
      return ProgressState{pass.share(), pass.records_read()};
    });
    MUSTER_ASSIGN_OR_RETURN(report.figures, pass.Run(nullptr, [&](const FileFigures& file) {
      console.Note(format->Describe(file));
    }));
  }
  report.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  return report;
}

absl::Status StrictRefusal(const PassFigures& figures, bool sent_nothing) {
  ErrorDetails details = {{"rows", std::to_string(figures.rows())},
                          {"rejected", std::to_string(figures.rejected())}};
  std::string where = "correct them";
  for (const FileFigures& file : figures.files) {
    if (file.reject_file.empty()) continue;
    details["reject_file"] = file.reject_file;
    where = "correct them (" + file.reject_file + " says why, row by row)";
  }
  return MakeError(v1::ROWS_REJECTED,
                   WithCommas(figures.rejected()) + " of " + WithCommas(figures.rows()) +
                       " rows were rejected, and --strict takes none" +
                       (sent_nothing ? ", so nothing was sent; " : "; ") + where +
                       ", or upload without --strict",
                   details);
}

absl::Status Uploading::Run() {
  MUSTER_ASSIGN_OR_RETURN(const crypto::Point member_key, session_.MemberKey());
  const absl::Time begin = absl::Now();
  MUSTER_RETURN_IF_ERROR(MakePlan());
  if (task_.resume) MUSTER_RETURN_IF_ERROR(FindState());
  if (task_.strict && !task_.resume) MUSTER_RETURN_IF_ERROR(ReadStrictly());
  MUSTER_RETURN_IF_ERROR(Resumable(OpenUpload()));
  MUSTER_RETURN_IF_ERROR(PlanCanaries());
  if (!state_->statement().has_value()) {
    MUSTER_RETURN_IF_ERROR(Resumable(SendAndSign(member_key)));
  } else {
    v1::Statement statement;
    statement.ParseFromString(state_->statement()->statement());
    report_.statement = statement.upload();
  }
  MUSTER_RETURN_IF_ERROR(Resumable(Commit()));
  report_.upload = name();
  report_.list = plan_.list();
  report_.replace = plan_.mode() == v1::UploadStatement::REPLACE;
  if (!task_.no_wait) {
    MUSTER_RETURN_IF_ERROR(Resumable(AwaitIntake()));
    ForgetStates();
  }
  report_.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  return absl::OkStatus();
}

absl::Status Uploading::MakePlan() {
  MUSTER_ASSIGN_OR_RETURN(const MemberId member, session_.RequireMember());
  plan_.set_upload(UploadId{crypto::RandomArray<8>()}.Name());
  plan_.set_member(member.Name());
  for (const v1::UploadFile& file : pass_options_.expected) *plan_.add_files() = file;
  return absl::OkStatus();
}

// The newest unfinished upload of these very files to this list.
absl::Status Uploading::FindState() {
  absl::Status other_command;
  for (const std::filesystem::path& file : UploadState::List(StateFolder())) {
    auto state = UploadState::Open(file);
    if (ReasonOf(state.status()) == v1::HOME_MALFORMED) continue;
    if (ReasonOf(state.status()) == v1::UPLOAD_EXISTS) {
      other_command = state.status();
      continue;
    }
    MUSTER_RETURN_IF_ERROR(state.status());
    v1::UploadStatement wanted = plan_;
    wanted.set_upload((*state)->plan().upload());
    // The words of the first run stand; they need not be said again.
    if (wanted.consent().empty()) wanted.set_consent((*state)->plan().consent());
    if (wanted.has_voterfile() && wanted.voterfile().permitted_use().empty()) {
      wanted.mutable_voterfile()->set_permitted_use((*state)->plan().voterfile().permitted_use());
    }
    if (wanted.SerializeAsString() != (*state)->plan().SerializeAsString()) continue;
    if ((*state)->reading() != pass_options_.format->Reading()) {
      return MakeError(v1::NOTHING_TO_RESUME,
                       plan_.has_voterfile()
                           ? "this upload was begun with another layout or another order of files; "
                             "resume it with the same"
                           : "this upload was begun with other --map, --encoding or --region; "
                             "resume it with the same");
    }
    plan_ = wanted;
    state_ = *std::move(state);
    return absl::OkStatus();
  }
  // Perhaps it is the one that is wanted.
  MUSTER_RETURN_IF_ERROR(other_command);
  return MakeError(v1::NOTHING_TO_RESUME,
                   "there is no unfinished upload of these files to the " +
                       std::string(plan_.has_voterfile() ? "voter file" : "list") + " \"" +
                       plan_.list() + "\" on this machine; upload without --resume");
}

absl::Status Uploading::ReadStrictly() {
  FilePass pass(pass_options_);
  const Progress progress(session_.console(), "reading", [&] {
    return ProgressState{pass.share(), pass.records_read()};
  });
  MUSTER_ASSIGN_OR_RETURN(const PassFigures figures, pass.Run(nullptr, nullptr));
  if (figures.rejected() > 0) return StrictRefusal(figures, true);
  // What there is to say about values left out is written already.
  for (const FileFigures& file : figures.files) {
    if (!file.reject_file.empty()) pass_options_.write_rejects = false;
  }
  return absl::OkStatus();
}

absl::Status Uploading::OpenUpload() {
  const bool resumed = state_ != nullptr;
  if (resumed) {
    v1::GetUploadRequest request;
    request.set_name(name());
    request.set_known_size(session_.known_size());
    const absl::Status status = session_.Call("UploadService/GetUpload", request, upload_);
    if (!status.ok() && ReasonOf(status) != v1::UPLOAD_NOT_FOUND) return status;
    if (!status.ok() && state_->statement().has_value()) {
      (void)state_->Remove();
      return MakeError(v1::NOTHING_TO_RESUME,
                       "the server knows nothing of this upload any more; upload without --resume");
    }
    if (status.ok() && upload_.has_checkpoint())
      MUSTER_RETURN_IF_ERROR(session_.Accept(upload_.checkpoint()));
    if (status.ok() && upload_.state() == v1::Upload::FAILED) {
      (void)state_->Remove();
      return MakeError(v1::UPLOAD_FAILED, "this upload failed (" + upload_.failure_reason() +
                                              "): " + upload_.failure_message());
    }
  } else {
    MUSTER_ASSIGN_OR_RETURN(
        state_, UploadState::Create(StateFolder(), plan_, pass_options_.format->Reading()));
  }
  if (upload_.name().empty()) {
    v1::CreateUploadRequest request;
    request.set_upload(name());
    request.set_list(plan_.list());
    request.set_mode(plan_.mode());
    if (plan_.has_voterfile()) *request.mutable_voterfile() = plan_.voterfile();
    for (const v1::UploadFile& file : pass_options_.expected)
      request.add_file_blake2b(file.blake2b());
    const absl::Status status = session_.Call("UploadService/CreateUpload", request, upload_);
    if (!status.ok() && ExitCodeOf(status) != kExitUnreachable) (void)state_->Remove();
    if (ReasonOf(status) == v1::FILE_ALREADY_UPLOADED && !plan_.has_voterfile() &&
        status.message().find("--replace") == absl::string_view::npos) {
      return MakeError(v1::FILE_ALREADY_UPLOADED,
                       std::string(status.message()) +
                           "; use --replace to put it in the place of all that the list has",
                       DetailsOf(status));
    }
    MUSTER_RETURN_IF_ERROR(status);
  }
  if (upload_.name() != name() || upload_.list() != plan_.list()) {
    return MakeError(v1::INTERNAL_ERROR,
                     "the server answered about another upload; use programs of one release");
  }
  return absl::OkStatus();
}

absl::Status Uploading::PlanCanaries() {
  if (plan_.has_voterfile()) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(name()));
  MUSTER_ASSIGN_OR_RETURN(canaries_, Canaries().ReadUpload(id));
  if (!canaries_ && (state_->batch_count() > 0 || state_->statement().has_value())) {
    return MakeError(v1::NOTHING_TO_RESUME,
                     "what this upload has among its rows is not known here any more; upload "
                     "without --resume");
  }
  if (!canaries_) {
    MUSTER_ASSIGN_OR_RETURN(canaries_,
                            PlantCanaries(Canaries(), pass_options_, name(), plan_.list()));
    MUSTER_RETURN_IF_ERROR(Canaries().WriteUpload(*canaries_));
  }
  report_.canaries = canaries_->planted_size();
  return absl::OkStatus();
}

absl::Status Uploading::SendAndSign(const crypto::Point& member_key) {
  BatchSender sender(&session_, state_.get(), upload_, canaries_ ? &*canaries_ : nullptr);
  FilePassOptions options = pass_options_;
  if (canaries_) options.format = std::make_shared<MixingFormat>(options.format, &*canaries_);
  MUSTER_ASSIGN_OR_RETURN(report_.figures, sender.Send(options, member_key));
  const PassFigures& figures = report_.figures;
  if (figures.records() == 0) {
    (void)state_->Remove();
    return NothingLeft(figures, upload_.has_voterfile());
  }
  if (task_.strict && figures.rejected() > 0) return StrictRefusal(figures, false);

  MUSTER_ASSIGN_OR_RETURN(const BatchSender::Batches batches, sender.Settled());
  v1::Statement statement = session_.NewStatement();
  v1::UploadStatement& upload = *statement.mutable_upload();
  upload = plan_;
  for (int i = 0; i < upload.files_size(); ++i) {
    const FileFigures& read = figures.files[static_cast<size_t>(i)];
    upload.mutable_files(i)->set_row_count(read.rows);
    upload.mutable_files(i)->set_rejected_row_count(read.rejected);
    upload.mutable_files(i)->set_withheld_row_count(read.withheld);
    upload.mutable_files(i)->set_format(read.format);
  }
  if (upload.has_voterfile()) {
    upload.mutable_voterfile()->set_not_registered_row_count(figures.not_registered());
  }
  upload.set_row_count(figures.rows());
  upload.set_rejected_row_count(figures.rejected());
  upload.set_withheld_row_count(figures.withheld());
  upload.set_record_count(figures.records());
  upload.set_batch_count(batches.count);
  upload.set_batches_root(ToString(batches.root));
  report_.statement = upload;
  if (canaries_) {
    MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::CanaryBatch> batches_of, sender.CanaryEvidence());
    canaries_->mutable_batches()->Assign(batches_of.begin(), batches_of.end());
    MUSTER_RETURN_IF_ERROR(Canaries().WriteUpload(*canaries_));
  }
  return state_->SetStatement(session_.Sign(statement));
}

absl::Status Uploading::Commit() {
  v1::CommitUploadRequest request;
  *request.mutable_statement() = *state_->statement();
  request.set_known_size(session_.known_size());
  v1::CommitUploadResponse response;
  MUSTER_RETURN_IF_ERROR(
      session_.Call("UploadService/CommitUpload", request, response, kCommitTime));
  MUSTER_RETURN_IF_ERROR(session_.Accept(response.checkpoint()));
  // The receipt: our own statement, in the tree that the log has just signed.
  if (response.statement().body() != state_->statement()->SerializeAsString()) {
    return MakeError(v1::PROOF_INVALID,
                     "the server's receipt is for another statement than the one that was sent; "
                     "tell the operator");
  }
  MUSTER_RETURN_IF_ERROR(
      Annotate(session_.OpenEntry(response.statement()).status(), "the server's receipt"));
  report_.log_index = response.statement().index();
  return WriteReceipt(response.statement());
}

absl::Status Uploading::WriteReceipt(const v1::EntryProof& proof) {
  tlog::TlogProof receipt;
  receipt.index = static_cast<uint64_t>(proof.index());
  MUSTER_ASSIGN_OR_RETURN(receipt.hashes, tlog::ParseHashes(proof.hashes()));
  receipt.checkpoint = session_.seen_note();
  receipt.extra = proof.salt() + proof.body();
  std::filesystem::path file = state_->path();
  file.replace_extension(".receipt");
  MUSTER_RETURN_IF_ERROR(WriteFileDurably(file, tlog::FormatTlogProof(receipt), 0600));
  report_.receipt_file = file.string();
  return absl::OkStatus();
}

absl::Status Uploading::AwaitIntake() {
  const int64_t batches = report_.statement->batch_count();
  std::atomic<int64_t> read{0};
  const Progress progress(session_.console(), "the vault reads", [&] {
    const double share =
        static_cast<double>(read.load()) / static_cast<double>(std::max<int64_t>(batches, 1));
    return ProgressState{
        share,
        static_cast<int64_t>(share * static_cast<double>(report_.statement->record_count()))};
  });
  v1::GetUploadRequest request;
  request.set_name(name());
  request.set_wait_seconds(kWaitSeconds);
  absl::Time reachable = absl::Now();
  while (true) {
    request.set_known_size(session_.known_size());
    request.set_seen_intake_batch_count(read.load());
    const absl::Status status = session_.Call("UploadService/GetUpload", request, upload_,
                                              absl::Seconds(kWaitSeconds + 30));
    if (ExitCodeOf(status) == kExitUnreachable && absl::Now() - reachable < kPatience) {
      absl::SleepFor(absl::Seconds(1));
      continue;
    }
    MUSTER_RETURN_IF_ERROR(status);
    reachable = absl::Now();
    if (upload_.has_checkpoint()) MUSTER_RETURN_IF_ERROR(session_.Accept(upload_.checkpoint()));
    read = upload_.intake_batch_count();
    if (upload_.state() == v1::Upload::FAILED) {
      (void)state_->Remove();
      return MakeError(v1::UPLOAD_FAILED,
                       "the vault could not take the upload in (" + upload_.failure_reason() +
                           "): " + upload_.failure_message(),
                       {{"upload", name()}, {"reason", upload_.failure_reason()}});
    }
    if (upload_.has_intake()) return CheckIntake(upload_);
  }
}

absl::Status Uploading::CheckIntake(const v1::Upload& upload) {
  const auto verified = session_.OpenVaultEntry(upload.intake());
  if (!verified.ok()) return Annotate(verified.status(), "the vault's statement");
  const v1::IntakeStatement& intake = verified->statement.intake();
  const v1::UploadStatement& stated = *report_.statement;
  if (!verified->statement.has_intake() || intake.upload() != stated.upload() ||
      intake.member() != stated.member() ||
      intake.upload_statement_hash() != AsText(governance::StatementHash(*state_->statement())) ||
      intake.batches_root() != stated.batches_root() ||
      intake.record_count() != stated.record_count() ||
      intake.has_voterfile() != stated.has_voterfile()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "what the vault says it read is not what was uploaded; tell the operator, and "
                     "keep the receipt");
  }
  report_.intake = intake;
  report_.intake_log_index = upload.intake().index();
  if (!upload.sealed_refused_rows().empty()) {
    MUSTER_ASSIGN_OR_RETURN(
        const crypto::BoxSecretKey box,
        ReadBoxKey(session_.profile().folder / "box.key", session_.passphrase()));
    MUSTER_ASSIGN_OR_RETURN(const crypto::WipedString rows,
                            box.Open(kRefusedContext, upload.sealed_refused_rows()));
    report_.refused_rows.emplace();
    if (!report_.refused_rows->ParseFromString(rows.str())) report_.refused_rows.reset();
    // By the rows of the file as it is.
    if (report_.refused_rows && canaries_) {
      for (int64_t& row : *report_.refused_rows->mutable_rows()) row = RowOfFiles(*canaries_, row);
    }
  }
  return absl::OkStatus();
}

// This upload is over, and so are broken-off attempts at the same one.
void Uploading::ForgetStates() {
  (void)state_->Remove();
  for (const std::filesystem::path& file : UploadState::List(StateFolder())) {
    auto other = UploadState::Open(file);
    if (!other.ok() || (*other)->plan().list() != plan_.list() ||
        (*other)->plan().files_size() != plan_.files_size())
      continue;
    bool same = true;
    for (int i = 0; i < plan_.files_size(); ++i)
      same = same && (*other)->plan().files(i).blake2b() == plan_.files(i).blake2b();
    if (same) (void)(*other)->Remove();
  }
}

// What is on disk and at the server by now need not be sent again: says so where trying again
// helps.
absl::Status Uploading::Resumable(const absl::Status& status) const {
  const Reason reason = ReasonOf(status);
  const bool helps = ExitCodeOf(status) == kExitUnreachable || reason == v1::DISK_FULL ||
                     reason == v1::SERVER_BUSY;
  if (status.ok() || !helps || state_ == nullptr) return status;
  ErrorDetails details = DetailsOf(status);
  details["upload"] = name();
  return MakeError(status.code(), reason,
                   std::string(status.message()) +
                       "; what was sent is kept: go on with the same command and --resume",
                   details);
}

}  // namespace muster::cli
