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

std::vector<float> SumOf(MatrixView<const float> states) {
  std::vector<float> sum(states.cols());
  for (std::size_t t = 0; t < states.rows(); ++t) {
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += states.At(t, j);
  }
  return sum;
}

// In double, since the cosines are near 1.
double Dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
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

Matrix<float> PoolTexts(const TokenBatch& batch, MatrixView<const float> states,
                        const StatesPooling& pool) {
  Matrix<float> vectors;
  for (std::size_t t = 0; t < batch.texts(); ++t) {
    const auto rows = states.Rows(batch.starts[t], batch.starts[t + 1] - batch.starts[t]);
    const std::vector<float> vector = pool ? pool(rows) : SumOf(rows);
    if (t == 0) vectors = Matrix<float>(batch.texts(), vector.size());
    std::ranges::copy(vector, vectors.Row(t).begin());
  }
  return vectors;
}

Cosines CompareRows(MatrixView<const float> a, MatrixView<const float> b) {
  Cosines cosines{.mean = 0, .worst = 1};
  for (std::size_t r = 0; r < a.rows(); ++r) {
    const auto left = a.Row(r), right = b.Row(r);
    const double cosine = Dot(left, right) / std::sqrt(Dot(left, left) * Dot(right, right));
    cosines.mean += cosine / static_cast<double>(a.rows());
    if (!(cosine >= cosines.worst)) cosines.worst = cosine;  // NaN is the worst.
  }
  return cosines;
}

}  // namespace merle
