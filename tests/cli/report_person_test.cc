// SPDX-License-Identifier: Apache-2.0
#include "cli/report_person.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "core/base/bytes.h"
#include "core/crypto/signature.h"
#include "core/governance/person_order.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;

struct Sealed {
  crypto::SigningKey vault = crypto::SigningKey::Generate();
  crypto::BoxSecretKey person = crypto::BoxSecretKey::Generate();
  v1::PersonReport report;
  v1::PersonReportFile file;

  Sealed() {
    report.set_consortium(std::string(16, 'c'));
    report.set_consortium_name("River County Coalition");
    report.set_address("ada@example.org");
    report.set_known(true);
    v1::PersonSource& source = *report.add_sources();
    source.set_member_name("Parks \x1b[31m");
    source.set_list("members");
    source.add_file_names("members.csv");
    source.set_consent("a form");
    report.set_padding(std::string(1000, '\0'));
    Seal(vault);
  }
  void Seal(const crypto::SigningKey& signer) {
    v1::SignedPersonReport signed_report;
    signed_report.set_report(report.SerializeAsString());
    signed_report.set_signature(
        signer.Sign(governance::kPersonReportPurpose, signed_report.report()));
    file.set_consortium(std::string(16, 'c'));
    file.set_vault_sign_key(ToString(vault.verify_key().bytes));
    file.set_sealed(Must(crypto::BoxSeal(
        person.public_key(), std::string(governance::kFullReportContext) + file.consortium(),
        AsBytes(signed_report.SerializeAsString()))));
  }
  std::string Bytes() const { return "MUSTER-PERSON-1\n" + file.SerializeAsString(); }
};

}  // namespace

TEST_CASE("A report to a person opens with their key alone, and only as the vault signed it",
          "[cli][person]") {
  Sealed sealed;
  const OpenedPersonReport opened = Must(OpenPersonReportFile(sealed.Bytes(), sealed.person));
  CHECK(opened.report.sources_size() == 1);
  CHECK(opened.report.padding().empty());
  REQUIRE_REASON(OpenPersonReportFile(sealed.Bytes(), crypto::BoxSecretKey::Generate()),
                 v1::DECRYPTION_FAILED);
  REQUIRE_REASON(OpenPersonReportFile("something else", sealed.person),
                 v1::PERSON_REPORT_MALFORMED);
  const std::string bytes = sealed.Bytes();
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string bent = bytes;
    bent[at] = static_cast<char>(bent[at] ^ 1);
    if (OpenPersonReportFile(bent, sealed.person).ok()) FAIL("byte " << at);
  }
  sealed.Seal(crypto::SigningKey::Generate());
  REQUIRE_REASON(OpenPersonReportFile(sealed.Bytes(), sealed.person), v1::SIGNATURE_INVALID);
}

TEST_CASE("A person makes a key, reads their report, and nothing of it moves the cursor",
          "[cli][person]") {
  const test::TempDir folder;
  std::ostringstream out;
  std::ostringstream err;
  Console console({}, out, err);
  PersonKeyOptions make;
  make.out = (folder / "ada.key").string();
  REQUIRE_OK(RunPersonKey(console, make));
  struct stat info {};
  REQUIRE(::stat(make.out.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE_REASON(RunPersonKey(console, make), v1::FILE_EXISTS);
  const crypto::BoxPublicKey key = Must(ParsePersonKey(test::Slurp(folder / "ada.key.pub")));
  const crypto::BoxSecretKey secret = Must(ParsePersonSecret(test::Slurp(folder / "ada.key")));
  CHECK(secret.public_key() == key);
  // One is not taken for the other.
  REQUIRE_REASON(ParsePersonKey(test::Slurp(folder / "ada.key")), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParsePersonSecret(test::Slurp(folder / "ada.key.pub")), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParsePersonKey("muster-person-1 zz"), v1::KEY_MALFORMED);

  Sealed sealed;
  sealed.person = Must(ParsePersonSecret(test::Slurp(folder / "ada.key")));
  sealed.Seal(sealed.vault);
  test::Spit(folder / "ada.sealed", sealed.Bytes());
  ReportOpenOptions open;
  open.file = (folder / "ada.sealed").string();
  open.key = make.out;
  out.str("");
  REQUIRE_OK(RunReportOpen(console, open));
  CHECK(out.str().find("members.csv") != std::string::npos);
  CHECK(out.str().find('\x1b') == std::string::npos);
}

}  // namespace muster::cli
