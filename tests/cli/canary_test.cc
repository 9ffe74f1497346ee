// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "cli/canary_book.h"
#include "cli/canary_mixer.h"
#include "cli/file_pass.h"
#include "cli/mail_head.h"
#include "core/contact/contact.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using contact::ContactRecord;
using contact::Field;
using testing::Must;

std::string Upload() { return UploadId{Bytes8{1, 2, 3}}.Name(); }

// `rows` people, some without phone or street, one unsubscribed in ten.
std::string List(int rows) {
  std::string text = "id,email,first_name,last_name,address,city,state,zip,phone,email_status\n";
  for (int i = 1; i <= rows; ++i) {
    const std::string n = std::to_string(i);
    text += std::to_string(7000 + 3 * i) + ",p" + std::to_string((i * 37) % 1000) +
            "@lists.example.org,First" + n + ",Last" + n + ",";
    text += i % 4 == 0 ? std::string(",,,") : n + " Elm St,Springfield,IL,62701";
    text += i % 4 == 0 ? ",," : ",(217) 555-" + std::to_string(1000 + i) + ",";
    text += i % 10 == 0 ? "unsubscribed\n" : "subscribed\n";
  }
  return text;
}

FilePassOptions Options(const std::filesystem::path& file) {
  FilePassOptions options;
  options.files = {file};
  options.write_rejects = false;
  return options;
}

std::vector<ContactRecord> ReadMixed(const FilePassOptions& plain, const v1::CanaryUpload& plan,
                                     PassFigures* figures = nullptr) {
  FilePassOptions options = plain;
  options.format = std::make_shared<MixingFormat>(plain.format, &plan);
  FilePass pass(options);
  std::vector<ContactRecord> records;
  PassFigures read = Must(pass.Run(
      [&](uint32_t, seal::RecordBlock block) -> absl::StatusOr<seal::RecordBlock> {
        for (size_t i = 0; i < block.size(); ++i) {
          ContactRecord record;
          if (!contact::DecodeRecord(block[i], record).ok()) return absl::InternalError("record");
          records.push_back(record);
        }
        block.Clear();
        return block;
      },
      nullptr));
  if (figures != nullptr) *figures = std::move(read);
  return records;
}

CanaryBook BookWith(const test::TempDir& folder, const std::vector<std::string>& addresses,
                    int per_upload) {
  CanaryBook book(folder / "canaries");
  REQUIRE_OK(book.Change([&](v1::CanaryBook& now) {
    for (const std::string& address : addresses) now.add_canaries()->set_address(address);
    now.set_per_upload(per_upload);
    return absl::OkStatus();
  }));
  return book;
}

std::set<Field> ShapeOf(const ContactRecord& record) {
  std::set<Field> shape;
  for (size_t i = 1; i < contact::kFieldCount; ++i) {
    if (!record.fields[i].empty()) shape.insert(static_cast<Field>(i));
  }
  return shape;
}

}  // namespace

TEST_CASE("Canaries stand among the rows as if they had been in the file", "[cli][canary]") {
  const test::TempDir folder;
  test::Spit(folder / "list.csv", List(200));
  const FilePassOptions options = Options(folder / "list.csv");
  const CanaryBook book =
      BookWith(folder, {"ada@seeds.example", "bo@seeds.example", "cy@seeds.example"}, 3);
  const v1::CanaryUpload plan = Must(PlantCanaries(book, options, Upload(), "l"));
  REQUIRE(plan.planted_size() == 3);
  PassFigures figures;
  const std::vector<ContactRecord> records = ReadMixed(options, plan, &figures);
  REQUIRE(records.size() == 203);
  CHECK(figures.rows() == 203);
  CHECK(figures.records() == 203);
  std::set<std::set<Field>> shapes;
  int canaries = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    // Rows count through, without a gap or a repetition.
    CHECK(records[i].row == i + 1);
    const bool seed = records[i][Field::kEmail].ends_with("@seeds.example");
    if (!seed) {
      shapes.insert(ShapeOf(records[i]));
      continue;
    }
    ++canaries;
    CHECK(records[i].status == contact::Status::kSubscribed);
    CHECK(RowOfFiles(plan, records[i].row) == 0);
    // As the row behind it.
    REQUIRE(i + 1 < records.size());
    CHECK(!records[i][Field::kFirstName].empty());
    CHECK(records[i][Field::kFirstName] != records[i][Field::kEmail]);
  }
  CHECK(canaries == 3);
  for (const ContactRecord& record : records) {
    if (record[Field::kEmail].ends_with("@seeds.example")) CHECK(shapes.contains(ShapeOf(record)));
  }
  // Read again, as a resumed upload does: the same.
  const std::vector<ContactRecord> again = ReadMixed(options, plan);
  REQUIRE(again.size() == records.size());
  for (size_t i = 0; i < records.size(); ++i) CHECK(again[i].fields == records[i].fields);
  // Without them the rows are those of the file.
  int64_t row = 0;
  for (const ContactRecord& record : records) {
    if (const int64_t own = RowOfFiles(plan, record.row); own != 0) CHECK(own == ++row);
  }
  CHECK(row == 200);
}

