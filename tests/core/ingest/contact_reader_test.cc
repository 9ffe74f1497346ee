// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/contact_reader.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "core/crypto/hash.h"
#include "tests/support/export_file.h"

namespace muster::ingest {
namespace {

using contact::ContactRecord;
using contact::Field;
using contact::Status;
using testing::Must;
using testing::ReadExport;
using testing::Reading;
using testing::TestFolder;

std::filesystem::path Sample(const std::string& name) {
  return std::filesystem::path(MUSTER_TESTDATA) / "exports" / name;
}

Reading ReadText(const std::string& text, const ReaderOptions& options = {}) {
  TestFolder folder;
  return ReadExport(folder.Write("list.csv", text), options);
}

// "email=... first_name=...", the fields that are there.
std::string Fields(const ContactRecord& record) {
  std::string text;
  for (size_t i = 1; i < contact::kFieldCount; ++i) {
    if (record.fields[i].empty()) continue;
    if (!text.empty()) text += '|';
    text += std::string(contact::FieldName(static_cast<Field>(i))) + "=" + record.fields[i];
  }
  return text;
}

std::vector<Reason> Reasons(const Reading& reading) {
  std::vector<Reason> reasons;
  for (const auto& reject : reading.rejects) reasons.push_back(reject.reason);
  return reasons;
}

std::vector<std::string> Emails(const Reading& reading) {
  std::vector<std::string> emails;
  for (const ContactRecord& record : reading.records) emails.push_back(record[Field::kEmail]);
  return emails;
}

// --- layouts

TEST_CASE("ContactReader: Action Network") {
  const Reading reading = ReadExport(Sample("export-2026-03-22-csv_report_332566_1648001887.csv"));
  REQUIRE_OK(reading.status);
  REQUIRE(reading.mapping.format == ExportFormat::kActionNetwork);
  REQUIRE(reading.mapping.delimiter == ',');
  REQUIRE(reading.rows == 6);
  REQUIRE(reading.records.size() == 4);
  REQUIRE(Fields(reading.records[0]) ==
          "email=Ada.Quill@example.com|first_name=Ada|last_name=Quill|phone=+13125550123|address1="
          "12 Elm St|city=Chicago|"
          "state=IL|zip=60601|county=Cook|external_id=5f0c1c9e-0001|tags=#Trump\n?Direct "
          "Action\nPhone_Bank|"
          "subscribed_time=2021-05-06T07:08:09Z");
  REQUIRE(reading.records[0].row == 1);
  REQUIRE(reading.records[0].status == Status::kSubscribed);
  REQUIRE(Fields(reading.records[1]) ==
          "email=jose@example.org|first_name=Jos\xc3\xa9|last_name=\xc3\x91"
          "and\xc3\xba|city=Boston|state=MA|zip=02139|external_id=5f0c1c9e-0002");
  REQUIRE(reading.records[1].status == Status::kUnsubscribed);
  REQUIRE(reading.records[2].status == Status::kBouncing);
  REQUIRE(reading.records[2][Field::kPhone] == "555");  // as written
  REQUIRE(reading.records[2][Field::kTags] == "One tag\nwith comma,inside");
  REQUIRE(reading.records[3].status == Status::kComplained);
  REQUIRE(reading.records[3][Field::kLastName] == "Null");
  REQUIRE(reading.records[3][Field::kPhone].empty());
  REQUIRE(reading.records[3][Field::kZip] == "00501");
  REQUIRE(Reasons(reading) == std::vector<Reason>{v1::EMAIL_MALFORMED, v1::STATUS_UNKNOWN});
  REQUIRE(reading.rejects[0].row == 5);
  REQUIRE(reading.rejects[0].line == 6);
  REQUIRE(reading.rejects[0].field == "email");
  REQUIRE(reading.rejects[1].field == "can2_subscription_status");
  REQUIRE(reading.rejected == 2);
}

TEST_CASE("ContactReader: NationBuilder, its four addresses and its flags") {
  const Reading reading = ReadExport(Sample("nationbuilder.csv"));
  REQUIRE_OK(reading.status);
  REQUIRE(reading.mapping.format_name == "NationBuilder");
  REQUIRE(reading.rows == 6);
  REQUIRE(Emails(reading) == std::vector<std::string>{"ann@example.com", "ann.carr@work.example",
                                                      "ann@old.example", "bob@example.com",
                                                      "cal@example.com", "dee@example.com",
                                                      "eve@example.com"});
  for (uint8_t i = 0; i < 3; ++i) {
    REQUIRE(reading.records[i].row == 1);
    REQUIRE(reading.records[i].ordinal == i);
  }
  REQUIRE(reading.records[0].status == Status::kSubscribed);
  REQUIRE(reading.records[1].status == Status::kSubscribed);
  REQUIRE(reading.records[2].status == Status::kBouncing);
  REQUIRE(Fields(reading.records[1]) ==
          "email=ann.carr@work.example|prefix=Ms.|first_name=Ann|middle_name=B|last_name=Carr|"
          "phone=+13125550142|"
          "mobile=+13125550199|address1=1 Main St|address2=Apt "
          "2|city=Chicago|state=IL|zip=60601|country=US|county=Cook|"
          "birth_date=1970-01-31|sex=F|language=en|organization=Acme|external_id=101|voter_file_id="
          "IL0001|van_id=9001|"
          "tags=vip\ndoor knocker|subscribed_time=2015-02-03T09:05:06Z");
  // No primary address: the mailing one, whole.
  REQUIRE(reading.records[3].status == Status::kUnsubscribed);
  REQUIRE(Fields(reading.records[3]) ==
          "email=bob@example.com|first_name=Bob|last_name=Dean|suffix=Jr.|address1=PO Box "
          "9|city=Evanston|state=IL|zip=60201|"
          "country=US|birth_date=1980-03-04|sex=M|language=en|external_id=102");
  REQUIRE(reading.records[4].status == Status::kDeceased);
  REQUIRE(reading.records[5].status == Status::kUnsubscribed);  // binds more than do-not-contact
  REQUIRE(reading.records[6].row == 5);
  REQUIRE(reading.records[6].ordinal == 0);
  REQUIRE(Reasons(reading) ==
          std::vector<Reason>{v1::EMAIL_MALFORMED, v1::BIRTH_DATE_MALFORMED, v1::EMAIL_MISSING});
  REQUIRE(reading.rejects[0].kept);
  REQUIRE(reading.rejects[0].field == "email1");
  REQUIRE(reading.rejects[1].kept);
  REQUIRE_FALSE(reading.rejects[2].kept);
  REQUIRE(reading.rejected == 1);
  REQUIRE(reading.kept_without == 2);
}

TEST_CASE("ContactReader: EveryAction and VAN, tabs and a name with a blank at its end") {
  const Reading reading = ReadExport(Sample("everyaction.tsv"));
  REQUIRE_OK(reading.status);
  REQUIRE(reading.mapping.format == ExportFormat::kEveryAction);
  REQUIRE(reading.mapping.delimiter == '\t');
  REQUIRE(reading.records.size() == 3);
  REQUIRE(Fields(reading.records[0]) ==
          "email=gil@example.com|first_name=Gil|middle_name=H|last_name=Ivy|phone=+16175550155|"
          "mobile=+16175550166|"
          "address1=5 Oak "
          "Ave|city=Salem|state=MA|zip=01970|birth_date=1971-01-02|sex=M|voter_file_id=MA55|van_id="
          "V100");
  REQUIRE(reading.records[0].status == Status::kSubscribed);
  REQUIRE(reading.records[1][Field::kAddress1] == "Box 7");
  REQUIRE(reading.records[1][Field::kCity] == "Lynn");
  REQUIRE(reading.records[1].status == Status::kUnsubscribed);
  REQUIRE(reading.records[2][Field::kAddress1] == "6 Oak Ave");
  REQUIRE(reading.records[2].status == Status::kDoNotEmail);
}

TEST_CASE("ContactReader: Mailchimp's three files") {
  const Reading subscribed = ReadExport(Sample("subscribed_members_export_1a2b3c.csv"));
  REQUIRE_OK(subscribed.status);
  REQUIRE(subscribed.mapping.format == ExportFormat::kMailchimpSubscribed);
  REQUIRE(subscribed.records.size() == 2);
  REQUIRE(Fields(subscribed.records[0]) ==
          "email=ida@example.com|first_name=Ida|last_name=Lane|phone=+14785550111|address1=9 Pine "
          "St|address2=Apt 4|city=Macon|"
          "state=GA|zip=31201|country=US|external_id=abcdef01|tags=VIP\nBlog, "
          "weekly|subscribed_time=2019-03-04T05:06:07Z|"
          "activity_time=2024-01-02T03:04:05Z|latitude=32.8400000|longitude=-83.6300000|time_zone="
          "America/New_York|engagement=4");
  REQUIRE(subscribed.records[0].status == Status::kSubscribed);
  // Without an address of one's own: the place where mail was opened; the confirmation for the
  // opt-in.
  REQUIRE(Fields(subscribed.records[1]) ==
          "email=jo@example.org|first_name=Jo|last_name=O\"Neil|state=IL|country=US|external_id="
          "abcdef02|"
          "subscribed_time=2018-01-01T00:00:00Z|activity_time=2024-01-02T03:04:05Z|engagement=2");
  REQUIRE(subscribed.rejects.empty());

  const Reading unsubscribed = ReadExport(Sample("unsubscribed_members_export_1a2b3c.csv"));
  REQUIRE_OK(unsubscribed.status);
  REQUIRE(unsubscribed.mapping.format == ExportFormat::kMailchimpUnsubscribed);
  REQUIRE(unsubscribed.records.at(0).status == Status::kUnsubscribed);
  const Reading cleaned = ReadExport(Sample("cleaned_members_export_1a2b3c.csv"));
  REQUIRE_OK(cleaned.status);
  REQUIRE(cleaned.mapping.format == ExportFormat::kMailchimpCleaned);
  REQUIRE(cleaned.records.at(0).status == Status::kCleaned);
}

TEST_CASE("ContactReader: CiviCRM") {
  const Reading reading = ReadExport(Sample("civicrm.csv"));
  REQUIRE_OK(reading.status);
  REQUIRE(reading.mapping.format == ExportFormat::kCiviCrm);
  REQUIRE(reading.rejects.empty());
  REQUIRE(Fields(reading.records[0]) ==
          "email=max@example.com|prefix=Mr.|first_name=Max|last_name=Owen|nickname=Maxi|mobile=+"
          "13025550133|address1=3 Hill Rd|"
          "address2=Unit 5|city=Dover|state=DE|zip=19901|country=United "
          "States|language=en_US|external_id=11|source=Petition 2020");
  REQUIRE(reading.records[1][Field::kEmail] == "max@work.example");
  REQUIRE(reading.records[1].ordinal == 1);
  REQUIRE(reading.records[2].status == Status::kDoNotEmail);
  REQUIRE(reading.records[2][Field::kCity] == "Newark");
  REQUIRE(reading.records[2][Field::kState].empty());
  REQUIRE(reading.records[3].status == Status::kDoNotShare);
  REQUIRE(reading.records[4].status == Status::kUnsubscribed);
  REQUIRE(reading.records[5].status == Status::kUnknown);
  REQUIRE(reading.records[5][Field::kFirstName].empty());
}

TEST_CASE("ContactReader: ActionKit") {
  const Reading reading = ReadExport(Sample("actionkit.csv"));
  REQUIRE_OK(reading.status);
  REQUIRE(reading.mapping.format == ExportFormat::kActionKit);
  REQUIRE(Fields(reading.records[0]) ==
          "email=quin@example.com|first_name=Quin|last_name=Rudd|address1=8 Lake "
          "St|city=Reno|state=NV|zip=89501-1234|"
          "country=United States|external_id=1|source=website|subscribed_time=2017-01-02T03:04:05Z|"
          "activity_time=2020-01-02T03:04:05Z");
  REQUIRE(reading.records[1].status == Status::kUnsubscribed);
  REQUIRE(reading.records[2].status == Status::kBouncing);
  REQUIRE(reading.records[2][Field::kZip] == "3011");  // Switzerland's have four digits
  REQUIRE(reading.records[3].status == Status::kDoNotEmail);
}

TEST_CASE("ContactReader: plain files of any delimiter and encoding") {
  const Reading semicolon = ReadExport(Sample("plain_semicolon.csv"));
  REQUIRE_OK(semicolon.status);
  REQUIRE(semicolon.mapping.delimiter == ';');
  REQUIRE(Fields(semicolon.records[0]) ==
          "email=maria@xn--bcher-kva.example|prefix=Dr.|first_name=Maria|middle_name=del "
          "Mar|last_name=Lopez|suffix=Jr.|"
          "zip=02139-1234|birth_date=1970-01-05|tags=a\nb");
  REQUIRE(Fields(semicolon.records[1]) ==
          "email=ana@example.com|first_name=Ana|last_name=Lopez|zip=02139|birth_date=1970");
  REQUIRE(Fields(semicolon.records[2]) == "email=zo\xc3\xab@example.org|zip=02139");

  const auto western = Sample("plain_windows1252.txt");
  const Reading strict = ReadExport(western);
  REQUIRE_OK(strict.status);
  REQUIRE(Emails(strict) == std::vector<std::string>{"bob@example.com"});
  REQUIRE(Reasons(strict) == std::vector<Reason>{v1::ENCODING_MALFORMED});
  REQUIRE(strict.rejects[0].message.find("windows-1252") != std::string::npos);
  ReaderOptions options;
  options.encoding = Encoding::kWindows1252;
  const Reading told = ReadExport(western, options);
  REQUIRE(told.mapping.delimiter == '|');
  REQUIRE(Fields(told.records.at(0)) ==
          "email=ren\xc3\xa9@example.com|first_name=Ren\xc3\xa9"
          "e|last_name=M\xc3\xbcller|city=K\xc3\xb6ln");
}

TEST_CASE("ContactReader: listmonk's subscribers") {
  const Reading reading = ReadExport(Sample("listmonk.csv"));
  REQUIRE_OK(reading.status);
  REQUIRE(reading.records.at(0)[Field::kLastName] == "West");
  REQUIRE(reading.records.at(0).status == Status::kSubscribed);
  REQUIRE(reading.records.at(1).status == Status::kDoNotEmail);
}

TEST_CASE(
    "ContactReader: every sample reads the same in UTF-16 of either order, and is hashed as it "
    "stands") {
  for (const char* name :
       {"nationbuilder.csv", "civicrm.csv", "everyaction.tsv", "plain_semicolon.csv"}) {
    const Reading plain = ReadExport(Sample(name));
    REQUIRE_OK(plain.status);
    const std::string utf8 = TestFolder::Read(Sample(name));
    REQUIRE(plain.file_hash == crypto::Blake2b256(utf8));
    REQUIRE(plain.bytes_read == utf8.size());
    for (bool big : {false, true}) {
      std::string wide;
      const auto put = [&](uint32_t unit) {
        wide.push_back(static_cast<char>(big ? unit >> 8 : unit & 0xff));
        wide.push_back(static_cast<char>(big ? unit & 0xff : unit >> 8));
      };
      put(0xfeff);
      for (size_t i = 0; i < utf8.size(); ++i) {
        const auto c = static_cast<uint8_t>(utf8[i]);
        if (c < 0x80) {
          put(c);
        } else {  // two bytes: no other are in the samples
          put(static_cast<uint32_t>((c & 0x1f) << 6 | (static_cast<uint8_t>(utf8[++i]) & 0x3f)));
        }
      }
      TestFolder folder;
      const Reading read = ReadExport(folder.Write(name, wide));
      REQUIRE_OK(read.status);
      REQUIRE(read.file_hash == crypto::Blake2b256(wide));
      REQUIRE(read.records.size() == plain.records.size());
      for (size_t i = 0; i < read.records.size(); ++i)
        REQUIRE(Fields(read.records[i]) == Fields(plain.records[i]));
    }
  }
}

// --- rows, numbers, statuses

TEST_CASE("ContactReader: rows count on from the upload's earlier files; blank rows are no rows") {
  ReaderOptions options;
  options.first_row = 101;
  const Reading reading =
      ReadText("email,name\n\na@example.com,A\n,\n , \nbad,B\nc@example.com,C\n", options);
  REQUIRE_OK(reading.status);
  REQUIRE(reading.rows == 3);
  REQUIRE(reading.records[0].row == 101);
  REQUIRE(reading.rejects.at(0).row == 102);
  REQUIRE(reading.rejects.at(0).line == 6);
  REQUIRE(reading.records[1].row == 103);
}

TEST_CASE("ContactReader: the same address in two columns is one record, bad if either says so") {
  const Reading reading = ReadText(
      "nationbuilder_id,email,email1,email2,email1_is_bad\n1,a@example.com,A@EXAMPLE.com,b@example."
      "com,t\n");
  REQUIRE(Emails(reading) == std::vector<std::string>{"a@example.com", "b@example.com"});
  REQUIRE(reading.records[0].status == Status::kBouncing);
  REQUIRE(reading.records[1].status == Status::kUnknown);
}

TEST_CASE("ContactReader: the strictest status binds") {
  struct Case {
    std::string cells;
    Status status;
  };
  const auto c = GENERATE(values<Case>({
      {",,,,,,", Status::kUnknown},
      {"yes,,,,,,", Status::kSubscribed},
      {"no,,,,,,", Status::kUnsubscribed},
      {"2020-01-01,,,,,,", Status::kSubscribed},
      {"yes,1,,,,,", Status::kBouncing},
      {"yes,1,1,,,,", Status::kDeceased},
      {"yes,1,1,1,,,", Status::kDoNotEmail},
      {"yes,1,1,1,2020-01-01,,", Status::kUnsubscribed},
      {"yes,1,1,1,1,1,", Status::kComplained},
      {"yes,1,1,1,1,1,1", Status::kDoNotShare},
      {"yes,0,no,false,0000-00-00 00:00:00,N/A,-", Status::kSubscribed},
      {"yes,On Hold Opt Out,,,,,", Status::kUnsubscribed},
      {"yes,On Hold Bounce,,,,,", Status::kBouncing},
  }));
  CAPTURE(c.cells);
  const Reading reading = ReadText(
      "email,opt_in,on_hold,deceased,do_not_email,unsubscribed_at,spam_complaint,do_not_trade\na@"
      "example.com," +
      c.cells + "\n");
  REQUIRE_OK(reading.status);
  REQUIRE(reading.records.at(0).status == c.status);
}

TEST_CASE("ContactReader: a status that nobody knows rejects its row, and can be left out") {
  const std::string text =
      "email,subscription_status,opt_in\na@example.com,lapsed,\nb@example.com,,perhaps\nc@example."
      "com,active,\n";
  const Reading reading = ReadText(text);
  REQUIRE(Emails(reading) == std::vector<std::string>{"c@example.com"});
  REQUIRE(Reasons(reading) == std::vector<Reason>{v1::STATUS_UNKNOWN, v1::STATUS_UNKNOWN});
  REQUIRE(reading.rejects[0].message.find("--map status=") != std::string::npos);
  REQUIRE(reading.rejects[1].message.find("--map opt_in=") != std::string::npos);
  ReaderOptions options;
  options.map = {{"status", ""}, {"opt_in", ""}};
  REQUIRE(ReadText(text, options).records.size() == 3);
}

TEST_CASE("ContactReader: a plain file's status is the subscription's, until told otherwise") {
  const std::string text = "email,status\na@example.com,Unsubscribed\nb@example.com,Gold member\n";
  const Reading reading = ReadText(text);
  REQUIRE(reading.records.at(0).status == Status::kUnsubscribed);
  REQUIRE(Reasons(reading) == std::vector<Reason>{v1::STATUS_UNKNOWN});
  ReaderOptions options;
  options.map = {{"status", ""}};
  const Reading told = ReadText(text, options);
  REQUIRE(told.records.size() == 2);
  REQUIRE(told.records[0].status == Status::kUnknown);
}

TEST_CASE("ContactReader: a correction reaches the records") {
  ReaderOptions options;
  options.map = {{"email", "Contact"}, {"city", "Where"}, {"do_not_share", "Private"}};
  const Reading reading = ReadText(
      "Contact,Where,Private,email\na@example.com,Ulm,,z@example.com\nb@example.com,,yes,\n",
      options);
  REQUIRE_OK(reading.status);
  REQUIRE(Fields(reading.records.at(0)) == "email=a@example.com|city=Ulm");
  REQUIRE(reading.records.at(1).status == Status::kDoNotShare);
}

TEST_CASE("ContactReader: a corrected ZIP goes with every postal address") {
  ReaderOptions options;
  options.map = {{"zip", "My ZIP"}};
  const Reading reading = ReadText(
      "nationbuilder_id,email,mailing_address1,mailing_zip,My ZIP\n1,a@example.com,Box "
      "1,99999,2139\n",
      options);
  REQUIRE(reading.records.at(0)[Field::kAddress1] == "Box 1");
  REQUIRE(reading.records.at(0)[Field::kZip] == "02139");
}

TEST_CASE("ContactReader: the region decides on dates, phones and ZIPs") {
  const std::string text = "email,dob,phone,zip\na@example.com,03/04/1970,020 7946 0958,2139\n";
  REQUIRE(Fields(ReadText(text).records.at(0)) ==
          "email=a@example.com|phone=020 7946 0958|zip=02139|birth_date=1970-03-04");
  ReaderOptions options;
  options.region = "GB";
  REQUIRE(Fields(ReadText(text, options).records.at(0)) ==
          "email=a@example.com|phone=+442079460958|zip=2139|birth_date=1970-04-03");
}

TEST_CASE("ContactReader: Excel's line above the header names the delimiter") {
  const Reading reading = ReadText("sep=;\nemail;name\na@example.com;A, B\n");
  REQUIRE_OK(reading.status);
  REQUIRE(reading.mapping.delimiter == ';');
  REQUIRE(reading.rows == 1);
  REQUIRE(reading.records.at(0).row == 1);
}

TEST_CASE("ContactReader: the delimiter is the one that makes known columns, not the commonest") {
  const Reading reading =
      ReadText("email\tname (first, middle, last, suffix)\tcity\na@example.com\tA\tUlm\n");
  REQUIRE(reading.mapping.delimiter == '\t');
  REQUIRE(ReadText("email\na@example.com\n").records.size() == 1);
}

// --- bad input

TEST_CASE("ContactReader: a file that cannot be read is a clear error", "[fault]") {
  TestFolder folder;
  const auto error = [&](const std::string& text) { return ReadText(text).status; };
  REQUIRE_REASON(ReadExport(folder.path() / "none.csv").status, v1::FILE_NOT_FOUND);
  REQUIRE_REASON(ReadExport(folder.path()).status, v1::FILE_IS_DIRECTORY);
  REQUIRE_REASON(error(""), v1::FILE_EMPTY);
  REQUIRE_REASON(error("\n\r\n \n"), v1::CSV_NO_HEADER);
  REQUIRE_REASON(error("email,name\n"), v1::CSV_NO_ROWS);
  REQUIRE_REASON(error("email,name"), v1::CSV_NO_ROWS);
  REQUIRE_REASON(error("email,name\n\n,\n"), v1::CSV_NO_ROWS);
  REQUIRE_REASON(error("a@example.com,A\nb@example.com,B\n"), v1::CSV_NO_HEADER);
  REQUIRE_REASON(error("name,phone\nA,1\n"), v1::COLUMN_NO_EMAIL);
  REQUIRE_REASON(error("email,city,city\na@example.com,U,V\n"), v1::COLUMN_MAPPED_TWICE);
  REQUIRE_REASON(error("email,\"name\na@example.com,A\n"), v1::CSV_UNCLOSED_QUOTE);
  REQUIRE_REASON(error("email,\"na\"me,\na@example.com,A,\n"), v1::CSV_STRAY_QUOTE);
  REQUIRE_REASON(error("email,n\xe4me\na@example.com,A\n"), v1::ENCODING_MALFORMED);
  REQUIRE_REASON(error(std::string("email,na\0me\na@example.com,A\n", 27)), v1::ENCODING_MALFORMED);
  REQUIRE_REASON(error("email\n" + std::string(3 << 20, 'a')), v1::CSV_LINE_TOO_LONG);
  // Each says where.
  for (const std::string text : {"", "\n", "email\n", "name\nA\n", "email,\"name\n"}) {
    REQUIRE(error(text).message().find("list.csv") != absl::string_view::npos);
  }
}

TEST_CASE(
    "ContactReader: bad rows go to the sink with row, line, reason and cells, and the others are "
    "read",
    "[fault]") {
  const Reading reading = ReadText(
      "email,name,city\n"
      "a@example.com,A,U\n"         // row 1
      "b@example.com,B\n"           // 2: too few
      "c@example.com,C,U,V\n"       // 3: too many
      "d@example.com,\"D,U\n"       // 4: quote never closed
      "e@example.com,\"E\" x,U\n"   // 5: text after it
      ",F,U\n"                      // 6: no address
      "g@@example.com,G,U\n"        // 7
      "h@exam_ple.com,H,U\n"        // 8
      "i\xff@example.com,I,U\n"     // 9
      "j@example.com,\"J\nJ\",U\n"  // 10: over two lines
      "k@example.com,K,U");         // 11: no line end
  REQUIRE_OK(reading.status);
  REQUIRE(Emails(reading) ==
          std::vector<std::string>{"a@example.com", "j@example.com", "k@example.com"});
  REQUIRE(reading.records[1][Field::kFirstName] == "J");
  REQUIRE(reading.records[1].row == 10);
  REQUIRE(reading.records[2].row == 11);
  REQUIRE(reading.rows == 11);
  REQUIRE(reading.rejected == 8);
  REQUIRE(Reasons(reading) ==
          std::vector<Reason>{v1::CSV_RAGGED_ROW, v1::CSV_RAGGED_ROW, v1::CSV_UNCLOSED_QUOTE,
                              v1::CSV_STRAY_QUOTE, v1::EMAIL_MISSING, v1::EMAIL_MALFORMED,
                              v1::EMAIL_DOMAIN_MALFORMED, v1::ENCODING_MALFORMED});
  for (size_t i = 0; i < reading.rejects.size(); ++i) {
    REQUIRE(reading.rejects[i].row == i + 2);
    REQUIRE(reading.rejects[i].line == i + 3);
    REQUIRE_FALSE(reading.rejects[i].message.empty());
    REQUIRE_FALSE(reading.rejects[i].kept);
    REQUIRE(reading.rejects[i].message.find("example.com") == std::string::npos);
  }
  REQUIRE(reading.rejects[0].message.find("2 columns, the header has 3") != std::string::npos);
  REQUIRE(reading.rejects[1].cells.size() == 4);
  REQUIRE(reading.rejects[2].cells == std::vector<std::string>{"d@example.com,\"D,U"});
  REQUIRE(reading.rejects[7].cells[0] == "i\xff@example.com");
}

TEST_CASE(
    "ContactReader: what does not fit is reported, the row kept; but not without its consent") {
  const std::string longest(1025, 'x');
  SECTION("a field") {
    const Reading reading = ReadText("email,city\na@example.com," + longest + "\n");
    REQUIRE(Fields(reading.records.at(0)) == "email=a@example.com");
    REQUIRE(Reasons(reading) == std::vector<Reason>{v1::FIELD_TOO_LONG});
    REQUIRE(reading.rejects[0].kept);
    REQUIRE(reading.rejected == 0);
  }
  SECTION("tags, as many as fit") {
    std::string tags;
    for (int i = 0; i < 200; ++i) tags += "tag number " + std::to_string(i) + ",";
    const Reading reading = ReadText("email,tags\na@example.com,\"" + tags + "\"\n");
    const std::string& kept = reading.records.at(0)[Field::kTags];
    REQUIRE(kept.size() <= contact::kFieldBytesMax);
    REQUIRE(kept.size() > contact::kFieldBytesMax - 20);
    REQUIRE(kept.substr(0, 12) == "tag number 0");
    REQUIRE(kept.substr(kept.rfind('\n') + 1, 11) == "tag number ");
    REQUIRE(Reasons(reading) == std::vector<Reason>{v1::FIELD_TOO_LONG});
  }
  SECTION("consent") {
    const Reading reading =
        ReadText("email,consent\na@example.com," + longest + "\nb@example.com,Signed up\n");
    REQUIRE(Emails(reading) == std::vector<std::string>{"b@example.com"});
    REQUIRE(reading.records[0][Field::kConsent] == "Signed up");
    REQUIRE(Reasons(reading) == std::vector<Reason>{v1::FIELD_TOO_LONG});
    REQUIRE(reading.rejected == 1);
  }
  SECTION("a record") {
    const std::string wide(1000, 'x');
    const Reading reading =
        ReadText("email,city,source,county,tags\na@example.com," + wide + "," + wide + "," + wide +
                 "," + wide + "\nb@example.com," + wide + ",,,\n");
    REQUIRE(reading.records.size() == 2);
    REQUIRE(reading.records[0][Field::kTags].empty());
    REQUIRE(Reasons(reading) == std::vector<Reason>{v1::RECORD_TOO_LARGE});
    const Reading more = ReadText("email,city,source,county,state\na@example.com," + wide + "," +
                                  wide + "," + wide + "," + wide + "\n");
    REQUIRE(more.records.empty());
    REQUIRE(more.rejected == 1);
  }
}

TEST_CASE("ContactReader: a second address that is bad costs only itself") {
  const Reading reading = ReadText("email,email2,email3\nbad,b@example.com,worse\nbad,,\n");
  REQUIRE(Emails(reading) == std::vector<std::string>{"b@example.com"});
  REQUIRE(reading.records[0].ordinal == 0);
  REQUIRE(reading.rejects.size() == 3);
  REQUIRE(reading.rejects[0].kept);
  REQUIRE(reading.rejects[0].field == "email");
  REQUIRE(reading.rejects[1].field == "email3");
  REQUIRE_FALSE(reading.rejects[2].kept);
  REQUIRE(reading.rejected == 1);
  REQUIRE(reading.kept_without == 2);
}

TEST_CASE("ContactReader: the rejects, corrected, are an upload of their own") {
  TestFolder folder;
  const auto input = folder.Write("list.csv",
                                  "Email Address,First Name,LEID,EUID\n"
                                  "a@example.com,A,1,x\n"
                                  "b at example.com,\"B, Jr\",2,y\n"
                                  "c@example.com,C,3\n"
                                  "d@example.com,\"D,4,z\n");
  RejectFile rejects(input);
  ReaderOptions options;
  options.rejects = &rejects;
  const Reading reading = ReadExport(input, options);
  REQUIRE_OK(reading.status);
  REQUIRE_OK(rejects.Close());
  REQUIRE(rejects.count() == 3);
  // As it is: the same three rows are refused again, and nothing slips in.
  const Reading again = ReadExport(rejects.path());
  REQUIRE_OK(again.status);
  REQUIRE(again.mapping.format == ExportFormat::kMailchimpSubscribed);
  REQUIRE(again.records.empty());
  REQUIRE(again.rejected == 3);
  std::string text = TestFolder::Read(rejects.path());
  text.replace(text.find("b at example.com"), 16, "b@example.com");
  const Reading corrected = ReadExport(folder.Write("corrected.csv", text));
  REQUIRE(Emails(corrected) == std::vector<std::string>{"b@example.com"});
  REQUIRE(corrected.records[0][Field::kFirstName] == "B, Jr");
}

TEST_CASE("ContactReader: a sink that fails stops the reading", "[fault]") {
  TestFolder folder;
  testing::RejectList rejects;
  rejects.answer = MakeError(v1::DISK_FULL, "no room");
  ReaderOptions options;
  options.rejects = &rejects;
  const Reading reading =
      ReadExport(folder.Write("list.csv", "email\nbad\na@example.com\n"), options);
  REQUIRE_REASON(reading.status, v1::DISK_FULL);
  REQUIRE(reading.records.empty());
}

TEST_CASE("ContactReader: more rows than an upload can number are refused", "[fault]") {
  ReaderOptions options;
  options.first_row = 0xffffffff;
  const Reading reading = ReadText("email\na@example.com\nb@example.com\n", options);
  REQUIRE_REASON(reading.status, v1::FILE_TOO_LARGE);
  REQUIRE(reading.records.size() == 1);
}

TEST_CASE("ContactReader: no message of any reject repeats what stands in the cells") {
  std::string text = "email,email2,dob,created_at,status,subscription_status,city\n";
  const char* cells[] = {"qzx",      "qzx@qzx", "qzx@example.com", "", "qzx qzx@qzx.example",
                         "\"qzx\"x", "qzx\xff"};
  std::mt19937 random(5);
  for (int i = 0; i < 500; ++i) {
    for (int k = 0; k < 7; ++k) text += (k > 0 ? "," : "") + std::string(cells[random() % 7]);
    text += "\n";
  }
  const Reading reading = ReadText(text);
  REQUIRE_OK(reading.status);
  REQUIRE(reading.rejects.size() > 400);
  for (const auto& reject : reading.rejects)
    REQUIRE(reject.message.find("qzx") == std::string::npos);
}

TEST_CASE("ContactReader: random bytes never break it", "[oracle]") {
  TestFolder folder;
  std::mt19937 random(23);
  const std::string alphabet = "ab@.,\"\n\r\t;\0\xff\xc3\xa9 1-/";
  for (int run = 0; run < 300; ++run) {
    std::string text = "email,first_name,dob,zip,tags,phone,status\n";
    for (auto n = random() % 3000; n > 0; --n) text.push_back(alphabet[random() % alphabet.size()]);
    const Reading reading = ReadExport(folder.Write("list.csv", text));
    if (reading.status.ok()) {
      REQUIRE(reading.rejected <= reading.rows);
      REQUIRE(reading.bytes_read == text.size());
    }
  }
}

}  // namespace
}  // namespace muster::ingest
