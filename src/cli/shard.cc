#include "cli/shard.h"

#include <charconv>
#include <optional>
#include <string>
#include <system_error>

namespace merle {

std::optional<Shard> ParseShard(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, first_error] = std::from_chars(text.data(), end, shard.number);
  if (first_error != std::errc{} || slash == end || *slash != '/') return std::nullopt;
  const auto [stop, second_error] = std::from_chars(slash + 1, end, shard.count);
  if (second_error != std::errc{} || stop != end) return std::nullopt;
  if (shard.number < 1 || shard.number > shard.count) return std::nullopt;
  return shard;
}

}  // namespace merle
