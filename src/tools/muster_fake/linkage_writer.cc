// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/linkage_writer.h"

#include <algorithm>
#include <string>

#include "core/base/status.h"
#include "tools/muster_fake/csv_row.h"
#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/output.h"
#include "tools/muster_fake/record.h"
#include "tools/muster_fake/voter_record.h"

namespace muster::fake {
namespace {

constexpr uint64_t kRowsPerChunk = 8192;
constexpr CsvStyle kCommas = {};

struct Chunk {
  std::string rows, truth;
  uint64_t pairs = 0;
  Person person;
  Record record;
  VoterRecord voter;
};

std::string LeftId(uint64_t contact) { return "l" + std::to_string(contact + 1); }
std::string RightId(uint64_t voter) { return "r" + std::to_string(voter + 1); }

void AppendLeft(const Population& population, uint64_t contact, Chunk& chunk) {
  const uint64_t id = population.ContactPerson(contact);
  population.MakePerson(id, chunk.person);
  Rng rng(KeyOf(population.seed(), Stream::kLinkage, id));
  Record& record = chunk.record;
  MakeRecord(population, chunk.person, RecordTraits(), rng, record);
  if (record.zip.empty()) record.zip = chunk.person.home.place->zip;
  int year = chunk.person.birth.year;
  if (rng.Chance(100)) year += rng.Chance(5000) ? 1 : -1;

  CsvRow row(chunk.rows, kCommas);
  row.Cell(LeftId(contact));
  row.Cell(record.first);
  row.Cell(record.middle);
  row.Cell(record.last);
  row.Cell(record.suffix);
  if (rng.Chance(5000)) {
    row.Cell(static_cast<uint64_t>(year));
  } else {
    row.Empty();
  }
  row.Cell(std::string_view(record.zip).substr(0, 5));
  row.End();
  if (const auto voter = population.VoterOf(id)) {
    chunk.truth += LeftId(contact) + "," + RightId(*voter) + "\n";
    ++chunk.pairs;
  }
}

void AppendRight(const Population& population, uint64_t number, Chunk& chunk) {
  VoterRecord& voter = chunk.voter;
  MakeVoter(population, number, voter);
  const Place& place = *voter.home.place;
  CsvRow row(chunk.rows, kCommas);
  row.Cell(RightId(number));
  row.Cell(voter.first);
  row.Cell(voter.middle);
  row.Cell(voter.last);
  row.Cell(voter.suffix);
  row.Cell(voter.sex);
  row.Cell(static_cast<uint64_t>(voter.birth.year));
  row.Cell(voter.home.number);
  std::string street(DirectionAbbreviation(voter.home));
  if (!street.empty()) street += ' ';
  street.append(StreetName(voter.home)).append(" ").append(StreetTypeAbbreviation(voter.home));
  MakeUpper(street);
  row.Cell(street);
  std::string city(place.city);
  MakeUpper(city);
  row.Cell(city);
  row.Cell(PlaceTables::Get().StateOf(place).code);
  row.Cell(place.zip);
  row.Cell(voter.phone);
  row.End();
}

template <typename Append>
absl::Status WriteRows(const Population& population, uint64_t count, unsigned threads,
                       Append append, OutputFile& rows, OutputFile* truth, uint64_t* pairs) {
  const Scatter order(count,
                      KeyOf(population.seed(), Stream::kOrder, 100, truth == nullptr ? 1 : 0));
  const auto produce = [&](uint64_t n, Chunk& chunk) {
    chunk.rows.clear();
    chunk.truth.clear();
    chunk.pairs = 0;
    for (uint64_t i = n * kRowsPerChunk; i < std::min((n + 1) * kRowsPerChunk, count); ++i)
      append(population, order(i), chunk);
  };
  const auto consume = [&](Chunk& chunk) -> absl::Status {
    if (truth != nullptr) {
      MUSTER_RETURN_IF_ERROR(truth->Append(chunk.truth));
      *pairs += chunk.pairs;
    }
    return rows.Append(chunk.rows);
  };
  return RunOrdered<Chunk>(threads, (count + kRowsPerChunk - 1) / kRowsPerChunk, produce, consume);
}

}  // namespace

absl::StatusOr<uint64_t> WriteLinkage(const Population& population,
                                      const std::filesystem::path& out, unsigned threads) {
  OutputFile left, right, truth;
  uint64_t pairs = 0;
  MUSTER_RETURN_IF_ERROR(left.Open(out / "left.csv"));
  MUSTER_RETURN_IF_ERROR(
      left.Append("id,first_name,middle_name,last_name,suffix,birth_date,zip\n"));
  MUSTER_RETURN_IF_ERROR(truth.Open(out / "truth.csv"));
  MUSTER_RETURN_IF_ERROR(truth.Append("left_id,right_id\n"));
  MUSTER_RETURN_IF_ERROR(
      WriteRows(population, population.plan().contacts, threads, AppendLeft, left, &truth, &pairs));
  MUSTER_RETURN_IF_ERROR(left.Close());
  MUSTER_RETURN_IF_ERROR(truth.Close());

  MUSTER_RETURN_IF_ERROR(right.Open(out / "right.csv"));
  MUSTER_RETURN_IF_ERROR(
      right.Append("id,first_name,middle_name,last_name,suffix,sex,birth_date,house_number,street,"
                   "city,state,zip,phone\n"));
  MUSTER_RETURN_IF_ERROR(WriteRows(population, population.plan().voters, threads, AppendRight,
                                   right, nullptr, nullptr));
  MUSTER_RETURN_IF_ERROR(right.Close());
  return pairs;
}

}  // namespace muster::fake
