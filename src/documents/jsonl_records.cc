#include "documents/jsonl_records.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/quote.h"
#include "documents/line_reader.h"
#include "documents/record.h"
#include "documents/row_error.h"
#include "documents/text_source.h"

namespace merle {
namespace {

constexpr std::size_t kKeysShown = 8;

std::string ListKeys(JsonValue object) {
  std::string keys;
  std::size_t count = 0;
  object.ForEachMember([&](std::string_view key, JsonValue) {
    if (count < kKeysShown) AppendFormat(keys, "{}{}", count == 0 ? "" : ", ", Quoted(key));
    ++count;
  });
  if (count > kKeysShown) keys += ", …";
  return count == 0 ? "none" : keys;
}

// A string as it is; numbers and booleans as JSON writes them; nothing for arrays and objects.
std::optional<std::string> ScalarText(JsonValue value) {
  if (value.IsString()) return std::string(value.AsString());
  if (value.IsBool()) return std::string(value.AsBool() ? "true" : "false");
  if (value.IsInteger()) return std::to_string(value.AsInteger());
  if (!value.IsNumber()) return std::nullopt;
  JsonWriter json;
  json.Value(value.AsNumber());
  return json.text();
}

// The members of one line's object, with errors that name the line.
class Row {
 public:
  Row(JsonValue object, const LineReader& lines) : object_(object), lines_(lines) {}

  std::string Text(const std::string& field) const {
    const auto value = object_.Find(field);
    if (!value && HasNull(field)) Fail(Format("'{}' is null, a string is wanted", field));
    if (!value) {
      Fail(Format("no text under '{}'; the keys are {}; choose one as the field", field,
                  ListKeys(object_)));
    }
    if (!value->IsString()) Fail(Format("'{}' is not a string; choose another field", field));
    return std::string(value->AsString());
  }

  std::string Id(const std::optional<std::string>& field) const {
    if (field) {
      const auto value = object_.Find(*field);
      if (!value) Fail(Format("no id under '{}'", *field));
      if (!value->IsString() && !value->IsInteger()) {
        Fail(Format("the id '{}' is neither a string nor an integer", *field));
      }
      return *ScalarText(*value);
    }
    for (const std::string_view usual : {"id", "_id"}) {
      const auto value = object_.Find(usual);
      if (value && (value->IsString() || value->IsInteger())) return *ScalarText(*value);
    }
    return {};
  }

  std::string Extra(const std::string& field, bool must_be_text) const {
    const auto value = object_.Find(field);
    if (!value) return {};
    auto text = ScalarText(*value);
    if (!text && must_be_text) {
      Fail(Format("'{}' is an array or object, a string or number is wanted", field));
    }
    return std::move(text).value_or("");
  }

  [[noreturn]] void Fail(std::string_view problem) const {
    FailRow(ErrorCode::kInvalidArgument, lines_.name(), lines_.line(), problem);
  }

 private:
  bool HasNull(std::string_view field) const {  // Find gives nothing for null.
    bool found = false;
    object_.ForEachMember([&](std::string_view key, JsonValue) { found = found || key == field; });
    return found;
  }

  JsonValue object_;
  const LineReader& lines_;
};

}  // namespace

JsonlRecords::JsonlRecords(LineReader lines, const TextSourceOptions& options)
    : lines_(std::move(lines)), options_(options) {}

std::optional<Record> JsonlRecords::Next() {
  std::optional<std::string_view> line;
  do {
    line = lines_.Next();
    if (!line) return std::nullopt;
  } while (line->find_first_not_of(" \t\r") == std::string_view::npos);
  CheckRowUtf8(*line, lines_.name(), lines_.line());
  const auto document = JsonDocument::Parse(*line, Format("{}:{}", lines_.name(), lines_.line()),
                                            {.max_bytes = options_.max_text_bytes});
  const Row row(document.root(), lines_);
  if (!document.root().IsObject()) row.Fail("not a JSON object; each line must be one");
  Record record;
  record.text = row.Text(options_.field.value_or("text"));
  record.id = row.Id(options_.id_field);
  record.line = record.last_line = lines_.line();
  for (const std::string& field : options_.extra_fields) {
    record.extra.push_back(row.Extra(field, options_.extra_must_exist));
  }
  return record;
}

}  // namespace merle
