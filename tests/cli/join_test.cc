// SPDX-License-Identifier: Apache-2.0
#include "cli/join.h"

#include <cstdlib>
#include <sstream>

#include "cli/certificate.h"
#include "cli/invite.h"
#include "muster/v1/enrollment_service.pb.h"
#include "tests/cli/fake_front_desk.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;
using testing::Said;

struct Desk {
  test::TempDir home;
  TlsIdentity tls = TlsIdentity::Make();
  std::string sha256 = Must(CertificateSha256(tls.certificate_pem));
  report::Consortium consortium{sha256};
  report::Organization transit{"Transit Riders"};
  FakeFrontDesk server{&consortium, &transit, tls};
  v1::Invite invite;

  Desk() {
    ::setenv("MUSTER_HOME", home.path().c_str(), 1);
    consortium.Join(transit);
    const report::AuditRoot root = consortium.Root();
    invite.set_server(server.address());
    invite.set_certificate_sha256(sha256);
    invite.set_consortium(ToString(consortium.id));
    invite.set_consortium_name("River County Coalition");
    invite.set_charter_hash(ToString(root.charter_hash));
    invite.set_log_vkey(consortium.log_vkey);
    invite.set_vault_sign_key(ToString(consortium.vault_sign.verify_key().bytes));
    invite.set_vault_holding_key(ToString(consortium.v.TimesBase().bytes));
    invite.set_checkpoint(consortium.Checkpoint());
    invite.set_invite(InviteId{crypto::RandomArray<8>()}.Name());
    invite.set_secret(ToString(crypto::SigningKey::Generate().seed().ExposeSecret()));
    invite.set_member(MemberId{crypto::RandomArray<8>()}.Name());
    invite.set_member_name("Parks Alliance");
    invite.set_person(PersonId{crypto::RandomArray<8>()}.Name());
    invite.set_person_name("Parks Alliance");
    invite.add_roles(v1::ROLE_APPROVER);
    invite.set_expire_time(absl::ToUnixSeconds(absl::Now()) + 3600);
    invite.set_make_member_key(true);
  }
  ~Desk() { ::unsetenv("MUSTER_HOME"); }

  absl::Status Join(const std::string& profile = "parks") {
    std::ostringstream out, err;
    Console console({}, out, err);
    Invocation invocation;
    invocation.console = &console;
    invocation.profile = profile;
    const auto code = RunJoin(invocation, {FormatInvite(invite), /*no_passphrase=*/true});
    return code.status();
  }
  bool Exists(const std::string& file) const {
    return std::filesystem::exists(home / ("parks/" + file));
  }
};

TEST_CASE("A newcomer joins with an invite and nothing else, and has pinned what it says",
          "[cli]") {
  Desk desk;
  REQUIRE_OK(desk.Join());
  for (const char* file :
       {"profile.json", "sign.key", "cosign.key", "box.key", "member.key", "checkpoint"})
    CHECK(desk.Exists(file));
  CHECK_FALSE(desk.Exists("join.pending"));
  const Profile profile = Must(ProfileStore(desk.home.path()).Load("parks"));
  CHECK(profile.certificate_pem == desk.tls.certificate_pem);
  CHECK(ToString(profile.charter_hash) == desk.invite.charter_hash());
  CHECK(profile.vault_box_key == desk.consortium.vault_box.public_key());
  CHECK(profile.member->Name() == desk.invite.member());
  CHECK(profile.roles == governance::RoleSet{v1::ROLE_APPROVER});
  CHECK(profile.member_key.has_value());
  CHECK(Must(ReadSeenCheckpoint(profile))->size == desk.consortium.size());
  // Again with the same invite is no error, and asks nobody.
  REQUIRE_OK(desk.Join());
  CHECK(desk.server.CallCount("EnrollmentService/Enroll") == 1);
}

TEST_CASE("A server that shows another certificate than the invite's learns nothing",
          "[cli][fault]") {
  Desk desk;
  desk.invite.set_certificate_sha256(std::string(32, 'x'));
  REQUIRE_REASON(desk.Join(), v1::CERTIFICATE_MISMATCH);
  CHECK(desk.server.calls().empty());
  CHECK_FALSE(std::filesystem::exists(desk.home / "parks"));
}

TEST_CASE("A charter that is not the invite's makes no profile, and the keys stay",
          "[cli][fault]") {
  Desk desk;
  SECTION("another hash") { desk.invite.set_charter_hash(std::string(32, 'h')); }
  SECTION("another name") { desk.invite.set_consortium_name("Another Coalition"); }
  SECTION("another vault key") {
    desk.invite.set_vault_sign_key(ToString(crypto::SigningKey::Generate().verify_key().bytes));
  }
  SECTION("another holding key") {
    desk.invite.set_vault_holding_key(ToString(crypto::Scalar::Random().TimesBase().bytes));
  }
  SECTION("another consortium") { desk.invite.set_consortium(std::string(16, 'x')); }
  REQUIRE_REASON(desk.Join(), v1::STATEMENT_REFUSED);
  CHECK_FALSE(desk.Exists("profile.json"));
  CHECK(desk.Exists("sign.key"));
  CHECK(desk.Exists("join.pending"));
  CHECK(desk.server.CallCount("EnrollmentService/Enroll") == 1);
}

