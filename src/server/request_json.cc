#include "server/request_json.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "server/http_error.h"
#include "server/message.h"

namespace merle {
namespace {

constexpr std::size_t kMostDepth = 32;

bool IsJson(std::string_view content_type) {
  std::string type;  // Without blanks, in lower case.
  for (const char c : content_type.substr(0, content_type.find(';'))) {
    if (c != ' ' && c != '\t')
      type += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return type == "application/json" ||
         (type.starts_with("application/") && type.ends_with("+json"));
}

JsonDocument ParseBody(const Request& request) {
  const auto type = request.Header("content-type");
  if (type && !IsJson(*type)) {
    throw ApiError(415, "The body must be JSON: send the header Content-Type: application/json.");
  }
  try {
    // Huge integers take two bytes more each while they are read.
    const std::size_t room = request.body.size() * 2 + 64;
    JsonDocument document =
        JsonDocument::Parse(request.body, "the body", {.max_bytes = room, .max_depth = kMostDepth});
    if (document.root().IsObject()) return document;
  } catch (const Error& error) {
    throw ApiError(400, error.what());
  }
  throw ApiError(400, "The body must be a JSON object.");
}

}  // namespace

std::string_view JsonTypeName(const JsonValue& value) {
  if (value.IsNull()) return "null";
  if (value.IsBool()) return "a boolean";
  if (value.IsInteger()) return "an integer";
  if (value.IsNumber()) return "a number";
  if (value.IsString()) return "a string";
  return value.IsArray() ? "an array" : "an object";
}

std::optional<std::int64_t> WholeNumber(const JsonValue& value) {
  constexpr double kMostExact = 9007199254740992;  // 2^53
  if (value.IsInteger()) return value.AsInteger();
  if (!value.IsNumber()) return std::nullopt;
  const double number = value.AsNumber();
  if (std::abs(number) > kMostExact || number != std::floor(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

void FailOnType(std::string_view field, std::string_view expected, const JsonValue& found) {
  throw ApiError(400,
                 Format("Invalid type for '{}': expected {}, but got {} instead.", field, expected,
                        JsonTypeName(found)),
                 std::string(field), "invalid_type");
}

void FailOnMissing(std::string_view field) {
  throw ApiError(400, Format("Missing required parameter: '{}'.", field), std::string(field),
                 "missing_required_parameter");
}

RequestJson::RequestJson(const Request& request)
    : document_(std::make_shared<const JsonDocument>(ParseBody(request))),
      object_(document_->root()) {}

RequestJson RequestJson::Below(std::string_view field) const {
  RequestJson below;
  below.document_ = document_;
  below.object_ = Find(field);
  below.prefix_ = NameOf(field) + '.';
  if (below.object_ && !below.object_->IsObject()) {
    FailOnType(NameOf(field), "an object", *below.object_);
  }
  return below;
}

std::optional<JsonValue> RequestJson::Find(std::string_view field) const {
  return object_ ? object_->Find(field) : std::nullopt;
}

JsonValue RequestJson::At(std::string_view field) const {
  const auto value = Find(field);
  if (!value) FailOnMissing(NameOf(field));
  return *value;
}

std::string RequestJson::String(std::string_view field) const {
  const JsonValue value = At(field);
  if (!value.IsString()) FailOnType(NameOf(field), "a string", value);
  return std::string(value.AsString());
}

std::optional<std::string> RequestJson::OptionalString(std::string_view field) const {
  return Has(field) ? std::optional(String(field)) : std::nullopt;
}

std::optional<bool> RequestJson::OptionalBool(std::string_view field) const {
  const auto value = Find(field);
  if (!value) return std::nullopt;
  if (!value->IsBool()) FailOnType(NameOf(field), "a boolean", *value);
  return value->AsBool();
}

std::optional<std::int64_t> RequestJson::OptionalInteger(std::string_view field, std::int64_t low,
                                                         std::int64_t high) const {
  const auto value = Find(field);
  if (!value) return std::nullopt;
  const auto whole = WholeNumber(*value);
  if (!whole) FailOnType(NameOf(field), "an integer", *value);
  const std::int64_t number = *whole;
  if (number >= low && number <= high) return number;
  const bool below = number < low;
  throw ApiError(400,
                 Format("Invalid '{}': integer {} value. Expected a value {} {}, but got {} "
                        "instead.",
                        NameOf(field), below ? "below minimum" : "above maximum",
                        below ? ">=" : "<=", below ? low : high, number),
                 NameOf(field), below ? "integer_below_min_value" : "integer_above_max_value");
}

std::optional<std::string> RequestJson::OptionalChoice(
    std::string_view field, std::initializer_list<std::string_view> choices) const {
  auto text = OptionalString(field);
  if (!text || std::ranges::find(choices, *text) != choices.end()) return text;
  std::string supported;
  for (const std::string_view choice : choices) {
    AppendFormat(supported, "{}'{}'", supported.empty() ? "" : ", ", choice);
  }
  throw ApiError(400,
                 Format("Invalid value: {}. Supported values are: {}.", Quoted(*text), supported),
                 NameOf(field), "invalid_value");
}

}  // namespace merle
