// SPDX-License-Identifier: Apache-2.0
#include "cli/record_format.h"

#include "cli/upload_report.h"
#include "core/base/status.h"

namespace muster::cli {

absl::StatusOr<std::unique_ptr<ingest::RecordReader>> ListFormat::Open(
    size_t, const std::filesystem::path& path, uint32_t first_row, ingest::RejectSink* rejects,
    FileFigures& file) const {
  ingest::ReaderOptions options;
  options.map = map;
  options.encoding = encoding;
  options.region = region;
  options.first_row = first_row;
  options.rejects = rejects;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<ingest::ContactReader> reader,
                          ingest::ContactReader::Open(path, options));
  file.mapping = reader->mapping();
  file.format = file.mapping.format_name;
  return reader;
}

std::string ListFormat::Describe(const FileFigures& file) const { return DescribeMapping(file); }

std::string ListFormat::Reading() const {
  std::string text =
      "encoding=" + (encoding.has_value() ? std::string(ingest::EncodingName(*encoding)) : "") +
      "\nregion=" + region + "\n";
  for (const auto& [field, column] : map) text += "map=" + field + "=" + column + "\n";
  return text;
}

}  // namespace muster::cli
