// SPDX-License-Identifier: Apache-2.0
//
// The generator against a reader of its own: everything that truth/ claims is counted again from
// the files alone.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tools/muster_fake/generate.h"
#include "tools/muster_fake/random.h"

namespace muster::fake {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Row = std::vector<std::string>;

class TempDir {
 public:
  TempDir() {
    std::string path = (fs::temp_directory_path() / "muster-fake-XXXXXX").string();
    REQUIRE(mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~TempDir() {
    std::error_code ignored;
    fs::permissions(path_, fs::perms::owner_all, ignored);
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string ReadText(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// RFC 4180, one character at a time.
std::vector<Row> ParseCsv(const std::string& text, char delimiter = ',') {
  std::vector<Row> rows;
  Row row;
  std::string cell;
  bool quoted = false;
  size_t i = text.rfind("\xEF\xBB\xBF", 0) == 0 ? 3 : 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && cell.empty()) {
      quoted = true;
    } else if (c == delimiter) {
      row.push_back(std::move(cell));
      cell.clear();
    } else if (c == '\n') {
      row.push_back(std::move(cell));
      cell.clear();
      rows.push_back(std::move(row));
      row.clear();
    } else if (c != '\r') {
      cell += c;
    }
  }
  REQUIRE_FALSE(quoted);
  REQUIRE(row.empty());
  return rows;
}

std::vector<Row> ReadCsv(const fs::path& path, char delimiter = ',') {
  return ParseCsv(ReadText(path), delimiter);
}

int ColumnOf(const Row& header, const std::string& name) {
  for (size_t i = 0; i < header.size(); ++i) {
    if (header[i] == name) return static_cast<int>(i);
  }
  return -1;
}

std::string Trimmed(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  while (!text.empty() && text.front() == ' ') text.erase(0, 1);
  return text;
}

// The form of truth/README.txt, or empty when the address cannot be used.
std::string Comparable(const std::string& cell) {
  std::string text = Trimmed(cell);
  if (std::count(text.begin(), text.end(), '@') != 1 || text.find(' ') != std::string::npos)
    return {};
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  std::string local = text.substr(0, text.find('@'));
  std::string domain = text.substr(text.find('@') + 1);
  if (local.empty() || domain.find('.') == std::string::npos) return {};
  static const std::map<std::string, std::string> kALabels = {
      {"münchen.example", "xn--mnchen-3ya.example"},
      {"café-post.example", "xn--caf-post-d1a.example"},
      {"niño.test", "xn--nio-8ma.test"},
      {"東京.example", "xn--1lqs71d.example"},
      {"correo-españa.test", "xn--correo-espaa-khb.test"}};
  if (kALabels.count(domain) != 0) domain = kALabels.at(domain);
  if (domain == "gmail.com" || domain == "googlemail.com") {
    local = local.substr(0, local.find('+'));
    local.erase(std::remove(local.begin(), local.end(), '.'), local.end());
    domain = "gmail.com";
  }
  return local + "@" + domain;
}

// The row's status as its system's documentation says.
std::string StatusOf(const Row& header, const Row& row) {
  const auto at = [&](const char* name) {
    const int column = ColumnOf(header, name);
    return column < 0 ? std::string() : row[static_cast<size_t>(column)];
  };
  if (ColumnOf(header, "can2_subscription_status") >= 0) {
    const std::string word = at("can2_subscription_status");
    return word == "spam complaint" ? "complained" : word;
  }
  if (ColumnOf(header, "nationbuilder_id") >= 0) {
    if (!at("unsubscribed_at").empty()) {
      REQUIRE(at("email_opt_in") == "false");
      return "unsubscribed";
    }
    if (at("do_not_contact") == "true") return "do_not_email";
    if (at("is_deceased") == "true") return "deceased";
    REQUIRE(at("email_opt_in") == "true");
    return "subscribed";
  }
  if (ColumnOf(header, "UNSUB_TIME") >= 0) return "unsubscribed";
  if (ColumnOf(header, "CLEAN_TIME") >= 0) return "cleaned";
  if (ColumnOf(header, "MEMBER_RATING") >= 0) return "subscribed";
  if (ColumnOf(header, "Do Not Trade") >= 0) {
    if (at("Do Not Trade") == "1") return "do_not_share";
    if (at("Do Not Email") == "1") return "do_not_email";
    if (at("No Bulk Emails (User Opt Out)") == "1") return "unsubscribed";
    return "unknown";
  }
  if (ColumnOf(header, "subscription_status") >= 0) {
    const std::string word = at("subscription_status");
    return word == "bounced" ? "bouncing" : word;
  }
  return "unknown";
}

struct Counted {
  uint64_t rows = 0, good_rows = 0, bad_rows = 0, bad_extra = 0;
  std::vector<std::string> sources;  // lines of sources.csv
  std::vector<std::string> bad;      // lines of bad_rows.csv without the kind
  std::map<std::string, uint64_t> statuses;
  std::set<std::string> distinct, mailable;
};

Counted CountFile(const fs::path& out, const std::string& file, const std::string& member) {
  const std::vector<Row> rows = ReadCsv(out / file);
  const Row& header = rows.at(0);
  std::vector<int> columns;
  for (const char* name : {"email", "Email Address", "PreferredEmail", "Email"}) {
    if (ColumnOf(header, name) >= 0 && ColumnOf(header, "email1") < 0)
      columns.push_back(ColumnOf(header, name));
  }
  for (const char* name : {"email1", "email2", "email3", "email4"}) {
    if (ColumnOf(header, name) >= 0) columns.push_back(ColumnOf(header, name));
  }
  REQUIRE_FALSE(columns.empty());

  Counted counted;
  counted.rows = rows.size() - 1;
  for (size_t r = 1; r < rows.size(); ++r) {
    const Row& row = rows[r];
    const std::string place = "," + member + "," + file + "," + std::to_string(r);
    if (row.size() != header.size() || Comparable(row[static_cast<size_t>(columns[0])]).empty()) {
      ++counted.bad_rows;
      counted.bad.push_back(place.substr(1));
      continue;
    }
    ++counted.good_rows;
    const std::string row_status = StatusOf(header, row);
    std::set<std::string> of_row;
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::string& cell = row[static_cast<size_t>(columns[i])];
      if (cell.empty()) continue;
      const std::string address = Comparable(cell);
      if (address.empty()) {
        ++counted.bad_extra;
        continue;
      }
      REQUIRE(of_row.insert(address).second);
      const int bad = ColumnOf(header, "email" + std::to_string(i + 1) + "_is_bad");
      const bool bouncing = bad >= 0 && row[static_cast<size_t>(bad)] == "true";
      const std::string status = bouncing ? "bouncing" : row_status;
      ++counted.statuses[status];
      counted.distinct.insert(address);
      if (status == "subscribed" || status == "unknown") counted.mailable.insert(address);
      counted.sources.push_back(address + place + "," + status);
    }
  }
  return counted;
}

std::vector<std::string> LinesOf(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Json MustGenerate(const Options& options) {
  const auto made = Generate(options);
  INFO(made.status());
  REQUIRE(made.ok());
  return Json::parse(*made);
}

Options Lists(const fs::path& out, uint64_t contacts, uint32_t members) {
  Options options;
  options.out = out;
  options.contacts = contacts;
  options.members = members;
  options.seed = 20261122;
  return options;
}

std::map<std::string, std::string> FilesOf(const fs::path& out) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    if (entry.is_regular_file())
      files[entry.path().lexically_relative(out).string()] = ReadText(entry.path());
  }
  return files;
}

std::string HeaderOf(const fs::path& path) {
  const std::string text = ReadText(path);
  const std::string line = text.substr(0, text.find_first_of("\r\n"));
  return line.rfind("\xEF\xBB\xBF", 0) == 0 ? line.substr(3) : line;
}

struct Ran {
  int exit_code;
  std::string output;
};
Ran Run(const std::string& arguments) {
  FILE* pipe =
      popen((std::string(MUSTER_BIN) + "/muster-fake " + arguments + " 2>/dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  std::array<char, 4096> buffer;
  for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), n);
  const int status = pclose(pipe);
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), output};
}

}  // namespace

