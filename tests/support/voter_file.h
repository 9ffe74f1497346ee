// SPDX-License-Identifier: Apache-2.0
//
// Voter files in tests: one read to its end, and records as a line of text.
#ifndef MUSTER_TESTS_SUPPORT_VOTER_FILE_H_
#define MUSTER_TESTS_SUPPORT_VOTER_FILE_H_

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/ingest/voter_layout.h"
#include "core/ingest/voter_reader.h"
#include "tests/support/export_file.h"

namespace muster::testing {

inline const ingest::VoterLayout& BuiltIn(std::string_view name) {
  for (const ingest::VoterLayout& layout : ingest::BuiltInLayouts()) {
    if (layout.name == name) return layout;
  }
  FAIL("no layout is called " << name);
  return ingest::BuiltInLayouts().front();
}

struct VoterReading {
  absl::Status status;
  bool is_history = false;
  std::vector<contact::ContactRecord> records;
  std::vector<KeptReject> rejects;
  std::vector<std::string> header;
  std::vector<std::string> missing;
  uint32_t rows = 0;
  uint32_t rejected = 0;
  uint64_t accepted = 0;
  uint64_t withheld = 0;
  uint64_t not_registered = 0;
  uint64_t recoded = 0;
  uint64_t kept_without = 0;
  uint64_t bytes_read = 0;
  Bytes32 file_hash{};
};

inline VoterReading ReadVoters(const std::filesystem::path& path, const ingest::VoterLayout& layout,
                               ingest::VoterReaderOptions options = {}) {
  VoterReading reading;
  RejectList rejects;
  if (options.rejects == nullptr) options.rejects = &rejects;
  auto reader = ingest::VoterReader::Open(path, layout, options);
  reading.status = reader.status();
  if (!reader.ok()) return reading;
  contact::ContactRecord record;
  std::string encoded;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(record);
    reading.status = more.status();
    if (!more.ok() || !*more) break;
    encoded.clear();
    REQUIRE_OK(contact::EncodeRecord(record, encoded));  // the reader's promise
    reading.records.push_back(record);
  }
  if (reading.status.ok()) reading.file_hash = (*reader)->file_hash();
  reading.is_history = (*reader)->is_history();
  reading.rejects = rejects.list;
  reading.header = rejects.header;
  reading.missing = (*reader)->missing_columns();
  reading.rows = (*reader)->rows();
  reading.rejected = (*reader)->rejected();
  reading.accepted = (*reader)->accepted();
  reading.withheld = (*reader)->withheld();
  reading.not_registered = (*reader)->not_registered();
  reading.recoded = (*reader)->recoded();
  reading.kept_without = (*reader)->kept_without();
  reading.bytes_read = (*reader)->bytes_read();
  if (reading.status.ok()) {
    REQUIRE((*reader)->records() == reading.records.size());
    REQUIRE(reading.rows ==
            reading.accepted + reading.rejected + reading.withheld + reading.not_registered);
  }
  return reading;
}

// "first_name=ANN|last_name=LEE|...", lines of a field parted by a slash.
inline std::string Shown(const contact::ContactRecord& record) {
  std::string text;
  for (size_t i = 1; i < contact::kFieldCount; ++i) {
    if (record.fields[i].empty()) continue;
    if (!text.empty()) text += "|";
    std::string value = record.fields[i];
    std::replace(value.begin(), value.end(), '\n', '/');
    text += std::string(contact::FieldName(static_cast<contact::Field>(i))) + "=" + value;
  }
  return text;
}

}  // namespace muster::testing

#endif  // MUSTER_TESTS_SUPPORT_VOTER_FILE_H_
