// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/column_names.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "absl/strings/ascii.h"
#include "core/base/bytes.h"
#include "core/ingest/field_value.h"

namespace muster::ingest {
namespace {

using contact::Field;
using contact::Status;

constexpr ColumnTarget To(Field field, uint8_t rank = 0) {
  return {Role::kField, field, Status::kUnknown, 0, rank};
}
constexpr ColumnTarget InGroup(Field field, uint8_t group) {
  return {Role::kField, field, Status::kUnknown, group, 0};
}
constexpr ColumnTarget Address(uint8_t group) {
  return {Role::kEmail, Field::kEmail, Status::kUnknown, group, 0};
}
constexpr ColumnTarget Bad(uint8_t group) {
  return {Role::kEmailBad, Field::kEmail, Status::kUnknown, group, 0};
}
constexpr ColumnTarget As(Role role) { return {role, Field::kEmail, Status::kUnknown, 0, 0}; }
constexpr ColumnTarget Flag(Status flag) { return {Role::kFlag, Field::kEmail, flag, 0, 0}; }

struct Alias {
  std::string_view key;  // as WordKey makes it
  ColumnTarget target;
};

// Names that mean the same whoever writes them.
constexpr Alias kCommon[] = {
    {"email", Address(0)},
    {"emailaddress", Address(0)},
    {"emailaddr", Address(0)},
    {"mail", Address(0)},
    {"useremail", Address(0)},
    {"contactemail", Address(0)},
    {"subscriberemail", Address(0)},
    {"primaryemail", Address(0)},
    {"primaryemailaddress", Address(0)},
    {"preferredemail", Address(0)},
    {"email1", Address(1)},
    {"emailaddress1", Address(1)},
    {"email2", Address(2)},
    {"emailaddress2", Address(2)},
    {"secondaryemail", Address(2)},
    {"alternateemail", Address(2)},
    {"alternativeemail", Address(2)},
    {"email3", Address(3)},
    {"emailaddress3", Address(3)},
    {"email4", Address(4)},
    {"emailaddress4", Address(4)},
    {"personalemail", Address(5)},
    {"homeemail", Address(5)},
    {"mainemail", Address(6)},
    {"otheremail", Address(7)},
    {"workemail", Address(8)},
    {"billingemail", Address(9)},
    {"email1isbad", Bad(1)},
    {"email2isbad", Bad(2)},
    {"email3isbad", Bad(3)},
    {"email4isbad", Bad(4)},

    {"prefix", To(Field::kPrefix)},
    {"nameprefix", To(Field::kPrefix)},
    {"individualprefix", To(Field::kPrefix)},
    {"salutation", To(Field::kPrefix, 1)},
    {"honorific", To(Field::kPrefix, 1)},
    {"firstname", To(Field::kFirstName)},
    {"fname", To(Field::kFirstName)},
    {"first", To(Field::kFirstName)},
    {"givenname", To(Field::kFirstName)},
    {"forename", To(Field::kFirstName)},
    {"middlename", To(Field::kMiddleName)},
    {"mname", To(Field::kMiddleName)},
    {"middle", To(Field::kMiddleName)},
    {"middleinitial", To(Field::kMiddleName, 1)},
    {"lastname", To(Field::kLastName)},
    {"lname", To(Field::kLastName)},
    {"last", To(Field::kLastName)},
    {"surname", To(Field::kLastName)},
    {"familyname", To(Field::kLastName)},
    {"suffix", To(Field::kSuffix)},
    {"namesuffix", To(Field::kSuffix)},
    {"individualsuffix", To(Field::kSuffix)},
    {"nickname", To(Field::kNickname)},
    {"preferredname", To(Field::kNickname, 1)},
    {"fullname", As(Role::kFullName)},
    {"name", As(Role::kFullName)},
    {"contactname", As(Role::kFullName)},
    {"displayname", As(Role::kFullName)},

    {"phone", To(Field::kPhone)},
    {"phonenumber", To(Field::kPhone)},
    {"prefphone", To(Field::kPhone)},
    {"preferredphone", To(Field::kPhone)},
    {"primaryphone", To(Field::kPhone)},
    {"telephone", To(Field::kPhone, 1)},
    {"homephone", To(Field::kPhone, 1)},
    {"homephonenumber", To(Field::kPhone, 1)},
    {"landline", To(Field::kPhone, 1)},
    {"mainphone", To(Field::kPhone, 2)},
    {"workphone", To(Field::kPhone, 3)},
    {"workphonenumber", To(Field::kPhone, 3)},
    {"mobile", To(Field::kMobile)},
    {"mobilephone", To(Field::kMobile)},
    {"mobilenumber", To(Field::kMobile)},
    {"mobilephonenumber", To(Field::kMobile)},
    {"cell", To(Field::kMobile)},
    {"cellphone", To(Field::kMobile)},
    {"cellphonenumber", To(Field::kMobile)},
    {"smsphonenumber", To(Field::kMobile, 1)},

    {"address", To(Field::kAddress1)},
    {"address1", To(Field::kAddress1)},
    {"addressline1", To(Field::kAddress1)},
    {"streetaddress", To(Field::kAddress1)},
    {"streetaddress1", To(Field::kAddress1)},
    {"street", To(Field::kAddress1, 1)},
    {"street1", To(Field::kAddress1, 1)},
    {"homeaddress", To(Field::kAddress1, 1)},
    {"address2", To(Field::kAddress2)},
    {"addressline2", To(Field::kAddress2)},
    {"streetaddress2", To(Field::kAddress2)},
    {"street2", To(Field::kAddress2)},
    {"supplementaladdress1", To(Field::kAddress2)},
    {"apartment", To(Field::kAddress2, 1)},
    {"apt", To(Field::kAddress2, 1)},
    {"unit", To(Field::kAddress2, 2)},
    {"city", To(Field::kCity)},
    {"town", To(Field::kCity, 1)},
    {"cityname", To(Field::kCity, 1)},
    {"state", To(Field::kState)},
    {"stateprovince", To(Field::kState)},
    {"stateabbreviated", To(Field::kState)},
    {"statecode", To(Field::kState)},
    {"province", To(Field::kState, 1)},
    {"region", To(Field::kState, 2)},
    {"zip", To(Field::kZip)},
    {"zipcode", To(Field::kZip)},
    {"zip5", To(Field::kZip)},
    {"postalcode", To(Field::kZip, 1)},
    {"postcode", To(Field::kZip, 1)},
    {"postal", To(Field::kZip, 1)},
    {"zip4", As(Role::kZip4)},
    {"plus4", As(Role::kZip4)},
    {"zipplus4", As(Role::kZip4)},
    {"postalcodesuffix", As(Role::kZip4)},
    {"country", To(Field::kCountry)},
    {"countryname", To(Field::kCountry)},
    {"countrycode", To(Field::kCountry, 1)},
    {"county", To(Field::kCounty)},
    {"countyname", To(Field::kCounty)},

    {"birthdate", To(Field::kBirthDate)},
    {"dateofbirth", To(Field::kBirthDate)},
    {"dob", To(Field::kBirthDate)},
    {"bornat", To(Field::kBirthDate)},
    {"birthday", To(Field::kBirthDate, 1)},
    {"birthyear", To(Field::kBirthDate, 2)},
    {"yearofbirth", To(Field::kBirthDate, 2)},
    {"sex", To(Field::kSex)},
    {"gender", To(Field::kSex, 1)},
    {"language", To(Field::kLanguage)},
    {"preferredlanguage", To(Field::kLanguage)},
    {"organization", To(Field::kOrganization)},
    {"organisation", To(Field::kOrganization)},
    {"organizationname", To(Field::kOrganization)},
    {"company", To(Field::kOrganization, 1)},
    {"companyname", To(Field::kOrganization, 1)},
    {"employer", To(Field::kOrganization, 2)},
    {"externalid", To(Field::kExternalId, 3)},
    {"externalidentifier", To(Field::kExternalId, 3)},
    {"memberid", To(Field::kExternalId, 3)},
    {"contactid", To(Field::kExternalId, 3)},
    {"constituentid", To(Field::kExternalId, 3)},
    {"uniqueid", To(Field::kExternalId, 4)},
    {"uuid", To(Field::kExternalId, 4)},
    {"userid", To(Field::kExternalId, 4)},
    {"id", To(Field::kExternalId, 5)},
    {"statefileid", To(Field::kVoterFileId)},
    {"statevoterid", To(Field::kVoterFileId)},
    {"voterid", To(Field::kVoterFileId, 1)},
    {"voterfileid", To(Field::kVoterFileId, 1)},
    {"voterfilevanid", To(Field::kVanId)},
    {"vanid", To(Field::kVanId, 1)},
    {"source", To(Field::kSource)},
    {"contactsource", To(Field::kSource)},
    {"originalsource", To(Field::kSource)},
    {"signupsource", To(Field::kSource)},
    {"originsourcecode", To(Field::kSource)},
    {"sourcecode", To(Field::kSource, 1)},
    {"tags", To(Field::kTags)},
    {"taglist", To(Field::kTags)},
    {"groups", To(Field::kTags, 1)},
    {"consent", To(Field::kConsent)},
    {"consenttext", To(Field::kConsent)},
    {"subscriptiondate", To(Field::kSubscribedTime)},
    {"subscribeddate", To(Field::kSubscribedTime)},
    {"subscribedat", To(Field::kSubscribedTime)},
    {"signupdate", To(Field::kSubscribedTime)},
    {"joindate", To(Field::kSubscribedTime)},
    {"joinedat", To(Field::kSubscribedTime)},
    {"datejoined", To(Field::kSubscribedTime)},
    {"dateadded", To(Field::kSubscribedTime, 1)},
    {"optindate", To(Field::kSubscribedTime, 1)},
    {"createdat", To(Field::kSubscribedTime, 2)},
    {"datecreated", To(Field::kSubscribedTime, 2)},
    {"lastactivity", To(Field::kActivityTime)},
    {"lastactivitydate", To(Field::kActivityTime)},
    {"lastactive", To(Field::kActivityTime)},
    {"lastopened", To(Field::kActivityTime, 1)},
    {"lastopen", To(Field::kActivityTime, 1)},
    {"lastclick", To(Field::kActivityTime, 1)},
    {"updatedat", To(Field::kActivityTime, 2)},
    {"lastmodified", To(Field::kActivityTime, 2)},
    {"lastchanged", To(Field::kActivityTime, 2)},
    {"latitude", To(Field::kLatitude)},
    {"lat", To(Field::kLatitude)},
    {"longitude", To(Field::kLongitude)},
    {"lng", To(Field::kLongitude)},
    {"lon", To(Field::kLongitude)},
    {"timezone", To(Field::kTimeZone)},
    {"engagement", To(Field::kEngagement)},
    {"engagementlevel", To(Field::kEngagement)},
    {"memberrating", To(Field::kEngagement)},

    {"subscriptionstatus", As(Role::kStatus)},
    {"emailsubscriptionstatus", As(Role::kStatus)},
    {"emailsubscriptionstatusname", As(Role::kStatus)},
    {"emailstatus", As(Role::kStatus)},
    {"optinstatus", As(Role::kStatus)},
    {"emailoptin", As(Role::kOptIn)},
    {"emailoptedin", As(Role::kOptIn)},
    {"optin", As(Role::kOptIn)},
    {"optedin", As(Role::kOptIn)},
    {"subscribed", As(Role::kOptIn)},
    {"issubscribed", As(Role::kOptIn)},
    {"unsubscribed", Flag(Status::kUnsubscribed)},
    {"isunsubscribed", Flag(Status::kUnsubscribed)},
    {"unsubscribedat", Flag(Status::kUnsubscribed)},
    {"unsubscribeddate", Flag(Status::kUnsubscribed)},
    {"unsubscribedate", Flag(Status::kUnsubscribed)},
    {"unsubtime", Flag(Status::kUnsubscribed)},
    {"optout", Flag(Status::kUnsubscribed)},
    {"optedout", Flag(Status::kUnsubscribed)},
    {"optoutdate", Flag(Status::kUnsubscribed)},
    {"emailoptout", Flag(Status::kUnsubscribed)},
    {"useroptout", Flag(Status::kUnsubscribed)},
    {"nobulkemails", Flag(Status::kUnsubscribed)},
    {"nobulkemailsuseroptout", Flag(Status::kUnsubscribed)},
    {"donotemail", Flag(Status::kDoNotEmail)},
    {"noemail", Flag(Status::kDoNotEmail)},
    {"donotcontact", Flag(Status::kDoNotEmail)},
    {"suppressed", Flag(Status::kDoNotEmail)},
    {"donottrade", Flag(Status::kDoNotShare)},
    {"donotshare", Flag(Status::kDoNotShare)},
    {"donotexchange", Flag(Status::kDoNotShare)},
    {"spamcomplaint", Flag(Status::kComplained)},
    {"complained", Flag(Status::kComplained)},
    {"bounced", Flag(Status::kBouncing)},
    {"emailbounced", Flag(Status::kBouncing)},
    {"emailisbad", Flag(Status::kBouncing)},
    {"isbad", Flag(Status::kBouncing)},
    {"bademail", Flag(Status::kBouncing)},
    {"onhold", Flag(Status::kBouncing)},
    {"emailonhold", Flag(Status::kBouncing)},
    {"cleantime", Flag(Status::kCleaned)},
    {"deceased", Flag(Status::kDeceased)},
    {"isdeceased", Flag(Status::kDeceased)},
};

constexpr Alias kActionNetworkNames[] = {
    {"uuid", To(Field::kExternalId)},
    {"can2phone", To(Field::kPhone)},
    {"can2useraddress", To(Field::kAddress1)},
    {"can2usercity", To(Field::kCity)},
    {"can2stateabbreviated", To(Field::kState)},
    {"can2userstate", To(Field::kState, 1)},
    {"can2county", To(Field::kCounty)},
    {"can2usertags", To(Field::kTags)},
    {"can2subscriptionstatus", As(Role::kStatus)},
    {"can2subscriptiondate", To(Field::kSubscribedTime)},
};

constexpr Alias kNationBuilderNames[] = {
    {"nationbuilderid", To(Field::kExternalId)},
    {"legalname", As(Role::kFullName)},
};

constexpr Alias kEveryActionNames[] = {
    {"maddress", InGroup(Field::kAddress1, 1)}, {"mcity", InGroup(Field::kCity, 1)},
    {"mstate", InGroup(Field::kState, 1)},      {"mzip5", InGroup(Field::kZip, 1)},
    {"vaddress", InGroup(Field::kAddress1, 2)}, {"vcity", InGroup(Field::kCity, 2)},
    {"vstate", InGroup(Field::kState, 2)},      {"vzip5", InGroup(Field::kZip, 2)},
};

constexpr Alias kMailchimpNames[] = {
    {"euid", To(Field::kExternalId)},
    {"leid", To(Field::kExternalId, 1)},
    {"optintime", To(Field::kSubscribedTime)},
    {"confirmtime", To(Field::kSubscribedTime, 1)},
    {"lastchanged", To(Field::kActivityTime)},
    {"cc", InGroup(Field::kCountry, kByIpGroup)},
    {"region", InGroup(Field::kState, kByIpGroup)},
};

constexpr Alias kCiviCrmNames[] = {
    {"contactid", To(Field::kExternalId)},
    {"internalcontactid", To(Field::kExternalId)},
};

constexpr Alias kActionKitNames[] = {
    {"akid", To(Field::kExternalId)},
    {"userid", To(Field::kExternalId, 1)},
    {"id", To(Field::kExternalId, 2)},
};

// Several postal addresses in one row, each column with a word in front; in order of preference.
constexpr std::string_view kNationBuilderGroups[] = {"primary",    "mailing",       "address",
                                                     "registered", "usersubmitted", "work"};
constexpr Alias kNationBuilderGroupNames[] = {
    {"address1", To(Field::kAddress1)}, {"address2", To(Field::kAddress2)},
    {"city", To(Field::kCity)},         {"county", To(Field::kCounty)},
    {"state", To(Field::kState)},       {"zip", To(Field::kZip)},
    {"zip5", To(Field::kZip, 1)},       {"zip4", As(Role::kZip4)},
    {"country", To(Field::kCountry)},   {"countrycode", To(Field::kCountry, 1)},
};
constexpr std::string_view kCiviCrmGroups[] = {"primary", "home", "main",
                                               "other",   "work", "billing"};
constexpr Alias kCiviCrmGroupNames[] = {
    {"streetaddress", To(Field::kAddress1)},
    {"supplementaladdress1", To(Field::kAddress2)},
    {"city", To(Field::kCity)},
    {"county", To(Field::kCounty)},
    {"state", To(Field::kState)},
    {"stateprovince", To(Field::kState)},
    {"postalcode", To(Field::kZip)},
    {"postalcodesuffix", As(Role::kZip4)},
    {"country", To(Field::kCountry)},
};

struct Signature {
  ExportFormat format;
  int8_t weight;  // kRecognized of them make a layout
  std::string_view key;
};
constexpr int kRecognized = 4;
constexpr Signature kSignatures[] = {
    {ExportFormat::kNationBuilder, 4, "nationbuilderid"},
    {ExportFormat::kNationBuilder, 4, "nbecguid"},
    {ExportFormat::kNationBuilder, 3, "email1isbad"},
    {ExportFormat::kNationBuilder, 3, "pointpersonnameoremail"},
    {ExportFormat::kNationBuilder, 3, "recruiternameoremail"},
    {ExportFormat::kNationBuilder, 3, "usersubmittedaddress1"},
    {ExportFormat::kNationBuilder, 2, "primaryaddress1"},
    {ExportFormat::kNationBuilder, 2, "signuptype"},
    {ExportFormat::kNationBuilder, 2, "taglist"},
    {ExportFormat::kNationBuilder, 2, "emailoptin"},
    {ExportFormat::kNationBuilder, 1, "email1"},
    {ExportFormat::kNationBuilder, 1, "supportlevel"},
    {ExportFormat::kEveryAction, 4, "voterfilevanid"},
    {ExportFormat::kEveryAction, 4, "vanid"},
    {ExportFormat::kEveryAction, 4, "mycampaignvanid"},
    {ExportFormat::kEveryAction, 3, "vhhid"},
    {ExportFormat::kEveryAction, 2, "statefileid"},
    {ExportFormat::kEveryAction, 2, "dwid"},
    {ExportFormat::kEveryAction, 2, "prefphone"},
    {ExportFormat::kEveryAction, 2, "preferredemail"},
    {ExportFormat::kEveryAction, 2, "mzip5"},
    {ExportFormat::kEveryAction, 2, "vaddress"},
    {ExportFormat::kEveryAction, 1, "zip5"},
    {ExportFormat::kEveryAction, 1, "precinctname"},
    {ExportFormat::kMailchimpSubscribed, 3, "leid"},
    {ExportFormat::kMailchimpSubscribed, 3, "euid"},
    {ExportFormat::kMailchimpSubscribed, 3, "memberrating"},
    {ExportFormat::kMailchimpSubscribed, 2, "optintime"},
    {ExportFormat::kMailchimpSubscribed, 2, "optinip"},
    {ExportFormat::kMailchimpSubscribed, 2, "confirmtime"},
    {ExportFormat::kMailchimpSubscribed, 2, "confirmip"},
    {ExportFormat::kMailchimpSubscribed, 2, "gmtoff"},
    {ExportFormat::kMailchimpSubscribed, 3, "unsubcampaigntitle"},
    {ExportFormat::kMailchimpSubscribed, 1, "lastchanged"},
    {ExportFormat::kMailchimpSubscribed, 1, "emailaddress"},
    {ExportFormat::kMailchimpSubscribed, 2, "unsubtime"},
    {ExportFormat::kMailchimpSubscribed, 2, "cleantime"},
    {ExportFormat::kCiviCrm, 4, "nobulkemailsuseroptout"},
    {ExportFormat::kCiviCrm, 3, "preferredcommunicationmethod"},
    {ExportFormat::kCiviCrm, 3, "donottrade"},
    {ExportFormat::kCiviCrm, 2, "individualprefix"},
    {ExportFormat::kCiviCrm, 2, "contactsubtype"},
    {ExportFormat::kCiviCrm, 2, "supplementaladdress1"},
    {ExportFormat::kCiviCrm, 2, "contacttype"},
    {ExportFormat::kCiviCrm, 2, "contactid"},
    {ExportFormat::kCiviCrm, 2, "sortname"},
    {ExportFormat::kCiviCrm, 2, "contactsource"},
    {ExportFormat::kCiviCrm, 1, "externalidentifier"},
    {ExportFormat::kCiviCrm, 1, "donotemail"},
    {ExportFormat::kCiviCrm, 1, "donotphone"},
    {ExportFormat::kActionKit, 4, "akid"},
    {ExportFormat::kActionKit, 3, "langid"},
    {ExportFormat::kActionKit, 3, "randid"},
    {ExportFormat::kActionKit, 2, "plus4"},
    {ExportFormat::kActionKit, 1, "postal"},
    {ExportFormat::kActionKit, 1, "subscriptionstatus"},
};

// What FIELD may be beside contact::FieldName.
struct SpecialName {
  std::string_view name;
  ColumnTarget target;
};
constexpr SpecialName kSpecialNames[] = {
    {"email2", Address(2)},
    {"email3", Address(3)},
    {"email4", Address(4)},
    {"full_name", As(Role::kFullName)},
    {"zip4", As(Role::kZip4)},
    {"status", As(Role::kStatus)},
    {"opt_in", As(Role::kOptIn)},
    {"opt_out", Flag(Status::kUnsubscribed)},
    {"do_not_email", Flag(Status::kDoNotEmail)},
    {"do_not_share", Flag(Status::kDoNotShare)},
    {"bounced", Flag(Status::kBouncing)},
    {"complained", Flag(Status::kComplained)},
    {"cleaned", Flag(Status::kCleaned)},
    {"deceased", Flag(Status::kDeceased)},
};

std::optional<ColumnTarget> Find(std::span<const Alias> aliases, std::string_view key) {
  for (const Alias& alias : aliases) {
    if (alias.key == key) return alias.target;
  }
  return std::nullopt;
}

std::optional<ColumnTarget> FindInGroups(std::span<const std::string_view> groups,
                                         std::span<const Alias> names, std::string_view key) {
  for (size_t i = 0; i < groups.size(); ++i) {
    if (key.substr(0, groups[i].size()) != groups[i]) continue;
    if (std::optional<ColumnTarget> target = Find(names, key.substr(groups[i].size()))) {
      target->group = static_cast<uint8_t>(i);
      return target;
    }
  }
  return std::nullopt;
}

std::optional<ColumnTarget> FindCiviCrm(std::string_view key) {
  if (auto target = FindInGroups(kCiviCrmGroups, kCiviCrmGroupNames, key)) return target;
  // "Home-Phone-Mobile": place, then kind.
  for (size_t i = 0; i < std::size(kCiviCrmGroups); ++i) {
    const std::string start = std::string(kCiviCrmGroups[i]) + "phone";
    if (key.substr(0, start.size()) != start) continue;
    const std::string_view kind = key.substr(start.size());
    const auto rank = static_cast<uint8_t>(i);
    if (kind == "mobile") return To(Field::kMobile, rank);
    if (kind == "phone" || kind.empty()) return To(Field::kPhone, rank);
  }
  return std::nullopt;
}

}  // namespace

std::optional<ColumnTarget> FindColumnTarget(ExportFormat format, std::string_view key) {
  std::optional<ColumnTarget> target;
  switch (format) {
    case ExportFormat::kPlain:
      break;
    case ExportFormat::kActionNetwork:
      target = Find(kActionNetworkNames, key);
      break;
    case ExportFormat::kNationBuilder:
      target = Find(kNationBuilderNames, key);
      if (!target) target = FindInGroups(kNationBuilderGroups, kNationBuilderGroupNames, key);
      break;
    case ExportFormat::kEveryAction:
      target = Find(kEveryActionNames, key);
      break;
    case ExportFormat::kMailchimpSubscribed:
    case ExportFormat::kMailchimpUnsubscribed:
    case ExportFormat::kMailchimpCleaned:
      if (key == "birthday") return std::nullopt;  // month and day without a year
      target = Find(kMailchimpNames, key);
      break;
    case ExportFormat::kCiviCrm:
      target = Find(kCiviCrmNames, key);
      if (!target) target = FindCiviCrm(key);
      break;
    case ExportFormat::kActionKit:
      target = Find(kActionKitNames, key);
      break;
  }
  return target ? target : Find(kCommon, key);
}

std::optional<ColumnTarget> FindFieldTarget(std::string_view name) {
  Field field = Field::kEmail;
  if (contact::ParseFieldName(name, &field) && field <= contact::kLastListField) {
    return field == Field::kEmail ? Address(0) : To(field);
  }
  for (const SpecialName& special : kSpecialNames) {
    if (special.name == name) return special.target;
  }
  return std::nullopt;
}

std::vector<std::string> TargetNames() {
  std::vector<std::string> names;
  for (size_t i = 1; i <= static_cast<size_t>(contact::kLastListField); ++i) {
    names.emplace_back(contact::FieldName(static_cast<Field>(i)));
  }
  for (const SpecialName& special : kSpecialNames) names.emplace_back(special.name);
  return names;
}

std::string TargetName(const ColumnTarget& target) {
  switch (target.role) {
    case Role::kField:
      return std::string(contact::FieldName(target.field));
    case Role::kEmail:
      return target.group <= 1 ? "email" : "email" + std::to_string(target.group);
    case Role::kEmailBad:
      return "bounced";
    case Role::kFullName:
      return "full_name";
    case Role::kZip4:
      return "zip4";
    case Role::kStatus:
      return "status";
    case Role::kOptIn:
      return "opt_in";
    case Role::kFlag:
      break;
  }
  for (const SpecialName& special : kSpecialNames) {
    if (special.target.role == Role::kFlag && special.target.flag == target.flag)
      return std::string(special.name);
  }
  return "";
}

ExportFormat RecognizeFormat(const std::vector<std::string>& header, std::string_view file_name) {
  std::vector<std::string> keys;
  keys.reserve(header.size());
  for (const std::string& name : header) keys.push_back(WordKey(name));
  const auto has = [&](std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  const bool can2 = std::any_of(keys.begin(), keys.end(),
                                [](const std::string& key) { return key.rfind("can2", 0) == 0; });
  if (can2) return ExportFormat::kActionNetwork;
  std::array<int, 9> scores{};
  for (const Signature& signature : kSignatures) {
    if (has(signature.key)) scores[static_cast<size_t>(signature.format)] += signature.weight;
  }
  size_t best = 0;
  for (size_t i = 1; i < scores.size(); ++i) {
    if (scores[i] > scores[best]) best = i;
  }
  const std::string name =
      absl::AsciiStrToLower(std::filesystem::path(file_name).filename().string());
  if (scores[best] < kRecognized) {
    const bool report = name.find("csv_report_") != std::string::npos && has("email");
    return report ? ExportFormat::kActionNetwork : ExportFormat::kPlain;
  }
  const auto format = static_cast<ExportFormat>(best);
  if (format != ExportFormat::kMailchimpSubscribed) return format;
  // The columns say it for sure; a name may have been changed.
  if (has("unsubtime")) return ExportFormat::kMailchimpUnsubscribed;
  if (has("cleantime")) return ExportFormat::kMailchimpCleaned;
  if (name.find("unsubscribed") != std::string::npos) return ExportFormat::kMailchimpUnsubscribed;
  // At the start only: people call a list cleaned that they have tidied up.
  if (name.rfind("cleaned_", 0) == 0) return ExportFormat::kMailchimpCleaned;
  return ExportFormat::kMailchimpSubscribed;
}

}  // namespace muster::ingest
