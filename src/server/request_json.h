// The body of a request as JSON, whose errors name the field to blame.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_reader.h"
#include "server/message.h"

namespace merle {

// An object of JSON. Throws ApiError (400, with `param`) for everything that is not as asked: the
// Content-Type must be JSON or absent (415), nothing may be deeper than 32 levels. What is borrowed
// from it lives as long as it does.
class RequestJson {
 public:
  explicit RequestJson(const Request& request);

  // The object in `field`; one without members where there is none. Its errors say "field.member".
  RequestJson Below(std::string_view field) const;

  bool Has(std::string_view field) const { return Find(field).has_value(); }
  std::optional<JsonValue> Find(std::string_view field) const;  // Absent and null: nothing.
  JsonValue At(std::string_view field) const;                   // Required.

  std::string String(std::string_view field) const;  // Required.
  std::optional<std::string> OptionalString(std::string_view field) const;
  std::optional<bool> OptionalBool(std::string_view field) const;
  std::optional<std::int64_t> OptionalInteger(std::string_view field, std::int64_t low,
                                              std::int64_t high) const;
  // One of `choices`.
  std::optional<std::string> OptionalChoice(std::string_view field,
                                            std::initializer_list<std::string_view> choices) const;

 private:
  RequestJson() = default;
  std::string NameOf(std::string_view field) const { return prefix_ + std::string(field); }

  std::shared_ptr<const JsonDocument> document_;  // Shared by the objects below.
  std::optional<JsonValue> object_;
  std::string prefix_;  // "parameters.", or empty.
};

// The integer that `value` is: JSON has one kind of number, so 3.0 counts too, as far as a double
// is exact. Nothing for others.
std::optional<std::int64_t> WholeNumber(const JsonValue& value);

// "a string", "an integer", "null": for messages.
std::string_view JsonTypeName(const JsonValue& value);

// "Invalid type for 'dimensions': expected an integer, but got a string instead."
[[noreturn]] void FailOnType(std::string_view field, std::string_view expected,
                             const JsonValue& found);
[[noreturn]] void FailOnMissing(std::string_view field);

}  // namespace merle