TEST_CASE("Generate: the same seed gives the same bytes on any number of threads", "[fake]") {
  TempDir one, many, other;
  Options options = Lists(one.path(), 9'000, 7);
  options.voters = 20'000;
  options.threads = 1;
  MustGenerate(options);
  options.threads = 5;
  options.out = many.path();
  MustGenerate(options);
  const auto files = FilesOf(one.path());
  REQUIRE(files.size() >= 7 + 2 + 3 + 5);
  REQUIRE(files == FilesOf(many.path()));

  options.seed += 1;
  options.out = other.path();
  MustGenerate(options);
  for (const auto& [name, text] : FilesOf(other.path())) {
    if (name == ".muster-fake" || name == "truth/README.txt") continue;
    INFO(name);
    REQUIRE(text != files.at(name));
  }
}

TEST_CASE("Generate: truth is what a reader of the files counts", "[fake][oracle]") {
  const auto [contacts, members, overlap] = GENERATE(table<uint64_t, uint32_t, double>(
      {{12'000, 7, 0.3}, {5'003, 3, 0.9}, {4'000, 1, 0.5}, {1, 2, 0.0}}));
  CAPTURE(contacts, members, overlap);
  TempDir dir;
  Options options = Lists(dir.path(), contacts, members);
  options.overlap = overlap;
  const Json summary = MustGenerate(options);
  REQUIRE(summary == Json::parse(ReadText(dir.path() / "truth/summary.json")));

  std::vector<std::string> sources = {"address,member,file,row,status"};
  std::vector<std::string> bad_rows;
  std::map<std::string, std::set<std::string>> lists_of, mailable_lists_of;
  std::set<std::string> with_side_files;
  const auto check = [&](const Json& list, bool side_file) {
    const std::string member = list["member"], file = list["file"];
    CAPTURE(file);
    const Counted counted = CountFile(dir.path(), file, member);
    CHECK(list["rows"] == counted.rows);
    CHECK(list["good_rows"] == counted.good_rows);
    CHECK(list["bad_rows"] == counted.bad_rows);
    CHECK(list["addresses"] == counted.sources.size());
    CHECK(list["bad_extra_addresses"] == counted.bad_extra);
    CHECK(list["statuses"].get<std::map<std::string, uint64_t>>() == counted.statuses);
    with_side_files.insert(counted.distinct.begin(), counted.distinct.end());
    if (!side_file) {
      CHECK(list["distinct_addresses"] == counted.distinct.size());
      CHECK(list["distinct_mailable_addresses"] == counted.mailable.size());
      CHECK(list["duplicates_in_file"] == counted.sources.size() - counted.distinct.size());
      for (const std::string& address : counted.distinct) lists_of[address].insert(member);
      for (const std::string& address : counted.mailable) mailable_lists_of[address].insert(member);
    }
    sources.insert(sources.end(), counted.sources.begin(), counted.sources.end());
    bad_rows.insert(bad_rows.end(), counted.bad.begin(), counted.bad.end());
  };
  // Side files come after the list that they belong to.
  for (const Json& list : summary["lists"]) {
    check(list, false);
    for (const Json& side : summary["side_files"]) {
      if (side["member"] == list["member"]) check(side, true);
    }
  }
  REQUIRE(sources == LinesOf(dir.path() / "truth/sources.csv"));

  std::vector<std::string> told = LinesOf(dir.path() / "truth/bad_rows.csv");
  REQUIRE(told.at(0) == "member,file,row,kind");
  told.erase(told.begin());
  for (std::string& line : told) line.resize(line.rfind(','));
  REQUIRE(told == bad_rows);

  const Json& pool = summary["pool"];
  CHECK(pool["people"] == contacts);
  CHECK(pool["distinct_addresses"] == lists_of.size());
  CHECK(pool["distinct_mailable_addresses"] == mailable_lists_of.size());
  CHECK(pool["distinct_addresses_with_side_files"] == with_side_files.size());
  std::map<std::string, uint64_t> by_lists, mailable_by_lists;
  for (uint32_t n = 1; n <= members; ++n)
    by_lists[std::to_string(n)] = mailable_by_lists[std::to_string(n)] = 0;
  for (const auto& [address, lists] : lists_of) ++by_lists[std::to_string(lists.size())];
  for (const auto& [address, lists] : mailable_lists_of)
    ++mailable_by_lists[std::to_string(lists.size())];
  CHECK(pool["addresses_by_lists"].get<std::map<std::string, uint64_t>>() == by_lists);
  CHECK(pool["mailable_addresses_by_lists"].get<std::map<std::string, uint64_t>>() ==
        mailable_by_lists);
}

TEST_CASE("Generate: the number of people is exact and the overlap as asked", "[fake][stat]") {
  for (double overlap : {0.0, 0.2, 0.75, 1.0}) {
    CAPTURE(overlap);
    TempDir dir;
    Options options = Lists(dir.path(), 20'000, 4);
    options.overlap = overlap;
    const Json summary = MustGenerate(options);
    CHECK(summary["pool"]["people"] == 20'000);
    // Half the people copy the head of their household, so twice the variance; five standard
    // errors.
    const double share = summary["pool"]["people_on_more_than_one_list"].get<double>() / 20'000;
    CHECK(std::abs(share - overlap) <= 5 * std::sqrt(2 * overlap * (1 - overlap) / 20'000));
    uint64_t on_lists = 0;
    for (const Json& list : summary["lists"]) {
      const auto people = list["people"].get<uint64_t>();
      CHECK(people > 20'000 / 8);
      on_lists += people;
    }
    CHECK(on_lists >= static_cast<uint64_t>(20'000 * (1 + share) - 1));
  }
}

TEST_CASE("Generate: --out has one CSV for each member, all else in subfolders", "[fake]") {
  TempDir dir;
  Options options = Lists(dir.path(), 500, 9);
  options.voters = 300;
  MustGenerate(options);
  std::vector<std::string> lists;
  for (const auto& entry : fs::directory_iterator(dir.path())) {
    if (entry.path().extension() == ".csv") lists.push_back(entry.path().filename().string());
  }
  std::sort(lists.begin(), lists.end());
  REQUIRE(lists == std::vector<std::string>{"01_action_network.csv", "02_nationbuilder.csv",
                                            "03_mailchimp.csv", "04_everyaction.csv",
                                            "05_civicrm.csv", "06_actionkit.csv", "07_plain.csv",
                                            "08_action_network.csv", "09_nationbuilder.csv"});
  REQUIRE(fs::exists(dir.path() / "mailchimp_side/unsubscribed_email_audience_export_03.csv"));
  REQUIRE(fs::exists(dir.path() / "mailchimp_side/cleaned_email_audience_export_03.csv"));
  REQUIRE(fs::exists(dir.path() / "voters/ncvoter_Statewide.txt"));
  REQUIRE(fs::exists(dir.path() / "history/ncvhis_Statewide.txt"));
  REQUIRE(fs::exists(dir.path() / "roster/senders.csv"));
}

TEST_CASE("Layouts: headers are those of the real exports", "[fake][vector]") {
  TempDir dir;
  MustGenerate(Lists(dir.path(), 50, 7));
  CHECK(HeaderOf(dir.path() / "01_action_network.csv") ==
        "uuid,first_name,last_name,email,can2_phone,can2_user_address,can2_user_city,can2_user_"
        "state,can2_county,zip_code,"
        "can2_user_tags,can2_subscription_status,can2_sms_status,can2_subscription_date,can2_"
        "lifetime_value,Organization");
  const std::string mailchimp =
      "\"Email Address\",\"First Name\",\"Last Name\",\"Phone Number\",\"ZIP "
      "Code\",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,"
      "CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,";
  CHECK(HeaderOf(dir.path() / "03_mailchimp.csv") ==
        mailchimp + "LAST_CHANGED,LEID,EUID,NOTES,TAGS");
  CHECK(HeaderOf(dir.path() / "mailchimp_side/unsubscribed_email_audience_export_03.csv") ==
        mailchimp +
            "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,"
            "LEID,EUID,NOTES,TAGS");
  CHECK(HeaderOf(dir.path() / "mailchimp_side/cleaned_email_audience_export_03.csv") ==
        mailchimp + "CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,LEID,EUID,NOTES,TAGS");
  CHECK(HeaderOf(dir.path() / "04_everyaction.csv") ==
        "Voter File "
        "VANID,FirstName,MiddleName,LastName,Suffix,Sex,Party,Age,Address,City,State,Zip5,Pref "
        "Phone ,Cell Phone,"
        "PreferredEmail");
  CHECK(HeaderOf(dir.path() / "05_civicrm.csv") ==
        "Contact ID,Contact Type,External Identifier,Display Name,Organization Name,Contact "
        "Subtype,First Name,Middle Name,"
        "Last Name,Do Not Email,Do Not Phone,Do Not Mail,Do Not Sms,Do Not Trade,No Bulk Emails "
        "(User Opt Out),"
        "Legal Identifier,Sort Name,Nickname,Legal Name,Image Url,Preferred Communication "
        "Method,Preferred Language,"
        "Contact Hash,Contact Source,Individual Prefix,Individual Suffix,Formal "
        "Title,Email,Phone,Street Address,"
        "Supplemental Address 1,Supplemental Address 2,Supplemental Address 3,City,State,Postal "
        "Code,Country");
  CHECK(HeaderOf(dir.path() / "06_actionkit.csv") ==
        "id,created_at,updated_at,email,prefix,first_name,middle_name,last_name,suffix,"
        "subscription_status,address1,address2,"
        "city,state,region,postal,zip,plus4,country,source,lang_id,rand_id");
  CHECK(HeaderOf(dir.path() / "07_plain.csv") ==
        "email,first_name,last_name,phone,address,city,state,zip");

  // NationBuilder's parts that are known by name, in their order; the whole has 218 columns.
  const Row header = ReadCsv(dir.path() / "02_nationbuilder.csv").at(0);
  const Row begin = ParseCsv(
      "nationbuilder_id,twitter_id,twitter_login,facebook_username,meetup_id,civicrm_id,external_"
      "id,salesforce_id,prefix,"
      "first_name,middle_name,last_name,suffix,full_name,legal_name,employer,occupation,sex,party,"
      "religion,church,ethnicity,"
      "marital_status,website,language,is_deceased,born_at,email1,email2,email3,email4,email_opt_"
      "in,phone_number,"
      "work_phone_number,do_not_call,do_not_contact,federal_donotcall,mobile_number,mobile_opt_in,"
      "is_mobile_bad,fax_number,demo,"
      "support_level,inferred_support_level,priority_level,availability,note,parent_id,point_"
      "person_name_or_email,recruiter_id,"
      "recruiter_name_or_email,tag_list,created_at,unsubscribed_at,is_supporter,is_prospect,signup_"
      "type,is_volunteer,is_donor,"
      "is_fundraiser\n")[0];
  REQUIRE(header.size() > begin.size());
  CHECK(Row(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(begin.size())) == begin);
  int last = -1;
  for (const char* name : {"membership_names",
                           "nbec_guid",
                           "state_file_id",
                           "precinct_name",
                           "turnout_probability_score",
                           "capital_amount",
                           "email",
                           "email1_is_bad",
                           "email4_is_bad",
                           "primary_country_code",
                           "primary_zip",
                           "primary_geocode_accuracy",
                           "address_city",
                           "work_city",
                           "mailing_zip",
                           "mailing_street_number",
                           "mailing_carrier_route",
                           "user_submitted_city",
                           "registered_city",
                           "registered_street_name",
                           "registered_carrier_route",
                           "party_member"}) {
    CAPTURE(name);
    const int column = ColumnOf(header, name);
    CHECK(column > last);
    last = column;
  }
  CHECK(static_cast<size_t>(last) == header.size() - 1);
  CHECK(std::set<std::string>(header.begin(), header.end()).size() == header.size());
}

TEST_CASE("Lists: the traps of real exports are in them", "[fake]") {
  TempDir dir;
  MustGenerate(Lists(dir.path(), 30'000, 7));
  const auto text = [&](const char* file) { return ReadText(dir.path() / file); };
  const auto bom = [&](const char* file) { return text(file).rfind("\xEF\xBB\xBF", 0) == 0; };
  const auto crlf = [&](const char* file) { return text(file).find("\r\n") != std::string::npos; };
  CHECK(bom("02_nationbuilder.csv"));
  CHECK(bom("05_civicrm.csv"));
  CHECK_FALSE(bom("01_action_network.csv"));
  CHECK(crlf("02_nationbuilder.csv"));
  CHECK(crlf("04_everyaction.csv"));
  CHECK_FALSE(crlf("03_mailchimp.csv"));
  CHECK(text("04_everyaction.csv").find(",Pref Phone ,") != std::string::npos);
  CHECK(text("01_action_network.csv").find("\"Event, spring, ") != std::string::npos);
  CHECK(text("03_mailchimp.csv").find("\"\"\"Volunteer\"\",\"\"") != std::string::npos);
  CHECK(text("02_nationbuilder.csv").find("Met at the fair.\nAsked") != std::string::npos);
  CHECK(text("01_action_network.csv").find("José") != std::string::npos);
  CHECK(text("01_action_network.csv").find("@münchen.example") != std::string::npos);
  CHECK(text("01_action_network.csv").find("+news@gmail.com") != std::string::npos);
  CHECK(text("01_action_network.csv").find(" ,") != std::string::npos);

  const std::vector<Row> rows = ReadCsv(dir.path() / "02_nationbuilder.csv");
  const auto zip = static_cast<size_t>(ColumnOf(rows[0], "primary_zip"));
  const auto email4 = static_cast<size_t>(ColumnOf(rows[0], "email4"));
  uint64_t short_zips = 0, fours = 0;
  for (const Row& row : rows) {
    if (row.size() != rows[0].size()) continue;
    short_zips += row[zip].size() == 4;
    fours += !row[email4].empty();
  }
  CHECK(short_zips > 100);
  CHECK(fours > 20);

  // Every kind of bad row, and rows in which no more is wrong than the count of cells.
  const Json summary = Json::parse(text("truth/summary.json"));
  for (const Json& list : summary["lists"]) {
    CAPTURE(list["file"].get<std::string>());
    for (const auto& [kind, count] : list["bad_rows_by_kind"].items()) {
      CAPTURE(kind);
      CHECK(count.get<uint64_t>() > 0);
    }
    CHECK(list["duplicates_in_file"].get<uint64_t>() > 50);
  }
}

TEST_CASE("Addresses: only of domains that nobody owns, and of Gmail with a made-up number",
          "[fake]") {
  TempDir dir;
  MustGenerate(Lists(dir.path(), 20'000, 2));
  uint64_t gmail = 0, all = 0;
  for (const std::string& line : LinesOf(dir.path() / "truth/sources.csv")) {
    if (line == "address,member,file,row,status") continue;
    const std::string address = line.substr(0, line.find(','));
    const std::string local = address.substr(0, address.find('@')),
                      domain = address.substr(address.find('@') + 1);
    ++all;
    if (domain == "gmail.com") {
      ++gmail;
      const size_t letters = local.find_last_not_of("0123456789") + 1;
      REQUIRE(local.size() - letters >= 9);
      continue;
    }
    const auto under = [&](const std::string& parent) {
      return domain == parent || (domain.size() > parent.size() && domain.ends_with("." + parent));
    };
    INFO(domain);
    REQUIRE((under("example.com") || under("example.net") || under("example.org") ||
             under("example") || under("test")));
  }
  CHECK(gmail * 10 > all * 2);
  CHECK(gmail * 10 < all * 4);
}

TEST_CASE("Voter file: the state's columns, one row a voter, and matches that hold",
          "[fake][oracle]") {
  TempDir dir;
  Options options = Lists(dir.path(), 8'000, 3);
  options.voters = 30'000;
  const Json summary = MustGenerate(options);
  const std::vector<Row> voters = ReadCsv(dir.path() / "voters/ncvoter_Statewide.txt", '\t');
  REQUIRE(voters[0].size() == 67);
  CHECK(Row(voters[0].begin(), voters[0].begin() + 8) ==
        Row{"county_id", "county_desc", "voter_reg_num", "ncid", "last_name", "first_name",
            "middle_name", "name_suffix_lbl"});
  CHECK(voters[0][66] == "vtd_desc");
  REQUIRE(voters.size() == 30'001);
  std::map<std::string, const Row*> by_id;
  for (size_t i = 1; i < voters.size(); ++i) {
    REQUIRE(voters[i].size() == 67);
    REQUIRE(by_id.emplace(voters[i][3], &voters[i]).second);
  }

  const std::vector<Row> list = ReadCsv(dir.path() / "01_action_network.csv");
  uint64_t matches = 0, same_last = 0;
  const std::vector<Row> truth = ReadCsv(dir.path() / "truth/matches.csv");
  for (size_t i = 1; i < truth.size(); ++i) {
    REQUIRE(by_id.count(truth[i][3]) == 1);
    if (truth[i][0] != "m1") continue;
    ++matches;
    std::string last = list.at(std::stoul(truth[i][2]))[2];
    for (char& c : last) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    same_last += last == by_id[truth[i][3]]->at(4);
  }
  CHECK(matches > 2'000);
  CHECK(same_last * 100 > matches * 75);
  CHECK(same_last < matches);
  const auto registered = summary["voter_file"]["registered_contacts"].get<uint64_t>();
  CHECK(registered > 5'600);
  CHECK(registered < 7'200);

  const std::vector<Row> history = ReadCsv(dir.path() / "history/ncvhis_Statewide.txt", '\t');
  REQUIRE(history[0].size() == 15);
  CHECK(summary["voter_file"]["history_rows"] == history.size() - 1);
  for (size_t i = 1; i < history.size(); ++i) REQUIRE(by_id.count(history[i][10]) == 1);
}

TEST_CASE("Linkage: left, right and one-to-one truth in muster-linkage's columns",
          "[fake][oracle]") {
  TempDir dir;
  Options options = Lists(dir.path(), 5'000, 3);
  options.voters = 20'000;
  options.linkage = true;
  const Json summary = MustGenerate(options);
  const std::vector<Row> left = ReadCsv(dir.path() / "left.csv"),
                         right = ReadCsv(dir.path() / "right.csv"),
                         truth = ReadCsv(dir.path() / "truth.csv");
  REQUIRE(left[0] ==
          Row{"id", "first_name", "middle_name", "last_name", "suffix", "birth_date", "zip"});
  REQUIRE(right[0] == Row{"id", "first_name", "middle_name", "last_name", "suffix", "sex",
                          "birth_date", "house_number", "street", "city", "state", "zip", "phone"});
  REQUIRE(truth[0] == Row{"left_id", "right_id"});
  REQUIRE(left.size() == 5'001);
  REQUIRE(right.size() == 20'001);
  REQUIRE(summary["true_pairs"] == truth.size() - 1);
  std::map<std::string, const Row*> lefts, rights;
  uint64_t dated = 0;
  for (size_t i = 1; i < left.size(); ++i) {
    REQUIRE(lefts.emplace(left[i][0], &left[i]).second);
    dated += !left[i][5].empty();
  }
  CHECK(dated > 2'300);
  CHECK(dated < 2'700);
  for (size_t i = 1; i < right.size(); ++i) REQUIRE(rights.emplace(right[i][0], &right[i]).second);
  std::set<std::string> used_left, used_right;
  uint64_t same_zip = 0;
  for (size_t i = 1; i < truth.size(); ++i) {
    REQUIRE(used_left.insert(truth[i][0]).second);
    REQUIRE(used_right.insert(truth[i][1]).second);
    same_zip += lefts.at(truth[i][0])->at(6) == rights.at(truth[i][1])->at(11);
  }
  CHECK(used_left.size() > 3'500);
  CHECK(same_zip * 10 > used_left.size() * 7);
}

TEST_CASE("Generate: a folder of its own is written anew, one of others is left alone", "[fake]") {
  TempDir dir;
  MustGenerate(Lists(dir.path() / "new" / "deep", 300, 7));
  MustGenerate(Lists(dir.path() / "new" / "deep", 300, 2));
  uint64_t lists = 0;
  for (const auto& entry : fs::directory_iterator(dir.path() / "new" / "deep"))
    lists += entry.path().extension() == ".csv";
  CHECK(lists == 2);
  CHECK_FALSE(
      fs::exists(dir.path() / "new/deep/mailchimp_side/cleaned_email_audience_export_03.csv"));

  std::ofstream(dir.path() / "mine.csv") << "email\n";
  const auto refused = Generate(Lists(dir.path(), 300, 2));
  CHECK(refused.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(refused.status().message()).find("mine.csv") != std::string::npos);
  CHECK(ReadText(dir.path() / "mine.csv") == "email\n");
  CHECK_FALSE(fs::exists(dir.path() / "01_action_network.csv"));
  CHECK(Generate(Lists(dir.path() / "mine.csv", 300, 2)).status().code() ==
        absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("Generate: a full disk is an error, not a shorter list", "[fake][fault]") {
  TempDir dir;
  fs::create_directories(dir.path() / "truth");
  fs::create_symlink("/dev/full", dir.path() / "truth/sources.csv");
  const auto made = Generate(Lists(dir.path(), 20'000, 2));
  CHECK(made.status().code() == absl::StatusCode::kResourceExhausted);
  CHECK(std::string(made.status().message()).find("sources.csv") != std::string::npos);
}

TEST_CASE("Generate: options out of range are refused by name", "[fake]") {
  TempDir dir;
  const auto message = [&](auto change) {
    Options options = Lists(dir.path(), 10, 3);
    change(options);
    const auto made = Generate(options);
    CHECK(made.status().code() == absl::StatusCode::kInvalidArgument);
    return std::string(made.status().message());
  };
  CHECK(message([](Options& o) { o.contacts = 0; }).find("--contacts") != std::string::npos);
  CHECK(message([](Options& o) { o.contacts = 600'000'000; }).find("--contacts") !=
        std::string::npos);
  CHECK(message([](Options& o) { o.voters = 600'000'000; }).find("--voters") != std::string::npos);
  CHECK(message([](Options& o) { o.members = 0; }).find("--members") != std::string::npos);
  CHECK(message([](Options& o) { o.members = 32; }).find("--members") != std::string::npos);
  CHECK(message([](Options& o) { o.overlap = 1.1; }).find("--overlap") != std::string::npos);
  CHECK(message([](Options& o) { o.overlap = -0.1; }).find("--overlap") != std::string::npos);
  CHECK(message([](Options& o) { o.linkage = true; }).find("--voters") != std::string::npos);
  CHECK(message([](Options& o) { o.out = ""; }).find("--out") != std::string::npos);
  CHECK(fs::is_empty(dir.path()));
}

TEST_CASE("muster-fake: prints one JSON object and the documented exit codes", "[fake]") {
  TempDir dir;
  const std::string out = (dir.path() / "lists").string();
  const Ran done = Run("--contacts 700 --seed 3 --members 3 --json --out " + out);
  REQUIRE(done.exit_code == 0);
  REQUIRE(std::count(done.output.begin(), done.output.end(), '\n') == 1);
  const Json json = Json::parse(done.output);
  CHECK(json["lists"].size() == 3);
  CHECK(json["pool"]["people"] == 700);
  CHECK(json["out"] == out);

  const Ran people = Run("--contacts 700 --seed 3 --out " + out);
  CHECK(people.exit_code == 0);
  CHECK(people.output.find("700 people") != std::string::npos);
  const Ran help = Run("--help");
  CHECK(help.exit_code == 0);
  CHECK(help.output.find("Examples:") != std::string::npos);
  CHECK(Run("--contacts 700").exit_code == 2);
  CHECK(Run("--contacts many --out " + out).exit_code == 2);
  CHECK(Run("--contacts 700 --members 99 --out " + out).exit_code == 2);
  const Ran refused = Run("--contacts 700 --json --out /proc/none");
  CHECK(refused.exit_code == 1);
  CHECK(Json::parse(refused.output)["error"]["message"].get<std::string>().find("/proc/none") !=
        std::string::npos);
}

TEST_CASE("Scatter: every number once", "[fake]") {
  for (uint64_t n : {1u, 2u, 3u, 4u, 5u, 10u, 97u, 1'000u, 65'536u}) {
    for (uint64_t key : {0u, 1u, 7u}) {
      CAPTURE(n, key);
      const Scatter order(n, key);
      std::vector<bool> seen(n);
      for (uint64_t i = 0; i < n; ++i) {
        REQUIRE(order(i) < n);
        REQUIRE_FALSE(seen[order(i)]);
        seen[order(i)] = true;
      }
    }
  }
}

TEST_CASE("AliasTable: draws in proportion to the weights", "[fake][stat]") {
  // A million draws; chi-square with 5 degrees of freedom stays under 25 but in 1 of 7,000 seeds,
  // and the seed is fixed.
  const std::vector<uint32_t> weights = {1, 2, 4, 8, 100, 885};
  const AliasTable table(weights);
  Rng rng(42);
  std::vector<double> drawn(weights.size());
  for (int i = 0; i < 1'000'000; ++i) ++drawn[table.Sample(rng)];
  double chi_square = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double expected = weights[i] * 1'000.0;
    chi_square += (drawn[i] - expected) * (drawn[i] - expected) / expected;
  }
  CHECK(chi_square < 25);
}

}  // namespace muster::fake
