// SPDX-License-Identifier: Apache-2.0
#include "cli/canary_mixer.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/contact.h"
#include "core/crypto/secret_bytes.h"

namespace muster::cli {
namespace {

using contact::ContactRecord;
using contact::Field;

// Rows whose particulars are lent.
constexpr size_t kDonors = 256;

// Of the system's generator; not for keys.
class Dice {
 public:
  uint64_t Below(uint64_t bound) {
    // The bias of the remainder is below 2^-40 for any file.
    return std::uniform_int_distribution<uint64_t>(0, bound - 1)(source_);
  }

 private:
  std::random_device source_;
};

bool MayLend(const ContactRecord& record) {
  return record.ordinal == 0 && (record.status == contact::Status::kSubscribed ||
                                 record.status == contact::Status::kUnknown);
}

std::string Lowercase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Sets every digit of a part anew.
void ReplaceDigits(std::string& text, size_t from, size_t end, Dice& dice) {
  for (size_t i = from; i < end; ++i) {
    if (text[i] >= '0' && text[i] <= '9') text[i] = static_cast<char>('0' + dice.Below(10));
  }
}
void ReplaceDigits(std::string& text, size_t from, Dice& dice) {
  ReplaceDigits(text, from, text.size(), dice);
}

// Where the last `count` digits begin.
size_t LastDigits(std::string_view text, int count) {
  size_t at = text.size();
  while (at > 0 && count > 0) {
    --at;
    if (text[at] >= '0' && text[at] <= '9') --count;
  }
  return at;
}

// "2024-03-01T12:34:56Z": other minutes and seconds; a day alone stays.
void MoveWithinHour(std::string& time, Dice& dice) {
  constexpr size_t kMinutes = 14;
  constexpr size_t kSeconds = 17;
  if (time.size() < kSeconds + 2 || time[kMinutes - 1] != ':' || time[kSeconds - 1] != ':') return;
  for (const size_t at : {kMinutes, kSeconds}) {
    time[at] = static_cast<char>('0' + dice.Below(6));
    ReplaceDigits(time, at + 1, at + 2, dice);
  }
}

// Degrees: other digits from the fourth after the point on, some hundred meters.
void MoveWithinBlock(std::string& degrees, Dice& dice) {
  const size_t point = degrees.find('.');
  if (point != std::string::npos && point + 4 < degrees.size())
    ReplaceDigits(degrees, point + 4, degrees.size(), dice);
}

// Another house of the same street.
std::string Neighbour(std::string street, Dice& dice) {
  size_t end = 0;
  while (end < street.size() && end < 6 && street[end] >= '0' && street[end] <= '9') ++end;
  if (end == 0) return street;
  const uint64_t number = std::stoull(street.substr(0, end));
  return std::to_string(number + 2 * (1 + dice.Below(12))) + street.substr(end);
}

// Whose particulars a field is lent with: what belongs together comes from one row.
enum class Group { kFirst, kLast, kPlace, kBirth, kRow, kNumber, kPhone, kNone };

Group GroupOf(Field field) {
  switch (field) {
    case Field::kPrefix:
    case Field::kFirstName:
    case Field::kMiddleName:
    case Field::kNickname:
    case Field::kSex:
      return Group::kFirst;
    case Field::kLastName:
    case Field::kSuffix:
      return Group::kLast;
    case Field::kAddress1:
    case Field::kCity:
    case Field::kState:
    case Field::kZip:
    case Field::kCountry:
    case Field::kCounty:
    case Field::kLatitude:
    case Field::kLongitude:
    case Field::kTimeZone:
      return Group::kPlace;
    case Field::kPhone:
    case Field::kMobile:
      return Group::kPhone;
    case Field::kBirthDate:
      return Group::kBirth;
    case Field::kExternalId:
    case Field::kVanId:
      return Group::kNumber;
    case Field::kEmail:
    // A state's number is in the state's file or gives the canary away; a unit goes with its house.
    case Field::kVoterFileId:
    case Field::kAddress2:
      return Group::kNone;
    default:
      return Group::kRow;  // dates, sources, tags: as the neighbour's
  }
}

// A seed's own for good; the rest is of the row.
bool IsOfPerson(Group group) {
  return group != Group::kRow && group != Group::kNumber && group != Group::kNone;
}

// The member's own numbers that the files have, and now and then one that they have not.
class Numbers {
 public:
  void Add(std::string_view number) {
    if (number.empty()) return;
    if (taken_.empty()) taken_.resize(kBits);
    for (const size_t bit : BitsOf(number)) taken_[bit] = true;
  }
  bool MayHave(std::string_view number) const {
    const std::array<size_t, 2> bits = BitsOf(number);
    return !taken_.empty() && taken_[bits[0]] && taken_[bits[1]];
  }

