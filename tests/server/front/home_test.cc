// SPDX-License-Identifier: Apache-2.0
//
// Homes, made by the real musterd and muster-vault, and what is refused about them.
#include "server/front/home.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "server/front/certificate.h"
#include "tests/support/consortium.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::front {
namespace {

using Json = nlohmann::json;
using test::Run;
using test::Slurp;
using test::TempDir;

const std::string kMusterd = std::string(MUSTER_BIN) + "/musterd";

test::RunResult Init(const std::filesystem::path& home, std::vector<std::string> more = {}) {
  std::vector<std::string> command = {kMusterd, "init",           "--home",   home.string(),
                                      "--name", "Test Coalition", "--listen", "127.0.0.1:0"};
  command.insert(command.end(), more.begin(), more.end());
  return Run(command);
}

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

// Signs the charter as `muster found` does.
void WriteFounding(const std::filesystem::path& home, const Json& made,
                   const std::function<void(v1::CharterStatement&)>& change = {}) {
  test::TestConsortium pool;
  pool.id = *ToArray<16>(*HexDecode(made["consortium"].get<std::string>()));
  v1::Statement statement = pool.Charter();
  v1::CharterStatement& charter = *statement.mutable_charter();
  charter.mutable_vault()->set_sign_key(*HexDecode(made["vault"]["sign_key"].get<std::string>()));
  charter.mutable_vault()->set_box_key(*HexDecode(made["vault"]["box_key"].get<std::string>()));
  charter.mutable_vault()->set_holding_key(
      *HexDecode(made["vault"]["holding_key"].get<std::string>()));
  charter.set_log_vkey(made["log_vkey"].get<std::string>());
  charter.set_certificate_sha256(*HexDecode(made["certificate_sha256"].get<std::string>()));
  if (change) change(charter);
  test::Spit(home / "founding.statement",
             test::TestConsortium::SignBy(pool.founder, statement).SerializeAsString());
}

TEST_CASE("Home: founding makes all of it with closed modes and prints what is to be pinned",
          "[home][process]") {
  TempDir dir;
  const std::filesystem::path home = dir / "deep/home";
  const test::RunResult made = Init(home);
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  const Json json = Json::parse(made.out);
  CHECK(json["consortium"].get<std::string>().size() == 32);
  CHECK(json["listen"] == "127.0.0.1:0");
  CHECK(HexEncode(testing::Must(CertificateSha256(json["certificate_pem"].get<std::string>()))) ==
        json["certificate_sha256"]);
  const tlog::NoteKey log_key =
      testing::Must(tlog::NoteKey::Parse(json["log_vkey"].get<std::string>()));
  CHECK(log_key.name == "muster/" + json["consortium"].get<std::string>());
  CHECK(Slurp(home / "vault/log.vkey") == json["log_vkey"].get<std::string>() + "\n");
  for (const char* key : {"sign_key", "box_key", "holding_key"})
    CHECK(json["vault"][key].get<std::string>().size() == 64);
  CHECK(ModeOf(home) == 0700);
  CHECK(ModeOf(home / "vault") == 0700);
  CHECK(ModeOf(home / "server.key") == 0600);
  CHECK(ModeOf(home / "log.key") == 0600);
  CHECK(Slurp(home / "server.key").find("PRIVATE KEY") != std::string::npos);
  CHECK(std::distance(std::filesystem::directory_iterator(home.parent_path()), {}) ==
        1);  // nothing half-made beside it

  // Nothing that exists is written over.
  const std::string before = Slurp(home / "log.key");
  const test::RunResult again = Init(home);
  CHECK(again.exit_code == 1);
  CHECK(again.err.find("is not empty") != std::string::npos);
  CHECK(Slurp(home / "log.key") == before);
}

TEST_CASE("Home: an empty folder is taken, a file or nonsense is not, and nothing is left behind",
          "[home][process]") {
  TempDir dir;
  std::filesystem::create_directory(dir / "empty");
  CHECK(Init(dir / "empty").exit_code == 0);
  test::Spit(dir / "file", "x");
  CHECK(Init(dir / "file").exit_code == 1);
  CHECK(Init(dir / "a", {"--listen", "nonsense"}).exit_code != 0);
  CHECK(Run({kMusterd, "init", "--home", (dir / "b").string()}).exit_code == 2);
  CHECK(Run({kMusterd, "init", "--home", (dir / "c").string(), "--name", ""}).exit_code != 0);
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 2);
}

