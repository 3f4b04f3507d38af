#include "json_mutator.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace merle::fuzz {
namespace {

// Borders of our limits and of the machine's numbers, wrong types, names that lead elsewhere.
constexpr const char* kValues[] = {
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "8",
    "63",
    "64",
    "65",
    "255",
    "256",
    "1024",
    "65535",
    "65536",
    "16777215",
    "16777216",
    "16777217",
    "100000000",
    "100000001",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "-2147483648",
    "9007199254740993",
    "4611686018427387904",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "0.5",
    "-0",
    "-0.0",
    "1e0",
    "1e30",
    "1e308",
    "1e400",
    "1e-400",
    "1e-12",
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[0,0]",
    R"("")",
    R"("..")",
    R"("../x")",
    R"("a/b")",
    R"("/dev/zero")",
    R"("1")",
    R"("\u0000")",
    R"("a\nb")",
    R"("\ud800")",
    R"("\ud83d\ude00")",
    R"("##")",
    R"(" ")",
    "NaN",
    "Infinity",
};

struct Span {
  std::size_t begin, end;
};

bool IsWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.';
}

std::size_t EndOfString(std::string_view text, std::size_t begin) {
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return text.size();
}

// Where the values and keys are, also in what is only nearly JSON.
std::vector<Span> FindValues(std::string_view text) {
  std::vector<Span> values;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i++;
    const char c = text[begin];
    if (c == '{' || c == '[') {
      open.push_back(begin);
    } else if ((c == '}' || c == ']') && !open.empty()) {
      values.push_back({open.back(), i});
      open.pop_back();
    } else if (c == '"') {
      values.push_back({begin, i = EndOfString(text, begin)});
    } else if (IsWord(c)) {
      while (i < text.size() && IsWord(text[i])) ++i;
      values.push_back({begin, i});
    }
  }
  return values;
}

// One more or one less than an integer; nothing for other text.
std::optional<std::string> Neighbor(std::string_view text, bool up) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return std::to_string(static_cast<std::uint64_t>(value) + (up ? 1u : ~std::uint64_t{0}));
}

std::string Nested(std::string_view value, std::size_t depth) {
  return std::string(depth, '[') + std::string(value) + std::string(depth, ']');
}

}  // namespace

std::string MutateJson(std::string_view text, std::minstd_rand& random) {
  const std::vector<Span> values = FindValues(text);
  if (values.empty()) return std::string(text);
  const auto any = [&] { return values[random() % values.size()]; };
  const auto text_of = [&](Span span) { return text.substr(span.begin, span.end - span.begin); };
  constexpr std::size_t kDepths[] = {1, 2, 61, 62, 63, 64, 65, 1000};

  const Span at = any();
  std::size_t end = at.end;
  std::string now;
  switch (random() % 8) {
    case 0:
    case 1:
    case 2:
      now = kValues[random() % std::size(kValues)];
      break;
    case 3:
      now = text_of(any());
      break;
    case 4:
      now = Neighbor(text_of(at), random() % 2 == 0).value_or(std::string(text_of(any())));
      break;
    case 5:  // Doubled, with the key before it where it is a member.
      now = std::string(text_of(at)) + ',' + std::string(text_of(random() % 2 == 0 ? at : any()));
      break;
    case 6:
      now = Nested(text_of(at), kDepths[random() % std::size(kDepths)]);
      break;
    default:  // Dropped, with what divides it from the next.
      if (end < text.size() && (text[end] == ',' || text[end] == ':')) ++end;
  }
  return std::string(text.substr(0, at.begin)) + now + std::string(text.substr(end));
}

std::string MutateBytes(std::string_view text, std::size_t most_bytes) {
  std::string bytes(text.substr(0, most_bytes));
  const std::size_t size = bytes.size();
  bytes.resize(std::max(most_bytes, std::size_t{1}));
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size()));
  return bytes;
}

std::size_t MutateJsonInput(std::uint8_t* data, std::size_t size, std::size_t max_size,
                            unsigned seed) {
  std::minstd_rand random(seed);
  if (random() % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<Span> parts = {{0, 0}};
  for (std::size_t i = 0; i <= size; ++i) {
    parts.back().end = i;
    if (i < size && data[i] == 0) parts.push_back({i + 1, i + 1});
  }
  const Span part = parts[random() % parts.size()];
  const std::string before(input.substr(0, part.begin)), after(input.substr(part.end));
  const std::string now =
      before + MutateJson(input.substr(part.begin, part.end - part.begin), random) + after;
  if (now == input || now.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, now.data(), now.size());
  return now.size();
}

}  // namespace merle::fuzz
