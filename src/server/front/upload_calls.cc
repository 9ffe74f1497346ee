// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"
#include "core/governance/statement.h"
#include "core/seal/envelope.h"
#include "muster/v1/upload_service.pb.h"
#include "server/front/authorization.h"
#include "server/front/desk.h"

namespace muster::front {
namespace {

constexpr size_t kListBytesMax = 200;  // as governance/statement.cc takes it
constexpr int kFilesMax = 1000;
constexpr int kWaitSecondsMax = 30;
constexpr absl::Duration kFeedWait = absl::Seconds(5);
constexpr int kUploadsPerPageDefault = 100;
constexpr int kUploadsPerPageMax = 1000;

absl::Status CheckListName(std::string_view list) {
  const bool control = std::any_of(list.begin(), list.end(), [](char c) {
    return static_cast<uint8_t>(c) < 0x20 || static_cast<uint8_t>(c) == 0x7F;
  });
  if (!list.empty() && list.size() <= kListBytesMax && !control) return absl::OkStatus();
  return MakeError(
      v1::LIST_NAME_MALFORMED,
      "a list's name has 1 to 200 bytes and no control characters; give another with --list NAME");
}

// What was asked for is what stands in the record.
bool IsRequestOf(const v1::StoredUpload& record, const Caller& caller,
                 const v1::CreateUploadRequest& request) {
  return record.member() == caller.member().Name() && record.person() == caller.person.id.Name() &&
         record.list() == request.list() && record.mode() == request.mode() &&
         governance::SameTerms(record.voterfile(), request.voterfile()) &&
         std::equal(record.file_blake2b().begin(), record.file_blake2b().end(),
                    request.file_blake2b().begin(), request.file_blake2b().end());
}

v1::Upload Plain(const UploadView& view) {
  const v1::StoredUpload& record = view.record;
  v1::Upload upload;
  upload.set_name(record.upload());
  upload.set_list(record.list());
  upload.set_mode(record.mode());
  upload.set_state(record.state());
  if (record.state() == v1::Upload::OPEN) *upload.mutable_intake_key() = record.intake_key();
  upload.set_create_time(record.create_time());
  upload.set_intake_batch_count(view.durable_count);
  upload.set_failure_reason(record.failure_reason());
  upload.set_failure_message(record.failure_message());
  upload.set_sealed_refused_rows(record.sealed_refused_rows());
  if (record.has_voterfile()) *upload.mutable_voterfile() = record.voterfile();
  return upload;
}

// A list is an uploader's to bring, a voter file a steward's.
absl::Status CheckKind(const Desk& desk, const Caller& caller,
                       const v1::CreateUploadRequest& request) {
  const bool voters = request.has_voterfile();
  MUSTER_RETURN_IF_ERROR(
      RequireRole({voters ? v1::ROLE_STEWARD : v1::ROLE_UPLOADER}, caller.person));
  if (voters) {
    MUSTER_RETURN_IF_ERROR(governance::CheckVoterFileTerms(request.voterfile()));
    if (request.mode() != v1::UploadStatement::APPEND)
      return MakeError(v1::REQUEST_MALFORMED, "mode is APPEND for a voter file");
  }
  const bool taken = desk.journal->WithRegistry([&](const governance::Registry& registry) {
    return registry.IsVoterFileName(caller.member(), request.list()).value_or(voters) != voters;
  });
  if (!taken) return absl::OkStatus();
  return MakeError(v1::LIST_NAME_TAKEN,
                   voters ? "this member has a list of this name; give the voter file another "
                            "with --name NAME"
                          : "this member has a voter file of this name; give the list another "
                            "with --list NAME");
}

// Of the caller's own member, and of what the caller may see.
absl::StatusOr<UploadView> FindSeen(const Desk& desk, const Caller& caller, const UploadId& id) {
  MUSTER_ASSIGN_OR_RETURN(UploadView view, desk.uploads->FindOf(id, caller.member()));
  if (view.record.has_voterfile() || MaySeeLists(caller.person)) return view;
  return RequireRole({v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_AUDITOR}, caller.person);
}

// What CreateUpload answers: the client has no proofs to check yet.
absl::StatusOr<v1::Upload> Created(const Desk& desk, const UploadId& id) {
  MUSTER_ASSIGN_OR_RETURN(const UploadView view, desk.uploads->Find(id));
  v1::Upload upload = Plain(view);
  for (const v1::SequenceRange& range : desk.uploads->Received(id)) *upload.add_received() = range;
  return upload;
}

absl::StatusOr<v1::Upload> WithProofs(const Desk& desk, const UploadId& id, int64_t known_size) {
  MUSTER_ASSIGN_OR_RETURN(const UploadView view, desk.uploads->Find(id));
  MUSTER_ASSIGN_OR_RETURN(v1::Upload upload, Created(desk, id));
  MUSTER_ASSIGN_OR_RETURN(Journal::Extension extension, desk.journal->ProveExtension(known_size));
  if (view.record.statement_index() > 0) {
    MUSTER_ASSIGN_OR_RETURN(
        *upload.mutable_statement(),
        desk.journal->Prove(static_cast<uint64_t>(view.record.statement_index()), extension.size));
  }
  if (view.record.intake_index() > 0) {
    MUSTER_ASSIGN_OR_RETURN(
        *upload.mutable_intake(),
        desk.journal->Prove(static_cast<uint64_t>(view.record.intake_index()), extension.size));
  }
  *upload.mutable_checkpoint() = std::move(extension.proof);
  return upload;
}

absl::StatusOr<v1::Upload> CreateUpload(const Desk& desk, const Caller& caller,
                                        const v1::CreateUploadRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(request.upload()));
  MUSTER_RETURN_IF_ERROR(CheckListName(request.list()));
  if (request.mode() != v1::UploadStatement::APPEND &&
      request.mode() != v1::UploadStatement::REPLACE) {
    return MakeError(v1::REQUEST_MALFORMED, "mode is neither APPEND nor REPLACE");
  }
  MUSTER_RETURN_IF_ERROR(CheckKind(desk, caller, request));
  const bool hashes = std::all_of(request.file_blake2b().begin(), request.file_blake2b().end(),
                                  [](const std::string& hash) { return hash.size() == 32; });
  if (request.file_blake2b().empty() || request.file_blake2b_size() > kFilesMax || !hashes) {
    return MakeError(v1::REQUEST_MALFORMED, "file_blake2b must be 1 to 1000 hashes of 32 bytes");
  }
  const bool has_member_key = desk.journal->WithRegistry([&](const governance::Registry& registry) {
    return registry.FindMember(caller.member())->member_key.has_value();
  });
  if (!has_member_key) {
    return MakeError(v1::KEY_MALFORMED,
                     "this member has no key half yet, so nothing can be sealed for it; its first "
                     "approver makes it when joining");
  }
  const absl::StatusOr<UploadView> existing = desk.uploads->Find(id);
  if (existing.ok() && !IsRequestOf(existing->record, caller, request)) {
    return MakeError(v1::UPLOAD_EXISTS,
                     id.Name() + " exists and is another upload; start a new one");
  }
  const bool open = existing.ok() && existing->record.state() == v1::Upload::OPEN;
  if (existing.ok() && (!open || existing->record.intake_key().expire_time() >
                                     absl::ToUnixSeconds(desk.clock->Now()))) {
    return Created(desk, id);
  }

