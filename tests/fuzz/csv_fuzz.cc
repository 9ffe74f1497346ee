// SPDX-License-Identifier: Apache-2.0
//
// A file as somebody's CRM, or somebody's malice, wrote it. The first byte picks delimiter and
// encoding; the rest is the file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/contact/contact.h"
#include "core/contact/identifier.h"
#include "core/ingest/contact_reader.h"

namespace muster {
namespace {

class CountingSink : public ingest::RejectSink {
 public:
  absl::Status Begin(std::span<const std::string>) override { return absl::OkStatus(); }
  absl::Status Add(const ingest::Reject& reject) override {
    MUSTER_CHECK(reject.reason != v1::ERROR_REASON_UNSPECIFIED);
    MUSTER_CHECK(!reject.message.empty());
    MUSTER_CHECK(reject.line > last_line);
    // A row may be reported more than once, never out of order.
    last_line = reject.line - 1;
    if (!reject.kept) ++rejected;
    return absl::OkStatus();
  }
  uint64_t last_line = 0;
  uint32_t rejected = 0;
};

void ReadFile(const std::string& path, uint8_t choice) {
  CountingSink sink;
  ingest::ReaderOptions options;
  options.rejects = &sink;
  if (choice & 1) options.delimiter = ',';
  if (choice & 2) options.encoding = ingest::Encoding::kWindows1252;
  if (choice & 4) options.encoding = ingest::Encoding::kUtf16Le;
  if (choice & 8) options.region = "GB";
  if (choice & 16) options.map = {{"email", "#1"}};
  auto reader = ingest::ContactReader::Open(path, options);
  if (!reader.ok()) {
    MUSTER_CHECK(ReasonOf(reader.status()) != v1::ERROR_REASON_UNSPECIFIED);
    return;
  }
  contact::ContactRecord record;
  std::string encoded;
  uint32_t row = 0;
  while (true) {
    const auto more = (*reader)->Next(record);
    if (!more.ok()) {
      MUSTER_CHECK(ReasonOf(more.status()) != v1::ERROR_REASON_UNSPECIFIED);
      return;
    }
    if (!*more) break;
    MUSTER_CHECK(record.row >= row);
    MUSTER_CHECK((record.row == row) == (record.ordinal > 0));
    row = record.row;
    encoded.clear();
    MUSTER_CHECK(contact::EncodeRecord(record, encoded).ok());
    contact::ContactRecord back;
    MUSTER_CHECK(contact::DecodeRecord(encoded, back).ok());
    MUSTER_CHECK(back.fields == record.fields);
    for (const std::string& text : record.fields) MUSTER_CHECK(contact::ToNfc(text) == text);
    MUSTER_CHECK(contact::ParseEmail(record[contact::Field::kEmail])->Text() ==
                 record[contact::Field::kEmail]);
  }
  MUSTER_CHECK((*reader)->rejected() == sink.rejected);
  MUSTER_CHECK((*reader)->rejected() <= (*reader)->rows());
}

}  // namespace
}  // namespace muster

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  static const int fd = ::memfd_create("csv_fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  MUSTER_CHECK(::ftruncate(fd, 0) == 0);
  MUSTER_CHECK(::pwrite(fd, data + 1, size - 1, 0) == static_cast<ssize_t>(size - 1));
  muster::ReadFile(path, data[0]);
  return 0;
}
