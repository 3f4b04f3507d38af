#include "tokenizers/decoder.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_reader.h"
#include "tokenizers/registry.h"

namespace merle {
namespace {

struct Cleanup {
  std::string_view from, to;
};

// In this order. " do not" is the reference's, who meant it for generated English.
constexpr Cleanup kCleanups[] = {
    {" .", "."},   {" ?", "?"},     {" !", "!"},     {" ,", ","},
    {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},   {" do not", " don't"},
    {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
};

void ReplaceAll(std::string_view from, std::string_view to, std::string& text) {
  std::size_t found = text.find(from);
  if (found == std::string::npos) return;
  std::string out;
  std::size_t done = 0;
  for (; found != std::string::npos; found = text.find(from, done)) {
    out.append(text, done, found - done).append(to);
    done = found + from.size();
  }
  text = out.append(text, done);
}

}  // namespace

std::unique_ptr<Decoder> WordPieceDecoder::FromJson(const JsonValue& json) {
  return std::make_unique<WordPieceDecoder>(std::string(json.At("prefix").AsString()),
                                            json.At("cleanup").AsBool());
}

void WordPieceDecoder::Decode(std::vector<std::string>& tokens) const {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::string& token = tokens[i];
    if (i > 0) {
      if (token.starts_with(prefix_)) {
        token.erase(0, prefix_.size());
      } else {
        token.insert(0, 1, ' ');
      }
    }
    if (!cleanup_) continue;
    for (const auto& [from, to] : kCleanups) ReplaceAll(from, to, token);
  }
}

std::unique_ptr<Decoder> DecoderSequence::FromJson(const JsonValue& json) {
  std::vector<std::unique_ptr<Decoder>> steps;
  for (const JsonValue& step : json.At("decoders").Elements()) steps.push_back(MakeDecoder(step));
  return std::make_unique<DecoderSequence>(std::move(steps));
}

void DecoderSequence::Decode(std::vector<std::string>& tokens) const {
  for (const auto& step : steps_) step->Decode(tokens);
}

}  // namespace merle
