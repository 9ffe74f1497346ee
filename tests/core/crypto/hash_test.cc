// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/hash.h"

#include "tests/support/vectors.h"

namespace muster::crypto {
namespace {

using testing::Unhex;

SecretBytes CountingKey() {
  SecretBytes key = SecretBytes::Zeroed(32);
  for (size_t i = 0; i < key.size(); ++i) key.MutableExposeSecret()[i] = static_cast<uint8_t>(i);
  return key;
}

TEST_CASE("BLAKE2b-256 gives what Python's hashlib gives", "[crypto][vector]") {
  CHECK(HexEncode(Blake2b256("")) ==
        "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  CHECK(HexEncode(Blake2b256("abc")) ==
        "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  CHECK(Blake2b256({"a", "", "bc"}) == Blake2b256("abc"));
  CHECK(Blake2b256({}) == Blake2b256(""));
}

TEST_CASE("SHA-256 gives FIPS 180-4's example", "[crypto][vector]") {
  CHECK(HexEncode(Sha256({"abc"})) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256({"a", "bc"}) == Sha256({"abc"}));
}

TEST_CASE("Keyed BLAKE2b gives what Python's hashlib gives, at every size", "[crypto][vector]") {
  const SecretBytes key = CountingKey();
  const auto [size, expected] = GENERATE(table<size_t, std::string>(
      {{16, "1a64be47e4729d951c302ee543f97cf3"},
       {32, "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f"},
       {64,
        "9af0244b7da7fe29d90a89727e06a0c93977ce1ad7edcb76ac0b24142194ea00c77be4a1d3fededd31d5a59362"
        "5a508e"
        "742fc90d708f8b48a5c246e4e8e42d94"}}));
  std::string out(size, '\0');
  KeyedHash(key, {"a", "bc"}, {reinterpret_cast<uint8_t*>(out.data()), out.size()});
  CHECK(HexEncode(AsBytes(out)) == expected);
}

TEST_CASE("A derived key is the keyed hash of its purpose", "[crypto][vector]") {
  const SecretBytes key = DeriveKey(CountingKey(), "muster/token/v1");
  CHECK(HexEncode(key.ExposeSecret()) ==
        "4f5355e5bc0a71cb11bed919500477c1fb036c04195940da827b173870037166");
  CHECK_FALSE(key == DeriveKey(CountingKey(), "muster/token/v2"));
}

TEST_CASE("A stream gives the hash of the whole, however it is cut", "[crypto][oracle]") {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<char>(i % 251));
  const std::string expected = "b372d0608f720c8c3dd41e9c8eecb10143b41abe520b616607e754bf79c08331";
  CHECK(HexEncode(Blake2b256(bytes)) == expected);
  for (size_t step : {1U, 7U, 127U, 128U, 129U, 1000U}) {
    Blake2bStream stream;
    for (size_t at = 0; at < bytes.size(); at += step)
      stream.Update(std::string_view(bytes).substr(at, step));
    CHECK(HexEncode(stream.Finish()) == expected);
  }
  Blake2bStream empty;
  CHECK(empty.Finish() == Blake2b256(""));
}

TEST_CASE("Constant-time comparison compares size and bytes", "[crypto]") {
  CHECK(ConstantTimeEqual({}, {}));
  CHECK(ConstantTimeEqual(AsBytes("abc"), AsBytes("abc")));
  CHECK_FALSE(ConstantTimeEqual(AsBytes("abc"), AsBytes("abd")));
  CHECK_FALSE(ConstantTimeEqual(AsBytes("abc"), AsBytes("ab")));
}

}  // namespace
}  // namespace muster::crypto
