// SPDX-License-Identifier: Apache-2.0
//
// Made-up people with several records each, for tests of the match engine.
#ifndef MUSTER_TESTS_CORE_MATCH_PEOPLE_H_
#define MUSTER_TESTS_CORE_MATCH_PEOPLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/token/sketch.h"

namespace muster {

struct Person {
  std::string first = "", middle = "", last = "", suffix = "", sex = "", birth_date = "";
  std::string address1 = "", city = "", zip = "", phone = "", email = "";
  uint32_t id = 0;  // records of one person have the same
};

struct PeopleOptions {
  size_t people = 100;
  size_t records_per_person = 1;
  uint64_t seed = 1;
  double typo_rate = 0.1;     // of a field of every record but the first
  double missing_rate = 0.1;  // the same
  size_t first_names = 300;
  size_t last_names = 2000;
  size_t zips = 100;
};

// Record by record, the first record of each person first.
std::vector<Person> MakePeople(const PeopleOptions& options);

const token::SketchKey& TestSketchKey();
std::vector<token::Sketch> SketchesOf(const std::vector<Person>& people);

}  // namespace muster

#endif  // MUSTER_TESTS_CORE_MATCH_PEOPLE_H_
