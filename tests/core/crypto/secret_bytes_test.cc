// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/secret_bytes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>

namespace muster::crypto {
namespace {

bool AllZero(const char* data, size_t size) {
  return std::all_of(data, data + size, [](char c) { return c == '\0'; });
}

TEST_CASE("A secret holds what was copied in and moves without leaving any behind", "[crypto]") {
  SecretBytes a = SecretBytes::CopyOf(AsBytes("key"));
  CHECK(AsText(a.ExposeSecret()) == "key");
  SecretBytes b = std::move(a);
  CHECK(a.empty());  // NOLINT(bugprone-use-after-move)
  CHECK(AsText(b.ExposeSecret()) == "key");
  SecretBytes c = SecretBytes::CopyOf(AsBytes("another"));
  c = std::move(b);
  CHECK(AsText(c.ExposeSecret()) == "key");
  CHECK(b.empty());  // NOLINT(bugprone-use-after-move)
  SecretBytes& same = c;
  c = std::move(same);
  CHECK(AsText(c.ExposeSecret()) == "key");
}

TEST_CASE("Secrets are equal when size and bytes are", "[crypto]") {
  CHECK(SecretBytes::CopyOf(AsBytes("key")) == SecretBytes::CopyOf(AsBytes("key")));
  CHECK_FALSE(SecretBytes::CopyOf(AsBytes("key")) == SecretBytes::CopyOf(AsBytes("kez")));
  CHECK_FALSE(SecretBytes::CopyOf(AsBytes("key")) == SecretBytes::CopyOf(AsBytes("ke")));
  CHECK(SecretBytes() == SecretBytes::Zeroed(0));
  CHECK_FALSE(SecretBytes() == SecretBytes::Zeroed(1));
}

TEST_CASE("A clone is a second home", "[crypto]") {
  SecretBytes a = SecretBytes::Random(32);
  const SecretBytes b = a.Clone();
  CHECK(a == b);
  a.MutableExposeSecret()[0] ^= 1;
  CHECK_FALSE(a == b);
}

TEST_CASE("Zeroed is zero and random is not the same twice", "[crypto]") {
  const SecretBytes zero = SecretBytes::Zeroed(64);
  CHECK(AllZero(AsText(zero.ExposeSecret()).data(), zero.size()));
  CHECK_FALSE(SecretBytes::Random(32) == SecretBytes::Random(32));
  CHECK(RandomArray<16>() != RandomArray<16>());
}

TEST_CASE("A wiped string leaves nothing in its memory when cleared", "[crypto]") {
  std::string text(300, 'p');
  text.resize(20);  // the bytes beyond are still in the capacity
  WipedString wiped(std::move(text));
  const char* const data = wiped.str().data();
  const size_t capacity = wiped.str().capacity();
  wiped.Clear();
  CHECK(wiped.str().empty());
  CHECK(wiped.str().capacity() == capacity);
  CHECK(wiped.str().data() == data);
  wiped.str().resize(capacity, 'x');  // make the whole of it readable again
  wiped.Clear();
  CHECK(AllZero(data, 300));
}

TEST_CASE("A short wiped string leaves nothing where it was moved from", "[crypto]") {
  WipedString a(std::string("secret"));
  const char* const inside = a.str().data();
  WipedString b(std::move(a));
  CHECK(b.str() == "secret");
  CHECK(AllZero(inside, 6));
  WipedString c(std::string("older and rather longer than a short string"));
  const char* const second = b.str().data();
  c = std::move(b);
  CHECK(c.str() == "secret");
  CHECK(AllZero(second, 6));
}

TEST_CASE("Wipe zeroes what it is given and takes nothing for nothing", "[crypto]") {
  char bytes[5] = {'a', 'b', 'c', 'd', 'e'};
  Wipe(bytes + 1, 3);
  CHECK(std::string_view(bytes, 5) == std::string_view("a\0\0\0e", 5));
  Wipe(nullptr, 0);
}

}  // namespace
}  // namespace muster::crypto
