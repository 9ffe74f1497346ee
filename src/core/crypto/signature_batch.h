// SPDX-License-Identifier: Apache-2.0
//
// SignatureBatch: many Ed25519 signatures checked at once, for whoever reads a whole log: a
// fraction of the time that crypto::Verify takes for each.
//
// Why our own: libsodium checks one signature at a time and has no sum of many multiples, and an
// auditor's report over a million entries is to be checked in seconds on a laptop. Whoever would do
// without it checks each with Verify and finds the same.
//
// Rule: all hold or the batch does not; which one is wrong, Verify finds out one by one. A batch
// holds exactly when Verify takes each of its signatures, but for a chance of 2^-64. Verify asks
// whether s B = R + h A, without the cofactor. So is asked here, of the sum with random factors z_i
// of 127 bits: sum(z_i s_i) B = sum(z_i R_i) + sum(z_i h_i A_i). That alone would not do: an R that
// its signer bent by a point of small order is refused by Verify, and the sum would forgive it as
// often as z_i is a multiple of that order. So every R is shown to have no part of small order: of
// few each by itself, of many the random sums of parts of them that the whole is made of, which are
// of prime order when all are and else, each, with one half at most. With R, A and B in the group
// of prime order, RFC 8032's equation with the cofactor and the one without are the same. s_i and
// R_i must be canonical and R_i of no small order, as libsodium has it. Keys come from
// ParseVerifyKey, which takes none with a part of small order. Everything in here is public:
// nothing runs in constant time, and nothing secret may ever be given to it.
// Threads: a batch belongs to one thread; batches are independent.
// Source: RFC 8032; Bernstein et al., High-speed high-security signatures (2011), §5; Pippenger
// (1976).
#ifndef MUSTER_CORE_CRYPTO_SIGNATURE_BATCH_H_
#define MUSTER_CORE_CRYPTO_SIGNATURE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "core/crypto/signature.h"

namespace muster::crypto {

class SignatureBatch {
 public:
  // Hashes the message; nothing of it is kept.
  void Add(const VerifyKey& key, std::string_view purpose, std::string_view message,
           std::string_view signature64);
  size_t size() const { return items_.size(); }
  // Whether every signature that was added holds. An empty batch does.
  bool Verify() const;

 private:
  struct Item {
    Bytes32 r{};
    Bytes32 s{};
    Bytes32 h{};  // SHA-512(R | A | purpose | message) mod L
    size_t key = 0;
  };
  std::vector<Item> items_;
  std::map<VerifyKey, size_t> key_numbers_;
  std::vector<VerifyKey> keys_;
  bool malformed_ = false;
};

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_SIGNATURE_BATCH_H_
