// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/witness.h"

#include <charconv>

#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::tlog {
namespace {

constexpr std::string_view kOld = "old ";

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::REQUEST_MALFORMED, "not an add-checkpoint request: " + std::string(what));
}

absl::Status Conflict(uint64_t stored_size) {
  return MakeError(
      v1::LOG_BEHIND,
      "the witness has seen " + std::to_string(stored_size) + " entries; prove from there",
      {{"size", std::to_string(stored_size)}});
}

// The empty tree when nothing is stored.
absl::StatusOr<Checkpoint> OpenStored(const std::string& note, const NoteKey& log_key) {
  if (note.empty()) return Checkpoint{log_key.name, 0, crypto::MerkleEmptyRoot()};
  return OpenCheckpoint(note, log_key);
}

int HttpStatusOf(const absl::Status& status) {
  if (absl::IsNotFound(status)) return 404;
  switch (ReasonOf(status)) {
    case v1::CHECKPOINT_UNSIGNED:
    case v1::SIGNATURE_INVALID:
      return 403;
    case v1::LOG_BEHIND:
      return 409;
    case v1::LOG_FORKED:
      return DetailsOf(status).contains("size") ? 409 : 422;
    case v1::PROOF_INVALID:
      return 422;
    case v1::REQUEST_MALFORMED:
    case v1::NOTE_MALFORMED:
    case v1::CHECKPOINT_MALFORMED:
      return 400;
    default:
      return 500;
  }
}

}  // namespace

std::string WitnessName(std::string_view origin, std::string_view person) {
  return std::string(origin) + "/" + std::string(person);
}

std::string FormatAddCheckpoint(const AddCheckpointRequest& request) {
  std::string out = std::string(kOld) + std::to_string(request.old_size) + "\n";
  for (const Bytes32& hash : request.consistency) out += Base64Encode(hash) + "\n";
  return out + "\n" + request.checkpoint;
}

absl::StatusOr<AddCheckpointRequest> ParseAddCheckpoint(std::string_view body) {
  AddCheckpointRequest request;
  bool first = true;
  while (true) {
    const size_t end = body.find('\n');
    if (end == std::string_view::npos) return Malformed("no empty line before the checkpoint");
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end + 1);
    if (first) {
      if (!line.starts_with(kOld)) return Malformed("the first line is: old SIZE");
      line.remove_prefix(kOld.size());
      const char* const last = line.data() + line.size();
      const auto [rest, error] = std::from_chars(line.data(), last, request.old_size);
      if (error != std::errc() || rest != last || std::to_string(request.old_size) != line)
        return Malformed("the old size is no decimal number");
      first = false;
      continue;
    }
    if (line.empty()) break;
    const auto hash = ToArray<32>(Base64Decode(line).value_or(""));
    if (!hash) return Malformed("a hash is not 32 bytes in base64");
    if (request.consistency.size() == kConsistencyHashesMax)
      return Malformed("more than 63 hashes");
    request.consistency.push_back(*hash);
  }
  request.checkpoint = std::string(body);
  return request;
}

absl::StatusOr<NoteSignature> Witness::Add(const AddCheckpointRequest& request) {
  // Whose log it is comes before who signed it: another log's keys are not ours to know.
  MUSTER_ASSIGN_OR_RETURN(const Note note, ParseNote(request.checkpoint));
  MUSTER_ASSIGN_OR_RETURN(const Checkpoint claimed, ParseCheckpoint(note.text));
  if (claimed.origin != log_key_.name)
    return MakeError(absl::StatusCode::kNotFound, v1::CHECKPOINT_MALFORMED,
                     "this witness does not watch that log");
  MUSTER_ASSIGN_OR_RETURN(const Checkpoint fresh, OpenCheckpoint(request.checkpoint, log_key_));
  if (request.old_size > fresh.size)
    return Malformed("the old size is larger than the checkpoint's");

  MUSTER_ASSIGN_OR_RETURN(const std::string stored_note, store_->Read());
  MUSTER_ASSIGN_OR_RETURN(const Checkpoint stored, OpenStored(stored_note, log_key_));
  if (request.old_size != stored.size) return Conflict(stored.size);
  if (fresh.size == stored.size && fresh.root != stored.root) {
    return MakeError(v1::LOG_FORKED,
                     "the log signed two trees of " + std::to_string(stored.size) + " entries",
                     {{"size", std::to_string(stored.size)}});
  }
  MUSTER_RETURN_IF_ERROR(
      OpenExtension(request.checkpoint, log_key_, stored, request.consistency).status());
  if (fresh.size > stored.size || stored_note.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const bool replaced, store_->Replace(stored_note, request.checkpoint));
    if (!replaced) {
      MUSTER_ASSIGN_OR_RETURN(const std::string newer_note, store_->Read());
      MUSTER_ASSIGN_OR_RETURN(const Checkpoint newer, OpenStored(newer_note, log_key_));
      return Conflict(newer.size);
    }
  }
  return CosignNoteText(note.text, absl::ToUnixSeconds(clock_->Now()), name_, key_);
}

Witness::Answer Witness::Handle(std::string_view body) {
  absl::StatusOr<AddCheckpointRequest> request = ParseAddCheckpoint(body);
  absl::StatusOr<NoteSignature> signature =
      request.ok() ? Add(*request) : absl::StatusOr<NoteSignature>(request.status());
  Answer answer;
  if (signature.ok()) {
    const std::string lines = FormatNote({"\n", {*std::move(signature)}});
    answer.body = lines.substr(2);  // without the text and the blank line
    return answer;
  }
  answer.http_status = HttpStatusOf(signature.status());
  answer.body = std::string(signature.status().message()) + "\n";
  if (answer.http_status == 409) {
    answer.content_type = "text/x.tlog.size";
    answer.body = DetailsOf(signature.status())["size"] + "\n";
  }
  return answer;
}

}  // namespace muster::tlog
