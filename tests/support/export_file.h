// SPDX-License-Identifier: Apache-2.0
//
// Files to read in tests: a folder that goes away, a sink that keeps what was rejected, and a
// reader run to its end.
#ifndef MUSTER_TESTS_SUPPORT_EXPORT_FILE_H_
#define MUSTER_TESTS_SUPPORT_EXPORT_FILE_H_

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/ingest/contact_reader.h"
#include "tests/support/status.h"

namespace muster::testing {

class TestFolder {
 public:
  TestFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "muster_ingest_test.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::filesystem::path Write(std::string_view name, std::string_view bytes) const {
    const std::filesystem::path path = path_ / name;
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    REQUIRE(out.good());
    return path;
  }
  static std::string Read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    REQUIRE(in.good());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct KeptReject {
  uint32_t row = 0;
  uint64_t line = 0;
  Reason reason = Reason::ERROR_REASON_UNSPECIFIED;
  std::string field;
  std::string message;
  bool kept = false;
  std::vector<std::string> cells;
};

class RejectList : public ingest::RejectSink {
 public:
  absl::Status Begin(std::span<const std::string> names) override {
    header.assign(names.begin(), names.end());
    return absl::OkStatus();
  }
  absl::Status Add(const ingest::Reject& reject) override {
    list.push_back({reject.row,
                    reject.line,
                    reject.reason,
                    std::string(reject.field),
                    std::string(reject.message),
                    reject.kept,
                    {reject.cells.begin(), reject.cells.end()}});
    return answer;
  }
  std::vector<std::string> header;
  std::vector<KeptReject> list;
  absl::Status answer;
};

// A file read to its end, or to the first error.
struct Reading {
  absl::Status status;
  ingest::Mapping mapping;
  std::vector<contact::ContactRecord> records;
  std::vector<KeptReject> rejects;
  uint32_t rows = 0;
  uint32_t rejected = 0;
  uint64_t kept_without = 0;
  uint64_t bytes_read = 0;
  Bytes32 file_hash{};
};

inline Reading ReadExport(const std::filesystem::path& path, ingest::ReaderOptions options = {}) {
  Reading reading;
  RejectList rejects;
  if (options.rejects == nullptr) options.rejects = &rejects;
  auto reader = ingest::ContactReader::Open(path, options);
  reading.status = reader.status();
  if (!reader.ok()) return reading;
  reading.mapping = (*reader)->mapping();
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
  reading.rejects = rejects.list;
  reading.rows = (*reader)->rows();
  reading.rejected = (*reader)->rejected();
  reading.kept_without = (*reader)->kept_without();
  reading.bytes_read = (*reader)->bytes_read();
  return reading;
}

}  // namespace muster::testing

#endif  // MUSTER_TESTS_SUPPORT_EXPORT_FILE_H_
