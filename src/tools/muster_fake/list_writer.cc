// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/list_writer.h"

#include <bit>
#include <vector>

#include "core/base/status.h"
#include "tools/muster_fake/email.h"
#include "tools/muster_fake/voter_record.h"

namespace muster::fake {
namespace {

constexpr uint64_t kContactsPerChunk = 4096;
// A repeated row stands this many contacts after the first one.
constexpr uint64_t kRepeatDistance = 777;

constexpr uint32_t kRepeatsPerMyriad = 180;
constexpr uint32_t kBadRowsPerMyriad = 90;
constexpr uint32_t kUnsubscribedPerMyriad = 250;
constexpr uint32_t kCleanedPerMyriad = 120;

// One chunk of a file and what is true of it; rows count from the chunk's first.
struct Chunk {
  struct Source {
    uint64_t hash;
    uint32_t row;
    uint32_t end;  // of its text in `addresses`; it begins where the one before ends
    Status status;
  };
  struct BadRowMark {
    uint32_t row;
    BadRow kind;
  };
  struct Match {
    uint32_t row;
    uint64_t voter;
  };

  std::string bytes;
  std::string addresses;
  std::vector<Source> sources;
  std::vector<BadRowMark> bad_rows;
  std::vector<Match> matches;
  uint32_t rows = 0;
  uint64_t people = 0, first_list_people = 0, many_list_people = 0, bad_extra_addresses = 0;
  // Kept for their memory.
  Person person;
  Record record;
  std::string form, lines;

  void Clear() {
    bytes.clear();
    addresses.clear();
    sources.clear();
    bad_rows.clear();
    matches.clear();
    rows = 0;
    people = first_list_people = many_list_people = bad_extra_addresses = 0;
  }
};

class ListMaker {
 public:
  ListMaker(const Population& population, const ListPlan& plan)
      : population_(population),
        plan_(plan),
        order_(population.plan().contacts, KeyOf(population.seed(), Stream::kOrder, plan.member,
                                                 static_cast<uint64_t>(plan.kind))) {}

  uint64_t Chunks() const {
    const uint64_t positions = population_.plan().contacts + kRepeatDistance;
    return (positions + kContactsPerChunk - 1) / kContactsPerChunk;
  }

  void Make(uint64_t chunk, Chunk& out) const {
    out.Clear();
    const uint64_t contacts = population_.plan().contacts;
    const uint64_t end = std::min((chunk + 1) * kContactsPerChunk, contacts + kRepeatDistance);
    for (uint64_t i = chunk * kContactsPerChunk; i < end; ++i) {
      if (i < contacts) Visit(population_.ContactPerson(order_(i)), out);
      if (i >= kRepeatDistance && plan_.kind == ListKind::kList) {
        const uint64_t person = population_.ContactPerson(order_(i - kRepeatDistance));
        if (Repeats(person) && IsOnList(population_.ListsOf(person))) AddRow(person, 1, out);
      }
    }
  }

 private:
  bool IsOnList(uint32_t lists) const { return (lists >> plan_.member & 1) != 0; }

  uint64_t Key(uint64_t person, uint64_t what) const {
    return KeyOf(population_.seed(), Stream::kRow, person, plan_.member * 16 + what);
  }
  bool Repeats(uint64_t person) const { return Rng(Key(person, 8)).Chance(kRepeatsPerMyriad); }

