// SPDX-License-Identifier: Apache-2.0
//
// RecordReader: one file that becomes contact records, row by row, whoever wrote it: what an
// upload reads without knowing whether it is a list or a voter file.
//
// Rule: every data row is yielded (as one record, as several, or as part of one), rejected, or
// dropped for a reason that the reader counts. Records always pass contact::EncodeRecord.
// Units: rows count through the files of an upload, from ReaderOptions' first_row; blank ones are
// not counted.
// Errors: a status when reading cannot go on, naming file, line or column and the remedy.
// Threads: one at a time. Memory does not grow with the file; plaintext is wiped at the end.
#ifndef MUSTER_CORE_INGEST_RECORD_READER_H_
#define MUSTER_CORE_INGEST_RECORD_READER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/contact/contact.h"

namespace muster::ingest {

class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // The next record into `record` (replaced); false at the end. CSV_NO_ROWS when there never was
  // a row.
  virtual absl::StatusOr<bool> Next(contact::ContactRecord& record) = 0;

  virtual uint32_t rows() const = 0;          // data rows so far, rejected ones included
  virtual uint32_t rejected() const = 0;      // of them
  virtual uint64_t records() const = 0;       // yielded
  virtual uint64_t kept_without() const = 0;  // values that a kept row went without
  virtual uint64_t bytes_read() const = 0;
  // BLAKE2b-256 of the file; after Next() returned false.
  virtual const Bytes32& file_hash() const = 0;
};

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_RECORD_READER_H_
