// SPDX-License-Identifier: Apache-2.0
#include "cli/upload.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "cli/file_pass.h"
#include "cli/progress.h"
#include "cli/seal_line.h"
#include "cli/table.h"
#include "cli/upload_report.h"
#include "cli/upload_state.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"
#include "core/tlog/proof.h"
#include "muster/v1/upload_service.pb.h"

namespace muster::cli {
namespace {

// Calls in flight at once: enough to hide the way there and back, few enough to keep memory flat.
constexpr int kSendingThreads = 4;
constexpr absl::Duration kPutTime = absl::Seconds(120);
constexpr absl::Duration kCommitTime = absl::Seconds(120);
constexpr int32_t kWaitSeconds = 20;
// A server or vault that is being restarted is waited for while there is nothing to do but wait.
constexpr absl::Duration kPatience = absl::Seconds(90);
constexpr size_t kListBytesMax = 200;  // as statements allow
constexpr size_t kConsentBytesMax = 4096;
constexpr std::string_view kIntakeKeyPurpose = "muster/intake-key/v1\n";
constexpr std::string_view kRefusedContext = "muster/refused/v1";

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

int SealingThreads() {
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 16u));
}

absl::StatusOr<FilePassOptions> PassOptions(const UploadOptions& options) {
  FilePassOptions pass;
  for (const std::string& file : options.files) pass.files.emplace_back(file);
  for (const std::string& correction : options.map) {
    const size_t equals = correction.find('=');
    if (equals == std::string::npos || equals == 0) {
      return MakeError(v1::FIELD_UNKNOWN,
                       "--map takes FIELD=COLUMN, as in --map email=\"E-mail address\"");
    }
    pass.map.emplace_back(correction.substr(0, equals), correction.substr(equals + 1));
  }
  if (!options.encoding.empty()) {
    MUSTER_ASSIGN_OR_RETURN(pass.encoding, ingest::ParseEncoding(options.encoding));
  }
  pass.region = options.region;
  return pass;
}

// What changes the records that a file gives; a resumed upload must read as the first run did.
std::string ReadingOf(const UploadOptions& options) {
  std::string text = "encoding=" + options.encoding + "\nregion=" + options.region + "\n";
  for (const std::string& correction : options.map) text += "map=" + correction + "\n";
  return text;
}

absl::Status CheckTexts(const UploadOptions& options) {
  const bool good_list = !options.list.empty() && options.list.size() <= kListBytesMax &&
                         contact::IsUtf8(options.list) && Visible(options.list) == options.list;
  if (!good_list) {
    return MakeError(v1::LIST_NAME_MALFORMED,
                     "a list's name has 1 to 200 bytes of UTF-8 without control characters; give "
                     "one with --list");
  }
  if (options.consent.size() > kConsentBytesMax || !contact::IsUtf8(options.consent)) {
    return MakeError(v1::FIELD_TOO_LONG,
                     "--consent takes at most 4096 bytes of UTF-8; say it shorter",
                     {{"field", "consent"}});
  }
  return absl::OkStatus();
}