  void Visit(uint64_t person, Chunk& out) const {
    const uint32_t lists = population_.ListsOf(person);
    if (plan_.kind != ListKind::kList) {
      // The side files hold people whom other members still mail.
      if (IsOnList(lists)) return;
      const uint32_t drawn =
          Rng(KeyOf(population_.seed(), Stream::kSideFile, person, plan_.member)).Below(10'000);
      const bool unsubscribed = drawn < kUnsubscribedPerMyriad;
      const bool cleaned = !unsubscribed && drawn < kUnsubscribedPerMyriad + kCleanedPerMyriad;
      if (plan_.kind == ListKind::kUnsubscribed ? unsubscribed : cleaned) {
        ++out.people;
        AddRow(person, 0, out);
      }
      return;
    }
    if (!IsOnList(lists)) return;
    ++out.people;
    if ((lists & ((1u << plan_.member) - 1)) == 0) {
      ++out.first_list_people;
      if (std::popcount(lists) > 1) ++out.many_list_people;
    }
    AddRow(person, 0, out);
    Rng rng(Key(person, 9));
    if (rng.Chance(kBadRowsPerMyriad))
      AddBadRow(person, static_cast<BadRow>(rng.Below(kBadRowCount)), out);
  }

  // Variant 0 is the person's row, 1 the repeated one: as like it as two entries of one person are.
  void AddRow(uint64_t id, uint64_t variant, Chunk& out) const {
    population_.MakePerson(id, out.person);
    Rng rng(Key(id, variant));
    MakeRecord(population_, out.person, plan_.layout->traits, rng, out.record);
    CsvRow row(out.bytes, plan_.layout->style);
    plan_.layout->AppendCells(out.record, row);
    row.End();
    const uint32_t number = out.rows++;
    for (size_t i = 0; i < out.record.email_count; ++i) {
      const EmailCell& email = out.record.emails[i];
      if (!email.valid) {
        ++out.bad_extra_addresses;
        continue;
      }
      MatchForm(email.text, out.form);
      out.addresses += out.form;
      out.sources.push_back({HashAddress(out.form), number,
                             static_cast<uint32_t>(out.addresses.size()), email.status});
    }
    if (const auto voter = population_.VoterOf(id)) out.matches.push_back({number, *voter});
  }

  void AddBadRow(uint64_t id, BadRow kind, Chunk& out) const {
    population_.MakePerson(id, out.person);
    Rng rng(Key(id, 2));
    MakeRecord(population_, out.person, plan_.layout->traits, rng, out.record);
    Spoil(kind, out.record, rng);
    CsvRow row(out.bytes, plan_.layout->style);
    plan_.layout->AppendCells(out.record, row);
    if (kind == BadRow::kTooFewCells) row.DropLastCell();
    if (kind == BadRow::kTooManyCells) row.Cell("moved, see note");
    row.End();
    out.bad_rows.push_back({out.rows++, kind});
  }

  const Population& population_;
  const ListPlan& plan_;
  Scatter order_;
};

void AppendNumber(uint64_t number, std::string& out) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

}  // namespace

absl::StatusOr<FileTruth> WriteList(const Population& population, const ListPlan& plan,
                                    const std::filesystem::path& out, unsigned threads,
                                    TruthWriter& truth, PoolTruth& pool) {
  OutputFile file;
  MUSTER_RETURN_IF_ERROR(file.Open(out / plan.file));
  std::string header;
  plan.layout->AppendHeader(header);
  MUSTER_RETURN_IF_ERROR(file.Append(header));

  FileTruth found;
  found.member = plan.member;
  found.side_file = plan.kind != ListKind::kList;
  found.layout = plan.layout->name;
  found.file = plan.file;
  const ListMaker maker(population, plan);
  const std::string place = "," + MemberId(plan.member) + "," + plan.file + ",";

  const auto consume = [&](Chunk& chunk) -> absl::Status {
    MUSTER_RETURN_IF_ERROR(file.Append(chunk.bytes));
    const uint64_t base = found.rows + 1;
    found.rows += chunk.rows;
    found.good_rows += chunk.rows - chunk.bad_rows.size();
    found.people += chunk.people;
    found.addresses += chunk.sources.size();
    found.bad_extra_addresses += chunk.bad_extra_addresses;
    pool.people += chunk.first_list_people;
    pool.people_on_more_than_one_list += chunk.many_list_people;

    constexpr size_t kAhead = 16;
    std::string& lines = chunk.lines;
    lines.clear();
    uint32_t begin = 0;
    for (size_t i = 0; i < chunk.sources.size(); ++i) {
      if (i + kAhead < chunk.sources.size())
        truth.addresses().Prefetch(chunk.sources[i + kAhead].hash);
      const Chunk::Source& source = chunk.sources[i];
      ++found.statuses[static_cast<size_t>(source.status)];
      if (found.side_file) {
        truth.addresses().AddToSideFile(source.hash);
      } else {
        truth.addresses().AddToList(source.hash, plan.member, IsMailable(source.status));
      }
      lines.append(chunk.addresses, begin, source.end - begin);
      begin = source.end;
      lines += place;
      AppendNumber(base + source.row, lines);
      lines += ',';
      lines += StatusName(source.status);
      lines += '\n';
    }
    MUSTER_RETURN_IF_ERROR(truth.sources().Append(lines));

    lines.clear();
    for (const Chunk::BadRowMark& bad : chunk.bad_rows) {
      ++found.bad_rows[static_cast<size_t>(bad.kind)];
      lines.append(place, 1);
      AppendNumber(base + bad.row, lines);
      lines += ',';
      lines += BadRowName(bad.kind);
      lines += '\n';
    }
    MUSTER_RETURN_IF_ERROR(truth.bad_rows().Append(lines));

    if (population.plan().voters == 0) return absl::OkStatus();
    lines.clear();
    for (const Chunk::Match& match : chunk.matches) {
      lines.append(place, 1);
      AppendNumber(base + match.row, lines);
      lines += ',';
      truth.format()->append_id(match.voter, lines);
      lines += '\n';
    }
    return truth.matches().Append(lines);
  };
  MUSTER_RETURN_IF_ERROR(RunOrdered<Chunk>(
      threads, maker.Chunks(), [&](uint64_t chunk, Chunk& scratch) { maker.Make(chunk, scratch); },
      consume));
  MUSTER_RETURN_IF_ERROR(file.Close());
  return found;
}

}  // namespace muster::fake
