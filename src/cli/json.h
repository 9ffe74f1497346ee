// SPDX-License-Identifier: Apache-2.0
//
// Json: the objects that `--json` prints and that profiles are kept in. Keys keep the order in
// which they were set.
//
// One translation unit includes the JSON library; commands build values with this.
// Errors: Parse returns INVALID_ARGUMENT (HOME_MALFORMED is the caller's word for a bad file of
// ours).
// Threads: a value.
#ifndef MUSTER_CLI_JSON_H_
#define MUSTER_CLI_JSON_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

class Json {
 public:
  Json(std::nullptr_t = nullptr);
  Json(bool value);
  Json(double value);
  Json(std::string_view text);
  Json(const std::string& text) : Json(std::string_view(text)) {}
  Json(const char* text) : Json(std::string_view(text)) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Json(T value) : Json(Integer{static_cast<int64_t>(value)}) {}
  static Json Object();
  static Json Array();
  static Json Array(const std::vector<std::string>& texts);
  ~Json();
  Json(const Json& other);
  Json& operator=(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json&& other) noexcept;

  Json& Set(std::string_view key, Json value);
  Json& Append(Json value);

  // One line. Bytes that are no UTF-8 are replaced, so that the output is JSON whatever a file was
  // named.
  std::string Dump() const;
  std::string Pretty() const;

  // None unless `text` is exactly one JSON object.
  static std::optional<Json> ParseObject(std::string_view text);
  // Empty or absent are the same: "".
  std::string Text(std::string_view key) const;
  // An empty object when absent.
  Json At(std::string_view key) const;

 private:
  struct Integer {
    int64_t value;
  };
  explicit Json(Integer integer);
  struct Value;
  std::unique_ptr<Value> value_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_JSON_H_
