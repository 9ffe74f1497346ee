// SPDX-License-Identifier: Apache-2.0
//
// A voter file's bytes in a layout of fixed width and in one of delimiters, cut, fitted and read:
// every record encodes, and every row is accounted for. The first byte chooses layout and file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <iterator>
#include <string>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/contact/contact.h"
#include "core/ingest/layout_fit.h"
#include "core/ingest/voter_reader.h"

namespace {

using muster::ingest::VoterLayout;

const VoterLayout& LayoutAt(size_t i) {
  static const char* const names[] = {"tx", "mi-fixed", "nc", "fl", "ny-45", "oh", "nv", "va"};
  for (const VoterLayout& layout : muster::ingest::BuiltInLayouts()) {
    if (layout.name == names[i % std::size(names)]) return layout;
  }
  MUSTER_CHECK(false);
  return muster::ingest::BuiltInLayouts().front();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT: one function, no header
  if (size < 2) return 0;
  static const int fd = ::memfd_create("voter_file_fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  MUSTER_CHECK(fd >= 0 && ::ftruncate(fd, 0) == 0);
  MUSTER_CHECK(::pwrite(fd, data + 1, size - 1, 0) == static_cast<ssize_t>(size - 1));
  const ingest::VoterLayout& layout = LayoutAt(data[0]);
  ingest::VoterReaderOptions options;
  options.file = data[0] >= 128 && layout.history ? ingest::VoterReaderOptions::File::kHistory
                                                  : ingest::VoterReaderOptions::File::kVoters;
  // Open tells which layout fits a file that does not: that is dear, so such are left at this.
  const ingest::FileLayout& file =
      options.file == ingest::VoterReaderOptions::File::kHistory ? *layout.history : layout.voters;
  auto source = ingest::TextSource::Open(path, file.encoding);
  if (!source.ok()) return 0;
  ingest::CsvReader csv(*std::move(source));
  const auto fit = ingest::FitLayout(csv, file);
  if (!fit.ok() || !fit->status.ok()) return 0;
  const auto reader = ingest::VoterReader::Open(path, layout, options);
  MUSTER_CHECK(reader.ok());
  contact::ContactRecord record;
  std::string encoded;
  while (true) {
    const auto more = (*reader)->Next(record);
    if (!more.ok() || !*more) break;
    encoded.clear();
    MUSTER_CHECK(contact::EncodeRecord(record, encoded).ok());
    MUSTER_CHECK(contact::DecodeRecord(encoded, record).ok());
    MUSTER_CHECK(!record[contact::Field::kVoterFileId].empty());
  }
  MUSTER_CHECK((*reader)->rows() == (*reader)->accepted() + (*reader)->rejected() +
                                        (*reader)->withheld() + (*reader)->not_registered());
  return 0;
}
