// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/export_format.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/status.h"

namespace muster::ingest {
namespace {

using contact::Field;
using contact::Status;
using testing::Must;
using Header = std::vector<std::string>;

// "first_name<First Name", in the order of application.
std::vector<std::string> Told(const Mapping& mapping) {
  std::vector<std::string> told;
  for (const ColumnMapping& c : mapping.columns) told.push_back(c.Target() + "<" + c.column);
  return told;
}

bool Has(const Mapping& mapping, const std::string& told) {
  const auto all = Told(mapping);
  return std::find(all.begin(), all.end(), told) != all.end();
}

TEST_CASE("RecognizeFormat: by the header") {
  REQUIRE(RecognizeFormat({"email", "can2_user_tags"}, "") == ExportFormat::kActionNetwork);
  REQUIRE(RecognizeFormat({"email", "first_name"},
                          "export-2022-03-22-csv_report_332566_1648001887.csv") ==
          ExportFormat::kActionNetwork);
  REQUIRE(RecognizeFormat({"email1", "email1_is_bad", "first_name"}, "") ==
          ExportFormat::kNationBuilder);
  REQUIRE(RecognizeFormat({"Voter File VANID", "Email"}, "") == ExportFormat::kEveryAction);
  REQUIRE(RecognizeFormat({"VANID", "Last", "First", "PreferredEmail"}, "") ==
          ExportFormat::kEveryAction);
  REQUIRE(RecognizeFormat({"Contact ID", "Do Not Email", "Do Not Trade", "Home-Email"}, "") ==
          ExportFormat::kCiviCrm);
  REQUIRE(RecognizeFormat({"akid", "email"}, "") == ExportFormat::kActionKit);
  REQUIRE(RecognizeFormat({"id", "email", "subscription_status", "postal", "plus4", "lang_id"},
                          "") == ExportFormat::kActionKit);
  REQUIRE(RecognizeFormat({"email", "name"}, "") == ExportFormat::kPlain);
  REQUIRE(RecognizeFormat({"unique_id", "first_name", "surname", "dob", "city", "email", "cluster"},
                          "") == ExportFormat::kPlain);
}

TEST_CASE("RecognizeFormat: Mailchimp's three files, by columns before names") {
  const Header base = {"Email Address", "MEMBER_RATING", "OPTIN_TIME", "LEID", "EUID"};
  const auto with = [&](const std::string& column) {
    Header header = base;
    header.push_back(column);
    return header;
  };
  REQUIRE(RecognizeFormat(base, "x.csv") == ExportFormat::kMailchimpSubscribed);
  REQUIRE(RecognizeFormat(base, "/a/unsubscribed/subscribed_members_export.csv") ==
          ExportFormat::kMailchimpSubscribed);
  REQUIRE(RecognizeFormat(base, "unsubscribed_members_export.csv") ==
          ExportFormat::kMailchimpUnsubscribed);
  REQUIRE(RecognizeFormat(base, "Cleaned_members_export.csv") == ExportFormat::kMailchimpCleaned);
  REQUIRE(RecognizeFormat(base, "members_cleaned_up.csv") == ExportFormat::kMailchimpSubscribed);
  REQUIRE(RecognizeFormat(with("UNSUB_TIME"), "subscribed_members.csv") ==
          ExportFormat::kMailchimpUnsubscribed);
  REQUIRE(RecognizeFormat(with("CLEAN_TIME"), "members.csv") == ExportFormat::kMailchimpCleaned);
}

TEST_CASE(
    "MapColumns: names compare without case, blanks and punctuation, and what is left over is "
    "told") {
  const Mapping mapping =
      Must(MapColumns({" E-Mail ", "FIRST NAME", "last_name", "Favorite Color", ""}, "x.csv", {}));
  REQUIRE(mapping.format_name == "plain");
  REQUIRE(Told(mapping) ==
          std::vector<std::string>{"email<E-Mail", "first_name<FIRST NAME", "last_name<last_name"});
  REQUIRE(mapping.unmapped.size() == 2);
  REQUIRE(mapping.unmapped[0].column == "Favorite Color");
  REQUIRE(mapping.unmapped[1].note == "column 5 has no name");
}

TEST_CASE("MapColumns: a whole name is split only when its parts have no columns") {
  REQUIRE(Has(Must(MapColumns({"email", "name"}, "", {})), "full_name<name"));
  const Mapping mapping =
      Must(MapColumns({"email", "Display Name", "First Name", "Last Name"}, "", {}));
  REQUIRE_FALSE(Has(mapping, "full_name<Display Name"));
  REQUIRE(mapping.unmapped[0].note == "first and last name have columns of their own");
}

TEST_CASE("MapColumns: several columns of a field stand in for each other, but never for an id") {
  const Mapping mapping = Must(MapColumns({"email", "Work Phone", "Phone", "id", "uuid"}, "", {}));
  REQUIRE(Told(mapping) == std::vector<std::string>{"email<email", "phone<Phone",
                                                    "phone<Work Phone", "external_id<uuid"});
  REQUIRE(mapping.columns[2].note == "used when Phone is empty");
  REQUIRE(mapping.unmapped[0].note == "external_id comes from uuid");
}

TEST_CASE("MapColumns: corrections take the column and give up what was found") {
  const Header header = {"email", "Work Email", "name", "Note", "zip", "Stat"};
  SECTION("another address column") {
    const Mapping mapping = Must(MapColumns(header, "", {{"email", "Work Email"}}));
    REQUIRE(Told(mapping) ==
            std::vector<std::string>{"email<Work Email", "full_name<name", "zip<zip"});
    REQUIRE(mapping.columns[0].note == "as asked");
  }
  SECTION("a field that nothing was found for, by name, key and number") {
    for (const std::string column : {"Note", "note", " NOTE", "#4"}) {
      REQUIRE(Has(Must(MapColumns(header, "", {{"source", column}})), "source<Note"));
    }
  }
  SECTION("special fields") {
    REQUIRE(Has(Must(MapColumns(header, "", {{"status", "Stat"}})), "status<Stat"));
    REQUIRE(Has(Must(MapColumns(header, "", {{"do_not_share", "Stat"}})), "do_not_share<Stat"));
    REQUIRE(Has(Must(MapColumns(header, "", {{"email2", "Note"}})), "email2<Note"));
  }
  SECTION("another use for a mapped column") {
    const Mapping mapping = Must(MapColumns(header, "", {{"organization", "name"}}));
    REQUIRE(Has(mapping, "organization<name"));
    REQUIRE_FALSE(Has(mapping, "full_name<name"));
  }
  SECTION("leaving a field out") {
    const Mapping mapping = Must(MapColumns(header, "", {{"zip", ""}}));
    REQUIRE_FALSE(Has(mapping, "zip<zip"));
    REQUIRE(mapping.unmapped.back().column == "Stat");
  }
}

TEST_CASE("MapColumns: refuses what cannot be meant", "[fault]") {
  const Header header = {"email", "first_name", "Note"};
  REQUIRE_REASON(MapColumns(header, "", {{"shoe_size", "Note"}}), v1::FIELD_UNKNOWN);
  // A field of voter files, not of lists.
  REQUIRE_REASON(MapColumns(header, "", {{"vote_history", "Note"}}), v1::FIELD_UNKNOWN);
  REQUIRE_REASON(MapColumns(header, "", {{"city", "Town"}}), v1::COLUMN_UNKNOWN);
  REQUIRE_REASON(MapColumns(header, "", {{"city", "#9"}}), v1::COLUMN_UNKNOWN);
  REQUIRE_REASON(MapColumns(header, "", {{"city", "Note"}, {"state", "Note"}}),
                 v1::COLUMN_MAPPED_TWICE);
  REQUIRE_REASON(MapColumns(header, "", {{"city", "Note"}, {"city", "first_name"}}),
                 v1::COLUMN_MAPPED_TWICE);
  REQUIRE_REASON(MapColumns(header, "", {{"email", ""}}), v1::COLUMN_NO_EMAIL);
  REQUIRE_REASON(MapColumns({"name", "phone"}, "", {}), v1::COLUMN_NO_EMAIL);
  REQUIRE_REASON(MapColumns({"email", "City", "city "}, "", {}), v1::COLUMN_MAPPED_TWICE);
  REQUIRE_REASON(MapColumns({"email", "City", "city"}, "", {{"state", "city"}}),
                 v1::COLUMN_MAPPED_TWICE);
  REQUIRE_OK(MapColumns({"email", "City", "City"}, "", {{"city", "#3"}}));
  REQUIRE_OK(MapColumns({"email", "Note", "Note"}, "", {}));
  const absl::Status unknown = MapColumns(header, "", {{"city", "Town"}}).status();
  REQUIRE(unknown.message().find("first_name") != absl::string_view::npos);  // says what there is
}

TEST_CASE("MapColumns: never repeats the first line of a file without a header") {
  const Header data = {"Qzada", "Qzquill", "qzada@example.com"};
  const absl::Status status = MapColumns(data, "", {}).status();
  REQUIRE_REASON(status, v1::CSV_NO_HEADER);
  REQUIRE(status.message().find("qz") == absl::string_view::npos);
  const absl::Status unknown =
      MapColumns({"Qzada", "Qzquill", "555"}, "", {{"email", "mail"}}).status();
  REQUIRE_REASON(unknown, v1::COLUMN_UNKNOWN);
  REQUIRE(unknown.message().find("Qz") == absl::string_view::npos);
}

TEST_CASE("MapColumns: NationBuilder's addresses, postal and not") {
  const Mapping mapping =
      Must(MapColumns({"nationbuilder_id", "email1", "email2", "email", "email2_is_bad",
                       "mailing_city", "primary_city", "primary_country", "primary_country_code"},
                      "", {}));
  REQUIRE(Told(mapping) == std::vector<std::string>{"email<email", "email<email1", "email2<email2",
                                                    "bounced<email2_is_bad", "city<primary_city",
                                                    "city<mailing_city", "country<primary_country",
                                                    "country<primary_country_code",
                                                    "external_id<nationbuilder_id"});
  REQUIRE(mapping.columns[5].note == "used when the addresses before it are empty");
}

TEST_CASE("MapColumns: what being in a file says") {
  REQUIRE(Must(MapColumns({"Email Address", "LEID", "EUID"}, "subscribed_x.csv", {})).file_status ==
          Status::kSubscribed);
  REQUIRE(
      Must(MapColumns({"Email Address", "LEID", "EUID"}, "unsubscribed_x.csv", {})).file_status ==
      Status::kUnsubscribed);
  REQUIRE(Must(MapColumns({"Email Address", "LEID", "EUID"}, "cleaned_x.csv", {})).file_status ==
          Status::kCleaned);
  const Mapping unnamed = Must(MapColumns({"Email Address", "LEID", "EUID"}, "list.csv", {}));
  REQUIRE(unnamed.notes.size() == 2);
}

}  // namespace
}  // namespace muster::ingest