absl::Status AllRejected(const PassFigures& figures) {
  std::string where;
  for (const FileFigures& file : figures.files) {
    if (!file.reject_file.empty() && where.empty())
      where = "; " + file.reject_file + " says why, row by row";
  }
  return MakeError(
      v1::ROWS_REJECTED,
      "none of the " + WithCommas(figures.rows()) + " rows can be used, so nothing was uploaded" +
          where,
      {{"rows", std::to_string(figures.rows())}, {"rejected", std::to_string(figures.rejected())}});
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

void NoteMapping(Console& console, const FileFigures& file) { console.Note(DescribeMapping(file)); }

ProgressState ReadingState(const FilePass& pass, int64_t bytes, int64_t contacts) {
  return {bytes > 0 ? static_cast<double>(pass.bytes_read()) / static_cast<double>(bytes) : 0,
          contacts};
}

int64_t TotalBytes(const std::vector<v1::UploadFile>& files) {
  int64_t bytes = 0;
  for (const v1::UploadFile& file : files) bytes += file.byte_count();
  return bytes;
}

absl::StatusOr<std::vector<v1::UploadFile>> HashFiles(const UploadOptions& options) {
  std::vector<v1::UploadFile> files;
  for (const std::string& name : options.files) {
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

// Reads and reports only.
absl::StatusOr<int> DryRun(const Invocation& invocation, const UploadOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(FilePassOptions pass_options, PassOptions(options));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::UploadFile> files, HashFiles(options));
  pass_options.write_rejects = false;
  const Stopwatch watch;
  FilePass pass(std::move(pass_options));
  UploadReport report;
  {
    const Progress progress(*invocation.console, "reading", [&] {
      return ReadingState(pass, TotalBytes(files), pass.records_read());
    });
    MUSTER_ASSIGN_OR_RETURN(report.figures, pass.Run(nullptr, [&](const FileFigures& file) {
      NoteMapping(*invocation.console, file);
    }));
  }
  report.list = options.list;
  report.replace = options.replace;
  report.seconds = watch.Seconds();
  if (options.strict && report.figures.rejected() > 0) return StrictRefusal(report.figures, true);
  invocation.console->Print(report.ToText(*invocation.console));
  invocation.console->Result(report.ToJson());
  return kExitDone;
}

// Reads and seals under keys that nobody keeps; the envelopes are thrown away.
absl::StatusOr<int> SealOnly(const Invocation& invocation, const UploadOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(FilePassOptions pass_options, PassOptions(options));
  pass_options.write_rejects = false;
  const crypto::SigningKey key = crypto::SigningKey::Generate();
  seal::SealContext context;
  context.consortium = crypto::RandomArray<16>();
  context.member = {crypto::RandomArray<8>()};
  context.upload = {crypto::RandomArray<8>()};
  context.uploader = {crypto::RandomArray<8>()};
  context.intake_key = crypto::BoxSecretKey::Generate().public_key();
  context.vault_key = crypto::Scalar::Random().TimesBase();
  context.member_key = crypto::Scalar::Random().TimesBase();
  const seal::Sealer sealer(context, &key);
  const Stopwatch watch;
  FilePass pass(std::move(pass_options));
  const auto nothing = [](uint32_t, uint32_t, seal::SealedBatch&) { return absl::OkStatus(); };
  SealLine line(&sealer, SealingThreads(), 1, nothing, nothing);
  MUSTER_ASSIGN_OR_RETURN(
      const PassFigures figures,
      pass.Run([&](uint32_t sequence,
                   seal::RecordBlock block) { return line.Push(sequence, std::move(block)); },
               nullptr));
  MUSTER_RETURN_IF_ERROR(line.Finish());
  const double seconds = watch.Seconds();
  const auto rate =
      static_cast<int64_t>(static_cast<double>(figures.records()) / std::max(seconds, 1e-9));
  invocation.console->Print(WithCommas(figures.records()) + " contacts sealed in " +
                            ForPeople(seconds) + ", " + WithCommas(rate) + "/s");
  Json json = Json::Object();
  json.Set("contacts", figures.records()).Set("seconds", seconds).Set("contacts_per_second", rate);
  invocation.console->Result(json);
  return kExitDone;
}

// One upload, from its plan to its receipt.
class Uploading {
 public:
  Uploading(Session& session, const UploadOptions& options, FilePassOptions pass_options,
            std::vector<v1::UploadFile> files)
      : session_(session),
        console_(session.console()),
        options_(options),
        pass_options_(std::move(pass_options)),
        files_(std::move(files)) {}

  absl::Status Run();
  const UploadReport& report() const { return report_; }

 private:
  absl::Status MakePlan();
  absl::Status FindState();
  absl::Status OpenUpload();
  absl::Status CheckIntakeKey(const v1::IntakeKey& key) const;
  absl::Status ReadStrictly();
  absl::Status SendBatches();
  absl::StatusOr<bool> AlreadySent(uint32_t sequence, const seal::RecordBlock& block);
  absl::Status RecordBatch(const seal::SealedBatch& batch);
  absl::Status PutBatch(uint32_t sequence, seal::SealedBatch& batch);
  absl::Status TakeStoredVersion(uint32_t sequence, const absl::Status& refusal);
  void Settle(uint32_t sequence, std::string_view signed_part);
  absl::Status SignStatement();
  absl::Status Commit();
  absl::Status WriteReceipt(const v1::EntryProof& proof);
  absl::Status AwaitIntake();
  absl::Status CheckIntake(const v1::Upload& upload);
  void ForgetStates();
  absl::Status Resumable(const absl::Status& status) const;
  std::filesystem::path StateFolder() const { return session_.profile().folder / "uploads"; }
  const std::string& name() const { return state_->plan().upload(); }

  Session& session_;
  Console& console_;
  const UploadOptions& options_;
  FilePassOptions pass_options_;
  std::vector<v1::UploadFile> files_;
  v1::UploadStatement plan_;
  MemberId member_;
  crypto::Point member_key_;
  std::unique_ptr<UploadState> state_;
  v1::Upload upload_;
  std::vector<bool> received_;
  std::mutex mutex_;
  std::map<uint32_t, Bytes32> leaves_;  // of the version that the server has
  UploadReport report_;
};

absl::Status Uploading::Run() {
  MUSTER_ASSIGN_OR_RETURN(member_, session_.RequireMember());
  MUSTER_ASSIGN_OR_RETURN(member_key_, session_.MemberKey());
  const Stopwatch watch;
  MUSTER_RETURN_IF_ERROR(MakePlan());
  if (options_.resume) MUSTER_RETURN_IF_ERROR(FindState());
  if (options_.strict && !options_.resume) MUSTER_RETURN_IF_ERROR(ReadStrictly());
  MUSTER_RETURN_IF_ERROR(Resumable(OpenUpload()));
  if (!state_->statement().has_value()) {
    MUSTER_RETURN_IF_ERROR(Resumable(SendBatches()));
    MUSTER_RETURN_IF_ERROR(SignStatement());
  } else {
    v1::Statement statement;
    statement.ParseFromString(state_->statement()->statement());
    report_.statement = statement.upload();
  }
  MUSTER_RETURN_IF_ERROR(Resumable(Commit()));
  report_.upload = name();
  report_.list = plan_.list();
  report_.replace = options_.replace;
  if (!options_.no_wait) {
    MUSTER_RETURN_IF_ERROR(Resumable(AwaitIntake()));
    ForgetStates();
  }
  report_.seconds = watch.Seconds();
  return absl::OkStatus();
}

absl::Status Uploading::MakePlan() {
  plan_.set_upload(UploadId{crypto::RandomArray<8>()}.Name());
  plan_.set_member(member_.Name());
  plan_.set_list(options_.list);
  plan_.set_mode(options_.replace ? v1::UploadStatement::REPLACE : v1::UploadStatement::APPEND);
  plan_.set_consent(options_.consent);
  for (const v1::UploadFile& file : files_) *plan_.add_files() = file;
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
    if (options_.consent.empty()) wanted.set_consent((*state)->plan().consent());
    if (wanted.SerializeAsString() != (*state)->plan().SerializeAsString()) continue;
    if ((*state)->reading() != ReadingOf(options_)) {
      return MakeError(v1::NOTHING_TO_RESUME,
                       "this upload was begun with other --map, --encoding or --region; resume it "
                       "with the same");
    }
    plan_ = wanted;
    state_ = *std::move(state);
    return absl::OkStatus();
  }
  // Perhaps it is the one that is wanted.
  MUSTER_RETURN_IF_ERROR(other_command);
  return MakeError(v1::NOTHING_TO_RESUME,
                   "there is no unfinished upload of these files to the list \"" + plan_.list() +
                       "\" on this machine; upload without --resume");
}

absl::Status Uploading::ReadStrictly() {
  FilePass pass(pass_options_);
  const Progress progress(console_, "reading", [&] {
    return ReadingState(pass, TotalBytes(files_), pass.records_read());
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
    MUSTER_ASSIGN_OR_RETURN(state_, UploadState::Create(StateFolder(), plan_, ReadingOf(options_)));
  }
  if (upload_.name().empty()) {
    v1::CreateUploadRequest request;
    request.set_upload(name());
    request.set_list(plan_.list());
    request.set_mode(plan_.mode());
    for (const v1::UploadFile& file : files_) request.add_file_blake2b(file.blake2b());
    const absl::Status status = session_.Call("UploadService/CreateUpload", request, upload_);
    if (!status.ok() && ExitCodeOf(status) != kExitUnreachable) (void)state_->Remove();
    if (ReasonOf(status) == v1::FILE_ALREADY_UPLOADED &&
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
  for (const v1::SequenceRange& range : upload_.received()) {
    if (range.first() < 0 || range.last() < range.first() || range.last() >= seal::kBatchesMax) {
      return MakeError(
          v1::INTERNAL_ERROR,
          "the server names batches that there cannot be; use programs of one release");
    }
    const auto end = static_cast<size_t>(range.last()) + 1;
    if (received_.size() < end) received_.resize(end);
    std::fill(received_.begin() + static_cast<std::ptrdiff_t>(range.first()),
              received_.begin() + static_cast<std::ptrdiff_t>(end), true);
  }
  return absl::OkStatus();
}

absl::Status Uploading::CheckIntakeKey(const v1::IntakeKey& key) const {
  v1::IntakeKey said = key;
  said.clear_signature();
  if (key.upload() != name() ||
      !crypto::Verify(session_.profile().vault_sign_key, kIntakeKeyPurpose,
                      said.SerializeAsString(), key.signature())
           .ok()) {
    return MakeError(
        v1::SIGNATURE_INVALID,
        "the key to seal for is not signed by the vault, so nothing was sealed; tell the operator");
  }
  if (key.expire_time() <= absl::ToUnixSeconds(Clock::System().Now())) {
    return MakeError(v1::BATCH_WRONG_KEY,
                     "the vault's key for this upload has expired; upload without --resume");
  }
  return absl::OkStatus();
}

absl::Status Uploading::SendBatches() {
  MUSTER_RETURN_IF_ERROR(CheckIntakeKey(upload_.intake_key()));
  seal::SealContext context;
  context.consortium = session_.profile().consortium;
  context.member = member_;
  MUSTER_ASSIGN_OR_RETURN(context.upload, UploadId::Parse(name()));
  context.uploader = session_.profile().person;
  MUSTER_ASSIGN_OR_RETURN(context.intake_key,
                          crypto::ParseBoxPublicKey(upload_.intake_key().public_key()));
  context.vault_key = session_.profile().vault_holding_key;
  context.member_key = member_key_;
  const seal::Sealer sealer(context, &session_.sign_key());

  if (!received_.empty()) {
    console_.Note("going on with " + name() + ": the server has " +
                  WithCommas(std::count(received_.begin(), received_.end(), true)) +
                  " of its batches already");
  }
  FilePass pass(pass_options_);
  SealLine line(
      &sealer, SealingThreads(), kSendingThreads,
      [&](uint32_t, uint32_t, seal::SealedBatch& batch) { return RecordBatch(batch); },
      [&](uint32_t sequence, uint32_t, seal::SealedBatch& batch) {
        return PutBatch(sequence, batch);
      });
  int64_t skipped = 0;
  {
    const Progress progress(console_, "sending", [&] {
      return ReadingState(pass, TotalBytes(files_), line.records_sent());
    });
    const auto push = [&](uint32_t sequence,
                          seal::RecordBlock block) -> absl::StatusOr<seal::RecordBlock> {
      MUSTER_ASSIGN_OR_RETURN(const bool sent, AlreadySent(sequence, block));
      if (!sent) return line.Push(sequence, std::move(block));
      skipped += static_cast<int64_t>(block.size());
      block.Clear();
      return block;
    };
    MUSTER_ASSIGN_OR_RETURN(report_.figures, pass.Run(push, [&](const FileFigures& file) {
      NoteMapping(console_, file);
    }));
    MUSTER_RETURN_IF_ERROR(line.Finish());
  }
  if (report_.figures.records() == 0) {
    (void)state_->Remove();
    return AllRejected(report_.figures);
  }
  if (options_.strict && report_.figures.rejected() > 0)
    return StrictRefusal(report_.figures, false);
  if (skipped + line.records_sent() != report_.figures.records()) {
    return MakeError(v1::INTERNAL_ERROR,
                     "not every record was sent; run the command again with --resume");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Uploading::AlreadySent(uint32_t sequence, const seal::RecordBlock& block) {
  if (sequence >= received_.size() || !received_[sequence]) return false;
  const std::vector<v1::BatchRecord> versions = state_->Versions(sequence);
  // Sealed more than once, and the server has one of them: offering it another makes it say which.
  if (versions.size() != 1) return false;
  MUSTER_ASSIGN_OR_RETURN(const seal::BatchHeader header,
                          seal::DecodeHeader(versions.front().header()));
  if (header.record_count != block.size() || header.first_row != block.first_row() ||
      header.last_row != block.last_row()) {
    return MakeError(v1::FILE_CHANGED,
                     "this program reads the file otherwise than the one that began this upload; "
                     "upload without --resume");
  }
  Settle(sequence,
         versions.front().header() + versions.front().holding_wrap() + versions.front().root());
  return true;
}

absl::Status Uploading::RecordBatch(const seal::SealedBatch& batch) {
  const std::string_view part = batch.signed_part;
  v1::BatchRecord record;
  record.set_header(std::string(part.substr(0, seal::kHeaderBytes)));
  record.set_holding_wrap(std::string(part.substr(seal::kHeaderBytes, seal::kHoldingWrapBytes)));
  record.set_root(std::string(part.substr(seal::kHeaderBytes + seal::kHoldingWrapBytes)));
  record.set_signature(batch.signature);
  return state_->AddBatch(record);
}

absl::Status Uploading::PutBatch(uint32_t sequence, seal::SealedBatch& batch) {
  v1::PutBatchRequest request;
  request.set_upload(name());
  request.set_sequence(sequence);
  request.set_envelope(std::move(batch.envelope));
  v1::PutBatchResponse response;
  const absl::Status status = session_.Call("UploadService/PutBatch", request, response, kPutTime);
  if (ReasonOf(status) == v1::BATCH_REPLAYED) return TakeStoredVersion(sequence, status);
  MUSTER_RETURN_IF_ERROR(status);
  Settle(sequence, batch.signed_part);
  return absl::OkStatus();
}

// The server holds another sealing of this batch, from before this run. It signed for none but
// ours, so it is one that was recorded here.
absl::Status Uploading::TakeStoredVersion(uint32_t sequence, const absl::Status& refusal) {
  const std::vector<v1::BatchRecord> versions = state_->Versions(sequence);
  const ErrorDetails details = DetailsOf(refusal);
  const auto root = details.find("root");
  for (const v1::BatchRecord& version : versions) {
    const bool named = root != details.end() && HexEncode(AsBytes(version.root())) == root->second;
    const bool only_other =
        root == details.end() && versions.size() == 2 && &version == &versions.front();
    if (!named && !only_other) continue;
    Settle(sequence, version.header() + version.holding_wrap() + version.root());
    return absl::OkStatus();
  }
  return refusal;
}

void Uploading::Settle(uint32_t sequence, std::string_view signed_part) {
  const Bytes32 leaf = crypto::MerkleLeaf(signed_part);
  const std::lock_guard lock(mutex_);
  leaves_[sequence] = leaf;
}

absl::Status Uploading::SignStatement() {
  v1::Statement statement = session_.NewStatement();
  v1::UploadStatement& upload = *statement.mutable_upload();
  upload = plan_;
  upload.clear_files();
  for (size_t i = 0; i < files_.size(); ++i) {
    v1::UploadFile& file = *upload.add_files();
    file = files_[i];
    file.set_row_count(report_.figures.files[i].rows);
    file.set_rejected_row_count(report_.figures.files[i].rejected);
    file.set_format(report_.figures.files[i].mapping.format_name);
  }
  upload.set_row_count(report_.figures.rows());
  upload.set_rejected_row_count(report_.figures.rejected());
  upload.set_record_count(report_.figures.records());
  crypto::MerkleFrontier tree;
  for (const auto& [sequence, leaf] : leaves_) {
    if (sequence != tree.size())
      return MakeError(v1::BATCH_MISSING, "batch " + std::to_string(tree.size()) +
                                              " was not sent; run the command again with --resume");
    tree.Append(leaf);
  }
  upload.set_batch_count(static_cast<int64_t>(tree.size()));
  upload.set_batches_root(ToString(tree.Root()));
  report_.statement = upload;
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
  const Progress progress(console_, "the vault reads", [&] {
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
      intake.record_count() != stated.record_count()) {
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

}  // namespace

absl::StatusOr<int> RunUpload(const Invocation& invocation, const UploadOptions& given) {
  UploadOptions options = given;
  if (options.list.empty())
    options.list = std::filesystem::path(options.files.front()).stem().string();
  MUSTER_RETURN_IF_ERROR(CheckTexts(options));
  if (options.dry_run) return DryRun(invocation, options);
  if (options.seal_only) return SealOnly(invocation, options);

  // What is wrong with the files is said before anybody is asked for a passphrase.
  MUSTER_ASSIGN_OR_RETURN(FilePassOptions pass_options, PassOptions(options));
  MUSTER_ASSIGN_OR_RETURN(std::vector<v1::UploadFile> files, HashFiles(options));
  pass_options.expected = files;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(session->RequireRole({v1::ROLE_UPLOADER}, "upload"));
  Uploading uploading(*session, options, std::move(pass_options), std::move(files));
  MUSTER_RETURN_IF_ERROR(uploading.Run());
  invocation.console->Print(uploading.report().ToText(*invocation.console));
  invocation.console->Result(uploading.report().ToJson());
  return kExitDone;
}

}  // namespace muster::cli
