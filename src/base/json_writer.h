// Writes JSON text, number by number, without building a tree.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace merle {

// Appends compact JSON to a string that it owns. The caller opens and closes in order:
//
//   JsonWriter json;
//   json.BeginObject().Key("ids").Value(std::span<const std::int32_t>(ids)).EndObject();
//   Write(json.text());
//
// Strings must be well-formed UTF-8. A float is written with the fewest digits that read back the
// same float; NaN and infinity, which JSON lacks, become null.
class JsonWriter {
 public:
  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view key);

  JsonWriter& Value(std::string_view text);
  JsonWriter& Value(const char* text) { return Value(std::string_view(text)); }
  JsonWriter& Value(bool value);
  JsonWriter& Value(float value);
  JsonWriter& Value(double value);
  template <std::integral Integer>
  JsonWriter& Value(Integer value) {
    if constexpr (std::unsigned_integral<Integer>) {
      return Unsigned64(value);
    } else {
      return Signed64(value);
    }
  }
  template <typename T, std::size_t N>
  JsonWriter& Value(std::span<T, N> values) {
    BeginArray();
    for (const auto& value : values) Value(value);
    return EndArray();
  }
  JsonWriter& Null();

  const std::string& text() const { return text_; }
  void Clear();  // Starts again, keeping the memory.

 private:
  JsonWriter& Signed64(std::int64_t value);
  JsonWriter& Unsigned64(std::uint64_t value);
  void Separate();  // Writes the comma that the next value or key needs.

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace merle
