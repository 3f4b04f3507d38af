// Merle's side of the tokenizer benchmark: the CPU time of one thread for all lines of a file.
//
//   tokenizer_bench --model FOLDER --input FILE
//
// The texts are the lines of FILE, without the empty ones. Answers commands on standard input, each
// with one line on standard output:
//
//   ids          seconds for the ids alone, into one buffer
//   encoding     seconds for whole encodings: ids, offsets, type ids, masks
//   load         seconds to load the tokenizer, the median of several
//   dump FILE    number of tokens; writes the ids of all texts, int32, one after another, and
//                between them -1
//
// No special tokens, nothing is cut.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

constexpr EncodeOptions kWhole = {.add_special_tokens = false};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!(content << file.rdbuf())) {
    throw Error(ErrorCode::kNotFound, Format("{}: can't be read", path));
  }
  return std::move(content).str();
}

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Counts the time of this process's one thread on a CPU, so that a busy machine disturbs less.
class CpuWatch {
 public:
  double Seconds() const { return static_cast<double>(std::clock() - start_) / CLOCKS_PER_SEC; }

 private:
  std::clock_t start_ = std::clock();
};

class Bench {
 public:
  Bench(std::string model, const std::string& input)
      : model_(std::move(model)), text_(ReadFile(input)), lines_(LinesOf(text_)) {}

  std::string Answer(const std::string& command) {
    std::istringstream words(command);
    std::string verb, path;
    words >> verb >> path;
    if (verb == "ids") return Format("{}", SecondsForIds());
    if (verb == "encoding") return Format("{}", SecondsForEncodings());
    if (verb == "load") return Format("{}", SecondsToLoad());
    if (verb == "dump") return Format("{}", Dump(path));
    throw Error(ErrorCode::kInvalidArgument, Format("unknown command: {}", command));
  }

 private:
  double SecondsForIds() {
    const CpuWatch watch;
    for (const std::string_view line : lines_) {
      ids_.clear();
      tokenizer_.EncodeIds(line, kWhole, ids_);
    }
    return watch.Seconds();
  }

  double SecondsForEncodings() const {
    const CpuWatch watch;
    for (const std::string_view line : lines_) tokenizer_.Encode(line, kWhole);
    return watch.Seconds();
  }

  double SecondsToLoad() const {
    std::vector<double> seconds(11);
    for (double& one : seconds) {
      const CpuWatch watch;
      const Tokenizer tokenizer = Tokenizer::Load(model_);
      one = watch.Seconds();
    }
    std::nth_element(seconds.begin(), seconds.begin() + 5, seconds.end());
    return seconds[5];
  }

  std::size_t Dump(const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    std::size_t tokens = 0;
    for (const std::string_view line : lines_) {
      ids_.clear();
      tokenizer_.EncodeIds(line, kWhole, ids_);
      tokens += ids_.size();
      ids_.push_back(-1);
      file.write(reinterpret_cast<const char*>(ids_.data()),
                 static_cast<std::streamsize>(ids_.size() * sizeof ids_[0]));
    }
    if (!file.flush()) throw Error(ErrorCode::kIoError, Format("{}: can't be written", path));
    return tokens;
  }

  const std::string model_;
  const std::string text_;
  const std::vector<std::string_view> lines_;
  const Tokenizer tokenizer_ = Tokenizer::Load(model_);
  std::vector<std::int32_t> ids_;
};

int Main(const std::vector<std::string>& words) {
  std::string model, input;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--model") model = words[i + 1];
    if (words[i] == "--input") input = words[i + 1];
  }
  if (model.empty() || input.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "usage: tokenizer_bench --model FOLDER --input FILE");
  }
  Bench bench(model, input);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << bench.Answer(line) << std::endl;  // Flushed: the driver waits for it.
  }
  return 0;
}

}  // namespace
}  // namespace merle

int main(int argc, char** argv) {
  try {
    return merle::Main(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tokenizer_bench: %s\n", error.what());
    return 1;
  }
}