  v1::StoredUpload record;
  record.set_upload(id.Name());
  record.set_member(caller.member().Name());
  record.set_person(caller.person.id.Name());
  record.set_list(request.list());
  record.set_mode(request.mode());
  *record.mutable_file_blake2b() = request.file_blake2b();
  record.set_create_time(absl::ToUnixSeconds(desk.clock->Now()));
  record.set_state(v1::Upload::OPEN);
  if (request.has_voterfile()) *record.mutable_voterfile() = request.voterfile();
  MUSTER_RETURN_IF_ERROR(desk.uploads->CheckFiles(record));
  // Whoever has just joined must be known to the vault.
  MUSTER_RETURN_IF_ERROR(desk.feed->WaitCaughtUp(kFeedWait));
  v1::OpenIntakeRequest ask;
  ask.set_upload(id.Name());
  ask.set_member(record.member());
  ask.set_list(record.list());
  if (record.has_voterfile()) *ask.mutable_voterfile() = record.voterfile();
  MUSTER_ASSIGN_OR_RETURN(*record.mutable_intake_key(), desk.vault->OpenIntake(ask));
  if (open) {
    MUSTER_RETURN_IF_ERROR(desk.uploads->Update(
        id, [&](v1::StoredUpload& stored) { *stored.mutable_intake_key() = record.intake_key(); }));
  } else {
    MUSTER_RETURN_IF_ERROR(desk.uploads->Add(record));
  }
  return Created(desk, id);
}

// The header says what the upload is: a batch of another upload, member or consortium, or for other
// keys, is told apart before its signature.
absl::Status CheckHeader(const Desk& desk, const Caller& caller, const v1::StoredUpload& upload,
                         const UploadId& id, int64_t sequence, const seal::BatchHeader& header) {
  const std::string where = "batch " + std::to_string(sequence) + ": ";
  const auto not_yours = [&](std::string_view what) {
    return MakeError(v1::BATCH_NOT_YOURS,
                     where + std::string(what) + "; seal and send it anew under your own profile");
  };
  if (header.consortium != desk.journal->consortium())
    return not_yours("it was sealed for another consortium");
  if (header.member != caller.member()) return not_yours("it claims to be another member's");
  if (header.uploader != caller.person.id) return not_yours("it names another uploader");
  if (header.upload != id) return not_yours("it was sealed for another upload");
  if (int64_t{header.sequence} != sequence) {
    return MakeError(v1::BATCH_OUT_OF_ORDER, where + "it was sealed as batch " +
                                                 std::to_string(header.sequence) +
                                                 "; send it under that number");
  }
  const bool keys_hold = desk.journal->WithRegistry([&](const governance::Registry& registry) {
    const governance::MemberRecord* member = registry.FindMember(caller.member());
    return AsText(header.intake_key) == upload.intake_key().public_key() &&
           AsText(header.vault_key) == registry.charter().vault().holding_key() &&
           member->member_key.has_value() && header.member_key == member->member_key->bytes;
  });
  if (!keys_hold) {
    return MakeError(
        v1::BATCH_WRONG_KEY,
        where +
            "it was sealed to other keys than this upload's, the vault's and the member's; "
            "start the upload anew");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::PutBatchResponse> PutBatch(const Desk& desk, const Caller& caller,
                                              const v1::PutBatchRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(request.upload()));
  MUSTER_ASSIGN_OR_RETURN(const UploadView view, desk.uploads->FindOf(id, caller.member()));
  if (view.record.person() != caller.person.id.Name()) {
    return MakeError(v1::BATCH_NOT_YOURS,
                     id.Name() + " was begun by a colleague; start an upload of your own");
  }
  if (request.sequence() < 0 || request.sequence() >= seal::kBatchesMax) {
    return MakeError(v1::BATCH_MALFORMED, "sequence is out of range: an upload has at most " +
                                              std::to_string(seal::kBatchesMax) + " batches");
  }
  const auto sequence = static_cast<uint32_t>(request.sequence());
  MUSTER_ASSIGN_OR_RETURN(const seal::Envelope envelope, seal::ParseEnvelope(request.envelope()));
  MUSTER_RETURN_IF_ERROR(
      CheckHeader(desk, caller, view.record, id, request.sequence(), envelope.header));
  if (envelope.intake_wrap.empty()) {
    return MakeError(v1::BATCH_MALFORMED,
                     "batch " + std::to_string(sequence) +
                         ": its intake wrap is missing; seal and send it anew");
  }
  MUSTER_RETURN_IF_ERROR(seal::VerifyEnvelopeSignature(envelope, caller.person.sign_key));

  MUSTER_ASSIGN_OR_RETURN(const bool fresh, desk.uploads->BeginPut(id, sequence));
  const BatchFolder folder = desk.uploads->FolderOf(id);
  if (fresh) {
    const absl::Status stored = folder.Store(sequence, request.envelope());
    desk.uploads->EndPut(id, sequence, stored.ok());
    MUSTER_RETURN_IF_ERROR(stored);
    return v1::PutBatchResponse();
  }
  // Sent again, perhaps since the answer was lost: fine when it is the same to the bit. Wraps may
  // have been erased since.
  MUSTER_ASSIGN_OR_RETURN(const std::string stored, folder.Read(sequence));
  if (stored == request.envelope()) return v1::PutBatchResponse();
  MUSTER_ASSIGN_OR_RETURN(const std::string erased, seal::EraseIntakeWrap(request.envelope()));
  if (stored == erased) return v1::PutBatchResponse();
  // Which of its sealings is stored tells the uploader that it need not send any.
  MUSTER_ASSIGN_OR_RETURN(const v1::BatchRecord record, folder.ReadRecord(sequence));
  return MakeError(
      v1::BATCH_REPLAYED,
      "batch " + std::to_string(sequence) +
          " is stored already with other content and is never replaced; start a new upload",
      {{"sequence", std::to_string(sequence)}, {"root", HexEncode(AsBytes(record.root()))}});
}

// The batches that are there against what the statement says of them. Reads no ciphertext.
absl::StatusOr<std::vector<v1::BatchRecord>> CheckBatches(const Desk& desk, const UploadView& view,
                                                          const v1::UploadStatement& statement) {
  const int64_t count = statement.batch_count();
  if (view.contiguous_count < count) {
    return MakeError(v1::BATCH_MISSING,
                     "batch " + std::to_string(view.contiguous_count) + " of " +
                         std::to_string(count) +
                         " has not arrived; send what is missing with --resume, then commit");
  }
  if (view.received_count > count) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "statement refused: it states " + std::to_string(count) + " batches and " +
                         std::to_string(view.received_count) + " have arrived; start a new upload");
  }
  const BatchFolder folder = desk.uploads->FolderOf(view.id);
  std::vector<v1::BatchRecord> records;
  crypto::MerkleFrontier tree;
  int64_t record_count = 0;
  for (int64_t sequence = 0; sequence < count; ++sequence) {
    MUSTER_ASSIGN_OR_RETURN(v1::BatchRecord record,
                            folder.ReadRecord(static_cast<uint32_t>(sequence)));
    MUSTER_ASSIGN_OR_RETURN(const seal::BatchHeader header, seal::DecodeHeader(record.header()));
    tree.Append(crypto::MerkleLeaf(record.header() + record.holding_wrap() + record.root()));
    record_count += header.record_count;
    records.push_back(std::move(record));
  }
  if (AsText(tree.Root()) != statement.batches_root()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "statement refused: batches_root is not the root of the batches that have "
                     "arrived; start a new upload");
  }
  if (record_count != statement.record_count()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "statement refused: it states " + std::to_string(statement.record_count()) +
                         " records and the batches hold " + std::to_string(record_count));
  }
  return records;
}

