// SPDX-License-Identifier: Apache-2.0
#include "cli/upload_state.h"

#include <sys/stat.h>

#include "core/seal/envelope.h"
#include "tests/core/report/report_fixture.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;

v1::UploadStatement Plan() {
  v1::UploadStatement plan;
  plan.set_upload(UploadId{crypto::RandomArray<8>()}.Name());
  plan.set_list("members");
  plan.add_files()->set_file_name("members.csv");
  return plan;
}

std::vector<v1::BatchRecord> Batches(int count) {
  report::Consortium consortium;
  report::Organization parks("Parks Alliance");
  const v1::UploadProvenance upload = consortium.Upload(parks, count, 1);
  return {upload.batches().begin(), upload.batches().end()};
}

TEST_CASE("What an upload recorded is there when it is opened again", "[cli]") {
  const test::TempDir folder;
  const v1::UploadStatement plan = Plan();
  const std::vector<v1::BatchRecord> batches = Batches(3);
  std::filesystem::path path;
  {
    const auto state = Must(UploadState::Create(folder / "uploads", plan, "map=a=b\n"));
    path = state->path();
    for (const v1::BatchRecord& batch : batches) REQUIRE_OK(state->AddBatch(batch));
    REQUIRE_OK(state->AddBatch(batches[1]));  // sealed once more
    v1::SignedStatement statement;
    statement.set_statement("said");
    REQUIRE_OK(state->SetStatement(statement));
  }
  struct stat info = {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(UploadState::List(folder / "uploads") == std::vector{path});
  const auto state = Must(UploadState::Open(path));
  CHECK(state->plan().SerializeAsString() == plan.SerializeAsString());
  CHECK(state->reading() == "map=a=b\n");
  CHECK(state->batch_count() == 3);
  CHECK(state->Versions(0).size() == 1);
  CHECK(state->Versions(1).size() == 2);
  CHECK(state->Versions(7).empty());
  CHECK(state->Versions(2)[0].SerializeAsString() == batches[2].SerializeAsString());
  CHECK(state->statement()->statement() == "said");
  REQUIRE_OK(state->Remove());
  CHECK(UploadState::List(folder / "uploads").empty());
}

TEST_CASE("A state cut off anywhere opens with what was whole, and goes on from there",
          "[cli][fault]") {
  const test::TempDir folder;
  const std::vector<v1::BatchRecord> batches = Batches(2);
  std::filesystem::path path;
  size_t planned_bytes = 0;
  {
    const auto state = Must(UploadState::Create(folder / "uploads", Plan(), "r"));
    path = state->path();
    planned_bytes = std::filesystem::file_size(path);
    for (const v1::BatchRecord& batch : batches) REQUIRE_OK(state->AddBatch(batch));
  }
  const std::string whole = test::Slurp(path);
  const size_t first_bytes = planned_bytes + (whole.size() - planned_bytes) / 2;
  for (size_t size = 0; size < whole.size(); size += 3) {
    test::Spit(path, whole.substr(0, size));
    auto state = UploadState::Open(path);
    if (size < planned_bytes) {
      // The reading may be lost with the tail; the plan may not.
      if (state.ok()) CHECK((*state)->batch_count() == 0);
      continue;
    }
    REQUIRE_OK(state);
    CHECK((*state)->batch_count() == (size < first_bytes ? 0 : 1));
    REQUIRE_OK((*state)->AddBatch(batches[1]));
    state->reset();
  }
  // What stands after a cut end is whole again.
  test::Spit(path, whole.substr(0, whole.size() - 1));
  REQUIRE_OK(Must(UploadState::Open(path))->AddBatch(batches[1]));
  CHECK(Must(UploadState::Open(path))->batch_count() == 2);
  CHECK(test::Slurp(path) == whole);
}

TEST_CASE("A flipped byte ends what is believed of a state", "[cli][fault]") {
  const test::TempDir folder;
  std::filesystem::path path;
  {
    const auto state = Must(UploadState::Create(folder / "uploads", Plan(), "r"));
    path = state->path();
    for (const v1::BatchRecord& batch : Batches(2)) REQUIRE_OK(state->AddBatch(batch));
  }
  std::string bytes = test::Slurp(path);
  bytes[bytes.size() - 20] ^= 1;
  test::Spit(path, bytes);
  CHECK(Must(UploadState::Open(path))->batch_count() == 1);
  test::Spit(path, "something else altogether, and long enough");
  REQUIRE_REASON(UploadState::Open(path), v1::HOME_MALFORMED);
}

TEST_CASE("One command at a time is at an upload", "[cli]") {
  const test::TempDir folder;
  const auto state = Must(UploadState::Create(folder / "uploads", Plan(), ""));
  REQUIRE_REASON(UploadState::Open(state->path()), v1::UPLOAD_EXISTS);
}

}  // namespace
}  // namespace muster::cli