TEST_CASE("A canary has no other row's number and no other row's second", "[cli][canary]") {
  const test::TempDir folder;
  // As dense as a database numbers its rows.
  std::string text = "id,email,first_name,subscribed_at,voter_file_id\n";
  for (int i = 0; i < 900; ++i) {
    const std::string n = std::to_string(i);
    text += std::to_string(10'000 + i) + ",p" + n + "@lists.example.org,First" + n +
            ",2024-03-01T12:00:00Z,AA" + n + "\n";
  }
  test::Spit(folder / "list.csv", text);
  const FilePassOptions options = Options(folder / "list.csv");
  std::vector<std::string> addresses;
  for (int i = 0; i < 40; ++i) addresses.push_back("s" + std::to_string(i) + "@seeds.example");
  const CanaryBook book = BookWith(folder, addresses, 40);
  const v1::CanaryUpload plan = Must(PlantCanaries(book, options, Upload(), "l"));
  REQUIRE(plan.planted_size() == 40);
  std::set<std::string> numbers;
  int of_one_second = 0;
  for (const ContactRecord& record : ReadMixed(options, plan)) {
    CHECK(numbers.insert(record[Field::kExternalId]).second);
    if (!record[Field::kEmail].ends_with("@seeds.example")) continue;
    CHECK(record[Field::kExternalId].size() == 5);
    CHECK(record[Field::kVoterFileId].empty());
    CHECK(record[Field::kSubscribedTime].starts_with("2024-03-01T12:"));
    CHECK(record[Field::kSubscribedTime].size() == 20);
    if (record[Field::kSubscribedTime] == "2024-03-01T12:00:00Z") ++of_one_second;
  }
  CHECK(of_one_second < 10);
}

TEST_CASE("A seed is one person in every list, and those come first that were given least",
          "[cli][canary]") {
  const test::TempDir folder;
  test::Spit(folder / "list.csv", List(100));
  const FilePassOptions options = Options(folder / "list.csv");
  const CanaryBook book = BookWith(folder, {"a@seeds.example", "b@seeds.example"}, 1);
  std::map<std::string, std::set<std::string>> names;
  std::map<std::string, int> given;
  for (uint8_t i = 0; i < 8; ++i) {
    const v1::CanaryUpload plan =
        Must(PlantCanaries(book, options, UploadId{Bytes8{i}}.Name(), "l"));
    REQUIRE(plan.planted_size() == 1);
    ++given[plan.planted(0).address()];
    const auto first = plan.planted(0).fields().find(static_cast<int32_t>(Field::kFirstName));
    REQUIRE(first != plan.planted(0).fields().end());
    names[plan.planted(0).address()].insert(first->second);
    REQUIRE_OK(book.WriteUpload(plan));
  }
  CHECK(given["a@seeds.example"] == 4);
  CHECK(given["b@seeds.example"] == 4);
  for (const auto& [address, all] : names) CHECK(all.size() == 1);
  struct stat info {};
  for (const auto& entry : std::filesystem::directory_iterator(folder / "canaries")) {
    REQUIRE(::stat(entry.path().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
  CHECK(Must(book.ReadUploads()).size() == 8);
}

TEST_CASE("A seed that the file has itself is not given again, and a sorted file stays sorted",
          "[cli][canary]") {
  const test::TempDir folder;
  std::string text = "email,first_name\n";
  for (int i = 100; i < 200; ++i) text += "m" + std::to_string(i) + "@x.org,Ada\n";
  test::Spit(folder / "list.csv", text);
  const FilePassOptions options = Options(folder / "list.csv");
  const CanaryBook book = BookWith(folder, {"M150@x.org", "m1505@x.org", "m1777@x.org"}, 3);
  const v1::CanaryUpload plan = Must(PlantCanaries(book, options, Upload(), "l"));
  REQUIRE(plan.planted_size() == 2);
  std::string before;
  for (const ContactRecord& record : ReadMixed(options, plan)) {
    CHECK(before < record[Field::kEmail]);
    before = record[Field::kEmail];
  }
}

TEST_CASE("Canaries go through several files of an upload, and never among opt-outs",
          "[cli][canary]") {
  const test::TempDir folder;
  test::Spit(folder / "a.csv", "email,email_status\na1@x.org,subscribed\na0@x.org,subscribed\n");
  test::Spit(folder / "b.csv",
             "email,email_status\nb1@x.org,unsubscribed\nb0@x.org,unsubscribed\n");
  test::Spit(folder / "c.csv", "email,email_status\nc1@x.org,subscribed\nc0@x.org,subscribed\n");
  FilePassOptions options = Options(folder / "a.csv");
  options.files = {folder / "a.csv", folder / "b.csv", folder / "c.csv"};
  std::vector<std::string> seeds;
  for (int i = 0; i < 12; ++i) seeds.push_back("s" + std::to_string(i) + "@seeds.example");
  const CanaryBook book = BookWith(folder, seeds, 12);
  const v1::CanaryUpload plan = Must(PlantCanaries(book, options, Upload(), "l"));
  REQUIRE(plan.planted_size() == 12);
  PassFigures figures;
  const std::vector<ContactRecord> records = ReadMixed(options, plan, &figures);
  REQUIRE(records.size() == 18);
  for (size_t i = 0; i < records.size(); ++i) CHECK(records[i].row == i + 1);
  CHECK(figures.files[1].rows == 2);
  CHECK(figures.files[0].rows + figures.files[2].rows == 16);
}

TEST_CASE("Without canaries an upload has a plan all the same, and nothing in it",
          "[cli][canary]") {
  const test::TempDir folder;
  test::Spit(folder / "list.csv", List(5));
  const CanaryBook book(folder / "canaries");
  const v1::CanaryUpload plan =
      Must(PlantCanaries(book, Options(folder / "list.csv"), Upload(), "l"));
  CHECK(plan.planted().empty());
  CHECK(plan.seed().size() == 32);
  CHECK(!Must(book.ReadUpload(Must(UploadId::Parse(Upload())))).has_value());
  REQUIRE_OK(book.WriteUpload(plan));
  CHECK(Must(book.ReadUpload(Must(UploadId::Parse(Upload()))))->seed() == plan.seed());
  test::Spit(folder / "canaries/book", "something else");
  REQUIRE_REASON(book.Read(), v1::HOME_MALFORMED);
}

TEST_CASE("Seed addresses come one a line, or in an export with what else is known of them",
          "[cli][canary]") {
  const test::TempDir folder;
  test::Spit(folder / "f", "b@example.org\na@Example.ORG\nb@example.org\n");
  CHECK(Must(ReadCanaries(folder / "f")).size() == 2);
  test::Spit(folder / "f", "email,first_name,zip\na@example.org,Ada,60601\n");
  const std::vector<v1::Canary> read = Must(ReadCanaries(folder / "f"));
  REQUIRE(read.size() == 1);
  CHECK(read[0].address() == "a@example.org");
  CHECK(read[0].fields().at(static_cast<int32_t>(Field::kFirstName)) == "Ada");
  test::Spit(folder / "f", "a@example.org\nnone\n");
  const auto bad = ReadCanaries(folder / "f");
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.status().message().find("none") == absl::string_view::npos);
}

TEST_CASE("A mail's head tells whom it was sent to", "[cli][canary]") {
  const MailHead head =
      Must(ReadMailHead("From root Thu Nov 26 00:00:00 2026\r\n"
                        "Delivered-To: ada@seeds.example\r\n"
                        "Received: from a.example (a.example [192.0.2.1])\r\n"
                        "\tby mx.example with ESMTPS id 1 for <Ada@Seeds.example>;\r\n"
                        "\tThu, 26 Nov 2026 00:00:00 +0000\r\n"
                        "To: \"Lark, Ada\" <ada.lark@seeds.example>,\r\n bo@seeds.example\r\n"
                        "From: Somebody <news@other.example>\r\n"
                        "Message-ID: <1@other.example>\r\n"
                        "Date: Thu, 26 Nov 2026 00:00:00 +0000\r\n"
                        "\r\n"
                        "To: not@this.example\r\n"));
  CHECK(head.recipients == std::vector<std::string>{"ada@seeds.example", "Ada@seeds.example",
                                                    "ada.lark@seeds.example", "bo@seeds.example"});
  CHECK(head.message_id == "<1@other.example>");
  CHECK(head.from == "Somebody <news@other.example>");
  REQUIRE_REASON(ReadMailHead(""), v1::MAIL_MALFORMED);
  REQUIRE_REASON(ReadMailHead("\n\nTo: a@b.example\n"), v1::MAIL_MALFORMED);
  REQUIRE_REASON(ReadMailHead("  folded\nTo: a@b.example\n"), v1::MAIL_MALFORMED);
  REQUIRE_REASON(ReadMailHead("<html>no mail</html>\n"), v1::MAIL_MALFORMED);
  REQUIRE_REASON(ReadMailHead(std::string("To: a\0b\n", 8)), v1::MAIL_MALFORMED);
  CHECK(Must(ReadMailHead("From: \xff\xfe\n")).from == "??");
}

}  // namespace muster::cli
