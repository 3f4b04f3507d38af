#include "tokenizers/vocab_txt.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/utf8.h"
#include "tokenizers/unicode_class.h"
#include "tokenizers/vocabulary.h"

namespace merle {
namespace {

constexpr std::size_t kMostVocabTxtBytes = Vocabulary::kMostBytes + Vocabulary::kMostTokens;

std::string_view WithoutSpaceAtTheEnd(std::string_view line) {
  while (!line.empty()) {
    std::size_t last = line.size() - 1;
    while ((line[last] & 0xC0) == 0x80) --last;  // It is UTF-8.
    if (!HasClass(DecodeUtf8(line, last).value, kSpace)) break;
    line = line.substr(0, last);
  }
  return line;
}

}  // namespace

Vocabulary ReadVocabTxt(const RandomAccessFile& file) {
  const std::string& path = file.path();
  const std::string content = file.ReadAll(kMostVocabTxtBytes);
  if (const auto bad = FindInvalidUtf8(content)) {
    throw Error(ErrorCode::kDataLoss, Format("{}: byte {} is not UTF-8", path, *bad));
  }
  const auto lines = static_cast<std::size_t>(std::ranges::count(content, '\n'));
  if (lines > Vocabulary::kMostTokens) {
    throw Error(ErrorCode::kDataLoss, Format("{}: has {} lines, at most {} are read", path, lines,
                                             Vocabulary::kMostTokens));
  }
  std::unordered_map<std::string_view, std::int32_t> ids;
  ids.reserve(lines + 1);
  std::int32_t id = 0;
  for (std::size_t begin = 0; begin < content.size(); ++id) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    ids[WithoutSpaceAtTheEnd(std::string_view(content).substr(begin, end - begin))] = id;
    begin = end + 1;
  }
  std::vector<Vocabulary::Token> tokens;
  tokens.reserve(ids.size());
  for (const auto& [text, its_id] : ids) tokens.push_back({std::string(text), its_id});
  try {
    return Vocabulary(tokens);
  } catch (const Error& error) {
    throw Error(ErrorCode::kDataLoss, Format("{}: {}", path, error.what()));
  }
}

}  // namespace merle
