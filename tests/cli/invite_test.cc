// SPDX-License-Identifier: Apache-2.0
#include "cli/invite.h"

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "tests/core/report/report_fixture.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;

v1::Invite Good() {
  const report::Consortium consortium;
  v1::Invite invite;
  invite.set_server("127.0.0.1:8443");
  invite.set_certificate_sha256(std::string(32, 'c'));
  invite.set_consortium(ToString(consortium.id));
  invite.set_consortium_name("River County Coalition");
  invite.set_charter_hash(std::string(32, 'h'));
  invite.set_log_vkey(consortium.log_vkey);
  invite.set_vault_sign_key(ToString(consortium.vault_sign.verify_key().bytes));
  invite.set_vault_holding_key(ToString(consortium.v.TimesBase().bytes));
  invite.set_checkpoint(consortium.Checkpoint());
  invite.set_invite(InviteId{crypto::RandomArray<8>()}.Name());
  invite.set_secret(std::string(32, 's'));
  invite.set_member(MemberId{crypto::RandomArray<8>()}.Name());
  invite.set_member_name("Parks Alliance");
  invite.set_person(PersonId{crypto::RandomArray<8>()}.Name());
  invite.set_person_name("Parks Alliance");
  invite.add_roles(v1::ROLE_APPROVER);
  invite.add_roles(v1::ROLE_UPLOADER);
  invite.set_expire_time(1'790'000'000);
  invite.set_make_member_key(true);
  return invite;
}

TEST_CASE("An invite comes back as it was made, also out of a mail that broke its lines", "[cli]") {
  const v1::Invite invite = Good();
  const std::string text = FormatInvite(invite);
  CHECK(text.find("muster-invite-1.") == 0);
  CHECK(Must(ParseInvite(text)).SerializeAsString() == invite.SerializeAsString());
  std::string broken = "  ";
  for (size_t i = 0; i < text.size(); i += 70) broken += text.substr(i, 70) + "\r\n\t";
  CHECK(Must(ParseInvite(broken)).SerializeAsString() == invite.SerializeAsString());
}

TEST_CASE("Half an invite is no invite", "[cli]") {
  const std::string text = FormatInvite(Good());
  for (size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(ParseInvite(text.substr(0, size)).ok());
  for (const std::string& bent : {text + "A", text.substr(1), "Muster" + text.substr(6), text + "=",
                                  text.substr(0, 100) + "!" + text.substr(101)}) {
    CHECK_FALSE(ParseInvite(bent).ok());
  }
}

TEST_CASE("A character changed anywhere is noticed", "[cli]") {
  const std::string text = FormatInvite(Good());
  for (size_t at = 0; at < text.size(); ++at) {
    std::string bent = text;
    bent[at] = bent[at] == 'A' ? 'B' : 'A';
    CHECK_FALSE(ParseInvite(bent).ok());
  }
}

TEST_CASE("Every part of an invite must be there and of its kind", "[cli]") {
  v1::Invite invite = Good();
  SECTION("server") { invite.set_server("127.0.0.1"); }
  SECTION("certificate") { invite.set_certificate_sha256("short"); }
  SECTION("consortium") { invite.clear_consortium(); }
  SECTION("charter") { invite.set_charter_hash(std::string(31, 'h')); }
  SECTION("log key") { invite.set_log_vkey("name+00000000+AAAA"); }
  SECTION("another log's checkpoint") { invite.set_checkpoint(report::Consortium().Checkpoint()); }
  SECTION("vault sign key") { invite.set_vault_sign_key(std::string(32, '\0')); }
  SECTION("vault holding key") { invite.set_vault_holding_key(std::string(32, '\0')); }
  SECTION("invite") { invite.set_invite("members/0000000000000"); }
  SECTION("secret") { invite.set_secret("x"); }
  SECTION("member without a name") { invite.clear_member_name(); }
  SECTION("person") { invite.clear_person(); }
  SECTION("no roles") { invite.clear_roles(); }
  SECTION("a role that there is not") { invite.add_roles(99); }
  SECTION("a field that this version does not know") {
    invite.GetReflection()->MutableUnknownFields(&invite)->AddVarint(500, 1);
  }
  const auto parsed = ParseInvite(FormatInvite(invite));
  REQUIRE_REASON(parsed, v1::INVITE_MALFORMED);
  // It holds a secret: no message repeats it.
  CHECK(std::string(parsed.status().message()).find(std::string(32, 's')) == std::string::npos);
}

TEST_CASE("An address is a host and a port", "[cli]") {
  const auto [text, host, port] = GENERATE(
      table<std::string, std::string, std::string>({{"127.0.0.1:8443", "127.0.0.1", "8443"},
                                                    {"pool.example.org:1", "pool.example.org", "1"},
                                                    {"[::1]:8443", "::1", "8443"},
                                                    {"localhost:0", "localhost", "0"}}));
  const Endpoint endpoint = Must(ParseEndpoint(text));
  CHECK(endpoint.host == host);
  CHECK(endpoint.port == port);
  for (const char* bad : {"", ":", "host", "host:", ":80", "host:65536", "host:-1", "host:80x",
                          "::1:80", "ho st:80", "a@b:80", "[]:80"}) {
    INFO(bad);
    REQUIRE_REASON(ParseEndpoint(bad), v1::NAME_MALFORMED);
  }
}

}  // namespace
}  // namespace muster::cli
