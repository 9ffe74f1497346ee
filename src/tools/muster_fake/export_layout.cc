// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/export_layout.h"

#include <initializer_list>

#include "tools/muster_fake/noise.h"

namespace muster::fake {
namespace {

using Writer = void (*)(const Record&, CsvRow&);

template <std::string Record::*Field>
void Text(const Record& record, CsvRow& row) {
  row.Cell(record.*Field);
}
template <size_t I>
void Email(const Record& record, CsvRow& row) {
  if (I < record.email_count) {
    row.Cell(record.emails[I].text);
  } else {
    row.Empty();
  }
}
void Sex(const Record& record, CsvRow& row) { row.Cell(record.sex); }
void Latitude(const Record& record, CsvRow& row) { row.Cell(record.latitude); }
void Longitude(const Record& record, CsvRow& row) { row.Cell(record.longitude); }
void Rating(const Record& record, CsvRow& row) { row.Cell(record.rating); }
void RowId(const Record& record, CsvRow& row) { row.Cell(record.key % 90'000'000 + 1'000'000); }
void LongId(const Record& record, CsvRow& row) {
  row.Cell(record.key % 9'000'000'000 + 100'000'000);
}
void One(const Record&, CsvRow& row) { row.Cell("1"); }
void UnitedStates(const Record&, CsvRow& row) { row.Cell("United States"); }
void CountryCode(const Record&, CsvRow& row) { row.Cell("US"); }
void English(const Record&, CsvRow& row) { row.Cell("en_US"); }
void FullName(const Record& record, CsvRow& row) {
  row.Cell(record.first + (record.first.empty() || record.last.empty() ? "" : " ") + record.last);
}
void SortName(const Record& record, CsvRow& row) {
  row.Cell(record.last + (record.first.empty() || record.last.empty() ? "" : ", ") + record.first);
}
void AnyPhone(const Record& record, CsvRow& row) {
  row.Cell(record.mobile.empty() ? record.phone : record.mobile);
}

std::string Hex(uint64_t value, int digits) {
  std::string out;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[value >> shift & 15];
  return out;
}
void Uuid(const Record& record, CsvRow& row) {
  const uint64_t high = record.key, low = Mix(record.key);
  row.Cell(Hex(high >> 32, 8) + "-" + Hex(high >> 16, 4) + "-4" + Hex(high, 3) + "-a" +
           Hex(low >> 48, 3) + "-" + Hex(low, 12));
}
void ShortHash(const Record& record, CsvRow& row) { row.Cell(Hex(record.key, 10)); }
void LongHash(const Record& record, CsvRow& row) {
  row.Cell(Hex(record.key, 16) + Hex(Mix(record.key), 16));
}

// "2021-03-04 10:20:30", without a zone.
void JoinedTime(const Record& record, CsvRow& row) {
  row.Cell(WriteDay(record.joined_day) + " " + WriteClock(record.clock));
}
void ChangedTime(const Record& record, CsvRow& row) {
  row.Cell(WriteDay(record.changed_day) + " " + WriteClock(record.clock));
}
void JoinedZoned(const Record& record, CsvRow& row) {
  row.Cell(WriteDay(record.joined_day) + "T" + WriteClock(record.clock) + "-05:00");
}
// From the block that RFC 5737 sets aside for documentation.
void Address192(const Record& record, CsvRow& row) {
  row.Cell("192.0.2." + std::to_string(record.key >> 56));
}

void ActionNetworkStatus(const Record& record, CsvRow& row) {
  switch (record.status) {
    case Status::kUnsubscribed:
      return row.Cell("unsubscribed");
    case Status::kBouncing:
      return row.Cell("bouncing");
    case Status::kComplained:
      return row.Cell("spam complaint");
    default:
      return row.Cell("subscribed");
  }
}
void SmsStatus(const Record& record, CsvRow& row) {
  row.Cell(record.mobile.empty() ? "" : "subscribed");
}
void LifetimeValue(const Record& record, CsvRow& row) {
  row.Cell(record.rating < 5 ? "0.0" : std::to_string(record.key % 500) + ".0");
}
void Organization(const Record& record, CsvRow& row) {
  row.Cell(record.key % 50 == 0 ? "Friends of the River, Inc." : "");
}

void BirthUs(const Record& record, CsvRow& row) {
  if (record.birth.empty()) return row.Empty();
  row.Cell(record.birth.substr(5, 2) + "/" + record.birth.substr(8, 2) + "/" +
           record.birth.substr(0, 4));
}
void OptedIn(const Record& record, CsvRow& row) {
  row.Cell(record.status == Status::kUnsubscribed ? "false" : "true");
}
void DoNotContact(const Record& record, CsvRow& row) {
  row.Cell(record.status == Status::kDoNotEmail ? "true" : "false");
}
void Deceased(const Record& record, CsvRow& row) {
  row.Cell(record.status == Status::kDeceased ? "true" : "false");
}
void False(const Record&, CsvRow& row) { row.Cell("false"); }
void UnsubscribedAt(const Record& record, CsvRow& row) {
  if (record.status != Status::kUnsubscribed) return row.Empty();
  row.Cell(WriteDay(record.changed_day) + "T" + WriteClock(record.clock) + "-05:00");
}
template <size_t I>
void EmailIsBad(const Record& record, CsvRow& row) {
  row.Cell(I < record.email_count && record.emails[I].status == Status::kBouncing ? "true"
                                                                                  : "false");
}
void SubmittedAddress(const Record& record, CsvRow& row) {
  if (record.address1.empty()) return row.Empty();
  row.Cell(record.address1 + ", " + record.city + ", " + record.state + " " + record.zip);
}

void QuotedTags(const Record& record, CsvRow& row) {
  if (record.tags.empty()) return row.Empty();
  // Each tag in quotes of its own, joined with commas, inside the one cell.
  std::string tags = "\"";
  for (char c : record.tags) {
    if (c == '"') continue;
    tags += c;
  }
  for (size_t at = 0; (at = tags.find(", ", at)) != std::string::npos; at += 3)
    tags.replace(at, 2, "\",\"");
  row.Cell(tags + "\"");
}
void UnsubscribeReason(const Record& record, CsvRow& row) {
  row.Cell(record.rating < 3 ? "NORMAL" : record.rating < 5 ? "NO_LONGER_INTERESTED" : "OTHER");
}
void CampaignTitle(const Record&, CsvRow& row) { row.Cell("Spring news, second try"); }

void DoNotEmailFlag(const Record& record, CsvRow& row) {
  row.Cell(record.status == Status::kDoNotEmail ? "1" : "0");
}
void DoNotTradeFlag(const Record& record, CsvRow& row) {
  row.Cell(record.status == Status::kDoNotShare ? "1" : "0");
}
void OptOutFlag(const Record& record, CsvRow& row) {
  row.Cell(record.status == Status::kUnsubscribed ? "1" : "0");
}
void Zero(const Record&, CsvRow& row) { row.Cell("0"); }
void Individual(const Record&, CsvRow& row) { row.Cell("Individual"); }

void ActionKitStatus(const Record& record, CsvRow& row) {
  row.Cell(record.status == Status::kUnsubscribed ? "unsubscribed"
           : record.status == Status::kBouncing   ? "bounced"
                                                  : "subscribed");
}
void Plus4(const Record& record, CsvRow& row) {
  row.Cell(record.zip.size() > 6 ? std::string_view(record.zip).substr(6) : "");
}
void Zip5(const Record& record, CsvRow& row) {
  row.Cell(std::string_view(record.zip).substr(0, record.zip.find('-')));
}
void Source(const Record& record, CsvRow& row) {
  row.Cell(record.rating < 3 ? "petition-water" : "event-townhall");
}

constexpr Writer kFirst = Text<&Record::first>;
constexpr Writer kMiddle = Text<&Record::middle>;
constexpr Writer kLast = Text<&Record::last>;
constexpr Writer kSuffix = Text<&Record::suffix>;
constexpr Writer kPhone = Text<&Record::phone>;
constexpr Writer kMobile = Text<&Record::mobile>;
constexpr Writer kAddress1 = Text<&Record::address1>;
constexpr Writer kAddress2 = Text<&Record::address2>;
constexpr Writer kCity = Text<&Record::city>;
constexpr Writer kState = Text<&Record::state>;
constexpr Writer kZip = Text<&Record::zip>;
constexpr Writer kCounty = Text<&Record::county>;
constexpr Writer kTags = Text<&Record::tags>;
constexpr Writer kEmail = Email<0>;

void AddEmpty(std::vector<Column>& columns, std::string_view names) {
  while (!names.empty()) {
    const size_t space = names.find(' ');
    columns.push_back({std::string(names.substr(0, space)), nullptr});
    names = space == std::string_view::npos ? std::string_view() : names.substr(space + 1);
  }
}
void Add(std::vector<Column>& columns, std::initializer_list<Column> more) {
  columns.insert(columns.end(), more);
}

ExportLayout ActionNetwork() {
  ExportLayout layout;
  layout.name = "Action Network";
  layout.file_stem = "action_network";
  layout.traits.usual = Status::kSubscribed;
  layout.traits.statuses = {
      {{Status::kUnsubscribed, 500}, {Status::kBouncing, 250}, {Status::kComplained, 50}}};
  layout.columns = {{"uuid", Uuid},
                    {"first_name", kFirst},
                    {"last_name", kLast},
                    {"email", kEmail},
                    {"can2_phone", AnyPhone},
                    {"can2_user_address", kAddress1},
                    {"can2_user_city", kCity},
                    {"can2_user_state", kState},
                    {"can2_county", kCounty},
                    {"zip_code", kZip},
                    {"can2_user_tags", kTags},
                    {"can2_subscription_status", ActionNetworkStatus},
                    {"can2_sms_status", SmsStatus},
                    {"can2_subscription_date", JoinedTime},
                    {"can2_lifetime_value", LifetimeValue},
                    {"Organization", Organization}};
  return layout;
}

ExportLayout NationBuilder() {
  ExportLayout layout;
  layout.name = "NationBuilder";
  layout.file_stem = "nationbuilder";
  layout.style = {.crlf = true, .bom = true};
  layout.traits = {
      .emails = kEmailsMax,
      .loses_zip_zeros = true,
      .splits_unit = true,
      .usual = Status::kSubscribed,
      .statuses = {
          {{Status::kUnsubscribed, 600}, {Status::kDoNotEmail, 100}, {Status::kDeceased, 50}}}};
  std::vector<Column>& columns = layout.columns;
  Add(columns, {{"nationbuilder_id", RowId}});
  AddEmpty(columns,
           "twitter_id twitter_login facebook_username meetup_id civicrm_id external_id "
           "salesforce_id prefix");
  Add(columns, {{"first_name", kFirst},
                {"middle_name", kMiddle},
                {"last_name", kLast},
                {"suffix", kSuffix},
                {"full_name", FullName}});
  AddEmpty(columns, "legal_name employer occupation");
  Add(columns, {{"sex", Sex}});
  AddEmpty(columns, "party religion church ethnicity marital_status website language");
  Add(columns, {{"is_deceased", Deceased},
                {"born_at", BirthUs},
                {"email1", Email<0>},
                {"email2", Email<1>},
                {"email3", Email<2>},
                {"email4", Email<3>},
                {"email_opt_in", OptedIn},
                {"phone_number", kPhone},
                {"work_phone_number"},
                {"do_not_call", False},
                {"do_not_contact", DoNotContact},
                {"federal_donotcall", False},
                {"mobile_number", kMobile},
                {"mobile_opt_in", False},
                {"is_mobile_bad", False}});
  AddEmpty(columns,
           "fax_number demo support_level inferred_support_level priority_level availability");
  Add(columns, {{"note", Text<&Record::note>}});
  AddEmpty(columns, "parent_id point_person_name_or_email recruiter_id recruiter_name_or_email");
  Add(columns,
      {{"tag_list", kTags}, {"created_at", JoinedZoned}, {"unsubscribed_at", UnsubscribedAt}});
  AddEmpty(
      columns,
      "is_supporter is_prospect signup_type is_volunteer is_donor is_fundraiser "
      "is_ignore_donation_limits first_donated_at "
      "last_donated_at donations_count donations_amount donations_amount_in_cents "
      "donations_raised_count "
      "donations_raised_amount donations_raised_amount_in_cents donations_pledged_amount "
      "donations_pledged_amount_in_cents donations_count_this_cycle donations_amount_this_cycle "
      "donations_amount_this_cycle_in_cents donations_raised_count_this_cycle "
      "donations_raised_amount_this_cycle "
      "donations_raised_amount_this_cycle_in_cents maximum_donation_possible_this_cycle "
      "maximum_donation_possible_this_cycle_in_cents membership_names nbec_guid pf_strat_id "
      "state_file_id county_file_id "
      "dw_id van_id ngp_id rnc_id rnc_regid datatrust_id previous_party inferred_party "
      "supranational_district "
      "federal_district state_upper_district state_lower_district county_district city_district "
      "city_sub_district "
      "village_district judicial_district school_district school_sub_district fire_district "
      "precinct_name precinct_code "
      "media_market_name support_probability_score turnout_probability_score capital_amount "
      "capital_amount_in_cents "
      "spent_capital_amount spent_capital_amount_in_cents received_capital_amount "
      "received_capital_amount_in_cents");
  Add(columns, {{"email", kEmail},
                {"email1_is_bad", EmailIsBad<0>},
                {"email2_is_bad", EmailIsBad<1>},
                {"email3_is_bad", EmailIsBad<2>},
                {"email4_is_bad", EmailIsBad<3>}});
  Add(columns, {{"primary_country_code", CountryCode},
                {"primary_country", UnitedStates},
                {"primary_state", kState},
                {"primary_city", kCity},
                {"primary_county", kCounty},
                {"primary_zip", kZip},
                {"primary_address1", kAddress1},
                {"primary_address2", kAddress2},
                {"primary_address3"},
                {"primary_fips"},
                {"primary_submitted_address", SubmittedAddress},
                {"primary_geocode_accuracy"}});
  constexpr std::string_view kParts[] = {"country_code",
                                         "country",
                                         "state",
                                         "city",
                                         "county",
                                         "zip",
                                         "address1",
                                         "address2",
                                         "address3",
                                         "fips",
                                         "submitted_address",
                                         "geocode_accuracy"};
  constexpr std::string_view kPostalParts[] = {"street_number",  "street_prefix", "street_name",
                                               "street_type",    "street_suffix", "unit_number",
                                               "zip5",           "zip4",          "sort_sequence",
                                               "delivery_point", "lot",           "carrier_route"};
  for (const std::string kind :
       {"address_", "work_", "mailing_", "user_submitted_", "registered_"}) {
    for (std::string_view part : kParts) columns.push_back({kind + std::string(part)});
    if (kind != "mailing_" && kind != "registered_") continue;
    for (std::string_view part : kPostalParts) columns.push_back({kind + std::string(part)});
  }
  columns.push_back({"party_member"});
  return layout;
}

ExportLayout Mailchimp(Status status) {
  ExportLayout layout;
  layout.name = "Mailchimp";
  layout.file_stem = status == Status::kUnsubscribed ? "unsubscribed"
                     : status == Status::kCleaned    ? "cleaned"
                                                     : "mailchimp";
  layout.style = {.quote_spaces = true};
  layout.traits.usual = status;
  std::vector<Column>& columns = layout.columns;
  columns = {{"Email Address", kEmail},
             {"First Name", kFirst},
             {"Last Name", kLast},
             {"Phone Number", AnyPhone},
             {"ZIP Code", kZip},
             {"MEMBER_RATING", Rating},
             {"OPTIN_TIME", JoinedTime},
             {"OPTIN_IP", Address192},
             {"CONFIRM_TIME", JoinedTime},
             {"CONFIRM_IP", Address192},
             {"LATITUDE", Latitude},
             {"LONGITUDE", Longitude},
             {"GMTOFF"},
             {"DSTOFF"},
             {"TIMEZONE"},
             {"CC", CountryCode},
             {"REGION", kState}};
  if (status == Status::kUnsubscribed) {
    Add(columns, {{"UNSUB_TIME", ChangedTime},
                  {"UNSUB_CAMPAIGN_TITLE", CampaignTitle},
                  {"UNSUB_CAMPAIGN_ID", ShortHash},
                  {"UNSUB_REASON", UnsubscribeReason},
                  {"UNSUB_REASON_OTHER"}});
  } else if (status == Status::kCleaned) {
    Add(columns, {{"CLEAN_TIME", ChangedTime},
                  {"CLEAN_CAMPAIGN_TITLE", CampaignTitle},
                  {"CLEAN_CAMPAIGN_ID", ShortHash}});
  } else {
    Add(columns, {{"LAST_CHANGED", ChangedTime}});
  }
  Add(columns, {{"LEID", LongId},
                {"EUID", ShortHash},
                {"NOTES", Text<&Record::note>},
                {"TAGS", QuotedTags}});
  return layout;
}

ExportLayout EveryAction() {
  ExportLayout layout;
  layout.name = "EveryAction";
  layout.file_stem = "everyaction";
  layout.style = {.crlf = true};
  layout.traits.loses_zip_zeros = true;
  layout.columns = {{"Voter File VANID", RowId},
                    {"FirstName", kFirst},
                    {"MiddleName", kMiddle},
                    {"LastName", kLast},
                    {"Suffix", kSuffix},
                    {"Sex", Sex},
                    {"Party"},
                    {"Age"},
                    {"Address", kAddress1},
                    {"City", kCity},
                    {"State", kState},
                    {"Zip5", Zip5},
                    {"Pref Phone ", kPhone},
                    {"Cell Phone", kMobile},
                    {"PreferredEmail", kEmail}};
  return layout;
}

ExportLayout CiviCrm() {
  ExportLayout layout;
  layout.name = "CiviCRM";
  layout.file_stem = "civicrm";
  layout.style = {.bom = true};
  layout.traits.splits_unit = true;
  layout.traits.statuses = {
      {{Status::kUnsubscribed, 400}, {Status::kDoNotEmail, 200}, {Status::kDoNotShare, 200}}};
  layout.columns = {{"Contact ID", RowId},
                    {"Contact Type", Individual},
                    {"External Identifier"},
                    {"Display Name", FullName},
                    {"Organization Name"},
                    {"Contact Subtype"},
                    {"First Name", kFirst},
                    {"Middle Name", kMiddle},
                    {"Last Name", kLast},
                    {"Do Not Email", DoNotEmailFlag},
                    {"Do Not Phone", Zero},
                    {"Do Not Mail", Zero},
                    {"Do Not Sms", Zero},
                    {"Do Not Trade", DoNotTradeFlag},
                    {"No Bulk Emails (User Opt Out)", OptOutFlag},
                    {"Legal Identifier"},
                    {"Sort Name", SortName},
                    {"Nickname", Text<&Record::nickname>},
                    {"Legal Name"},
                    {"Image Url"},
                    {"Preferred Communication Method"},
                    {"Preferred Language", English},
                    {"Contact Hash", LongHash},
                    {"Contact Source", Source},
                    {"Individual Prefix"},
                    {"Individual Suffix", kSuffix},
                    {"Formal Title"},
                    {"Email", kEmail},
                    {"Phone", AnyPhone},
                    {"Street Address", kAddress1},
                    {"Supplemental Address 1", kAddress2},
                    {"Supplemental Address 2"},
                    {"Supplemental Address 3"},
                    {"City", kCity},
                    {"State", kState},
                    {"Postal Code", kZip},
                    {"Country", UnitedStates}};
  return layout;
}

ExportLayout ActionKit() {
  ExportLayout layout;
  layout.name = "ActionKit";
  layout.file_stem = "actionkit";
  layout.traits.usual = Status::kSubscribed;
  layout.traits.splits_unit = true;
  layout.traits.statuses = {{{Status::kUnsubscribed, 700}, {Status::kBouncing, 300}}};
  layout.columns = {{"id", RowId},
                    {"created_at", JoinedTime},
                    {"updated_at", ChangedTime},
                    {"email", kEmail},
                    {"prefix"},
                    {"first_name", kFirst},
                    {"middle_name", kMiddle},
                    {"last_name", kLast},
                    {"suffix", kSuffix},
                    {"subscription_status", ActionKitStatus},
                    {"address1", kAddress1},
                    {"address2", kAddress2},
                    {"city", kCity},
                    {"state", kState},
                    {"region"},
                    {"postal", kZip},
                    {"zip", Zip5},
                    {"plus4", Plus4},
                    {"country", UnitedStates},
                    {"source", Source},
                    {"lang_id", One},
                    {"rand_id", LongId}};
  return layout;
}

ExportLayout Plain() {
  ExportLayout layout;
  layout.name = "plain";
  layout.file_stem = "plain";
  layout.style = {.crlf = true};
  layout.traits.loses_zip_zeros = true;
  layout.columns = {{"email", kEmail},   {"first_name", kFirst}, {"last_name", kLast},
                    {"phone", AnyPhone}, {"address", kAddress1}, {"city", kCity},
                    {"state", kState},   {"zip", kZip}};
  return layout;
}

}  // namespace

void ExportLayout::AppendHeader(std::string& out) const {
  if (style.bom) out += "\xEF\xBB\xBF";
  CsvRow row(out, style);
  for (const Column& column : columns) row.Cell(column.header);
  row.End();
}

void ExportLayout::AppendCells(const Record& record, CsvRow& row) const {
  for (const Column& column : columns) {
    if (column.write == nullptr) {
      row.Empty();
    } else {
      column.write(record, row);
    }
  }
}

const ExportLayout& MemberLayout(uint32_t member) {
  static const auto* const layouts = new std::vector<ExportLayout>{
      ActionNetwork(), NationBuilder(), Mailchimp(Status::kSubscribed), EveryAction(), CiviCrm(),
      ActionKit(),     Plain()};
  return (*layouts)[member % layouts->size()];
}

const ExportLayout& MailchimpUnsubscribed() {
  static const auto* const layout = new ExportLayout(Mailchimp(Status::kUnsubscribed));
  return *layout;
}

const ExportLayout& MailchimpCleaned() {
  static const auto* const layout = new ExportLayout(Mailchimp(Status::kCleaned));
  return *layout;
}

bool HasSideFiles(const ExportLayout& layout) { return layout.name == "Mailchimp"; }

}  // namespace muster::fake
