// SPDX-License-Identifier: Apache-2.0
#include "cli/json.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace muster::cli {

struct Json::Value {
  nlohmann::ordered_json json;
};

Json::Json(std::nullptr_t) : value_(std::make_unique<Value>()) {}
Json::Json(bool value) : Json() { value_->json = value; }
Json::Json(double value) : Json() { value_->json = value; }
Json::Json(std::string_view text) : Json() { value_->json = std::string(text); }
Json::Json(Integer integer) : Json() { value_->json = integer.value; }

Json::~Json() = default;
Json::Json(const Json& other) : value_(std::make_unique<Value>(*other.value_)) {}
Json& Json::operator=(const Json& other) {
  if (this != &other) value_ = std::make_unique<Value>(*other.value_);
  return *this;
}
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(Json&& other) noexcept = default;

Json Json::Object() {
  Json out;
  out.value_->json = nlohmann::ordered_json::object();
  return out;
}

Json Json::Array() {
  Json out;
  out.value_->json = nlohmann::ordered_json::array();
  return out;
}

Json Json::Array(const std::vector<std::string>& texts) {
  Json out;
  out.value_->json = texts;
  return out;
}

Json& Json::Set(std::string_view key, Json value) {
  value_->json[std::string(key)] = std::move(value.value_->json);
  return *this;
}

Json& Json::Append(Json value) {
  value_->json.push_back(std::move(value.value_->json));
  return *this;
}

std::string Json::Dump() const {
  return value_->json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string Json::Pretty() const {
  return value_->json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::optional<Json> Json::ParseObject(std::string_view text) {
  Json out;
  out.value_->json = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!out.value_->json.is_object()) return std::nullopt;
  return out;
}

std::string Json::Text(std::string_view key) const {
  const auto it = value_->json.find(std::string(key));
  if (it == value_->json.end() || !it->is_string()) return "";
  return it->get<std::string>();
}

Json Json::At(std::string_view key) const {
  const auto it = value_->json.find(std::string(key));
  if (it == value_->json.end()) return Object();
  Json out;
  out.value_->json = *it;
  return out;
}

}  // namespace muster::cli
