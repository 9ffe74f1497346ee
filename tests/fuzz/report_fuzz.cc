// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a report and as a bundle; and as a list of changes {u16 offset, u8 xor} to a
// good report, which its reporter then signs anew: so the checks behind the file's signature are
// reached. What changed must never pass, but for the reporter's own word on when it was made.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>

#include "core/base/check.h"
#include "core/report/provenance.h"
#include "core/report/verify.h"
#include "tests/core/report/report_fixture.h"

namespace muster::report {
namespace {

struct Pool {
  Consortium consortium;
  Organization parks{"Parks Alliance"};
  v1::ProvenanceReport report;
  std::string bytes;
  AuditRoot root;
  Pool() {
    google::protobuf::SetLogHandler(nullptr);
    consortium.Join(parks);
    v1::UploadProvenance upload = consortium.Upload(parks, 3, 2);
    consortium.Intake(upload);
    report = consortium.MakeReport(parks, {upload});
    bytes = report.SerializeAsString();
    root = consortium.Root();
    MUSTER_CHECK(VerifyReport(EncodeReport(report, parks.person.sign), root).ok());
  }
};

void ReadChanges(const Pool& pool, std::string_view changes) {
  std::string bent = pool.bytes;
  for (; changes.size() >= 3; changes.remove_prefix(3)) {
    const size_t offset = static_cast<uint8_t>(changes[0]) |
                          static_cast<size_t>(static_cast<uint8_t>(changes[1])) << 8;
    char& byte = bent[offset % bent.size()];
    byte = static_cast<char>(byte ^ changes[2]);
  }
  v1::ProvenanceReport report;
  if (!report.ParseFromString(bent)) return;
  report.set_create_time(pool.report.create_time());
  const bool same = report.SerializeAsString() == pool.bytes;
  MUSTER_CHECK(VerifyReport(EncodeReport(report, pool.parks.person.sign), pool.root).ok() == same);
}

}  // namespace
}  // namespace muster::report

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster::report;
  static const Pool pool;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto report = DecodeReport(text); report.ok()) {
    MUSTER_CHECK(!VerifyReport(text, pool.root).ok());
  }
  if (const auto bundle = DecodeBundle(text); bundle.ok()) {
    MUSTER_CHECK(EncodeBundle(*bundle) == text);
    (void)OpenBundle(*bundle).ok();
  }
  ReadChanges(pool, text);
  return 0;
}
