// SPDX-License-Identifier: Apache-2.0
#include "cli/voter_format.h"

#include "cli/console.h"
#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/ingest/voter_reader.h"

namespace muster::cli {

absl::StatusOr<std::unique_ptr<ingest::RecordReader>> VoterFormat::Open(
    size_t, const std::filesystem::path& path, uint32_t first_row, ingest::RejectSink* rejects,
    FileFigures& file) const {
  ingest::VoterReaderOptions options;
  options.first_row = first_row;
  options.rejects = rejects;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<ingest::VoterReader> reader,
                          ingest::VoterReader::Open(path, layout_, options));
  file.is_history = reader->is_history();
  file.format = layout_.name + (file.is_history ? " history" : " voters");
  for (const std::string& column : reader->missing_columns())
    file.mapping.notes.push_back("no column " + column);
  return reader;
}

void VoterFormat::Count(const ingest::RecordReader& reader, FileFigures& file) const {
  const auto& voters = static_cast<const ingest::VoterReader&>(reader);  // as Open made it
  file.withheld = static_cast<int64_t>(voters.withheld());
  file.not_registered = static_cast<int64_t>(voters.not_registered());
}

std::string VoterFormat::Describe(const FileFigures& file) const {
  std::string text = Visible(file.path.filename().string()) + ": " +
                     (file.is_history ? "vote history" : "voters") + " in the layout " +
                     Visible(layout_.name) + " (" + Visible(layout_.title) + ")";
  for (const std::string& note : file.mapping.notes) text += "\n  note: " + Visible(note);
  return text;
}

std::string VoterFormat::Reading() const {
  return "layout=" + layout_.name + "\nlayout_hash=" + HexEncode(crypto::Blake2b256(layout_.toml)) +
         "\n";
}

}  // namespace muster::cli
