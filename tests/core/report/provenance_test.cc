// SPDX-License-Identifier: Apache-2.0
#include "core/report/provenance.h"

#include "tests/core/report/report_fixture.h"
#include "tests/support/status.h"

namespace muster::report {
namespace {

using testing::Must;

TEST_CASE("A report comes back as it was signed", "[report]") {
  Consortium consortium;
  Organization parks("Parks Alliance");
  consortium.Join(parks);
  v1::ProvenanceReport report = consortium.MakeReport(parks, {});
  const std::string file = EncodeReport(report, parks.person.sign);
  CHECK(file.substr(0, 16) == "MUSTER-REPORT-1\n");
  report.set_reporter_key(ToString(parks.person.sign.verify_key().bytes));
  CHECK(Must(DecodeReport(file)).SerializeAsString() == report.SerializeAsString());
}

TEST_CASE("Every truncation, every appended byte and every foreign file is no report", "[report]") {
  Consortium consortium;
  Organization parks("Parks Alliance");
  consortium.Join(parks);
  const std::string file = EncodeReport(consortium.MakeReport(parks, {}), parks.person.sign);
  for (size_t size = 0; size < file.size(); ++size)
    CHECK_FALSE(DecodeReport(file.substr(0, size)).ok());
  CHECK_FALSE(DecodeReport(file + '\0').ok());
  REQUIRE_REASON(DecodeReport(EncodeBundle(consortium.MakeBundle())), v1::REPORT_MALFORMED);
  REQUIRE_REASON(DecodeBundle(file), v1::BUNDLE_MALFORMED);
  REQUIRE_REASON(DecodeReport("%PDF-1.7"), v1::REPORT_MALFORMED);
}

TEST_CASE("A report with a field that this version does not know is refused even when it is signed",
          "[report]") {
  Consortium consortium;
  Organization parks("Parks Alliance");
  consortium.Join(parks);
  v1::ProvenanceReport report = consortium.MakeReport(parks, {});
  report.GetReflection()->MutableUnknownFields(&report)->AddVarint(1000, 1);
  REQUIRE_REASON(DecodeReport(EncodeReport(report, parks.person.sign)), v1::REPORT_MALFORMED);

  // The same message in another form: a field given twice, the last one counting.
  v1::ProvenanceReport plain = consortium.MakeReport(parks, {});
  plain.set_reporter_key(ToString(parks.person.sign.verify_key().bytes));
  std::string padded = std::string(kReportMagic) + "\x12\x01x" + plain.SerializeAsString();
  padded += parks.person.sign.Sign(kReportPurpose, padded);
  REQUIRE_REASON(DecodeReport(padded), v1::REPORT_MALFORMED);
}

TEST_CASE("A bundle comes back, and a damaged one does not", "[report]") {
  Consortium consortium;
  const v1::Bundle bundle = consortium.MakeBundle();
  const std::string file = EncodeBundle(bundle);
  CHECK(Must(DecodeBundle(file)).SerializeAsString() == bundle.SerializeAsString());
  REQUIRE_REASON(DecodeBundle(file.substr(0, file.size() - 3)), v1::BUNDLE_MALFORMED);
  REQUIRE_REASON(DecodeBundle(file + "\x7f"), v1::BUNDLE_MALFORMED);
  REQUIRE_REASON(DecodeBundle(""), v1::BUNDLE_MALFORMED);
}

}  // namespace
}  // namespace muster::report
