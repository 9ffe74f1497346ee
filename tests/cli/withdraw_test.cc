// SPDX-License-Identifier: Apache-2.0
#include "cli/withdraw.h"

#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;
using Addresses = std::vector<std::string>;

TEST_CASE("Addresses to withdraw stand one a line, or in an export", "[cli]") {
  const test::TempDir folder;
  const auto read = [&](const std::string& text) {
    test::Spit(folder / "f", text);
    return ReadAddresses(folder / "f");
  };
  CHECK(Must(read("b@example.org\na@Example.ORG\n")) ==
        Addresses{"a@example.org", "b@example.org"});
  CHECK(Must(read("\xEF\xBB\xBF# leavers\r\n\r\n  a@example.org \r\na@example.org")) ==
        Addresses{"a@example.org"});
  CHECK(Must(read("email\na@example.org\n")) == Addresses{"a@example.org"});
  CHECK(Must(read("name,email\nAda,a@example.org\nBob,b@example.org\n")) ==
        Addresses{"a@example.org", "b@example.org"});
}

TEST_CASE("One bad address stops a withdrawal, and its line is named, not its text", "[cli]") {
  const test::TempDir folder;
  const auto message = [&](const std::string& text) {
    test::Spit(folder / "f", text);
    const auto addresses = ReadAddresses(folder / "f");
    REQUIRE_FALSE(addresses.ok());
    return std::string(addresses.status().message());
  };
  CHECK(message("a@example.org\nnot-an-address\n").find("line 2") != std::string::npos);
  CHECK(message("a@example.org\nnot-an-address\n").find("not-an-address") == std::string::npos);
  CHECK(message("email\na@example.org\nnot-an-address\n").find("line 3") != std::string::npos);
  CHECK_FALSE(message("# nothing\n").empty());
  CHECK_FALSE(message("first_name\nAda\n").empty());
}

}  // namespace
}  // namespace muster::cli
