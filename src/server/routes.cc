#include "server/routes.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

namespace merle {
namespace {

constexpr auto kOpenAi = ErrorShape::kOpenAi;
constexpr auto kTei = ErrorShape::kTei;
constexpr auto kCohere = ErrorShape::kCohere;
constexpr auto kQuick = RouteKind::kQuick;
constexpr auto kWorker = RouteKind::kWorker;
constexpr auto kQueued = RouteKind::kQueued;

constexpr std::string_view kVectors = "Vectors";
constexpr std::string_view kNearness = "Nearness";
constexpr std::string_view kTokens = "Tokens";
constexpr std::string_view kModels = "Models";
constexpr std::string_view kServer = "Server";

constexpr std::array kRoutes = {
    Route{"POST", "/v1/embeddings", kOpenAi, false, kQueued, kVectors,
          "Vectors of texts or tokens, as OpenAI's API", "EmbeddingsRequest", "EmbeddingsReply",
          RunEmbeddings},
    Route{"POST", "/embeddings", kOpenAi, false, kQueued, kVectors,
          "The same, for clients whose base address lacks /v1", "EmbeddingsRequest",
          "EmbeddingsReply", RunEmbeddings},
    Route{"POST", "/embed", kTei, false, kQueued, kVectors,
          "Vectors of texts or tokens, as text-embeddings-inference", "EmbedRequest", "EmbedReply",
          RunEmbed},
    Route{"POST", "/embed_all", kTei, false, kQueued, kVectors,
          "The vector of every token, neither pooled nor normalized", "EmbedAllRequest",
          "EmbedAllReply", RunEmbedAll},
    Route{"POST", "/similarity", kTei, false, kQueued, kNearness,
          "Cosines of a sentence and others", "SimilarityRequest", "SimilarityReply",
          RunSimilarity},
    Route{"POST", "/rerank", kCohere, false, kQueued, kNearness,
          "Documents in order of their nearness to a query, best first", "RerankRequest",
          "RerankReply", RunRerank},
    Route{"POST", "/v1/rerank", kCohere, false, kQueued, kNearness, "The same as /rerank",
          "RerankRequest", "RerankReply", RunRerank},
    Route{"POST", "/v2/rerank", kCohere, false, kQueued, kNearness,
          "The same, where Cohere's client looks for it", "RerankRequest", "RerankReply",
          RunRerank},
    Route{"POST", "/tokenize", kTei, false, kWorker, kTokens,
          "Tokens of texts: `inputs` as text-embeddings-inference, `content` as llama.cpp",
          "TokenizeRequest", "TokenizeReply", RunTokenize},
    Route{"POST", "/detokenize", kTei, false, kWorker, kTokens, "The text of tokens, as llama.cpp",
          "DetokenizeRequest", "DetokenizeReply", RunDetokenize},
    Route{"POST", "/decode", kTei, false, kWorker, kTokens,
          "Texts of tokens, as text-embeddings-inference", "DecodeRequest", "DecodeReply",
          RunDecode},
    Route{"GET", "/v1/models", kOpenAi, false, kWorker, kModels, "The models that are served", "",
          "ModelsReply", RunModels},
    Route{"GET", "/v1/models/*", kOpenAi, false, kWorker, kModels, "One of them", "", "Model",
          RunModel},
    Route{"GET", "/info", kTei, false, kWorker, kModels, "The default model and the limits", "",
          "InfoReply", RunInfo},
    Route{"GET", "/health", kOpenAi, true, kQuick, kServer, "Whether the server is alive", "",
          "Status", RunHealth},
    Route{"GET", "/ready", kOpenAi, true, kQuick, kServer,
          "Whether the default model is loaded; 503 until then", "", "Status", RunReady},
    Route{"GET", "/metrics", kOpenAi, false, kWorker, kServer, "Counters for Prometheus", "",
          "text/plain", RunMetrics},
    Route{"GET", "/openapi.json", kOpenAi, false, kWorker, kServer, "This document", "", "OpenApi",
          RunOpenApi},
    Route{"GET", "/docs", kOpenAi, false, kWorker, kServer, "The same for people", "", "text/html",
          RunDocs},
    Route{"GET", "/", kOpenAi, false, kWorker, kServer, "The same page", "", "text/html", RunDocs},
};

bool Takes(const Route& route, std::string_view path) {
  if (!route.path.ends_with('*')) return route.path == path;
  const std::string_view begin = route.path.substr(0, route.path.size() - 1);
  return path.size() > begin.size() && path.starts_with(begin);
}

}  // namespace

std::span<const Route> AllRoutes() { return kRoutes; }

const Route* FindRoute(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  const auto found = std::ranges::find_if(
      kRoutes, [&](const Route& route) { return route.method == method && Takes(route, path); });
  return found == kRoutes.end() ? nullptr : &*found;
}

std::string AllowedMethods(std::string_view path) {
  if (FindRoute("GET", path) != nullptr) return "GET, HEAD";
  return FindRoute("POST", path) != nullptr ? "POST" : "";
}

}  // namespace merle