 private:
  // 16 MB, whatever the files' size.
  static constexpr size_t kBits = size_t{1} << 27;
  static std::array<size_t, 2> BitsOf(std::string_view number) {
    const size_t hash = std::hash<std::string_view>{}(number);
    return {hash % kBits, (hash >> 32) % kBits};
  }
  std::vector<bool> taken_;
};

// What one reading of the files tells.
struct Survey {
  uint64_t lenders = 0;
  std::vector<ContactRecord> donors;  // a fair sample
  std::set<std::string> present;      // seed addresses that the files have
  Numbers numbers;
  bool sorted = true;  // by address
  // By seed address: the first row behind it in a sorted file.
  std::map<std::string, ContactRecord> behind;
  std::optional<ContactRecord> last;

  ~Survey() {
    for (ContactRecord& donor : donors) donor.Clear();
    for (auto& [address, record] : behind) record.Clear();
    if (last) last->Clear();
  }
};

absl::Status Look(const FilePassOptions& options, const std::vector<std::string>& seeds, Dice& dice,
                  Survey& survey) {
  std::set<std::string> wanted;
  for (const std::string& seed : seeds) wanted.insert(Lowercase(seed));
  auto next_seed = wanted.begin();
  std::string before;
  uint32_t row = 1;
  ContactRecord record;
  for (size_t i = 0; i < options.files.size(); ++i) {
    FileFigures file;
    MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<ingest::RecordReader> reader,
                            options.format->Open(i, options.files[i], row, nullptr, file));
    while (true) {
      const absl::StatusOr<bool> more = reader->Next(record);
      // An export of several files may have an empty one.
      if (ReasonOf(more.status()) == v1::CSV_NO_ROWS) break;
      MUSTER_RETURN_IF_ERROR(more.status());
      if (!*more) break;
      std::string address = Lowercase(record[Field::kEmail]);
      if (wanted.contains(address)) survey.present.insert(address);
      survey.numbers.Add(record[Field::kExternalId]);
      survey.numbers.Add(record[Field::kVanId]);
      if (!MayLend(record)) continue;
      survey.sorted = survey.sorted && before <= address;
      for (; survey.sorted && next_seed != wanted.end() && *next_seed < address; ++next_seed)
        survey.behind.emplace(*next_seed, record);
      before = std::move(address);
      ++survey.lenders;
      if (survey.donors.size() < kDonors) {
        survey.donors.push_back(record);
      } else if (const uint64_t at = dice.Below(survey.lenders); at < kDonors) {
        survey.donors[at] = record;
      }
    }
    row += reader->rows();
  }
  record.Clear();
  return absl::OkStatus();
}

class Maker {
 public:
  Maker(Survey& survey, Dice& dice) : survey_(survey), dice_(dice) {}

  // Fills `planted` after its neighbour's row; `person` gains what was made up for it.
  void Fill(const ContactRecord& neighbour, v1::Canary& person, v1::PlantedCanary& planted) {
    planted.set_address(person.address());
    planted.set_status(static_cast<int32_t>(neighbour.status));
    std::map<Group, const ContactRecord*> lenders;
    for (size_t at = 1; at < contact::kFieldCount; ++at) {
      const auto field = static_cast<Field>(at);
      const Group group = GroupOf(field);
      if (group == Group::kNone || neighbour.fields[at].empty()) continue;
      std::string value;
      const auto own = person.fields().find(static_cast<int32_t>(at));
      if (own != person.fields().end()) {
        value = own->second;
      } else {
        value = Lent(field, group, neighbour, lenders);
        if (IsOfPerson(group)) (*person.mutable_fields())[static_cast<int32_t>(at)] = value;
      }
      if (!value.empty()) (*planted.mutable_fields())[static_cast<int32_t>(at)] = value;
    }
  }

