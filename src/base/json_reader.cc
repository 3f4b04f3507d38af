#include "base/json_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/log.h"
#include "base/quote.h"

namespace merle {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kLeastCapacity = 64;  // Bytes: simdjson's parser takes no less.

template <typename Stored>
dom::element Restore(const Stored& stored) {
  static_assert(sizeof(dom::element) == sizeof(stored.bytes));
  static_assert(std::is_trivially_copyable_v<dom::element>);
  dom::element element;
  std::memcpy(&element, stored.bytes, sizeof element);
  return element;
}

// A key that stands twice among `keys`.
std::optional<std::string_view> FindTwiceBySorting(std::vector<std::string_view> keys) {
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  return twice == keys.end() ? std::nullopt : std::optional(*twice);
}

// The same. Sorting takes 3 ms for a vocabulary of 30,000 tokens, a hash table a tenth of that; but
// who knows the hash can make keys that all fall upon one place, and those are sorted.
std::optional<std::string_view> FindTwice(const std::vector<std::string_view>& keys) {
  constexpr std::size_t kFew = 64;
  if (keys.size() < kFew) return FindTwiceBySorting(keys);
  std::vector<std::uint32_t> table(std::bit_ceil(2 * keys.size()));  // Indices of keys, + 1.
  std::size_t probes_left = 8 * keys.size();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::size_t place = std::hash<std::string_view>()(keys[i]) & (table.size() - 1);
    for (; table[place] != 0; place = (place + 1) & (table.size() - 1)) {
      if (keys[table[place] - 1] == keys[i]) return keys[i];
      if (--probes_left == 0) return FindTwiceBySorting(keys);
    }
    table[place] = static_cast<std::uint32_t>(i + 1);
  }
  return std::nullopt;
}

// Throws if an object below `element` has one key twice: readers disagree about which one counts.
void CheckKeysAreUnique(dom::element element, const std::string& document) {
  if (element.is_array()) {
    for (const dom::element child : element.get_array()) CheckKeysAreUnique(child, document);
    return;
  }
  if (!element.is_object()) return;
  std::vector<std::string_view> keys;
  for (const auto& [key, child] : dom::object(element)) {
    keys.push_back(key);
    CheckKeysAreUnique(child, document);
  }
  if (const auto twice = FindTwice(keys)) {
    throw Error(ErrorCode::kDataLoss,
                Format("{}: the key {} stands twice in one object", document, Quoted(*twice)));
  }
}

// simdjson refuses integers above 2^64, which Python writes ("model_max_length" is often 1e30 as an
// integer). Returns a copy where each has an exponent, so that it is read as a double.
std::string WithBigIntegersAsDoubles(std::string_view text) {
  constexpr std::size_t kDigits = 19;  // 10^19 still fits.
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    if (in_string || text[i] < '0' || text[i] > '9') {
      if (text[i] == '"') in_string = !in_string;
      i += in_string && text[i] == '\\' ? 2 : 1;
      out.append(text, begin, i - begin);
      continue;
    }
    // A whole number token, so that the digits of a fraction or an exponent stay as they are.
    i = std::min(text.find_first_not_of("0123456789+-.eE", i), text.size());
    const std::string_view number = text.substr(begin, i - begin);
    out.append(number);
    const bool integer = number.find_first_not_of("0123456789") == std::string_view::npos;
    if (integer && number.size() > kDigits) out.append("e0");
  }
  return out;
}

// transformers would fetch and run the Python files that these name, if it were told to trust them.
void WarnOfCode(const JsonDocument& document) {
  std::string first;
  document.root().ForEachMember([&](std::string_view key, JsonValue) {
    if (first.empty() && (key == "auto_map" || key.starts_with("custom_"))) first = Quoted(key);
  });
  if (first.empty()) return;
  Log(LogLevel::kWarning,
      Format("{}: {} may name code of the model's; Merle does not run it", document.name(), first));
}

}  // namespace

struct JsonDocument::Parsed {
  explicit Parsed(std::size_t max_bytes) : parser(max_bytes) {}
  dom::parser parser;
  dom::element root;
};

JsonDocument::JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

JsonDocument JsonDocument::Parse(std::string_view text, std::string name, JsonLimits limits) {
  if (text.size() > limits.max_bytes) {
    throw Error(ErrorCode::kDataLoss, Format("{}: {} bytes of JSON, at most {} are read", name,
                                             text.size(), limits.max_bytes));
  }
  JsonDocument document;
  document.name_ = std::make_unique<std::string>(std::move(name));
  document.parsed_ = std::make_unique<Parsed>(std::max(limits.max_bytes, kLeastCapacity));
  auto& parsed = *document.parsed_;
  auto error = parsed.parser.allocate(std::max(text.size(), kLeastCapacity), limits.max_depth);
  if (error == simdjson::SUCCESS) {
    error = parsed.parser.parse(text.data(), text.size()).get(parsed.root);
  }
  if (error != simdjson::SUCCESS && error != simdjson::DEPTH_ERROR) {
    const std::string widened = WithBigIntegersAsDoubles(text);
    error = parsed.parser.parse(widened).get(parsed.root);
  }
  if (error != simdjson::SUCCESS) {
    const std::string why = error == simdjson::DEPTH_ERROR
                                ? Format("it is nested deeper than {} levels", limits.max_depth)
                                : std::string(simdjson::error_message(error));
    throw Error(ErrorCode::kDataLoss, Format("{}: not valid JSON: {}", *document.name_, why));
  }
  CheckKeysAreUnique(parsed.root, *document.name_);
  return document;
}