absl::Status CheckIsOfUpload(const Caller& caller, const UploadView& view,
                             const governance::VerifiedStatement& verified) {
  const v1::UploadStatement& statement = verified.statement.upload();
  const auto refused = [](std::string_view what) {
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: " + std::string(what));
  };
  if (verified.statement.signer() != caller.person.id.Name() ||
      view.record.person() != caller.person.id.Name()) {
    return refused("an upload is committed by who began it");
  }
  if (statement.member() != view.record.member() || statement.list() != view.record.list() ||
      statement.mode() != view.record.mode() ||
      !governance::SameTerms(statement.voterfile(), view.record.voterfile())) {
    return refused("its member, list, mode or voter file is not that of the upload");
  }
  std::multiset<std::string> begun(view.record.file_blake2b().begin(),
                                   view.record.file_blake2b().end());
  std::multiset<std::string> stated;
  for (const v1::UploadFile& file : statement.files()) stated.insert(file.blake2b());
  if (begun != stated) {
    return MakeError(v1::FILE_CHANGED,
                     "the files are not those that the upload was begun with; start a new upload");
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Commit(const Desk& desk, const UploadView& view,
                                const governance::VerifiedStatement& verified,
                                const v1::SignedStatement& statement) {
  for (const v1::StoredWithdrawal& pending : desk.uploads->PendingWithdrawals()) {
    if (pending.member() == view.record.member()) {
      return MakeError(
          v1::SERVER_BUSY,
          "a withdrawal of this member is just being carried out; commit again in a moment");
    }
  }
  MUSTER_RETURN_IF_ERROR(desk.uploads->CheckFiles(view.record));
  MUSTER_ASSIGN_OR_RETURN(const UploadView now, desk.uploads->Find(view.id));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::BatchRecord> records,
                          CheckBatches(desk, now, verified.statement.upload()));
  MUSTER_RETURN_IF_ERROR(desk.uploads->FolderOf(view.id).WriteRecords(records));
  MUSTER_ASSIGN_OR_RETURN(const uint64_t index, desk.journal->Append(statement));
  // From here on it is committed, whatever becomes of the record: the book takes the log's word
  // when it is opened next.
  MUSTER_RETURN_IF_ERROR(desk.uploads->Update(view.id, [&](v1::StoredUpload& record) {
    if (record.state() == v1::Upload::OPEN) record.set_state(v1::Upload::INTAKE);
    record.set_statement_index(static_cast<int64_t>(index));
    record.set_batch_count(verified.statement.upload().batch_count());
    record.set_commit_time(absl::ToUnixSeconds(desk.clock->Now()));
  }));
  return index;
}

absl::StatusOr<v1::CommitUploadResponse> CommitUpload(const Desk& desk, const Caller& caller,
                                                      const v1::CommitUploadRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatement(request.statement()));
  if (!verified.statement.has_upload())
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: it is not of an upload");
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(verified.statement.upload().upload()));
  MUSTER_ASSIGN_OR_RETURN(const UploadView view, desk.uploads->FindOf(id, caller.member()));
  MUSTER_RETURN_IF_ERROR(CheckIsOfUpload(caller, view, verified));

  std::optional<uint64_t> index =
      desk.journal->WithRegistry([&](const governance::Registry& registry) {
        const governance::UploadRecord* logged = registry.FindUpload(id);
        const bool same = logged != nullptr && logged->statement_hash == verified.hash;
        return same ? std::optional<uint64_t>(logged->index) : std::nullopt;
      });
  if (!index.has_value()) {
    MUSTER_RETURN_IF_ERROR(desk.uploads->BeginCommit(id));
    absl::StatusOr<uint64_t> committed = Commit(desk, view, verified, request.statement());
    desk.uploads->EndCommit(id);
    MUSTER_ASSIGN_OR_RETURN(index, std::move(committed));
    desk.driver->Poke();
    spdlog::info("{}: committed, {} batches", id.Name(), verified.statement.upload().batch_count());
  }
  v1::CommitUploadResponse response;
  MUSTER_RETURN_IF_ERROR(ProveEntry(*desk.journal, *index, request.known_size(),
                                    response.mutable_statement(), response.mutable_checkpoint()));
  return response;
}

