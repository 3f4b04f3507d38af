// The texts that go to and fro on the route /embeddings of OpenAI's HTTP API, seen from a client.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tensor/matrix.h"

namespace merle {

// The body that asks for the vectors of `texts`, in base64, with `dimensions` components or, for 0,
// all. Everything must be well-formed UTF-8.
std::string EmbeddingsBody(std::string_view model, std::span<const std::string_view> texts,
                           std::size_t dimensions);

struct EmbeddingsAnswer {
  Matrix<float> vectors;              // [texts, dim], row i the vector of text i.
  std::optional<std::size_t> tokens;  // What they cost, where the server counts that.
};

// Reads the answer to a request with `texts` texts. Vectors may come in any order, by their index,
// in base64 or as numbers. Throws kDataLoss, with `name` for the answer, if it is not JSON, lacks
// something, has another number of vectors, one of them twice or of another length, or a component
// that is not finite.
EmbeddingsAnswer ParseEmbeddings(std::string_view body, std::size_t texts, const std::string& name);

// What a server says about a request that it refuses; empty where it says nothing.
struct ApiProblem {
  std::string message;  // One line of UTF-8, at most some 300 bytes.
  std::string code;     // "context_length_exceeded"
  std::string type;     // "invalid_request_error"
};

// Reads the body of a refusal: OpenAI's {"error":{…}}, its relatives of other servers, or any text.
// Takes `secret` out.
ApiProblem ParseProblem(std::string_view body, std::string_view secret);

// `text` with "…" wherever `secret` stands, for messages. A secret of less than 8 characters is
// none: "none" and "x" are given to servers that want no key.
std::string WithoutSecret(std::string text, std::string_view secret);

}  // namespace merle
