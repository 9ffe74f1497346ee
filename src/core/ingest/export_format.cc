// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/export_format.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/ingest/column_names.h"
#include "core/ingest/field_value.h"

namespace muster::ingest {
namespace {

using contact::Field;
using contact::Status;

bool SameField(const ColumnTarget& a, const ColumnTarget& b) {
  if (a.role != b.role) return false;
  switch (a.role) {
    case Role::kField:
      return a.field == b.field;
    case Role::kEmail:
    case Role::kEmailBad:
      return a.group == b.group;
    case Role::kFlag:
      return a.flag == b.flag;
    default:
      return true;
  }
}

bool LooksLikeData(const std::vector<std::string>& header) {
  return std::any_of(header.begin(), header.end(),
                     [](const std::string& cell) { return contact::ParseEmail(cell).ok(); });
}

// One column's way through MapColumns.
struct Slot {
  std::string name;
  std::string key;
  std::optional<ColumnTarget> target;
  bool corrected = false;
  std::string note;
};

absl::StatusOr<size_t> FindColumn(const std::vector<Slot>& slots, std::string_view wanted) {
  if (wanted.size() > 1 && wanted[0] == '#' && wanted.size() <= 6 &&
      wanted.find_first_not_of("0123456789", 1) == std::string_view::npos) {
    const size_t number = static_cast<size_t>(std::stoul(std::string(wanted.substr(1))));
    if (number >= 1 && number <= slots.size()) return number - 1;
  }
  const std::string lower = absl::AsciiStrToLower(Av(contact::TrimSpace(wanted)));
  const std::string key = WordKey(wanted);
  for (const bool by_key : {false, true}) {
    std::vector<size_t> found;
    for (size_t i = 0; i < slots.size(); ++i) {
      const bool same = by_key ? !key.empty() && slots[i].key == key
                               : absl::AsciiStrToLower(slots[i].name) == lower;
      if (same) found.push_back(i);
    }
    if (found.size() == 1) return found[0];
    if (found.size() > 1) {
      return MakeError(v1::COLUMN_MAPPED_TWICE,
                       "the header has the column \"" + std::string(wanted) + "\" " +
                           std::to_string(found.size()) + " times; name it by its number, as in #" +
                           std::to_string(found[0] + 1),
                       {{"column", std::string(wanted)}});
    }
  }
  std::string message = "there is no column \"" + std::string(wanted) + "\"";
  const bool surely_a_header =
      std::any_of(slots.begin(), slots.end(), [](const Slot& s) { return s.target.has_value(); });
  if (surely_a_header) {
    constexpr size_t kNamesMax = 60;
    std::vector<std::string> names;
    for (size_t i = 0; i < slots.size() && i < kNamesMax; ++i) names.push_back(slots[i].name);
    message += "; the columns are: " + absl::StrJoin(names, ", ") +
               (slots.size() > kNamesMax ? ", ..." : "");
  } else {
    message += " among the " + std::to_string(slots.size()) +
               " of the header; name one of them, or its number as in #1";
  }
  return MakeError(v1::COLUMN_UNKNOWN, message, {{"column", std::string(wanted)}});
}

absl::Status Correct(const ColumnCorrections& corrections, std::vector<Slot>& slots) {
  std::vector<ColumnTarget> named;
  for (const auto& [field, column] : corrections) {
    const std::optional<ColumnTarget> target = FindFieldTarget(field);
    if (!target) {
      return MakeError(v1::FIELD_UNKNOWN,
                       "there is no field \"" + field +
                           "\"; the fields are: " + absl::StrJoin(TargetNames(), ", "),
                       {{"field", field}});
    }
    for (const ColumnTarget& before : named) {
      if (SameField(before, *target)) {
        return MakeError(v1::COLUMN_MAPPED_TWICE,
                         "the field " + field + " is given two columns; keep one of them",
                         {{"field", field}});
      }
    }
    named.push_back(*target);
    // A person's word for the address stands for all that were found.
    for (Slot& slot : slots) {
      if (slot.corrected || !slot.target) continue;
      const bool of_email =
          target->role == Role::kEmail && target->group == 0 &&
          (slot.target->role == Role::kEmail || slot.target->role == Role::kEmailBad);
      if (of_email || SameField(*slot.target, *target)) {
        slot.target.reset();
        slot.note = column.empty() ? absl::StrCat(field, " is left out, as asked")
                                   : absl::StrCat(field, " comes from ", column, ", as asked");
      }
    }
    if (column.empty()) continue;
    MUSTER_ASSIGN_OR_RETURN(const size_t i, FindColumn(slots, column));
    if (slots[i].corrected) {
      return MakeError(v1::COLUMN_MAPPED_TWICE,
                       "the column \"" + column + "\" is given to two fields; keep one of them",
                       {{"column", column}, {"field", field}});
    }
    slots[i].target = target;
    const bool postal = target->role == Role::kField && IsPostal(target->field);
    if (postal || target->role == Role::kZip4) slots[i].target->group = kEveryGroup;
    slots[i].corrected = true;
    slots[i].note = "as asked";
  }
  return absl::OkStatus();
}

// Equal names in one header, both wanted: nobody can tell which one is meant.
absl::Status RefuseTwins(const std::vector<Slot>& slots) {
  for (size_t i = 0; i < slots.size(); ++i) {
    for (size_t k = i + 1; k < slots.size(); ++k) {
      if (!slots[i].target || !slots[k].target || slots[i].corrected || slots[k].corrected)
        continue;
      if (absl::AsciiStrToLower(slots[i].name) != absl::AsciiStrToLower(slots[k].name)) continue;
      return MakeError(v1::COLUMN_MAPPED_TWICE,
                       "columns " + std::to_string(i + 1) + " and " + std::to_string(k + 1) +
                           " have the same name \"" + slots[i].name +
                           "\"; rename one, or choose with --map " + TargetName(*slots[i].target) +
                           "=#" + std::to_string(i + 1),
                       {{"column", slots[i].name}});
    }
  }
  return absl::OkStatus();
}

bool ComesBefore(const ColumnMapping& a, const ColumnMapping& b) {
  const auto key = [](const ColumnMapping& c) {
    // Addresses first, then what is said of them, then fields in their order. A person's own choice
    // goes first of its kind.
    const int kind = c.role == Role::kEmail      ? 0
                     : c.role == Role::kField    ? 3
                     : c.role == Role::kEmailBad ? 1
                                                 : 2;
    const int field = c.role == Role::kField ? static_cast<int>(*c.field) : 0;
    const int group = c.group == kEveryGroup ? -1 : c.group;
    return std::array<int, 5>{kind, field, group, c.rank, static_cast<int>(c.index)};
  };
  return key(a) < key(b);
}

}  // namespace

std::string_view FormatName(ExportFormat format) {
  switch (format) {
    case ExportFormat::kPlain:
      return "plain";
    case ExportFormat::kActionNetwork:
      return "Action Network";
    case ExportFormat::kNationBuilder:
      return "NationBuilder";
    case ExportFormat::kEveryAction:
      return "EveryAction/VAN";
    case ExportFormat::kMailchimpSubscribed:
      return "Mailchimp subscribed";
    case ExportFormat::kMailchimpUnsubscribed:
      return "Mailchimp unsubscribed";
    case ExportFormat::kMailchimpCleaned:
      return "Mailchimp cleaned";
    case ExportFormat::kCiviCrm:
      return "CiviCRM";
    case ExportFormat::kActionKit:
      return "ActionKit";
  }
  return "";
}

bool IsPostal(Field field) {
  switch (field) {
    case Field::kAddress1:
    case Field::kAddress2:
    case Field::kCity:
    case Field::kState:
    case Field::kZip:
    case Field::kCountry:
    case Field::kCounty:
      return true;
    default:
      return false;
  }
}

bool IsMailchimp(ExportFormat format) {
  return format == ExportFormat::kMailchimpSubscribed ||
         format == ExportFormat::kMailchimpUnsubscribed ||
         format == ExportFormat::kMailchimpCleaned;
}

std::string ColumnMapping::Target() const {
  return TargetName({role, field.value_or(Field::kEmail), flag, group, rank});
}

absl::StatusOr<Mapping> MapColumns(const std::vector<std::string>& header,
                                   std::string_view file_name,
                                   const ColumnCorrections& corrections) {
  if (LooksLikeData(header)) {
    return MakeError(v1::CSV_NO_HEADER,
                     "the first line holds an address where the names of the columns should be; "
                     "put a line such as "
                     "\"email,first_name,last_name\" above it");
  }
  Mapping mapping;
  mapping.header = header;
  mapping.format = RecognizeFormat(header, file_name);
  mapping.format_name = FormatName(mapping.format);
  std::vector<Slot> slots;
  for (const std::string& name : header) {
    Slot slot;
    slot.name = std::string(contact::TrimSpace(name));
    slot.key = WordKey(slot.name);
    slot.target = FindColumnTarget(mapping.format, slot.key);
    slots.push_back(std::move(slot));
  }
  // A plain file's "status" may mean anything, but when it says who left, missing that would mail
  // them. Its words decide: one that is no subscription status rejects the row and names the way
  // out.
  const auto status = std::find_if(slots.begin(), slots.end(),
                                   [](const Slot& slot) { return slot.key == "status"; });
  if (mapping.format == ExportFormat::kPlain && status != slots.end()) {
    status->target = ColumnTarget{Role::kStatus};
  }
  MUSTER_RETURN_IF_ERROR(Correct(corrections, slots));
  MUSTER_RETURN_IF_ERROR(RefuseTwins(slots));

  const auto is_name = [](const Slot& slot) {
    return slot.target && slot.target->role == Role::kField &&
           (slot.target->field == Field::kFirstName || slot.target->field == Field::kLastName);
  };
  const bool has_names = std::any_of(slots.begin(), slots.end(), is_name);
  for (size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[i];
    if (has_names && slot.target && slot.target->role == Role::kFullName && !slot.corrected) {
      slot.target.reset();
      slot.note = "first and last name have columns of their own";
    }
    if (!slot.target) {
      if (slot.name.empty()) slot.note = "column " + std::to_string(i + 1) + " has no name";
      mapping.unmapped.push_back({slot.name, slot.note});
      continue;
    }
    ColumnMapping column;
    column.column = slot.name;
    column.index = i;
    column.role = slot.target->role;
    if (column.role == Role::kField || column.role == Role::kEmail)
      column.field = slot.target->field;
    column.flag = slot.target->flag;
    column.group = slot.target->group;
    column.rank = slot.target->rank;
    column.note = slot.note;
    mapping.columns.push_back(std::move(column));
  }
  std::sort(mapping.columns.begin(), mapping.columns.end(), ComesBefore);
  for (ColumnMapping& column : mapping.columns) {
    const bool by_ip =
        column.group == kByIpGroup && column.role == Role::kField && IsPostal(*column.field);
    if (by_ip) column.note = "by where mail was opened; used when the row has no address";
  }
  for (size_t i = 1; i < mapping.columns.size(); ++i) {
    ColumnMapping& column = mapping.columns[i];
    const ColumnMapping& before = mapping.columns[i - 1];
    const bool same =
        column.role == Role::kField && before.role == Role::kField && column.field == before.field;
    if (!same) continue;
    if (column.field == Field::kExternalId) {
      // Two systems' ids in one field would not be ids.
      mapping.unmapped.push_back({column.column, "external_id comes from " + before.column});
      mapping.columns.erase(mapping.columns.begin() + static_cast<ptrdiff_t>(i));
      --i;
      continue;
    }
    if (!column.note.empty()) continue;
    column.note = column.group != before.group ? "used when the addresses before it are empty"
                                               : "used when " + before.column + " is empty";
  }
  const bool has_email = std::any_of(mapping.columns.begin(), mapping.columns.end(),
                                     [](const ColumnMapping& c) { return c.role == Role::kEmail; });
  if (!has_email) {
    return MakeError(
        v1::COLUMN_NO_EMAIL,
        "none of the " + std::to_string(header.size()) +
            " columns could be read as the email address; name it with --map email=COLUMN");
  }
  if (mapping.format == ExportFormat::kMailchimpSubscribed) {
    mapping.file_status = Status::kSubscribed;
    if (std::filesystem::path(file_name).filename().string().find("subscribed") ==
        std::string::npos) {
      mapping.notes.emplace_back(
          "read as Mailchimp's file of subscribers: neither its name nor its columns say "
          "otherwise");
    }
    mapping.notes.emplace_back(
        "Mailchimp exports three files; upload the unsubscribed and the cleaned ones as well, so "
        "that nobody in them is mailed");
  } else if (mapping.format == ExportFormat::kMailchimpUnsubscribed) {
    mapping.file_status = Status::kUnsubscribed;
  } else if (mapping.format == ExportFormat::kMailchimpCleaned) {
    mapping.file_status = Status::kCleaned;
  }
  if (mapping.file_status == Status::kUnsubscribed || mapping.file_status == Status::kCleaned) {
    mapping.notes.emplace_back(
        "nobody in this file is mailed: it is the one that Mailchimp calls " +
        std::string(contact::StatusName(mapping.file_status)));
  }
  return mapping;
}

size_t ScoreHeader(const std::vector<std::string>& header) {
  const ExportFormat format = RecognizeFormat(header, "");
  size_t known = 0;
  bool has_address = false;
  for (const std::string& name : header) {
    const std::optional<ColumnTarget> target = FindColumnTarget(format, WordKey(name));
    if (!target) continue;
    ++known;
    has_address = has_address || target->role == Role::kEmail;
  }
  return known + (has_address ? header.size() : 0);
}

}  // namespace muster::ingest
