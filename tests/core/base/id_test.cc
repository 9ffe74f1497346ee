// SPDX-License-Identifier: Apache-2.0
#include "core/base/id.h"

#include "tests/support/status.h"

namespace muster {
namespace {

TEST_CASE("An id has one name and is read back from it", "[base]") {
  const MemberId id{{0, 1, 2, 3, 4, 5, 6, 255}};
  CHECK(id.Name().substr(0, 8) == "members/");
  CHECK(id.Name().size() == 8 + 13);
  CHECK(testing::Must(MemberId::Parse(id.Name())) == id);
  CHECK(MemberId::FromBytes(id.View()) == id);
  CHECK_FALSE(MemberId::FromBytes("short").has_value());
  CHECK(MemberId{}.IsZero());
  CHECK_FALSE(id.IsZero());
}

TEST_CASE("A name of another kind or form is refused", "[base]") {
  const std::string good = UploadId{{9, 8, 7, 6, 5, 4, 3, 2}}.Name();
  REQUIRE_OK(UploadId::Parse(good));
  REQUIRE_REASON(MemberId::Parse(good), v1::NAME_MALFORMED);
  REQUIRE_REASON(UploadId::Parse(good + "0"), v1::NAME_MALFORMED);
  REQUIRE_REASON(UploadId::Parse(good.substr(0, good.size() - 1)), v1::NAME_MALFORMED);
  REQUIRE_REASON(UploadId::Parse("/" + good), v1::NAME_MALFORMED);
  const auto name =
      GENERATE("", "uploads", "uploads/", "Uploads/0000000000000", "uploads/000000000000Z",
               "uploads/0000000000001", "uploads/000000000000i", "uploads/0000000000000/");
  CAPTURE(name);
  REQUIRE_REASON(UploadId::Parse(name), v1::NAME_MALFORMED);
}

TEST_CASE("Ids sort as their bytes do", "[base]") {
  CHECK(PersonId{{0, 0, 0, 0, 0, 0, 0, 1}} < PersonId{{1, 0, 0, 0, 0, 0, 0, 0}});
}

}  // namespace
}  // namespace muster