TEST_CASE("A join whose answer was lost goes on with the same keys and the same bytes",
          "[cli][fault]") {
  Desk desk;
  std::string first;
  desk.server.Lose("EnrollmentService/Enroll", [&]() -> absl::Status {
    const std::string body = desk.consortium.entries().back().body;
    if (first.empty()) {
      first = body;
      return MakeError(v1::SERVER_UNAVAILABLE, "gone");
    }
    CHECK(body == first);
    return absl::OkStatus();
  });
  CHECK(ExitCodeOf(desk.Join()) == 4);
  CHECK(desk.Exists("join.pending"));
  const std::string key = test::Slurp(desk.home / "parks/sign.key");
  const uint64_t size = desk.consortium.size();
  REQUIRE_OK(desk.Join());
  CHECK(desk.Exists("profile.json"));
  CHECK(desk.consortium.size() == size);
  CHECK(test::Slurp(desk.home / "parks/sign.key") == key);
}

TEST_CASE("Answers that prove nothing make no profile", "[cli][fault]") {
  Desk desk;
  const auto bend = [&](std::function<void(v1::EnrollResponse&)> how) {
    desk.server.Bend<v1::EnrollResponse>("EnrollmentService/Enroll", std::move(how));
    const absl::Status status = desk.Join();
    CHECK_FALSE(desk.Exists("profile.json"));
    return status;
  };
  REQUIRE_REASON(bend([](v1::EnrollResponse& r) { *r.mutable_join() = r.charter(); }),
                 v1::PROOF_INVALID);
  CHECK_FALSE(
      bend([](v1::EnrollResponse& r) { r.mutable_join()->mutable_salt()->at(0) ^= 1; }).ok());
  CHECK_FALSE(bend([](v1::EnrollResponse& r) { r.clear_checkpoint(); }).ok());
  CHECK_FALSE(bend([](v1::EnrollResponse& r) { *r.mutable_charter() = r.join(); }).ok());
}

TEST_CASE("A log that does not extend the invite's tree is refused", "[cli][fault]") {
  Desk desk;
  desk.consortium.entries()[1].salt[0] ^= 1;
  CHECK(Said(desk.Join()).find("does not extend the one that the invite names") !=
        std::string::npos);
  CHECK_FALSE(desk.Exists("profile.json"));
}

TEST_CASE("A refusal for good takes the keys along; another invite may then use the name",
          "[cli]") {
  Desk desk;
  desk.server.Before("EnrollmentService/Enroll",
                     [] { return MakeError(v1::INVITE_UNKNOWN, "not known"); });
  const absl::Status status = desk.Join();
  REQUIRE_REASON(status, v1::INVITE_UNKNOWN);
  CHECK(ExitCodeOf(status) == 5);
  CHECK_FALSE(std::filesystem::exists(desk.home / "parks"));
}

TEST_CASE("Keys of somebody else under the name are left alone", "[cli]") {
  Desk desk;
  std::filesystem::create_directories(desk.home / "parks");
  SECTION("a profile") {
    desk.server.WriteProfile(desk.home.path(), "other", 3);
    REQUIRE_REASON(desk.Join("other"), v1::PROFILE_EXISTS);
  }
  SECTION("keys without a profile") {
    test::Spit(desk.home / "parks/sign.key", "precious");
    REQUIRE_REASON(desk.Join(), v1::PROFILE_EXISTS);
    CHECK(test::Slurp(desk.home / "parks/sign.key") == "precious");
  }
  SECTION("a join of another invite that broke off") {
    desk.server.Before("EnrollmentService/Enroll",
                       [] { return MakeError(v1::SERVER_UNAVAILABLE, "gone"); });
    CHECK(ExitCodeOf(desk.Join()) == 4);
    desk.invite.set_invite(InviteId{crypto::RandomArray<8>()}.Name());
    REQUIRE_REASON(desk.Join(), v1::PROFILE_EXISTS);
  }
}

TEST_CASE("An invite that has expired is told without asking", "[cli]") {
  Desk desk;
  desk.invite.set_expire_time(absl::ToUnixSeconds(absl::Now()) - 1);
  REQUIRE_REASON(desk.Join(), v1::INVITE_EXPIRED);
  CHECK(desk.server.calls().empty());
}

}  // namespace
}  // namespace muster::cli