 private:
  std::string Lent(Field field, Group group, const ContactRecord& neighbour,
                   std::map<Group, const ContactRecord*>& lenders) {
    if (group == Group::kRow) {
      std::string value = neighbour[field];
      // Two rows of one second are rare.
      if (field == Field::kSubscribedTime || field == Field::kActivityTime)
        MoveWithinHour(value, dice_);
      return value;
    }
    if (group == Group::kNumber) return FreshNumber(neighbour[field]);
    // What is of one place or one first name comes from one row, when that has it.
    const Group source = group == Group::kPhone ? Group::kPlace : group;
    const ContactRecord*& lender = lenders[source];
    if (lender == nullptr) lender = &survey_.donors[dice_.Below(survey_.donors.size())];
    const ContactRecord* from = lender;
    for (size_t tries = 0; (*from)[field].empty() && tries < survey_.donors.size(); ++tries)
      from = &survey_.donors[dice_.Below(survey_.donors.size())];
    std::string value = (*from)[field].empty() ? neighbour[field] : (*from)[field];
    if (field == Field::kAddress1) return Neighbour(std::move(value), dice_);
    if (group == Group::kPhone) ReplaceDigits(value, LastDigits(value, 4), dice_);
    if (field == Field::kLatitude || field == Field::kLongitude) MoveWithinBlock(value, dice_);
    return value;
  }

  // Shaped like `number`, and none that the files have: where numbers are dense, from further off.
  // Empty when there is none.
  std::string FreshNumber(const std::string& number) {
    constexpr int kTriesPerDigit = 50;
    const auto digits = static_cast<int>(
        std::count_if(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; }));
    for (int count = 2; count <= std::max(2, digits); ++count) {
      for (int i = 0; i < kTriesPerDigit; ++i) {
        std::string fresh = number;
        ReplaceDigits(fresh, LastDigits(fresh, count), dice_);
        if (survey_.numbers.MayHave(fresh)) continue;
        survey_.numbers.Add(fresh);  // nor does another canary get it
        return fresh;
      }
    }
    return "";
  }

  Survey& survey_;
  Dice& dice_;
};

// The addresses that were given to the fewest uploads first; of equal ones any.
std::vector<std::string> Choose(const v1::CanaryBook& book,
                                const std::vector<v1::CanaryUpload>& uploads,
                                const std::set<std::string>& present, size_t count, Dice& dice) {
  std::map<std::string, uint64_t> uses;
  for (const v1::CanaryUpload& upload : uploads) {
    for (const v1::PlantedCanary& planted : upload.planted()) ++uses[planted.address()];
  }
  std::vector<std::pair<std::pair<uint64_t, uint64_t>, std::string>> order;
  for (const v1::Canary& canary : book.canaries()) {
    if (present.contains(Lowercase(canary.address()))) continue;
    order.push_back({{uses[canary.address()], dice.Below(uint64_t{1} << 40)}, canary.address()});
  }
  std::sort(order.begin(), order.end());
  std::vector<std::string> chosen;
  for (size_t i = 0; i < std::min(count, order.size()); ++i) chosen.push_back(order[i].second);
  return chosen;
}

class MixingReader : public ingest::RecordReader {
 public:
  MixingReader(std::unique_ptr<ingest::RecordReader> inner, const v1::CanaryUpload& plan,
               uint32_t first_row)
      : inner_(std::move(inner)), plan_(plan) {
    while (next_ < plan_.planted_size() && plan_.planted(next_).row() < first_row) ++next_;
    before_ = static_cast<uint32_t>(next_);
  }
  ~MixingReader() override { pending_.Clear(); }

  absl::StatusOr<bool> Next(ContactRecord& record) override {
    if (!has_pending_) {
      MUSTER_ASSIGN_OR_RETURN(const bool more, inner_->Next(pending_));
      if (!more) return false;
      has_pending_ = true;
    }
    // Its row in the files as they are.
    const int64_t row = int64_t{pending_.row} - before_;
    if (pending_.ordinal == 0 && next_ < plan_.planted_size() &&
        plan_.planted(next_).before_row() <= row) {
      Plant(plan_.planted(next_), record);
      ++next_;
      ++inserted_;
      return true;
    }
    std::swap(record, pending_);
    has_pending_ = false;
    record.row += inserted_;
    return true;
  }

  uint32_t rows() const override { return inner_->rows() + inserted_; }
  uint32_t rejected() const override { return inner_->rejected(); }
  uint64_t records() const override {
    return inner_->records() + inserted_ - (has_pending_ ? 1 : 0);
  }
  uint64_t kept_without() const override { return inner_->kept_without(); }
  uint64_t bytes_read() const override { return inner_->bytes_read(); }
  const Bytes32& file_hash() const override { return inner_->file_hash(); }