void GetUpload(const Desk& desk, const Caller& caller, const v1::GetUploadRequest& request,
               Reply reply) {
  const auto answer = [desk](const UploadId& id, int64_t known_size, const Reply& to) {
    const absl::StatusOr<v1::Upload> upload = WithProofs(desk, id, known_size);
    to(upload.ok() ? absl::StatusOr<std::string>(upload->SerializeAsString()) : upload.status());
  };
  const absl::StatusOr<UploadId> id = UploadId::Parse(request.name());
  if (!id.ok()) return reply(id.status());
  const absl::StatusOr<UploadView> view = FindSeen(desk, caller, *id);
  if (!view.ok()) return reply(view.status());
  const int seconds = std::clamp(request.wait_seconds(), 0, kWaitSecondsMax);
  if (seconds == 0 || !view->unfinished() ||
      view->durable_count != request.seen_intake_batch_count()) {
    return answer(*id, request.known_size(), reply);
  }
  desk.uploads->Wait(
      *id, view->record.state(), view->durable_count, absl::Now() + absl::Seconds(seconds),
      [desk, answer, id = *id, known_size = request.known_size(), reply] {
        // Whoever made the change has other things to do than proofs.
        if (desk.pool->Post([answer, id, known_size, reply] { answer(id, known_size, reply); }))
          return;
        reply(MakeError(v1::SERVER_BUSY, "the server is busy; ask again in a moment"));
      });
}

