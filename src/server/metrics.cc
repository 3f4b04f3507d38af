#include "server/metrics.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/format.h"
#include "server/batch_queue.h"
#include "server/histogram.h"
#include "server/http_server.h"
#include "server/process_metrics.h"

namespace merle {
namespace {

// All that this server answers with; the last stands for any other.
constexpr int kStatuses[] = {200, 204, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415,
                             422, 424, 429, 431, 499, 500, 501, 503, 504, 505, 507, 0};
constexpr std::size_t kStatusCount = std::size(kStatuses);

constexpr std::string_view kStageNames[] = {"parse", "tokenize", "queue", "compute", "format"};

// Seconds. Up to the deadline of a request; the first is a small request to a small model.
constexpr double kRequestSeconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                      0.5,   1,      2.5,   5,    10,    30,   60};
// The parsing of a small request takes some 10 us.
constexpr double kStageSeconds[] = {0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                    0.05,    0.1,    0.25,   0.5,   1,      5,     30};
constexpr double kCounts[] = {1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 512, 1024, 4096};

// The line before the samples of a metric: what it is.
void Head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  AppendFormat(out, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void Write(std::string& out, std::string_view name, std::string_view type, std::string_view help,
           std::uint64_t value) {
  Head(out, name, type, help);
  AppendFormat(out, "{} {}\n", name, value);
}

void Write(std::string& out, std::string_view name, std::string_view help,
           const Histogram& histogram) {
  Head(out, name, "histogram", help);
  histogram.Write(name, "", out);
}

// A label's value as the format wants it.
std::string EscapedLabel(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Labels(std::string_view route, int status) {
  return Format("route=\"{}\",status=\"{}\"", EscapedLabel(route),
                status == 0 ? "other" : std::to_string(status));
}

}  // namespace

Metrics::Metrics(std::span<const std::string_view> routes, std::string_view version)
    : routes_(routes.begin(), routes.end()),
      version_(version),
      batch_tokens_(kCounts),
      batch_texts_(kCounts),
      batch_requests_(kCounts),
      batch_seconds_(kStageSeconds) {
  std::ranges::sort(routes_);  // A path may have several methods.
  routes_.erase(std::ranges::unique(routes_).begin(), routes_.end());
  routes_.emplace_back("other");
  for (std::size_t i = 0; i < routes_.size() * kStatusCount; ++i) {
    durations_.emplace_back(kRequestSeconds);
  }
  for (std::size_t i = 0; i < kStages; ++i) stages_.emplace_back(kStageSeconds);
}

std::size_t Metrics::RouteOf(std::string_view path) const {
  const std::size_t other = routes_.size() - 1;
  for (std::size_t r = 0; r < other; ++r) {
    std::string_view route = routes_[r];
    if (route == path) return r;
    if (!route.ends_with('*')) continue;
    route.remove_suffix(1);
    if (path.starts_with(route)) return r;
  }
  return other;
}

void Metrics::AddExchange(const Exchange& exchange) {
  const auto status = std::find(kStatuses, kStatuses + kStatusCount - 1, exchange.status);
  const auto column = static_cast<std::size_t>(status - kStatuses);
  durations_[RouteOf(exchange.path) * kStatusCount + column].Add(exchange.seconds);
  request_bytes_.fetch_add(exchange.request_bytes, std::memory_order_relaxed);
  reply_bytes_.fetch_add(exchange.reply_bytes, std::memory_order_relaxed);
}

void Metrics::AddStage(Stage stage, double seconds) {
  stages_[static_cast<std::size_t>(stage)].Add(seconds);
}

void Metrics::AddBatch(const BatchReport& batch) {
  batch_tokens_.Add(static_cast<double>(batch.tokens));
  batch_texts_.Add(static_cast<double>(batch.texts));
  batch_requests_.Add(static_cast<double>(batch.requests));
  batch_seconds_.Add(batch.seconds);
}

void Metrics::AddInputs(std::size_t texts, std::size_t tokens, std::size_t cut_texts) {
  texts_.fetch_add(texts, std::memory_order_relaxed);
  tokens_.fetch_add(tokens, std::memory_order_relaxed);
  cut_texts_.fetch_add(cut_texts, std::memory_order_relaxed);
}

// Of routes and statuses only the pairs that there were.
void Metrics::WriteRequests(std::string& out) const {
  const auto for_each = [&](const auto& write) {
    for (std::size_t i = 0; i < durations_.size(); ++i) {
      if (durations_[i].count() == 0) continue;
      write(durations_[i], Labels(routes_[i / kStatusCount], kStatuses[i % kStatusCount]));
    }
  };
  constexpr std::string_view kTotal = "merle_requests_total";
  Head(out, kTotal, "counter", "Requests that were answered or left.");
  for_each([&](const Histogram& durations, const std::string& labels) {
    AppendFormat(out, "{}{{{}}} {}\n", kTotal, labels, durations.count());
  });
  constexpr std::string_view kDuration = "merle_request_duration_seconds";
  Head(out, kDuration, "histogram", "From the first byte of a request to the last of its reply.");
  for_each([&](const Histogram& durations, const std::string& labels) {
    durations.Write(kDuration, labels, out);
  });
}

void Metrics::WriteWork(std::string& out) const {
  constexpr std::string_view kStage = "merle_stage_duration_seconds";
  Head(out, kStage, "histogram", "The stages of a request that is embedded.");
  for (std::size_t i = 0; i < kStages; ++i) {
    stages_[i].Write(kStage, Format("stage=\"{}\"", kStageNames[i]), out);
  }
  Write(out, "merle_batch_tokens", "Tokens of a batch.", batch_tokens_);
  Write(out, "merle_batch_texts", "Texts of a batch.", batch_texts_);
  Write(out, "merle_batch_requests", "Requests whose texts are in a batch.", batch_requests_);
  Write(out, "merle_batch_duration_seconds", "Time that a batch computed.", batch_seconds_);
  Write(out, "merle_request_body_bytes_total", "counter", "Bytes of bodies received.",
        request_bytes_);
  Write(out, "merle_reply_body_bytes_total", "counter", "Bytes of bodies sent.", reply_bytes_);
  Write(out, "merle_input_texts_total", "counter", "Texts to embed.", texts_);
  Write(out, "merle_input_tokens_total", "counter", "Tokens of these.", tokens_);
  Write(out, "merle_truncated_inputs_total", "counter", "Texts cut to the model's length.",
        cut_texts_);
}

std::string Metrics::Text(const Gauges& now) const {
  std::string out;
  Head(out, "merle_build_info", "gauge", "Always 1; the version is its label.");
  AppendFormat(out, "merle_build_info{{version=\"{}\"}} 1\n", EscapedLabel(version_));
  WriteRequests(out);
  WriteWork(out);
  Write(out, "merle_queue_tokens", "gauge", "Tokens that wait or are computed.", now.queue_tokens);
  Write(out, "merle_requests_in_progress", "gauge", "Requests under way.", now.requests);
  Write(out, "merle_connections", "gauge", "Open connections.", now.connections);
  Write(out, "merle_loaded_models", "gauge", "Models in memory.", now.loaded_models);
  WriteProcessMetrics(out);
  return out;
}

}  // namespace merle
