#include "embedding/embeddings_api.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"
#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

constexpr std::size_t kMostDim = 65536;  // Components; models have up to 8,192.
constexpr std::size_t kMostProblemBytes = 300;

static_assert(std::endian::native == std::endian::little);  // As the vectors of the API.

// Reads one vector, in either form, into `out`.
void ReadVector(JsonValue embedding, std::size_t row, std::vector<float>& out) {
  out.clear();
  if (embedding.IsString()) {
    const auto bytes = DecodeBase64(embedding.AsString());
    if (!bytes || bytes->size() % sizeof(float) != 0) {
      embedding.Fail(Format("of vector {} is not 32-bit numbers in base64 ({} characters)", row,
                            embedding.AsString().size()));
    }
    out.resize(bytes->size() / sizeof(float));
    if (!out.empty()) std::memcpy(out.data(), bytes->data(), bytes->size());
  } else {
    embedding.ForEachElement(
        [&](JsonValue number) { out.push_back(static_cast<float>(number.AsNumber())); });
  }
  if (out.empty() || out.size() > kMostDim) {
    embedding.Fail(Format("of vector {} has {} components", row, out.size()));
  }
  if (!std::ranges::all_of(out, [](float x) { return std::isfinite(x); })) {
    embedding.Fail(Format("of vector {} has a component that is not finite", row));
  }
}

std::optional<std::size_t> TokensOf(JsonValue root) {
  const auto usage = root.Find("usage");
  if (!usage || !usage->IsObject()) return std::nullopt;
  for (const std::string_view key : {"total_tokens", "prompt_tokens"}) {
    const auto tokens = usage->Find(key);
    if (tokens && tokens->IsInteger() && tokens->AsInteger() >= 0) {
      return static_cast<std::size_t>(tokens->AsInteger());
    }
  }
  return std::nullopt;
}

std::string StringAt(JsonValue object, std::string_view key) {
  const auto value = object.Find(key);
  return value && value->IsString() ? std::string(value->AsString()) : std::string();
}

// {"error":{"message","type","code"}} (OpenAI), {"message","type"} and {"error":"…"} (text
// embeddings inference, Ollama), {"detail":"…"} or {"detail":[{"msg"}]} (FastAPI).
ApiProblem ProblemOf(JsonValue root) {
  if (!root.IsObject()) return {};
  const auto error = root.Find("error");
  const JsonValue facts = error && error->IsObject() ? *error : root;
  ApiProblem problem{.message = StringAt(facts, "message"),
                     .code = StringAt(facts, "code"),
                     .type = StringAt(facts, "type")};
  for (const char* key : {"error", "detail"}) {
    if (problem.message.empty()) problem.message = StringAt(root, key);
  }
  const auto details = root.Find("detail");
  if (problem.message.empty() && details && details->IsArray() && details->Size() > 0) {
    const JsonValue first = details->Elements().front();
    if (first.IsObject()) problem.message = StringAt(first, "msg");
  }
  return problem;
}

// Its beginning, with single blanks for white space.
std::string Shortened(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, 4 * kMostProblemBytes)) {
    const bool blank = static_cast<unsigned char>(c) <= ' ';
    if (!blank) line.push_back(c);
    if (blank && !line.empty() && line.back() != ' ') line.push_back(' ');
  }
  while (line.ends_with(' ')) line.pop_back();
  if (line.size() > kMostProblemBytes) {
    std::size_t end = kMostProblemBytes;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
    line = line.substr(0, end) + "…";
  }
  return Escaped(line);
}

}  // namespace

std::string EmbeddingsBody(std::string_view model, std::span<const std::string_view> texts,
                           std::size_t dimensions) {
  JsonWriter json;
  json.BeginObject().Key("model").Value(model).Key("input").Value(texts);
  json.Key("encoding_format").Value("base64");
  if (dimensions != 0) json.Key("dimensions").Value(dimensions);
  json.EndObject();
  return json.text();
}

EmbeddingsAnswer ParseEmbeddings(std::string_view body, std::size_t texts,
                                 const std::string& name) {
  const JsonDocument document = JsonDocument::Parse(body, name, {.max_bytes = 2 * body.size()});
  const JsonValue data = document.root().At("data");
  if (const std::size_t size = data.Size(); size != texts) {
    data.Fail(Format("has {} vectors for {} text{}", size, texts, texts == 1 ? "" : "s"));
  }
  EmbeddingsAnswer answer{.vectors = {}, .tokens = TokensOf(document.root())};
  std::vector<char> seen(texts);
  std::vector<float> vector;
  std::size_t position = 0;
  data.ForEachElement([&](JsonValue item) {
    const auto index = item.Find("index");
    const auto last = static_cast<std::int64_t>(texts) - 1;
    const std::size_t row = index ? static_cast<std::size_t>(index->AsInteger(0, last)) : position;
    if (seen[row] != 0) index.value_or(item).Fail(Format("{} stands twice", row));
    seen[row] = 1;
    ReadVector(item.At("embedding"), row, vector);
    const bool has_room =
        2 * texts * vector.size() <= body.size();  // A number takes 2 bytes: "1,".
    if (position++ == 0 && has_room) answer.vectors = Matrix<float>(texts, vector.size());
    if (vector.size() != answer.vectors.cols()) {
      item.At("embedding")
          .Fail(Format("of vector {} has {} components, another has {}", row, vector.size(),
                       has_room ? std::to_string(answer.vectors.cols()) : "fewer"));
    }
    std::ranges::copy(vector, answer.vectors.Row(row).begin());
  });
  return answer;
}

ApiProblem ParseProblem(std::string_view body, std::string_view secret) {
  ApiProblem problem;
  try {
    problem = ProblemOf(JsonDocument::Parse(body, "the refusal").root());
  } catch (const Error&) {  // Not JSON: a proxy's page, say.
    problem.message = ReplaceInvalidUtf8(body);
  }
  for (std::string* text : {&problem.message, &problem.code, &problem.type}) {
    *text = Shortened(WithoutSecret(*text, secret));
  }
  return problem;
}

std::string WithoutSecret(std::string text, std::string_view secret) {
  constexpr std::size_t kLeastSecret = 8;
  if (secret.size() < kLeastSecret) return text;
  for (std::size_t at = 0; (at = text.find(secret, at)) != text.npos;) {
    text.replace(at, secret.size(), "…");
  }
  return text;
}

}  // namespace merle