JsonDocument JsonDocument::ParseModelFile(std::string_view text, std::string path,
                                          JsonLimits limits) {
  JsonDocument document = Parse(text, std::move(path), limits);
  if (document.root().IsObject()) WarnOfCode(document);
  return document;
}

JsonDocument JsonDocument::Load(const Folder& folder, std::string_view name, JsonLimits limits) {
  return ParseModelFile(folder.Read(name, limits.max_bytes), folder.PathOf(name), limits);
}

JsonValue JsonDocument::root() const {
  JsonValue::Element element;
  std::memcpy(element.bytes, &parsed_->root, sizeof element.bytes);
  return JsonValue(name_.get(), {}, element);
}

namespace {

// Copies a dom::element into the storage of a JsonValue.
template <typename Stored>
Stored Store(const dom::element& element) {
  Stored stored;
  std::memcpy(stored.bytes, &element, sizeof stored.bytes);
  return stored;
}

}  // namespace

bool JsonValue::IsNull() const { return Restore(element_).is_null(); }
bool JsonValue::IsBool() const { return Restore(element_).is_bool(); }
bool JsonValue::IsInteger() const { return Restore(element_).is_int64(); }
bool JsonValue::IsNumber() const { return Restore(element_).is_number(); }
bool JsonValue::IsString() const { return Restore(element_).is_string(); }
bool JsonValue::IsArray() const { return Restore(element_).is_array(); }
bool JsonValue::IsObject() const { return Restore(element_).is_object(); }

void JsonValue::Fail(std::string_view problem, ErrorCode code) const {
  throw Error(code, key_.empty() ? Format("{}: {}", *document_, problem)
                                 : Format("{}: {} {}", *document_, Quoted(key_), problem));
}

bool JsonValue::AsBool() const {
  if (!IsBool()) Fail("must be true or false");
  return Restore(element_).get_bool().value_unsafe();
}

std::int64_t JsonValue::AsInteger() const {
  if (!IsInteger()) Fail("must be an integer");
  return Restore(element_).get_int64().value_unsafe();
}

std::int64_t JsonValue::AsInteger(std::int64_t low, std::int64_t high) const {
  const std::int64_t value = AsInteger();
  if (value < low || value > high) Fail(Format("is {}, must be {} to {}", value, low, high));
  return value;
}

double JsonValue::AsNumber() const {
  if (!IsNumber()) Fail("must be a number");
  return Restore(element_).get_double().value_unsafe();
}

std::string_view JsonValue::AsString() const {
  if (!IsString()) Fail("must be a string");
  return Restore(element_).get_string().value_unsafe();
}

std::string_view JsonValue::AsFileName() const {
  const std::string_view name = AsString();
  if (const auto problem = ProblemOfName(name)) {
    Fail(Format("must name something in the model's folder; {} {}", Quoted(name), *problem));
  }
  return name;
}

JsonValue JsonValue::At(std::string_view key) const {
  if (!IsObject()) Fail("must be an object");
  dom::element found;
  if (dom::object(Restore(element_)).at_key(key).get(found) != simdjson::SUCCESS) {
    Fail(Format("{}lacks the key '{}'", key_.empty() ? "" : "(object) ", key));
  }
  return JsonValue(document_, key, Store<Element>(found));
}

std::optional<JsonValue> JsonValue::Find(std::string_view key) const {
  if (!IsObject()) Fail("must be an object");
  dom::element found;
  if (dom::object(Restore(element_)).at_key(key).get(found) != simdjson::SUCCESS ||
      found.is_null()) {
    return std::nullopt;
  }
  return JsonValue(document_, key, Store<Element>(found));
}

// simdjson stores a size that saturates at 2^24 - 1, so it is counted.
std::size_t JsonValue::Size() const {
  const dom::element element = Restore(element_);
  std::size_t size = 0;
  if (element.is_array()) {
    for ([[maybe_unused]] const dom::element child : dom::array(element)) ++size;
  } else if (element.is_object()) {
    for ([[maybe_unused]] const auto& member : dom::object(element)) ++size;
  } else {
    Fail("must be an array or an object");
  }
  return size;
}

void JsonValue::ForEachElement(const std::function<void(JsonValue)>& visit) const {
  if (!IsArray()) Fail("must be an array");
  for (const dom::element child : dom::array(Restore(element_))) {
    visit(JsonValue(document_, key_, Store<Element>(child)));
  }
}

void JsonValue::ForEachMember(const std::function<void(std::string_view, JsonValue)>& visit) const {
  if (!IsObject()) Fail("must be an object");
  for (const auto& [key, child] : dom::object(Restore(element_))) {
    visit(key, JsonValue(document_, key, Store<Element>(child)));
  }
}

std::vector<JsonValue> JsonValue::Elements() const {
  std::vector<JsonValue> elements;
  ForEachElement([&](JsonValue element) { elements.push_back(element); });
  return elements;
}

}  // namespace merle
