// Counters and histograms of the server, in the text format of Prometheus.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/batch_queue.h"
#include "server/histogram.h"
#include "server/http_server.h"

namespace merle {

// Stages of a request that are timed.
enum class Stage { kParse, kTokenize, kQueue, kCompute, kFormat };

// May be used in any thread. To add never waits: all numbers are atomic, and all labels are known
// from the beginning, so that no client can make new ones.
class Metrics {
 public:
  // routes: the paths of the server; one that ends in "*" stands for all that begin so.
  // version: of Merle.
  Metrics(std::span<const std::string_view> routes, std::string_view version);

  // Paths that are no route count together, as "other"; so do statuses that this server never
  // gives.
  void AddExchange(const Exchange& exchange);
  void AddStage(Stage stage, double seconds);
  void AddBatch(const BatchReport& batch);
  void AddInputs(std::size_t texts, std::size_t tokens, std::size_t cut_texts);

  // Format 0.0.4 ("text/plain; version=0.0.4; charset=utf-8"). Gauges are what holds now.
  struct Gauges {
    std::size_t queue_tokens, requests, connections, loaded_models;
  };
  std::string Text(const Gauges& now) const;

 private:
  static constexpr std::size_t kStages = 5;

  std::size_t RouteOf(std::string_view path) const;
  void WriteRequests(std::string& out) const;
  void WriteWork(std::string& out) const;

  std::vector<std::string> routes_;  // The last is "other".
  std::string version_;
  std::deque<Histogram> durations_;  // [routes, statuses]
  std::deque<Histogram> stages_;     // [stages]
  Histogram batch_tokens_, batch_texts_, batch_requests_, batch_seconds_;
  std::atomic<std::uint64_t> request_bytes_ = 0, reply_bytes_ = 0;
  std::atomic<std::uint64_t> texts_ = 0, tokens_ = 0, cut_texts_ = 0;
};

}  // namespace merle
