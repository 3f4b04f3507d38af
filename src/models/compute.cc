#include "models/compute.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace merle {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"f32", "bf16", "int8", "auto"};  // In order.

}  // namespace

std::string_view ComputeName(Compute compute) { return kNames[static_cast<std::size_t>(compute)]; }

std::optional<Compute> ParseCompute(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Compute>(i);
  }
  return std::nullopt;
}

}  // namespace merle
