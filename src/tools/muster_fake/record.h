// SPDX-License-Identifier: Apache-2.0
//
// Record: one person as one member's system knows it, before a layout writes it: some fields
// missing, some old, some mistyped.
//
// Emails are as written in the cell. Status is what the row will say of each address.
// Threads: values.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_RECORD_H_
#define MUSTER_TOOLS_MUSTER_FAKE_RECORD_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/muster_fake/population.h"

namespace muster::fake {

// The words of truth/sources.csv; the same as contact::StatusName's.
enum class Status : uint8_t {
  kUnknown,
  kSubscribed,
  kUnsubscribed,
  kComplained,
  kBouncing,
  kCleaned,
  kDoNotEmail,
  kDoNotShare,
  kDeceased,
};
inline constexpr size_t kStatusCount = 9;
std::string_view StatusName(Status status);
inline bool IsMailable(Status status) {
  return status == Status::kUnknown || status == Status::kSubscribed;
}

inline constexpr size_t kEmailsMax = 4;  // NationBuilder's

struct EmailCell {
  std::string text;
  Status status = Status::kUnknown;
  bool valid = true;  // false: kept in the row though nobody can be mailed there
};

struct Record {
  uint64_t person = 0;
  uint64_t key = 0;  // for the ids that systems give to people and rows
  std::string first, middle, last, suffix, nickname;
  std::string phone, mobile;
  std::string address1, address2, city, state, zip, county;
  std::string_view latitude, longitude, sex;
  std::string birth;  // "1975-03-04"
  std::string tags;   // joined with ", "
  std::string note;
  std::array<EmailCell, kEmailsMax> emails;
  size_t email_count = 0;
  Status status = Status::kUnknown;  // of the row
  int32_t joined_day = 0;            // since 1970-01-01
  int32_t changed_day = 0;
  uint32_t clock = 0;   // seconds since midnight
  uint32_t rating = 0;  // 1-5
};

// What a layout's system keeps.
struct RecordTraits {
  uint32_t emails = 1;           // addresses a row can hold
  bool loses_zip_zeros = false;  // went through a spreadsheet
  bool splits_unit = false;      // the unit has a field of its own
  // Statuses and how many in 10,000 rows have them; the rest have `usual`.
  Status usual = Status::kUnknown;
  std::array<std::pair<Status, uint32_t>, 4> statuses{};
};

// Fills `record` with `person` as the system described by `traits` knows it.
void MakeRecord(const Population& population, const Person& person, const RecordTraits& traits,
                Rng& rng, Record& record);

// Spoils the row's first address; the kinds are the keys of truth's bad_rows.
enum class BadRow : uint8_t {
  kNoAt,
  kTwoAt,
  kInnerSpace,
  kEmptyEmail,
  kSingleLabelDomain,
  kTooFewCells,
  kTooManyCells
};
inline constexpr size_t kBadRowCount = 7;
std::string_view BadRowName(BadRow kind);
void Spoil(BadRow kind, Record& record, Rng& rng);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_RECORD_H_
