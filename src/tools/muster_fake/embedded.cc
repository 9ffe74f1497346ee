// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/embedded.h"

#include "core/base/embed.h"

MUSTER_EMBED(muster_fake_surnames, MUSTER_FAKE_DATA "/census_names/surnames_1990.csv")
MUSTER_EMBED(muster_fake_female, MUSTER_FAKE_DATA "/census_names/female_first_1990.csv")
MUSTER_EMBED(muster_fake_male, MUSTER_FAKE_DATA "/census_names/male_first_1990.csv")
MUSTER_EMBED(muster_fake_nicknames, MUSTER_FAKE_DATA "/nicknames/names.csv")
MUSTER_EMBED(muster_fake_zips, MUSTER_FAKE_DATA "/zip_centroids/us_zips_centroids.csv")

namespace muster::fake {

std::string_view SurnamesCsv() {
  return EmbeddedText(muster_fake_surnames, muster_fake_surnames_end);
}
std::string_view FemaleFirstNamesCsv() {
  return EmbeddedText(muster_fake_female, muster_fake_female_end);
}
std::string_view MaleFirstNamesCsv() {
  return EmbeddedText(muster_fake_male, muster_fake_male_end);
}
std::string_view NicknamesCsv() {
  return EmbeddedText(muster_fake_nicknames, muster_fake_nicknames_end);
}
std::string_view ZipCentroidsCsv() { return EmbeddedText(muster_fake_zips, muster_fake_zips_end); }

}  // namespace muster::fake
