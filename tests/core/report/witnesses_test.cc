// SPDX-License-Identifier: Apache-2.0
#include "core/report/witnesses.h"

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/tlog/witness.h"
#include "tests/core/report/report_fixture.h"
#include "tests/support/status.h"

namespace muster::report {
namespace {

TEST_CASE("A bundle is witnessed by as many as its charter asks for, or refused", "[report]") {
  Consortium consortium;
  const v1::Bundle good = consortium.MakeBundle();
  const auto cosigned = CheckWitnesses(good);
  REQUIRE_OK(cosigned);
  CHECK(cosigned->cosignatures.size() == 1);

  v1::Bundle bundle = good;
  bundle.set_checkpoint(consortium.Checkpoint());
  REQUIRE_REASON(CheckWitnesses(bundle), v1::QUORUM_MISSING);
  // A policy that is content with less than the charter.
  bundle = good;
  bundle.set_policy("log " + consortium.log_vkey + "\nquorum none\n");
  REQUIRE_REASON(CheckWitnesses(bundle), v1::BUNDLE_MALFORMED);
  bundle.clear_policy();
  REQUIRE_REASON(CheckWitnesses(bundle), v1::BUNDLE_MALFORMED);
  // One of another log, with witnesses that nobody asked for.
  Consortium other;
  bundle.set_policy(other.MakeBundle().policy());
  REQUIRE_REASON(CheckWitnesses(bundle), v1::BUNDLE_MALFORMED);
  const tlog::NoteKey log = *tlog::NoteKey::Parse(consortium.log_vkey);
  const tlog::NoteKey stranger{tlog::WitnessName(log.name, "people/stranger"),
                               tlog::kAlgorithmCosignature,
                               crypto::SigningKey::Generate().verify_key()};
  bundle = good;
  bundle.set_policy(WitnessPolicy(log, {stranger}, 1));
  REQUIRE_REASON(CheckWitnesses(bundle), v1::QUORUM_MISSING);
  // Two are asked for where there is one: what there is cannot be enough.
  bundle.set_policy(WitnessPolicy(log, {stranger}, 2));
  REQUIRE_REASON(CheckWitnesses(bundle), v1::QUORUM_MISSING);
}

TEST_CASE("What a policy is content with is counted through its groups", "[report]") {
  Consortium consortium;
  v1::Bundle bundle = consortium.MakeBundle();
  std::string policy = bundle.policy();
  const std::string name = tlog::WitnessName((*tlog::NoteKey::Parse(consortium.log_vkey)).name,
                                             consortium.founder.id.Name());
  policy.resize(policy.find("group"));
  bundle.set_policy(policy + "group one any " + name + "\ngroup both all one\nquorum both\n");
  REQUIRE_OK(CheckWitnesses(bundle));
  bundle.set_policy(policy + "quorum " + name + "\n");
  REQUIRE_OK(CheckWitnesses(bundle));
  bundle.set_policy(policy + "group one any " + name + "\nquorum none\n");
  REQUIRE_REASON(CheckWitnesses(bundle), v1::BUNDLE_MALFORMED);
}

}  // namespace
}  // namespace muster::report
