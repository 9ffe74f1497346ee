// SPDX-License-Identifier: Apache-2.0
//
// FromProto of match models: any bytes give a model that goes back unchanged, or a clear refusal.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/base/error.h"
#include "core/match/model.h"

namespace {

void Expect(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  muster::v1::MatchModel proto;
  if (!proto.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto model = muster::match::FromProto(proto);
  if (!model.ok()) {
    Expect(muster::ReasonOf(model.status()) == muster::v1::MODEL_MALFORMED);
    return 0;
  }
  const auto again = muster::match::FromProto(muster::match::ToProto(*model));
  Expect(again.ok());
  Expect(muster::match::ToProto(*again).SerializeAsString() ==
         muster::match::ToProto(*model).SerializeAsString());
  // Every pattern has a weight.
  for (muster::match::Pattern pattern : {0u, 0x11111111u, 0x12213112u}) {
    bool levels = true;
    for (size_t c = 0; c < muster::match::kComparatorCount; ++c) {
      levels =
          levels && muster::match::LevelOf(pattern, c) < muster::match::SpecOf(c).levels.size();
    }
    if (!levels) continue;
    const auto weight = muster::match::WeightOf(*model, pattern);
    Expect(std::isfinite(weight.match) && std::isfinite(weight.household) &&
           std::isfinite(weight.random));
  }
  return 0;
}
