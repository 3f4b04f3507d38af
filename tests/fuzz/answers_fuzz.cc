// Fuzzes the readers of a server's answers: vectors that are accepted are finite and come back the
// same when they are sent again, and the words of a refusal fit a message.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/json_writer.h"
#include "base/utf8.h"
#include "embedding/embeddings_api.h"
#include "harness.h"
#include "json_mutator.h"
#include "tensor/matrix.h"

using namespace merle;
using namespace merle::fuzz;

namespace {

constexpr std::size_t kTexts = 2;
constexpr std::size_t kMostMessage = 1300;  // 300 bytes, of which each may be escaped.

void CheckVectors(const Matrix<float>& vectors) {
  Require(vectors.rows() == kTexts && vectors.cols() > 0, "the vectors of other texts");
  JsonWriter json;
  json.BeginObject().Key("data").BeginArray();
  for (std::size_t i = 0; i < kTexts; ++i) {
    const std::span<const float> row = vectors.Row(i);
    Require(std::ranges::all_of(row, [](float x) { return std::isfinite(x); }), "not finite");
    json.BeginObject().Key("embedding").Value(row).EndObject();
  }
  json.EndArray().EndObject();
  const EmbeddingsAnswer again = ParseEmbeddings(json.text(), kTexts, "the answer");
  for (std::size_t i = 0; i < kTexts; ++i) {
    Require(std::ranges::equal(again.vectors.Row(i), vectors.Row(i)), "other numbers");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = TextOf(data, size);
  Runs([&] { CheckVectors(ParseEmbeddings(text, kTexts, "the answer").vectors); });
  const ApiProblem problem = ParseProblem(text, "secret-key");
  for (const std::string_view words :
       {std::string_view(problem.message), std::string_view(problem.code),
        std::string_view(problem.type)}) {
    Require(words.size() <= kMostMessage && !FindInvalidUtf8(words) &&
                words.find('\n') == words.npos && words.find("secret-key") == words.npos,
            "words that fit no message");
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return MutateJsonInput(data, size, max_size, seed);
}
