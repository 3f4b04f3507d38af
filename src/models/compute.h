// The arithmetic of a model's matrix products.
#pragma once

#include <optional>
#include <string_view>

namespace merle {

enum class Compute {
  kF32,   // The reference's: float.
  kBf16,  // Operands rounded to 8 bits of significand, sums in float.
  kInt8,  // Weights and activations in 8 bits, exact sums. Attention in bf16 or float.
  kAuto,  // The fastest on this CPU whose vectors stay near those of float; see LoadEncoderModel.
};

// "f32", "bf16", "int8", "auto".
std::string_view ComputeName(Compute compute);
std::optional<Compute> ParseCompute(std::string_view name);

}  // namespace merle