absl::StatusOr<v1::ListUploadsResponse> ListUploads(const Desk& desk, const Caller& caller,
                                                    const v1::ListUploadsRequest& request) {
  std::vector<UploadView> uploads = desk.uploads->ListOf(caller.member());
  if (!MaySeeLists(caller.person)) {
    std::erase_if(uploads, [](const UploadView& view) { return !view.record.has_voterfile(); });
  }
  size_t at = 0;
  if (!request.page_token().empty()) {
    // The last upload of the page before.
    const auto id = UploadId::Parse(request.page_token());
    const auto last = std::find_if(uploads.begin(), uploads.end(), [&](const UploadView& view) {
      return id.ok() && view.id == *id;
    });
    if (last == uploads.end())
      return MakeError(v1::REQUEST_MALFORMED,
                       "page_token is none that this server gave; list from the start");
    at = static_cast<size_t>(last - uploads.begin()) + 1;
  }
  if (request.page_size() < 0) return MakeError(v1::REQUEST_MALFORMED, "page_size is not negative");
  const int page = request.page_size() == 0 ? kUploadsPerPageDefault
                                            : std::min(request.page_size(), kUploadsPerPageMax);
  v1::ListUploadsResponse response;
  for (; at < uploads.size() && response.uploads_size() < page; ++at) {
    v1::Upload& upload = *response.add_uploads();
    upload = Plain(uploads[at]);
    // Where the entries are; their proofs come with GetUpload.
    if (uploads[at].record.statement_index() > 0)
      upload.mutable_statement()->set_index(uploads[at].record.statement_index());
    if (uploads[at].record.intake_index() > 0)
      upload.mutable_intake()->set_index(uploads[at].record.intake_index());
  }
  if (at < uploads.size() && at > 0) response.set_next_page_token(uploads[at - 1].record.upload());
  return response;
}

