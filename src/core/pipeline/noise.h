// SPDX-License-Identifier: Apache-2.0
//
// Noise for published counts: the discrete Laplace distribution, drawn exactly out of secure random
// bits (no floating point, whose low bits have given away what noise was to hide).
//
// P(x) is in proportion to exp(-|x| / scale). A count that one person changes by at most d is
// (d / scale)-differentially private.
// Threads: safe from anywhere.
// Source: Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy (2020),
// algorithms 1 and 2.
#ifndef MUSTER_CORE_PIPELINE_NOISE_H_
#define MUSTER_CORE_PIPELINE_NOISE_H_

#include <cstdint>
#include <functional>

namespace muster::pipeline {

// 64 fresh random bits a call.
using RandomBits = std::function<uint64_t()>;
RandomBits SecureRandomBits();

// `scale` at least 1.
int64_t DrawDiscreteLaplace(uint32_t scale, const RandomBits& random = SecureRandomBits());

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_NOISE_H_
