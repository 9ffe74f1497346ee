// SPDX-License-Identifier: Apache-2.0
//
// SignatureBatch: many Ed25519 signatures checked at once, for whoever reads a whole log: a sixth
// of the time that crypto::Verify takes for each.
//
// Rule: all hold or the batch does not; which one is wrong, Verify finds out one by one. The sum
// sum(z_i s_i) B = sum(z_i R_i) + sum(z_i h_i A_i), with z_i random of 127 bits, is compared with
// the cofactor multiplied in (RFC 8032 §5.1.7), R_i and s_i must be canonical and R_i of no small
// order. What Verify takes, this takes; beyond that only a signature whose R its own signer bent by
// a point of small order: it is still made by the owner of the key over these bytes.
// Keys come from ParseVerifyKey. Everything in here is public: nothing runs in constant time.
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