absl::StatusOr<v1::ListVoterFilesResponse> ListVoterFiles(const Desk& desk) {
  const std::vector<UploadView> views = desk.uploads->VoterFiles();
  v1::ListVoterFilesResponse response;
  desk.journal->WithRegistry([&](const governance::Registry& registry) {
    // What an extract gave way to does not come back when that is withdrawn.
    const auto has_newer = [&](const governance::UploadRecord& upload) {
      return std::any_of(views.begin(), views.end(), [&](const UploadView& view) {
        const governance::UploadRecord* other = registry.FindUpload(view.id);
        return other != nullptr && other->voters.has_value() && other->voters->current() &&
               governance::SameSource(*other->voterfile, *upload.voterfile) &&
               governance::IsNewerExtract(*other->voterfile, static_cast<int64_t>(other->index),
                                          *upload.voterfile, static_cast<int64_t>(upload.index));
      });
    };
    for (const UploadView& view : views) {
      v1::VoterFile& file = *response.add_voterfiles();
      file.set_name(view.record.list());
      file.set_upload(view.record.upload());
      *file.mutable_terms() = view.record.voterfile();
      file.set_member(view.record.member());
      if (const auto* member = registry.FindMember(view.member); member != nullptr)
        file.set_member_name(member->name);
      file.set_state(view.record.state());
      file.set_upload_time(view.record.create_time());
      const governance::UploadRecord* logged = registry.FindUpload(view.id);
      if (logged == nullptr) continue;
      *file.mutable_terms() = *logged->voterfile;
      file.set_row_count(logged->row_count);
      file.set_upload_time(logged->create_time);
      file.set_log_index(static_cast<int64_t>(logged->index));
      if (!logged->voters.has_value()) continue;
      file.set_voter_count(logged->voters->voter_count());
      file.set_current(view.record.state() == v1::Upload::DONE && logged->voters->current() &&
                       !has_newer(*logged));
    }
  });
  return response;
}

