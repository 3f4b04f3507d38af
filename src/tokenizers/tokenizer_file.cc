#include "tokenizers/tokenizer_file.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/cache_entry.h"
#include "base/content_hash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "tokenizers/tables_version.h"
#include "tokenizers/vocab_txt.h"
#include "tokenizers/vocabulary.h"

namespace merle {
namespace {

constexpr const char* kTokenizerJson = "tokenizer.json";
// The largest that models have is some 35 MB.
constexpr std::size_t kMostJsonBytes = 64u << 20;

bool IsJson(const std::string& path) { return path.ends_with(kTokenizerJson); }

// Not deeper than the document, so the recursion is bounded.
void Append(const JsonValue& json, JsonWriter& out) {
  if (json.IsObject()) {
    out.BeginObject();
    json.ForEachMember(
        [&](std::string_view key, const JsonValue& value) { Append(value, out.Key(key)); });
    out.EndObject();
  } else if (json.IsArray()) {
    out.BeginArray();
    json.ForEachElement([&](const JsonValue& value) { Append(value, out); });
    out.EndArray();
  } else if (json.IsString()) {
    out.Value(json.AsString());
  } else if (json.IsBool()) {
    out.Value(json.AsBool());
  } else if (json.IsInteger()) {
    out.Value(json.AsInteger());
  } else if (json.IsNumber()) {
    out.Value(json.AsNumber());
  } else {
    out.Null();
  }
}

// A tokenizer.json without what takes nearly all of its room.
std::string WithoutVocabulary(const JsonValue& json) {
  JsonWriter out;
  out.BeginObject();
  json.ForEachMember([&](std::string_view key, const JsonValue& value) {
    out.Key(key);
    if (key != "model") return Append(value, out);
    out.BeginObject();
    value.ForEachMember([&](std::string_view name, const JsonValue& member) {
      if (name != "vocab") Append(member, out.Key(name));
    });
    out.EndObject();
  });
  out.EndObject();
  return out.text();
}

}  // namespace

RandomAccessFile OpenTokenizerFile(const Folder& folder) {
  for (const char* const name : {kTokenizerJson, kVocabTxt}) {
    if (folder.Has(name)) return folder.Open(name);
  }
  throw Error(ErrorCode::kNotFound,
              Format("{}: has no {} and no {}", folder.path(), kTokenizerJson, kVocabTxt));
}

TokenizerFile ReadTokenizerFile(const RandomAccessFile& file) {
  TokenizerFile out = {.path = file.path(), .json = {}, .vocabulary = {}};
  if (IsJson(file.path())) {
    out.json = JsonDocument::ParseModelFile(file.ReadAll(kMostJsonBytes), file.path(),
                                            {.max_bytes = kMostJsonBytes});
  } else {
    out.vocabulary = ReadVocabTxt(file);
  }
  file.ThrowIfChanged();  // Or it would be kept under the hash of what it was.
  return out;
}

CacheEntry EntryOfTokenizer(const RandomAccessFile& file, const std::string& cache_folder) {
  if (cache_folder.empty()) return {};
  try {
    return {cache_folder,
            Format("tokenizer {}\n{} {}", kTablesVersion, IsJson(file.path()) ? "json" : "txt",
                   ContentHash(file, cache_folder))};
  } catch (const Error& error) {
    Log(LogLevel::kInfo, Format("the tokenizer is not kept: {}", error.what()));
    return {};
  }
}

std::optional<TokenizerFile> TakeTokenizer(const CacheEntry& entry, const std::string& path) {
  auto fields = entry.Open();
  if (!fields) return std::nullopt;
  const auto json = fields->Next<char>();
  auto vocabulary = Vocabulary::FromFields(*fields);
  if (!json || !vocabulary || !fields->empty()) return std::nullopt;
  TokenizerFile file = {.path = path, .json = {}, .vocabulary = std::move(vocabulary)};
  if (IsJson(path)) {
    file.json = JsonDocument::ParseModelFile({json->data(), json->size()}, path,
                                             {.max_bytes = kMostJsonBytes});
  }
  return file;
}

void KeepTokenizer(const CacheEntry& entry, const TokenizerFile& file,
                   const Vocabulary& vocabulary) {
  const std::string json = file.json ? WithoutVocabulary(file.json->root()) : "";
  auto fields = vocabulary.Fields();
  fields.insert(fields.begin(), std::as_bytes(std::span(json)));
  entry.Store(fields);
}

}  // namespace merle
