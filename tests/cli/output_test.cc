// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/json.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/upload_report.h"

namespace muster::cli {
namespace {

TEST_CASE("Json keeps the order of its keys and survives bytes that are no UTF-8", "[cli]") {
  Json json = Json::Object();
  json.Set("z", 1)
      .Set("a", "text")
      .Set("b", true)
      .Set("n", nullptr)
      .Set("d", 0.5)
      .Set("l", Json::Array({"x", "y"}));
  CHECK(json.Dump() == R"({"z":1,"a":"text","b":true,"n":null,"d":0.5,"l":["x","y"]})");
  CHECK_NOTHROW(nlohmann::json::parse(Json::Object().Set("file", "caf\xE9.csv").Dump()));
  CHECK(Json::Object().Set("size", uint64_t{1} << 40).Dump() == R"({"size":1099511627776})");
}

TEST_CASE("Json reads exactly one object", "[cli]") {
  const auto json = Json::ParseObject(R"({"a":"x","b":{"c":"y"},"n":3})");
  REQUIRE(json.has_value());
  CHECK(json->Text("a") == "x");
  CHECK(json->At("b").Text("c") == "y");
  CHECK(json->Text("n").empty());
  CHECK(json->Text("absent").empty());
  CHECK(json->At("absent").Text("c").empty());
  for (const char* text : {"", "[]", "3", "{} {}", "{", "null"})
    CHECK_FALSE(Json::ParseObject(text).has_value());
}

TEST_CASE("Figures are for people", "[cli]") {
  CHECK(WithCommas(0) == "0");
  CHECK(WithCommas(999) == "999");
  CHECK(WithCommas(1000) == "1,000");
  CHECK(WithCommas(1234567) == "1,234,567");
  CHECK(WithCommas(-1234) == "-1,234");
  CHECK(WithCommas(-123) == "-123");
  CHECK(ForPeople(8.44) == "8.4 s");
  CHECK(ForPeople(185) == "3 min 5 s");
  CHECK(TimeForPeople(1'790'000'000) == "2026-09-21 14:13 UTC");
}

TEST_CASE("A table is aligned by code points, and shows no control characters", "[cli]") {
  Table table({{"list"}, {"contacts", Table::Align::kRight}});
  table.Row({"caf\xC3\xA9", "12"});
  table.Row({"newsletter\033", "1,234"});
  CHECK(table.Format("  ") ==
        "  list         contacts\n"
        "  -----------  --------\n"
        "  caf\xC3\xA9               12\n"
        "  newsletter?     1,234");
  Table bare({{""}, {""}});
  bare.Row({"vault", "unsealed"});
  CHECK(bare.Format() == "vault  unsealed");
}

TEST_CASE("The bar shows rate and time left once they mean something", "[cli]") {
  CHECK(ProgressLine("sending", {0.0, 0}, 0.1) == "sending  [........................] 0%");
  CHECK(ProgressLine("sending", {0.5, 500'000}, 2.0) ==
        "sending  [############............] 50%  500,000 contacts  250,000/s  2 s left");
  CHECK(ProgressLine("sending", {1.5, 10}, 2.0) ==
        "sending  [########################] 100%  10 contacts  5/s");
}

TEST_CASE("A mapping is told by field, wrapped, the unused ones in short", "[cli]") {
  FileFigures file;
  file.path = "/tmp/members.csv";
  file.mapping.format_name = "Action Network";
  const auto add = [&](contact::Field field, const std::string& name) {
    ingest::ColumnMapping column;
    column.column = name;
    column.field = field;
    file.mapping.columns.push_back(column);
  };
  add(contact::Field::kFirstName, "first_name");
  add(contact::Field::kPhone, "Phone");
  add(contact::Field::kPhone, "Work phone");
  add(contact::Field::kZip, "a");
  add(contact::Field::kZip, "b");
  add(contact::Field::kZip, "c");
  for (int i = 0; i < 20; ++i) file.mapping.unmapped.push_back({"x" + std::to_string(i), ""});
  const std::string text = DescribeMapping(file);
  CHECK(text.find("members.csv: Action Network export: first_name <- first_name, phone <- Phone or "
                  "Work phone,") == 0);
  CHECK(text.find("zip <- a or 2 others") != std::string::npos);
  CHECK(text.find("not used: x0, x1") != std::string::npos);
  CHECK(text.find("and 8 more") != std::string::npos);
}

TEST_CASE("An upload's report has the contract's keys, null where nothing is known yet", "[cli]") {
  UploadReport report;
  report.upload = "uploads/0000000000000";
  report.list = "members";
  report.statement.emplace();
  report.statement->set_row_count(10);
  report.statement->set_rejected_row_count(3);
  report.statement->set_withheld_row_count(2);
  report.log_index = 7;
  report.seconds = 2;
  nlohmann::json json = nlohmann::json::parse(report.ToJson().Dump());
  CHECK(json["rows"] == 10);
  CHECK(json["accepted"] == 5);
  CHECK(json["rejected"] == 3);
  CHECK(json["withheld"] == 2);
  CHECK(json["duplicates_in_file"].is_null());
  CHECK(json["reject_file"].is_null());
  CHECK(json["log_index"] == 7);
  CHECK(json["rows_per_second"] == 5);
  report.intake.emplace();
  report.intake->set_contact_count(5);
  report.intake->set_duplicate_count(1);
  report.intake->set_suppression_count(1);
  json = nlohmann::json::parse(report.ToJson().Dump());
  CHECK(json["contacts"] == 5);
  CHECK(json["duplicates_in_file"] == 1);
  CHECK(json["suppressions"] == 1);
}

}  // namespace
}  // namespace muster::cli
