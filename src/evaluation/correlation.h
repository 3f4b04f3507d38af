// How far two series of numbers go together: Pearson's and Spearman's coefficients.
#pragma once

#include <span>
#include <vector>

namespace merle {

// In [-1, 1]. NaN for fewer than two pairs or where one side is constant, as scipy.stats.
// x and y: the same number of values.
double Pearson(std::span<const double> x, std::span<const double> y);

// Pearson of the average ranks, as scipy.stats.spearmanr. NaN also if a value is NaN.
double Spearman(std::span<const double> x, std::span<const double> y);

// Ranks from 1; equal values share the mean of their ranks, as scipy.stats.rankdata.
std::vector<double> AverageRanks(std::span<const double> values);

}  // namespace merle