TEST_CASE("Home: opens once at a time, and only whole", "[home][process]") {
  TempDir dir;
  REQUIRE_REASON(Home::Open(dir / "nowhere"), v1::HOME_MALFORMED);
  const std::filesystem::path path = dir / "home";
  const Json json = Json::parse(Init(path).out);
  {
    const auto home = testing::Must(Home::Open(path));
    CHECK(home->name() == "Test Coalition");
    CHECK(home->note_key().Format() == json["log_vkey"]);
    REQUIRE_REASON(Home::Open(path), v1::RESTART_REFUSED);
    REQUIRE_REASON(home->ReadFounding(), v1::HOME_MALFORMED);
    WriteFounding(path, json);
    REQUIRE_OK(home->ReadFounding());
    // The charter of another home, in any of its parts.
    WriteFounding(path, json, [](auto& c) { c.set_name("Another"); });
    REQUIRE_REASON(home->ReadFounding(), v1::HOME_MALFORMED);
    WriteFounding(path, json, [](auto& c) { c.set_certificate_sha256(std::string(32, 'x')); });
    REQUIRE_REASON(home->ReadFounding(), v1::HOME_MALFORMED);
    WriteFounding(path, json,
                  [](auto& c) { *c.mutable_vault() = test::TestConsortium().VaultKeys(); });
    REQUIRE_REASON(home->ReadFounding(), v1::HOME_MALFORMED);
    WriteFounding(path, json,
                  [](auto& c) { c.set_log_vkey(test::TestConsortium().note_key().Format()); });
    REQUIRE_REASON(home->ReadFounding(), v1::HOME_MALFORMED);
    test::Spit(path / "founding.statement", "no statement");
    REQUIRE_REASON(home->ReadFounding(), v1::HOME_MALFORMED);
  }
  REQUIRE_OK(Home::Open(path));
  const std::string config = Slurp(path / "config.json");
  for (const char* broken : {"", "{", "[]", "{\"version\":2}", "{\"version\":1,\"name\":7}"}) {
    test::Spit(path / "config.json", broken);
    REQUIRE_REASON(Home::Open(path), v1::HOME_MALFORMED);
  }
  test::Spit(path / "config.json", config);
  test::Spit(path / "log.key", "k4.secret.nonsense");
  REQUIRE_REASON(Home::Open(path), v1::KEY_MALFORMED);
}

TEST_CASE("Home: a socket's folder is in the home unless the home's path is too long for a socket",
          "[home][process]") {
  TempDir dir;
  REQUIRE(Init(dir / "home").exit_code == 0);
  const auto home = testing::Must(Home::Open(dir / "home"));
  CHECK(testing::Must(home->MakeSocketFolder()) == dir / "home/run");
  const std::filesystem::path deep = dir / (std::string(60, 'd') + "/" + std::string(60, 'e'));
  REQUIRE(Init(deep).exit_code == 0);
  std::filesystem::path folder;
  {
    const auto far = testing::Must(Home::Open(deep));
    folder = testing::Must(far->MakeSocketFolder());
    CHECK(folder.string().size() < 90);
    CHECK(ModeOf(folder) == 0700);
  }
  CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("Home: addresses to listen on", "[home]") {
  CHECK(testing::Must(ParseHostPort("127.0.0.1:7443")).port == 7443);
  CHECK(testing::Must(ParseHostPort("[::1]:0")).host == "::1");
  CHECK(testing::Must(ParseHostPort("muster.example.org:443")).host == "muster.example.org");
  for (const char* bad : {"", "7443", "host", "host:", "host:x", "host:65536", "host:-1",
                          "::1:7443", "a,b:1", "host:1x", "a b:1"}) {
    INFO(bad);
    REQUIRE_REASON(ParseHostPort(bad), v1::REQUEST_MALFORMED);
  }
}

TEST_CASE("Certificate: P-256, signed by itself, for every name it is asked for", "[home]") {
  const std::string host =
      GENERATE("", "127.0.0.1", "192.0.2.7", "2001:db8::7", "muster.example.org");
  const Certificate made = testing::Must(MakeCertificate(host));
  CHECK(testing::Must(CertificateSha256(made.certificate_pem)) == made.sha256);
  BIO* text =
      BIO_new_mem_buf(made.certificate_pem.data(), static_cast<int>(made.certificate_pem.size()));
  X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  REQUIRE(certificate != nullptr);
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  CHECK(EVP_PKEY_bits(key) == 256);
  CHECK(X509_verify(certificate, key) == 1);
  for (const char* name : {"muster", "localhost"})
    CHECK(X509_check_host(certificate, name, 0, 0, nullptr) == 1);
  for (const char* address : {"127.0.0.1", "::1"})
    CHECK(X509_check_ip_asc(certificate, address, 0) == 1);
  if (host == "muster.example.org")
    CHECK(X509_check_host(certificate, host.c_str(), 0, 0, nullptr) == 1);
  if (host == "192.0.2.7" || host == "2001:db8::7")
    CHECK(X509_check_ip_asc(certificate, host.c_str(), 0) == 1);
  CHECK(X509_check_host(certificate, "elsewhere.example.org", 0, 0, nullptr) == 0);
  X509_free(certificate);
  BIO_free(text);
  CHECK(testing::Must(MakeCertificate(host)).sha256 != made.sha256);
  CHECK_FALSE(MakeCertificate("a,DNS:b").ok());
  REQUIRE_REASON(CertificateSha256("none"), v1::HOME_MALFORMED);
}

}  // namespace
}  // namespace muster::front
