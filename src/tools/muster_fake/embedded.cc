// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/embedded.h"

#define MUSTER_EMBED(symbol, file)                                        \
  __asm__(                                                                \
      ".pushsection .rodata\n"                                            \
      ".global " #symbol                                                  \
      "\n"                                                                \
      ".hidden " #symbol "\n" #symbol                                     \
      ":\n"                                                               \
      ".incbin \"" MUSTER_FAKE_DATA "/" file                              \
      "\"\n"                                                              \
      ".global " #symbol                                                  \
      "_end\n"                                                            \
      ".hidden " #symbol "_end\n" #symbol                                 \
      "_end:\n"                                                           \
      ".byte 0\n"                                                         \
      ".popsection\n");                                                   \
  extern "C" {                                                            \
  extern const char symbol[] __attribute__((visibility("hidden")));       \
  extern const char symbol##_end[] __attribute__((visibility("hidden"))); \
  }

MUSTER_EMBED(muster_fake_surnames, "census_names/surnames_1990.csv")
MUSTER_EMBED(muster_fake_female, "census_names/female_first_1990.csv")
MUSTER_EMBED(muster_fake_male, "census_names/male_first_1990.csv")
MUSTER_EMBED(muster_fake_nicknames, "nicknames/names.csv")
MUSTER_EMBED(muster_fake_zips, "zip_centroids/us_zips_centroids.csv")

namespace muster::fake {
namespace {

std::string_view Text(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

std::string_view SurnamesCsv() { return Text(muster_fake_surnames, muster_fake_surnames_end); }
std::string_view FemaleFirstNamesCsv() { return Text(muster_fake_female, muster_fake_female_end); }
std::string_view MaleFirstNamesCsv() { return Text(muster_fake_male, muster_fake_male_end); }
std::string_view NicknamesCsv() { return Text(muster_fake_nicknames, muster_fake_nicknames_end); }
std::string_view ZipCentroidsCsv() { return Text(muster_fake_zips, muster_fake_zips_end); }

}  // namespace muster::fake
