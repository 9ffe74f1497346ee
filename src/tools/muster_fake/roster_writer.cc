// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/roster_writer.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/base/status.h"
#include "tools/muster_fake/csv_row.h"
#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/output.h"

namespace muster::fake {

absl::StatusOr<uint64_t> WriteRoster(const Population& population,
                                     const std::filesystem::path& out) {
  OutputFile file;
  MUSTER_RETURN_IF_ERROR(file.Open(out / kRosterFile));
  MUSTER_RETURN_IF_ERROR(
      file.Append("first_name,last_name,email,address,city,state,zip,latitude,longitude,capacity,"
                  "consent_time\n"));
  const uint64_t contacts = population.plan().contacts;
  const uint64_t senders = std::min(contacts, std::max<uint64_t>(10, contacts / 500));
  const Scatter order(contacts, KeyOf(population.seed(), Stream::kRoster, 0));
  constexpr std::array<uint64_t, 6> kCapacities = {25, 50, 100, 100, 250, 500};
  Person person;
  std::string line;
  for (uint64_t i = 0; i < senders; ++i) {
    population.MakePerson(population.ContactPerson(order(i)), person);
    Rng rng(KeyOf(population.seed(), Stream::kRoster, person.id, 1));
    const Place& place = *person.home.place;
    line.clear();
    std::string email;
    population.AppendEmail(person, 0, email);
    CsvRow row(line, CsvStyle());
    row.Cell(person.first->plain);
    row.Cell(person.last->plain);
    row.Cell(email);
    row.Cell(WriteStreet(person.home, true, rng));
    row.Cell(place.city);
    row.Cell(PlaceTables::Get().StateOf(place).code);
    row.Cell(place.zip);
    row.Cell(place.latitude);
    row.Cell(place.longitude);
    row.Cell(rng.Pick(kCapacities));
    row.Cell(WriteDay(20'300 + static_cast<int32_t>(rng.Below(250))) + "T" +
             WriteClock(rng.Below(86'400)) + "Z");
    row.End();
    MUSTER_RETURN_IF_ERROR(file.Append(line));
  }
  MUSTER_RETURN_IF_ERROR(file.Close());
  return senders;
}

}  // namespace muster::fake
