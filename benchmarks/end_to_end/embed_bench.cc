// Merle as a contender of the end-to-end benchmark: UTF-8 in memory to normalized vectors in
// memory.
//
//   embed_bench --model FOLDER --threads N [--once TEXT]
//
// Answers commands on standard input, one line of JSON each, as benchmarks/peers/contender.py
// describes. There is nothing to tune, so `tune` only warms up.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "embedding/embedder.h"

namespace merle {
namespace {

struct Options {
  std::string model;
  std::size_t threads = 0;
  std::optional<std::string> once;
};

Options ParseOptions(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--model") options.model = words[i + 1];
    if (words[i] == "--threads") options.threads = std::stoul(words[i + 1]);
    if (words[i] == "--once") options.once = words[i + 1];
  }
  if (options.model.empty() || words.size() % 2 != 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "usage: embed_bench --model FOLDER --threads N [--once TEXT]");
  }
  return options;
}

// The "text" of each line of a JSONL file.
std::vector<std::string> ReadTexts(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::kNotFound, Format("{}: can't be read", path));
  std::vector<std::string> texts;
  for (std::string line; std::getline(file, line);) {
    const JsonDocument json = JsonDocument::Parse(line, path);
    texts.emplace_back(json.root().At("text").AsString());
  }
  return texts;
}

template <typename Work>
double Seconds(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Most memory that this process ever had in RAM, in 10^6 bytes.
double PeakMemoryMb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1000;
  }
  return 0;
}

// The input sets and what is done with them. Each answer is one JSON object.
class Contender {
 public:
  explicit Contender(const Embedder& embedder) : embedder_(embedder) {}

  std::string Answer(const std::string& command);

 private:
  std::string Load(const std::string& name, const std::string& path);
  std::string Tune(const std::string& name);
  std::string Run(const std::string& name);
  std::string Latency(const std::string& name, std::size_t count);
  std::string Vectors(const std::string& name, const std::string& path);

  Matrix<float> Embed(const std::string& name) const {
    const std::vector<std::string>& texts = sets_.at(name);
    return embedder_.Embed(std::vector<std::string_view>(texts.begin(), texts.end()));
  }

  const Embedder& embedder_;
  std::map<std::string, std::vector<std::string>> sets_;
};

std::string Contender::Answer(const std::string& command) {
  std::istringstream words(command);
  std::string verb, name, argument;
  words >> verb >> name >> argument;
  if (verb == "load") return Load(name, argument);
  if (verb == "tune" || verb == "tune_latency") return Tune(name);
  if (verb == "run") return Run(name);
  if (verb == "latency") return Latency(name, std::stoul(argument));
  if (verb == "vectors") return Vectors(name, argument);
  throw Error(ErrorCode::kInvalidArgument, Format("unknown command: {}", command));
}

std::string Contender::Load(const std::string& name, const std::string& path) {
  sets_[name] = ReadTexts(path);
  return JsonWriter().BeginObject().Key("texts").Value(sets_[name].size()).EndObject().text();
}

std::string Contender::Tune(const std::string& name) {
  Embed(name);
  return JsonWriter()
      .BeginObject()
      .Key("setting")
      .Value("no batch size to choose")
      .EndObject()
      .text();
}

std::string Contender::Run(const std::string& name) {
  const double seconds = Seconds([&] { Embed(name); });
  JsonWriter json;
  json.BeginObject()
      .Key("seconds")
      .Value(seconds)
      .Key("texts")
      .Value(sets_.at(name).size())
      .EndObject();
  return json.text();
}

std::string Contender::Latency(const std::string& name, std::size_t count) {
  const std::vector<std::string>& texts = sets_.at(name);
  JsonWriter json;
  json.BeginObject().Key("seconds").BeginArray();
  for (std::size_t i = 0; i < std::min(count, texts.size()); ++i) {
    json.Value(Seconds([&] { embedder_.Embed(texts[i]); }));
  }
  return json.EndArray().EndObject().text();
}

std::string Contender::Vectors(const std::string& name, const std::string& path) {
  const Matrix<float> vectors = Embed(name);
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(vectors.data()),
             static_cast<std::streamsize>(vectors.rows() * vectors.cols() * sizeof(float)));
  if (!file.flush()) throw Error(ErrorCode::kIoError, Format("{}: can't be written", path));
  JsonWriter json;
  json.BeginObject()
      .Key("rows")
      .Value(vectors.rows())
      .Key("cols")
      .Value(vectors.cols())
      .EndObject();
  return json.text();
}

void Serve(const Options& options) {
  const Embedder embedder = Embedder::Load(options.model, {.threads = options.threads});
  if (options.once) {
    embedder.Embed(*options.once);
    std::cout
        << JsonWriter().BeginObject().Key("memory_mb").Value(PeakMemoryMb()).EndObject().text()
        << '\n';
    return;
  }
  Contender contender(embedder);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << contender.Answer(line) << std::endl;  // Flushed: the driver waits for it.
  }
}

}  // namespace
}  // namespace merle

int main(int argc, char** argv) {
  try {
    merle::Serve(merle::ParseOptions(std::vector<std::string>(argv + 1, argv + argc)));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "embed_bench: %s\n", error.what());
    return 1;
  }
}
