#include "models/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <span>
#include <vector>

#include "models/encoder_model.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Random tokens of each text.
constexpr std::size_t kLengths[] = {0,  1,  1,  2,  3,  5,  8,  16, 32, 32, 32, 32,
                                    32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32};

// The sum of the hidden states of text t; in double, since the cosines are near 1.
std::vector<double> SumOfStates(const TokenBatch& batch, std::size_t t,
                                MatrixView<const float> states) {
  std::vector<double> sum(states.cols());
  for (std::size_t i = batch.starts[t]; i < batch.starts[t + 1]; ++i) {
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += states.At(i, j);
  }
  return sum;
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

CalibrationTexts::CalibrationTexts(const EncoderShape& shape,
                                   std::span<const std::int32_t> special_ids) {
  std::mt19937 generator(1);  // Its numbers are the same everywhere, those of distributions not.
  starts.push_back(0);
  for (const std::size_t length : kLengths) {
    const std::size_t special = std::min(special_ids.size(), shape.max_positions);
    const std::size_t random = std::min(length, shape.max_positions - special);
    if (special + random == 0) continue;
    const std::size_t before = (special + 1) / 2;
    std::ranges::copy(special_ids.first(before), std::back_inserter(ids));
    for (std::size_t i = 0; i < random; ++i) {
      ids.push_back(static_cast<std::int32_t>(generator() % shape.vocab_size));
    }
    std::ranges::copy(special_ids.subspan(before, special - before), std::back_inserter(ids));
    starts.push_back(ids.size());
  }
}

double MeanCosine(const TokenBatch& batch, MatrixView<const float> a, MatrixView<const float> b) {
  double sum = 0;
  for (std::size_t t = 0; t < batch.texts(); ++t) {
    const std::vector<double> left = SumOfStates(batch, t, a);
    const std::vector<double> right = SumOfStates(batch, t, b);
    sum += Dot(left, right) / std::sqrt(Dot(left, left) * Dot(right, right));
  }
  return sum / static_cast<double>(batch.texts());
}

}  // namespace merle
