// Reads JSON: a parsed document, and views into it whose errors name the document and the key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/folder.h"

namespace merle {

// One value of a JsonDocument, which must outlive it. Cheap to copy; may be read in many threads.
// Every accessor that finds another type than asked for throws kDataLoss and names the document
// and the key that led here.
class JsonValue {
 public:
  bool IsNull() const;
  bool IsBool() const;
  bool IsInteger() const;  // Fits std::int64_t and was written without fraction and exponent.
  bool IsNumber() const;
  bool IsString() const;
  bool IsArray() const;
  bool IsObject() const;

  bool AsBool() const;
  std::int64_t AsInteger() const;
  // As AsInteger, and throws kDataLoss unless low <= value <= high.
  std::int64_t AsInteger(std::int64_t low, std::int64_t high) const;
  double AsNumber() const;  // Integers too. Always finite.
  std::string_view AsString() const;
  // As AsString, and throws kDataLoss unless it can name something below a folder (ProblemOfName).
  std::string_view AsFileName() const;

  // The member `key`. At throws kDataLoss where it is missing; Find returns nothing where it is
  // missing or null.
  JsonValue At(std::string_view key) const;
  std::optional<JsonValue> Find(std::string_view key) const;

  // Number of elements of an array or members of an object.
  std::size_t Size() const;
  // Calls `visit` for each element or member in the order of the text.
  void ForEachElement(const std::function<void(JsonValue)>& visit) const;
  void ForEachMember(const std::function<void(std::string_view key, JsonValue)>& visit) const;
  std::vector<JsonValue> Elements() const;

  // An error that names the document and this value's key: "tokenizer.json: 'vocab' " + problem.
  [[noreturn]] void Fail(std::string_view problem, ErrorCode code = ErrorCode::kDataLoss) const;

 private:
  friend class JsonDocument;
  // Room for a simdjson::dom::element, whose type stays out of this header.
  struct Element {
    alignas(8) unsigned char bytes[16];
  };
  JsonValue(const std::string* document, std::string_view key, Element element)
      : document_(document), key_(key), element_(element) {}

  const std::string* document_;  // Its name.
  std::string_view key_;  // The member name it was found under, or that of the array around it.
  Element element_;
};

// How much a document may ask of us: a parsed one takes up to some 14 times its bytes. The defaults
// are for the small files of a model.
struct JsonLimits {
  std::size_t max_bytes = 4u << 20;
  std::size_t max_depth = 64;
};

// An immutable JSON document. May be read in many threads.
class JsonDocument {
 public:
  // Parses a copy of `text`. `name` stands in error messages: a path or "line 12 of data.jsonl".
  // Throws kDataLoss if `text` is not JSON in UTF-8, is deeper or longer than the limits, or has
  // one key twice in an object.
  static JsonDocument Parse(std::string_view text, std::string name, JsonLimits limits = {});

  // The same for the content of a model's file at `path`. Fields that name code, which other
  // programs would run, are logged as a warning; Merle has no use for them.
  static JsonDocument ParseModelFile(std::string_view text, std::string path,
                                     JsonLimits limits = {});

  // Reads and parses the file `name` of a model's folder. Throws what Folder::Open and
  // ParseModelFile throw.
  static JsonDocument Load(const Folder& folder, std::string_view name, JsonLimits limits = {});

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  JsonValue root() const;
  const std::string& name() const { return *name_; }

 private:
  JsonDocument();

  struct Parsed;
  std::unique_ptr<std::string> name_;
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace merle
