#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/http_server.h"

namespace merle {
namespace {

constexpr std::string_view kRoutes[] = {"/v1/embeddings", "/v1/models", "/v1/models/*", "/health"};

class MetricsTest : public testing::Test {
 protected:
  // The value of a sample, by its name and labels as they are written; "" if there is none.
  std::string Value(const std::string& sample) const {
    std::istringstream lines(Text());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(sample + " ")) return line.substr(sample.size() + 1);
    }
    return "";
  }
  std::string Text() const {
    return metrics_.Text({.queue_tokens = 7, .requests = 3, .connections = 5, .loaded_models = 1});
  }
  void Exchanged(std::string path, int status, double seconds) {
    Exchange exchange;
    exchange.path = std::move(path);
    exchange.status = status;
    exchange.seconds = seconds;
    exchange.request_bytes = 10;
    exchange.reply_bytes = 100;
    metrics_.AddExchange(exchange);
  }

  Metrics metrics_{kRoutes, "1.2.3"};
};

TEST_F(MetricsTest, RequestsCountByRouteAndStatus) {
  Exchanged("/v1/embeddings", 200, 0.004);
  Exchanged("/v1/embeddings", 200, 0.004);
  Exchanged("/v1/embeddings", 429, 0.0001);
  Exchanged("/v1/models/org/name", 404, 0.001);
  EXPECT_EQ(Value(R"(merle_requests_total{route="/v1/embeddings",status="200"})"), "2");
  EXPECT_EQ(Value(R"(merle_requests_total{route="/v1/embeddings",status="429"})"), "1");
  EXPECT_EQ(Value(R"(merle_requests_total{route="/v1/models/*",status="404"})"), "1");
  EXPECT_EQ(Value("merle_request_body_bytes_total"), "40");
  EXPECT_EQ(Value("merle_reply_body_bytes_total"), "400");
}

TEST_F(MetricsTest, NoClientMakesNewLabels) {
  for (int i = 0; i < 1000; ++i) Exchanged("/no/" + std::to_string(i), 404, 1);
  Exchanged("", 400, 1);
  Exchanged("/v1/embeddings/", 404, 1);
  Exchanged("/health\"} 1\nx", 299, 1);
  EXPECT_EQ(Value(R"(merle_requests_total{route="other",status="404"})"), "1001");
  EXPECT_EQ(Value(R"(merle_requests_total{route="other",status="400"})"), "1");
  EXPECT_EQ(Value(R"(merle_requests_total{route="other",status="other"})"), "1");
}

TEST_F(MetricsTest, DurationsFallIntoCumulativeBuckets) {
  for (const double seconds : {0.001, 0.002, 0.3, 100.0}) Exchanged("/health", 200, seconds);
  const auto bucket = [&](const char* le) {
    return Value(R"(merle_request_duration_seconds_bucket{route="/health",status="200",le=")" +
                 std::string(le) + "\"}");
  };
  EXPECT_EQ(bucket("0.001"), "1");  // The end belongs to the bucket.
  EXPECT_EQ(bucket("0.0025"), "2");
  EXPECT_EQ(bucket("0.25"), "2");
  EXPECT_EQ(bucket("0.5"), "3");
  EXPECT_EQ(bucket("60"), "3");
  EXPECT_EQ(bucket("+Inf"), "4");
  EXPECT_EQ(Value(R"(merle_request_duration_seconds_sum{route="/health",status="200"})"),
            "100.303");
  EXPECT_EQ(Value(R"(merle_request_duration_seconds_count{route="/health",status="200"})"), "4");
}

TEST_F(MetricsTest, StagesBatchesAndInputsAreThere) {
  metrics_.AddStage(Stage::kTokenize, 0.5);
  metrics_.AddStage(Stage::kFormat, 0.25);
  metrics_.AddBatch({.texts = 9, .tokens = 180, .requests = 3, .seconds = 0.003});
  metrics_.AddInputs(9, 180, 2);
  metrics_.AddInputs(1, 20, 0);
  EXPECT_EQ(Value(R"(merle_stage_duration_seconds_sum{stage="tokenize"})"), "0.5");
  EXPECT_EQ(Value(R"(merle_stage_duration_seconds_count{stage="format"})"), "1");
  EXPECT_EQ(Value(R"(merle_stage_duration_seconds_count{stage="parse"})"), "0");
  EXPECT_EQ(Value(R"(merle_batch_tokens_bucket{le="128"})"), "0");
  EXPECT_EQ(Value(R"(merle_batch_tokens_bucket{le="192"})"), "1");
  EXPECT_EQ(Value("merle_batch_texts_sum"), "9");
  EXPECT_EQ(Value("merle_batch_requests_sum"), "3");
  EXPECT_EQ(Value("merle_batch_duration_seconds_sum"), "0.003");
  EXPECT_EQ(Value("merle_input_texts_total"), "10");
  EXPECT_EQ(Value("merle_input_tokens_total"), "200");
  EXPECT_EQ(Value("merle_truncated_inputs_total"), "2");
}

TEST_F(MetricsTest, GaugesAreWhatHoldsNow) {
  EXPECT_EQ(Value("merle_queue_tokens"), "7");
  EXPECT_EQ(Value("merle_requests_in_progress"), "3");
  EXPECT_EQ(Value("merle_connections"), "5");
  EXPECT_EQ(Value("merle_loaded_models"), "1");
  EXPECT_EQ(Value(R"(merle_build_info{version="1.2.3"})"), "1");
  EXPECT_GT(std::stod(Value("process_resident_memory_bytes")), 1e6);
  EXPECT_GE(std::stod(Value("process_open_fds")), 3);
  EXPECT_GT(std::stod(Value("process_start_time_seconds")), 1.6e9);
  EXPECT_GE(std::stod(Value("process_cpu_seconds_total")), 0);
}

// The rules of the format: one HELP and TYPE before all samples of a metric, no sample twice.
TEST_F(MetricsTest, TheTextKeepsTheRulesOfTheFormat) {
  Exchanged("/health", 200, 1);
  Exchanged("/nowhere", 404, 1);
  std::istringstream lines(Text());
  std::set<std::string> samples, named;
  std::string metric, type;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, second, name;
    words >> first;
    if (first == "#") {
      words >> second >> name;
      if (second == "HELP") {
        EXPECT_TRUE(named.insert(name).second) << line;
        metric = name;
      } else {
        EXPECT_EQ(second, "TYPE");
        EXPECT_EQ(name, metric) << line;
        words >> type;
        EXPECT_EQ(type == "counter", metric.ends_with("_total")) << line;
      }
      continue;
    }
    EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
    const std::string base = line.substr(0, line.find_first_of("{ "));
    if (type == "histogram") {
      EXPECT_TRUE(base == metric + "_bucket" || base == metric + "_sum" ||
                  base == metric + "_count")
          << line;
    } else {
      EXPECT_EQ(base, metric);
    }
    std::size_t end = 0;
    const std::string value = line.substr(line.rfind(' ') + 1);
    std::stod(value, &end);
    EXPECT_EQ(end, value.size()) << line;
  }
  EXPECT_GT(named.size(), 20u);
  EXPECT_EQ(Text().back(), '\n');
}

TEST_F(MetricsTest, ThreadsAddSideBySideAndNothingIsLost) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        Exchanged("/health", 200, 0.5);
        metrics_.AddStage(Stage::kQueue, 0.25);
        if (n % 100 == 0) Text();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Value(R"(merle_requests_total{route="/health",status="200"})"), "4000");
  EXPECT_EQ(Value(R"(merle_stage_duration_seconds_sum{stage="queue"})"), "1000");
}

}  // namespace
}  // namespace merle
