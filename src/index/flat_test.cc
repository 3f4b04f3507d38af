#include "index/flat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "kernels/dot.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Matrix<float> Random(std::size_t rows, std::size_t cols, unsigned seed) {
  Matrix<float> matrix(rows, cols);
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (std::size_t i = 0; i < rows * cols; ++i) matrix.data()[i] = uniform(random);
  return matrix;
}

// Every row, sorted.
std::vector<Neighbor> SearchPlainly(MatrixView<const float> vectors, std::span<const float> query,
                                    std::size_t k) {
  std::vector<Neighbor> all;
  all.reserve(vectors.rows());
  for (std::size_t r = 0; r < vectors.rows(); ++r) all.push_back({r, Dot(query, vectors.Row(r))});
  std::stable_sort(all.begin(), all.end(),
                   [](const Neighbor& a, const Neighbor& b) { return a.score > b.score; });
  all.resize(std::min(k, all.size()));
  return all;
}

struct Case {
  const char* name;
  std::size_t vectors, dim, queries, k, threads;
};

class FlatIndexSizes : public testing::TestWithParam<Case> {};

TEST_P(FlatIndexSizes, GiveWhatSortingEverythingGives) {
  const Case& size = GetParam();
  const Matrix<float> vectors = Random(size.vectors, size.dim, 1);
  const Matrix<float> queries = Random(size.queries, size.dim, 2);
  ThreadPool pool(size.threads);
  const auto found = FlatIndex(vectors.view()).Search(queries.view(), size.k, pool);
  ASSERT_EQ(found.size(), size.queries);
  for (std::size_t q = 0; q < size.queries; ++q) {
    EXPECT_EQ(found[q], SearchPlainly(vectors.view(), queries.Row(q), size.k)) << "query " << q;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, FlatIndexSizes,
                         testing::ValuesIn(std::vector<Case>{
                             {"OneVector", 1, 3, 1, 10, 1},
                             {"NoVectors", 0, 3, 2, 10, 2},
                             {"NoQueries", 5, 3, 0, 10, 2},
                             {"NoneWanted", 5, 3, 2, 0, 2},
                             {"AllWanted", 50, 7, 2, 1000, 2},
                             {"OneTask", 1024, 5, 3, 4, 3},
                             {"OneMoreThanATask", 1025, 5, 3, 4, 3},
                             {"ManyTasks", 9000, 17, 2, 25, 4},
                             {"ManyQueries", 2100, 8, 67, 3, 4},
                             {"BlocksOfOneVector", 40, 70000, 2, 5, 2},
                             {"MoreWantedThanATaskHolds", 3000, 4, 2, 2500, 3},
                         }),
                         [](const auto& test) { return test.param.name; });

TEST(FlatIndex, GivesEqualScoresInOrderOfRow) {
  Matrix<float> vectors(5000, 1);
  for (std::size_t r = 0; r < 5000; ++r) vectors.Row(r)[0] = r % 1000 == 7 ? 2.0F : 1.0F;
  Matrix<float> query(1, 1);
  query.Row(0)[0] = 1;
  const FlatIndex index(std::move(vectors));
  for (const std::size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_THAT(index.Search(query.view(), 7, pool)[0],
                ElementsAre(Neighbor{7, 2}, Neighbor{1007, 2}, Neighbor{2007, 2}, Neighbor{3007, 2},
                            Neighbor{4007, 2}, Neighbor{0, 1}, Neighbor{1, 1}));
  }
}

TEST(FlatIndex, PutsNaNLast) {
  Matrix<float> vectors(3000, 1);
  for (std::size_t r = 0; r < 3000; ++r) {
    vectors.Row(r)[0] = r == 2500 ? -5.0F : std::numeric_limits<float>::quiet_NaN();
  }
  Matrix<float> query(1, 1);
  query.Row(0)[0] = 1;
  ThreadPool pool(2);
  const auto found = FlatIndex(std::move(vectors)).Search(query.view(), 3, pool)[0];
  EXPECT_EQ(found[0], (Neighbor{2500, -5}));
  EXPECT_EQ(found[1].row, 0u);
  EXPECT_EQ(found[2].row, 1u);
}

TEST(FlatIndex, StaysValidWhenMoved) {
  FlatIndex first(Random(10, 4, 3));
  const FlatIndex second(std::move(first));
  ThreadPool pool(1);
  const Matrix<float> vectors = Random(10, 4, 3);
  EXPECT_EQ(second.Search(vectors.view().Rows(0, 1), 2, pool)[0],
            SearchPlainly(vectors.view(), vectors.Row(0), 2));
}

TEST(FlatIndex, RefusesQueriesOfAnotherDim) {
  const FlatIndex index(Random(10, 4, 3));
  ThreadPool pool(1);
  EXPECT_THROW(index.Search(Random(1, 5, 1).view(), 2, pool), Error);
}

}  // namespace
}  // namespace merle
