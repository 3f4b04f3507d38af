// Asks a server on this machine as often as it is told, and says how it answered, as one line of
// JSON.
//
//   serve_load --port N --bodies FILE [--path /v1/embeddings] [--connections N] [--rate R]
//   [--seconds S]
//              [--most N] [--terminate PID --after S]
//
// FILE has the body of a request a line; they are sent in turns. Without --rate the loop is closed:
// each connection asks again when it was answered, which shows the highest throughput. With it the
// loop is open: requests come at random times, R a second, whether or not the server keeps up, and
// latency counts from then, so a server that stalls can't hide it (wrk has no such loop, and does
// not keep the latency of refusals apart). --terminate sends SIGTERM to the process PID meanwhile.
//
// Count, time and connections have bounds, and the address is 127.0.0.1, always.

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "server/load_run.h"

namespace merle {
namespace {

constexpr double kMostSeconds = 600;
constexpr std::size_t kMostRequests = 1'000'000;
constexpr std::size_t kMostConnections = 4096;

struct Options {
  LoadOptions load;
  std::string bodies;
  std::string path = "/v1/embeddings";
};

Options ParseOptions(const std::vector<std::string>& words) {
  Options options;
  const std::map<std::string, std::function<void(const std::string&)>> flags = {
      {"--port",
       [&](auto& word) { options.load.port = static_cast<std::uint16_t>(std::stoul(word)); }},
      {"--bodies", [&](auto& word) { options.bodies = word; }},
      {"--path", [&](auto& word) { options.path = word; }},
      {"--connections", [&](auto& word) { options.load.connections = std::stoul(word); }},
      {"--rate", [&](auto& word) { options.load.rate = std::stod(word); }},
      {"--seconds", [&](auto& word) { options.load.seconds = std::stod(word); }},
      {"--most", [&](auto& word) { options.load.most = std::stoul(word); }},
      {"--terminate", [&](auto& word) { options.load.terminate_pid = std::stoi(word); }},
      {"--after", [&](auto& word) { options.load.terminate_after = std::stod(word); }},
  };
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto flag = flags.find(words[i]);
    if (flag == flags.end() || i + 1 == words.size()) {
      throw Error(ErrorCode::kInvalidArgument, Format("{}: no such flag, or no value", words[i]));
    }
    flag->second(words[i + 1]);
  }
  const LoadOptions& load = options.load;
  if (load.port == 0 || load.connections == 0 || load.connections > kMostConnections ||
      !(load.rate >= 0) || !(load.seconds > 0 && load.seconds <= kMostSeconds) ||
      load.most > kMostRequests || load.terminate_pid < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("a --port, at most {} connections, {} s and {} requests", kMostConnections,
                       kMostSeconds, kMostRequests));
  }
  return options;
}

std::vector<std::string> ReadRequests(const Options& options) {
  std::ifstream file(options.bodies);
  std::vector<std::string> requests;
  for (std::string body; std::getline(file, body);) {
    requests.push_back(
        Format("POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
               "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
               options.path, options.load.port, body.size(), body));
  }
  if (requests.empty()) {
    throw Error(ErrorCode::kNotFound, Format("{}: no requests", options.bodies));
  }
  return requests;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Writes {"p50":…,"p90":…,"p99":…,"max":…}, in milliseconds.
void WriteLatencies(JsonWriter& json, std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const auto at = [&](double share) {
    const auto place = static_cast<std::size_t>(share * static_cast<double>(seconds.size()));
    return 1000 * seconds[std::min(place, seconds.size() - 1)];
  };
  json.Key("p50").Value(at(0.5)).Key("p90").Value(at(0.9));
  json.Key("p99").Value(at(0.99)).Key("max").Value(at(1));
}

// How often each status came, 0 for no reply, of the requests that `wanted` takes.
void WriteCounts(JsonWriter& json, const std::vector<Asked>& all,
                 const std::function<bool(const Asked&)>& wanted) {
  std::map<int, std::size_t> counts;
  for (const Asked& asked : all) {
    if (wanted(asked)) ++counts[asked.status];
  }
  json.BeginObject();
  for (const auto& [status, count] : counts) json.Key(std::to_string(status)).Value(count);
  json.EndObject();
}

std::string Report(const std::vector<Asked>& all, const LoadOptions& options) {
  std::map<int, std::vector<double>> latencies;
  double last = 0;
  for (const Asked& asked : all) {
    if (asked.done >= 0) latencies[asked.status].push_back(asked.done - asked.due);
    last = std::max({last, asked.due, asked.done});
  }
  JsonWriter json;
  json.BeginObject().Key("requests").Value(all.size());
  // With the last ones, which wait for each other: a server that shares its time among all clients
  // answers them at about the same time.
  json.Key("ok_per_second")
      .Value(static_cast<double>(latencies[200].size()) / std::max(last, 1e-9));
  json.Key("cpu_share").Value(CpuSeconds() / std::max(last, 1e-9)).Key("status");
  WriteCounts(json, all, [](const Asked&) { return true; });
  json.Key("milliseconds").BeginObject();
  for (const auto& [status, seconds] : latencies) {
    if (seconds.empty()) continue;
    json.Key(std::to_string(status)).BeginObject();
    WriteLatencies(json, seconds);
    json.EndObject();
  }
  json.EndObject();
  if (options.terminate_pid != 0) {
    json.Key("sent_before_signal");
    WriteCounts(json, all, [&](const Asked& asked) {
      return asked.sent >= 0 && asked.sent < options.terminate_after &&
             !(asked.done >= 0 && asked.done < options.terminate_after);
    });
  }
  return json.EndObject().text();
}

}  // namespace
}  // namespace merle

int main(int argc, char** argv) {
  try {
    const merle::Options options =
        merle::ParseOptions(std::vector<std::string>(argv + 1, argv + argc));
    const std::vector<std::string> requests = merle::ReadRequests(options);
    std::printf("%s\n",
                merle::Report(merle::RunLoad(options.load, requests), options.load).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "serve_load: %s\n", error.what());
    return 1;
  }
}
