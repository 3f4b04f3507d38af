// Merle as a contender of the end-to-end benchmark: UTF-8 in memory to normalized vectors in
// memory.
//
//   embed_bench --model FOLDER --threads N [--compute f32|bf16|int8] [--once TEXT]
//
// Answers commands on standard input, one line of JSON each, as benchmarks/peers/contender.py
// describes. There is nothing to tune, so `tune` only warms up. `tokenize NAME` tokenizes the lines
// of a file that `load_lines` read, on one thread, as benchmarks/peers/peer_tokenizers.py does.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "embedding/embedder.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

struct Options {
  std::string model;
  std::size_t threads = 0;
  std::string compute = "f32";
  std::optional<std::string> once;
};

Options ParseOptions(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--model") options.model = words[i + 1];
    if (words[i] == "--threads") options.threads = std::stoul(words[i + 1]);
    if (words[i] == "--compute") options.compute = words[i + 1];
    if (words[i] == "--once") options.once = words[i + 1];
  }
  if (options.model.empty() || words.size() % 2 != 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "usage: embed_bench --model FOLDER --threads N [--compute NAME] [--once TEXT]");
  }
  return options;
}

// Sets the arithmetic. Returns false where this version lacks it: then its row is skipped.
template <typename AnyOptions>
bool SetCompute(std::string_view name, AnyOptions& options) {
  if constexpr (requires { options.compute; }) {
    using Compute = decltype(options.compute);
    if (name == "f32") return options.compute = Compute::kF32, true;
    if constexpr (requires { Compute::kBf16; }) {
      if (name == "bf16") return options.compute = Compute::kBf16, true;
    }
    if constexpr (requires { Compute::kInt8; }) {
      if (name == "int8") return options.compute = Compute::kInt8, true;
    }
  }
  return name == "f32";
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::kNotFound, Format("{}: can't be read", path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  return lines;
}

// The "text" of each line of a JSONL file.
std::vector<std::string> ReadTexts(const std::string& path) {
  std::vector<std::string> texts = ReadLines(path);
  for (std::string& text : texts) {
    const JsonDocument json = JsonDocument::Parse(text, path);
    text = json.root().At("text").AsString();
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
  std::string Load(const std::string& name, std::vector<std::string> texts);
  std::string Tune(const std::string& name);
  std::string Run(const std::string& name);
  std::string Latency(const std::string& name, std::size_t count);
  std::string Vectors(const std::string& name, const std::string& path);
  std::string Tokenize(const std::string& name);

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
  if (verb == "load") return Load(name, ReadTexts(argument));
  if (verb == "load_lines") return Load(name, ReadLines(argument));
  if (verb == "tune" || verb == "use") return Tune(name);
  if (verb == "run") return Run(name);
  if (verb == "latency") return Latency(name, std::stoul(argument));
  if (verb == "vectors") return Vectors(name, argument);
  if (verb == "tokenize") return Tokenize(name);
  throw Error(ErrorCode::kInvalidArgument, Format("unknown command: {}", command));
}

std::string Contender::Load(const std::string& name, std::vector<std::string> texts) {
  sets_[name] = std::move(texts);
  return JsonWriter().BeginObject().Key("texts").Value(sets_[name].size()).EndObject().text();
}

std::string Contender::Tune(const std::string& name) {
  Embed(name);
  return JsonWriter().BeginObject().Key("setting").Null().EndObject().text();
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

std::string Contender::Tokenize(const std::string& name) {
  std::vector<std::int32_t> ids;
  const double seconds = Seconds([&] {
    for (const std::string& text : sets_.at(name)) embedder_.tokenizer().EncodeIds(text, {}, ids);
  });
  std::uint64_t check = 0;
  for (std::size_t i = 0; i < ids.size(); ++i)
    check += static_cast<std::uint64_t>(ids[i]) * (i + 1);
  JsonWriter json;
  json.BeginObject().Key("seconds").Value(seconds).Key("tokens").Value(ids.size());
  return json.Key("check").Value(check).EndObject().text();
}

void Serve(const Options& options) {
  EmbedderOptions how{.threads = options.threads};
  if (!SetCompute(options.compute, how)) {
    throw Error(ErrorCode::kUnimplemented, Format("--compute {} is not built", options.compute));
  }
  const Embedder embedder = Embedder::Load(options.model, how);
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
