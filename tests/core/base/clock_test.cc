// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.h"

#include "tests/support/status.h"

namespace muster {
namespace {

TEST_CASE("Times are written in UTC and whole seconds", "[base]") {
  CHECK(FormatRfc3339(int64_t{0}) == "1970-01-01T00:00:00Z");
  CHECK(FormatRfc3339(int64_t{1'795'315'260}) == "2026-11-22T02:41:00Z");
  CHECK(FormatRfc3339(absl::FromUnixMillis(1'795'315'260'999)) == "2026-11-22T02:41:00Z");
}

TEST_CASE("Times are read with Z, an offset, or a fraction", "[base]") {
  const absl::Time time = absl::FromUnixSeconds(1'795'315'260);
  CHECK(testing::Must(ParseRfc3339("2026-11-22T02:41:00Z")) == time);
  CHECK(testing::Must(ParseRfc3339("2026-11-22T02:41:00+00:00")) == time);
  CHECK(testing::Must(ParseRfc3339("2026-11-21T21:41:00-05:00")) == time);
  CHECK(testing::Must(ParseRfc3339("2026-11-22T02:41:00.250Z")) == time + absl::Milliseconds(250));
}

TEST_CASE("Anything but RFC 3339 with capitals is refused", "[base]") {
  const auto text =
      GENERATE("", "2026-11-22", "2026-11-22T02:41:00", "2026-11-22t02:41:00Z",
               "2026-11-22T02:41:00z", "2026-11-22 02:41:00Z", " 2026-11-22T02:41:00Z",
               "2026-11-22T02:41:00Z ", "2026-11-22T02:41:00Z\n", " 226-11-22T02:41:00Z",
               "2026-11-22T 2:41:00Z", "2026-11-22T2:41:00.000Z", "2026-13-22T02:41:00Z",
               "2026-11-31T02:41:00Z", "2026-11-22T24:41:00Z", "2026-11-22T02:60:00Z",
               "2026-11-22T02:41:00+0000", "2026-11-22T02:41:00+24:00", "2026-11-22T02:41:00.Z",
               "+026-11-22T02:41:00Z", "2026-11-22T02:41:00ZZ", "infinite-future");
  CAPTURE(text);
  REQUIRE_REASON(ParseRfc3339(text), v1::TIME_MALFORMED);
}

TEST_CASE("What is written is read back", "[base][oracle]") {
  for (int64_t seconds = 0; seconds < 4'000'000'000; seconds += 86'399'123) {
    CHECK(testing::Must(ParseRfc3339(FormatRfc3339(seconds))) == absl::FromUnixSeconds(seconds));
  }
}

TEST_CASE("The system's clock goes on", "[base]") {
  CHECK(Clock::System().Now() > absl::FromUnixSeconds(1'700'000'000));
}

}  // namespace
}  // namespace muster