absl::StatusOr<v1::ListListsResponse> ListLists(const Desk& desk, const Caller& caller) {
  v1::GetMemberFiguresRequest ask;
  ask.set_member(caller.member().Name());
  MUSTER_ASSIGN_OR_RETURN(v1::MemberFigures figures, desk.vault->GetMemberFigures(ask));
  v1::ListListsResponse response;
  response.mutable_lists()->Swap(figures.mutable_lists());
  return response;
}

absl::Status CheckWithdrawable(const Desk& desk, const Caller& caller,
                               const v1::WithdrawalStatement& withdrawal) {
  bool list_known = withdrawal.list().empty();
  for (const UploadView& upload : desk.uploads->ListOf(caller.member())) {
    if (!withdrawal.list().empty() && upload.record.list() != withdrawal.list()) continue;
    if (upload.record.state() == v1::Upload::DONE) list_known = true;
    if (upload.record.state() != v1::Upload::INTAKE && !upload.committing) continue;
    return MakeError(
        v1::STATEMENT_REFUSED,
        upload.id.Name() + " is still being read; withdraw again when its intake is done");
  }
  if (list_known) return absl::OkStatus();
  return MakeError(v1::LIST_NOT_FOUND,
                   "this member has no such list with anything in it; see `muster lists`");
}

absl::StatusOr<v1::WithdrawResponse> Withdraw(const Desk& desk, const Caller& caller,
                                              const v1::WithdrawRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatement(request.statement()));
  if (!verified.statement.has_withdrawal())
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: it is not a withdrawal");
  const v1::WithdrawalStatement& withdrawal = verified.statement.withdrawal();
  MUSTER_ASSIGN_OR_RETURN(const WithdrawalId id, WithdrawalId::Parse(withdrawal.withdrawal()));
  if (verified.statement.signer() != caller.person.id.Name()) {
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: its signer is not who calls");
  }
  const std::string& sealed = request.sealed_addresses();
  const bool fits = withdrawal.sealed_hash().empty()
                        ? sealed.empty()
                        : AsText(crypto::Blake2b256(sealed)) == withdrawal.sealed_hash();
  if (!fits)
    return MakeError(v1::REQUEST_MALFORMED,
                     "sealed_addresses are not those that the statement is about");

  std::optional<uint64_t> index =
      desk.journal->WithRegistry([&](const governance::Registry& registry) {
        const governance::WithdrawalRecord* logged = registry.FindWithdrawal(id);
        return logged == nullptr ? std::nullopt : std::optional<uint64_t>(logged->index);
      });
  v1::StoredWithdrawal pending;
  pending.set_withdrawal(id.Name());
  pending.set_member(caller.member().Name());
  pending.set_sealed_addresses(sealed);
  if (index.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(const bool again, IsEntry(*desk.journal, *index, request.statement()));
    if (!again)
      return MakeError(
          v1::REQUEST_ID_REUSED,
          "this withdrawal is already on the log with another statement; draw another id");
  } else {
    // Nothing is promised on the log that the vault is not there to do.
    MUSTER_RETURN_IF_ERROR(desk.vault->GetState().status());
    // From here on no upload of this member is committed, so that what is withdrawn is what the log
    // says came before.
    MUSTER_RETURN_IF_ERROR(desk.uploads->PutWithdrawal(pending));
    absl::Status allowed = CheckWithdrawable(desk, caller, withdrawal);
    absl::StatusOr<uint64_t> appended =
        allowed.ok() ? desk.journal->Append(request.statement()) : allowed;
    if (!appended.ok()) {
      MUSTER_RETURN_IF_ERROR(desk.uploads->DeleteWithdrawal(id));
      return appended.status();
    }
    index = *appended;
  }
  const bool undone = desk.journal->WithRegistry([&](const governance::Registry& registry) {
    return !registry.FindWithdrawal(id)->withdrawn_index.has_value();
  });
  pending.set_statement_index(static_cast<int64_t>(*index));
  if (undone) MUSTER_RETURN_IF_ERROR(desk.uploads->PutWithdrawal(pending));
  absl::StatusOr<uint64_t> done = desk.driver->ApplyWithdrawal(id);
  if (ReasonOf(done.status()) == v1::VAULT_UNAVAILABLE) {
    return Annotate(
        done.status(),
        "the withdrawal is on the log and will be carried out as soon as the vault is back");
  }
  MUSTER_RETURN_IF_ERROR(done.status());
  v1::WithdrawResponse response;
  MUSTER_ASSIGN_OR_RETURN(Journal::Extension extension,
                          desk.journal->ProveExtension(request.known_size()));
  MUSTER_ASSIGN_OR_RETURN(*response.mutable_withdrawal(),
                          desk.journal->Prove(*index, extension.size));
  MUSTER_ASSIGN_OR_RETURN(*response.mutable_withdrawn(),
                          desk.journal->Prove(*done, extension.size));
  *response.mutable_checkpoint() = std::move(extension.proof);
  return response;
}

}  // namespace

