// SPDX-License-Identifier: Apache-2.0
//
// VoterReader: the voters of one of a state's files, or their history, as contact records.
//
// Rule: a row of voters becomes one record (ordinal 0) with the fields that the layout maps: its
// address whole (address1, address2) or in parts, party, status, districts and the votes that stand
// in the row. A row of history becomes a record with the voter's number and the vote alone; the
// rows of one voter that follow each other become one record, at the first one's number. Rows that
// the law withholds and people who are not registered are dropped and counted, never rejected: no
// reject file holds one whose flag can be read. A layout that passes over a column by which a
// built-in layout of its state withholds is refused. A row without a number, or with nothing of a
// name, is rejected. What cannot be read (a date, an overlong cell) is reported and the row kept
// without it; placeholders (born in 1900 or before, telephone 000-0000) are no values and are not
// reported. Of more votes or districts than a record holds, the newest and the first stay. Numbers
// that occur twice in a file are both yielded (to tell would take memory that grows): in the vault
// the first stands. Units: rows() == accepted() + rejected() + withheld() + not_registered().
// Errors: CsvReader's and TextSource's; LAYOUT_MISMATCH when the file is not of this layout, with
// line, column and the layout that would fit, or passes over who is withheld; FILE_UNREADABLE for
// a pipe; CSV_NO_ROWS; what the sink returns. Messages hold
// nothing of a row.
// Threads: one at a time. Memory does not grow with the file; plaintext is wiped at the end.
#ifndef MUSTER_CORE_INGEST_VOTER_READER_H_
#define MUSTER_CORE_INGEST_VOTER_READER_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/contact/contact.h"
#include "core/ingest/record_reader.h"
#include "core/ingest/reject.h"
#include "core/ingest/voter_layout.h"

namespace muster::ingest {

struct VoterReaderOptions {
  enum class File : uint8_t { kEither, kVoters, kHistory };
  File file = File::kEither;  // told from the file itself
  uint32_t first_row =
      1;  // of the first data row: one more than the rows of the upload's files before
  std::optional<Encoding> encoding;  // over the layout's
  RejectSink* rejects = nullptr;     // not owned; may be null
};

class VoterReader : public RecordReader {
 public:
  // Looks at the first rows, to tell voters from history and whether the layout fits at all.
  // `layout` outlives the reader.
  static absl::StatusOr<std::unique_ptr<VoterReader>> Open(const std::filesystem::path& path,
                                                           const VoterLayout& layout,
                                                           const VoterReaderOptions& options);

  virtual bool is_history() const = 0;
  virtual uint64_t accepted() const = 0;        // rows that went into a record
  virtual uint64_t withheld() const = 0;        // by law
  virtual uint64_t not_registered() const = 0;  // removed, canceled, denied, dead
  virtual uint64_t recoded() const = 0;         // read as Windows-1252, not being UTF-8
  // Columns that the layout knows and this file's header lacks.
  virtual const std::vector<std::string>& missing_columns() const = 0;
};

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_VOTER_READER_H_