 private:
  static void Plant(const v1::PlantedCanary& planted, ContactRecord& record) {
    record.Clear();
    record.row = static_cast<uint32_t>(planted.row());
    record.ordinal = 0;
    record.status = static_cast<contact::Status>(planted.status());
    for (const auto& [field, value] : planted.fields()) {
      if (field > 0 && field < static_cast<int32_t>(contact::kFieldCount))
        record.fields[static_cast<size_t>(field)] = value;
    }
    record[Field::kEmail] = planted.address();
  }

  const std::unique_ptr<ingest::RecordReader> inner_;
  const v1::CanaryUpload& plan_;
  int next_ = 0;
  uint32_t before_ = 0;    // canaries in front of this file
  uint32_t inserted_ = 0;  // in it
  bool has_pending_ = false;
  ContactRecord pending_;
};

}  // namespace

absl::StatusOr<v1::CanaryUpload> PlantCanaries(const CanaryBook& book,
                                               const FilePassOptions& options,
                                               const std::string& upload, const std::string& list) {
  v1::CanaryUpload plan;
  plan.set_upload(upload);
  plan.set_list(list);
  plan.set_create_time(absl::ToUnixSeconds(Clock::System().Now()));
  plan.set_seed(ToString(crypto::RandomArray<32>()));
  MUSTER_ASSIGN_OR_RETURN(const v1::CanaryBook known, book.Read());
  if (known.canaries().empty()) return plan;

  Dice dice;
  std::vector<std::string> seeds;
  for (const v1::Canary& canary : known.canaries()) seeds.push_back(canary.address());
  Survey survey;
  MUSTER_RETURN_IF_ERROR(Look(options, seeds, dice, survey));
  if (survey.donors.empty()) return plan;
  MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::CanaryUpload> uploads, book.ReadUploads());
  const int wanted = known.per_upload() > 0 ? known.per_upload() : kCanariesPerUpload;
  const std::vector<std::string> chosen =
      Choose(known, uploads, survey.present, static_cast<size_t>(wanted), dice);

  // A list of one or two rows is in every order.
  const bool sorted = survey.sorted && survey.lenders > 2;
  MUSTER_RETURN_IF_ERROR(book.Change([&](v1::CanaryBook& now) -> absl::Status {
    for (v1::Canary& canary : *now.mutable_canaries()) {
      if (std::find(chosen.begin(), chosen.end(), canary.address()) == chosen.end()) continue;
      const ContactRecord* neighbour = &survey.donors[dice.Below(survey.donors.size())];
      if (sorted) {
        const auto behind = survey.behind.find(Lowercase(canary.address()));
        // Behind all of them there is no row to stand before.
        if (behind == survey.behind.end()) continue;
        neighbour = &behind->second;
      }
      v1::PlantedCanary& planted = *plan.add_planted();
      planted.set_before_row(neighbour->row);
      Maker(survey, dice).Fill(*neighbour, canary, planted);
    }
    return absl::OkStatus();
  }));
  std::sort(plan.mutable_planted()->begin(), plan.mutable_planted()->end(),
            [](const v1::PlantedCanary& a, const v1::PlantedCanary& b) {
              return std::pair(a.before_row(), a.address()) <
                     std::pair(b.before_row(), b.address());
            });
  for (int i = 0; i < plan.planted_size(); ++i)
    plan.mutable_planted(i)->set_row(plan.planted(i).before_row() + i);
  return plan;
}

absl::StatusOr<std::unique_ptr<ingest::RecordReader>> MixingFormat::Open(
    size_t index, const std::filesystem::path& path, uint32_t first_row,
    ingest::RejectSink* rejects, FileFigures& file) const {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<ingest::RecordReader> inner,
                          inner_->Open(index, path, first_row, rejects, file));
  return std::unique_ptr<ingest::RecordReader>(
      std::make_unique<MixingReader>(std::move(inner), plan_, first_row));
}

int64_t RowOfFiles(const v1::CanaryUpload& plan, int64_t row) {
  int64_t before = 0;
  for (const v1::PlantedCanary& planted : plan.planted()) {
    if (planted.row() == row) return 0;
    if (planted.row() < row) ++before;
  }
  return row - before;
}

}  // namespace muster::cli
