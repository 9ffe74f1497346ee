// SPDX-License-Identifier: Apache-2.0
//
// The generator and the product's own reader must agree: one says what is in a list, the other
// reads it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/contact/contact.h"
#include "core/ingest/contact_reader.h"
#include "core/token/normalize.h"
#include "tools/muster_fake/generate.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class RejectedRows : public ingest::RejectSink {
 public:
  absl::Status Begin(std::span<const std::string>) override { return absl::OkStatus(); }
  absl::Status Add(const ingest::Reject& reject) override {
    if (!reject.kept) rows.push_back(reject.row);
    return absl::OkStatus();
  }
  std::vector<uint32_t> rows;
};

std::vector<std::string> LinesOf(const fs::path& path, size_t cells_kept) {
  std::vector<std::string> lines;
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);  // the header
  while (std::getline(in, line)) {
    size_t end = 0;
    for (size_t i = 0; i < cells_kept && end != std::string::npos; ++i) {
      end = line.find(',', end + (i > 0 ? 1 : 0));
    }
    lines.push_back(line.substr(0, end));
  }
  return lines;
}

}  // namespace

TEST_CASE("muster-fake: the product's reader finds in its lists what its truth says",
          "[fake][oracle]") {
  std::string out = (fs::temp_directory_path() / "muster-fake-XXXXXX").string();
  REQUIRE(mkdtemp(out.data()) != nullptr);
  fake::Options options;
  options.out = out;
  options.contacts = 40'000;
  options.members = 7;
  options.seed = 11;
  const auto made = fake::Generate(options);
  INFO(made.status());
  REQUIRE(made.ok());
  const Json summary = Json::parse(*made);

  std::vector<std::string> sources, bad_rows;
  std::set<std::string> pool;
  const auto read = [&](const Json& list, bool side_file) {
    const std::string member = list["member"], file = list["file"];
    CAPTURE(file);
    RejectedRows rejects;
    ingest::ReaderOptions reader_options;
    reader_options.rejects = &rejects;
    auto reader = ingest::ContactReader::Open(fs::path(out) / file, reader_options);
    INFO(reader.status());
    REQUIRE(reader.ok());
    CHECK((*reader)->mapping().format_name.rfind(
              list["layout"] == "plain" ? "" : list["layout"].get<std::string>(), 0) == 0);
    contact::ContactRecord record;
    std::set<std::string> distinct;
    for (;;) {
      const auto more = (*reader)->Next(record);
      INFO(more.status());
      REQUIRE(more.ok());
      if (!*more) break;
      const auto address = token::NormalizeEmail(record[contact::Field::kEmail]);
      REQUIRE(address.ok());
      sources.push_back(*address + "," + member + "," + file + "," + std::to_string(record.row) +
                        "," + std::string(contact::StatusName(record.status)));
      distinct.insert(*address);
    }
    CHECK((*reader)->rows() == list["rows"]);
    CHECK((*reader)->rejected() == list["bad_rows"]);
    CHECK((*reader)->records() == list["addresses"]);
    if (!side_file) {
      CHECK(distinct.size() == list["distinct_addresses"]);
      pool.insert(distinct.begin(), distinct.end());
    }
    for (uint32_t row : rejects.rows)
      bad_rows.push_back(member + "," + file + "," + std::to_string(row));
  };
  for (const Json& list : summary["lists"]) {
    read(list, false);
    for (const Json& side : summary["side_files"]) {
      if (side["member"] == list["member"]) read(side, true);
    }
  }
  // The order of the addresses of one row is the reader's own.
  std::vector<std::string> told = LinesOf(fs::path(out) / "truth/sources.csv", 5);
  std::sort(told.begin(), told.end());
  std::sort(sources.begin(), sources.end());
  std::vector<std::string> differing;
  std::set_symmetric_difference(told.begin(), told.end(), sources.begin(), sources.end(),
                                std::back_inserter(differing));
  differing.resize(std::min<size_t>(differing.size(), 10));
  CHECK(differing == std::vector<std::string>());
  CHECK(told.size() == sources.size());
  CHECK(bad_rows == LinesOf(fs::path(out) / "truth/bad_rows.csv", 3));
  CHECK(pool.size() == summary["pool"]["distinct_addresses"]);
  fs::remove_all(out);
}

}  // namespace muster