void RegisterUploadCalls(Dispatcher& dispatcher, const Desk& desk) {
  dispatcher.Register<v1::CreateUploadRequest, v1::Upload>(
      "/muster.v1.UploadService/CreateUpload",
      [desk](const Caller& caller, const v1::CreateUploadRequest& request) {
        return CreateUpload(desk, caller, request);
      });
  dispatcher.Register<v1::PutBatchRequest, v1::PutBatchResponse>(
      "/muster.v1.UploadService/PutBatch",
      [desk](const Caller& caller, const v1::PutBatchRequest& request) {
        return PutBatch(desk, caller, request);
      });
  dispatcher.Register<v1::CommitUploadRequest, v1::CommitUploadResponse>(
      "/muster.v1.UploadService/CommitUpload",
      [desk](const Caller& caller, const v1::CommitUploadRequest& request) {
        return CommitUpload(desk, caller, request);
      });
  dispatcher.RegisterLater<v1::GetUploadRequest>(
      "/muster.v1.UploadService/GetUpload",
      [desk](const Caller& caller, const v1::GetUploadRequest& request, Reply reply) {
        GetUpload(desk, caller, request, std::move(reply));
      });
  dispatcher.Register<v1::ListUploadsRequest, v1::ListUploadsResponse>(
      "/muster.v1.UploadService/ListUploads",
      [desk](const Caller& caller, const v1::ListUploadsRequest& request) {
        return ListUploads(desk, caller, request);
      });
  dispatcher.Register<v1::ListVoterFilesRequest, v1::ListVoterFilesResponse>(
      "/muster.v1.UploadService/ListVoterFiles",
      [desk](const Caller&, const v1::ListVoterFilesRequest&) { return ListVoterFiles(desk); });
  dispatcher.Register<v1::ListListsRequest, v1::ListListsResponse>(
      "/muster.v1.UploadService/ListLists",
      [desk](const Caller& caller, const v1::ListListsRequest&) {
        return ListLists(desk, caller);
      });
  dispatcher.Register<v1::WithdrawRequest, v1::WithdrawResponse>(
      "/muster.v1.UploadService/Withdraw",
      [desk](const Caller& caller, const v1::WithdrawRequest& request) {
        return Withdraw(desk, caller, request);
      });
}

}  // namespace muster::front
