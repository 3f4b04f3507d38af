#include "index/flat.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"
#include "kernels/dot.h"
#include "kernels/top_k.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Rows whose scores are gathered before the best are picked: one task of the pool.
constexpr std::size_t kTaskRows = 1024;
// Queries that go over the vectors together: 32 x 1024 scores are 128 KB a worker.
constexpr std::size_t kGroupQueries = 32;
// Vectors that stay in the L2 cache (1 MB on current cores, shared with the scores) while each
// query of a group meets them.
constexpr std::size_t kBlockBytes = 256 << 10;

using Neighbors = std::vector<Neighbor>;

bool BetterNeighbor(const Neighbor& a, const Neighbor& b) {
  return Better({a.row, a.score}, {b.row, b.score});
}

// Keeps the k best of `best` and `more`. Rows are unique, so the order is total and the result does
// not depend on the order of the calls.
void KeepBest(Neighbors& best, std::span<const Neighbor> more, std::size_t k) {
  const auto middle = static_cast<std::ptrdiff_t>(best.size());
  best.insert(best.end(), more.begin(), more.end());
  std::inplace_merge(best.begin(), best.begin() + middle, best.end(), BetterNeighbor);
  if (best.size() > k) best.resize(k);
}

// What one worker has found, and its scratch memory.
struct Worker {
  std::vector<Neighbors> best;  // [queries of the group]
  std::vector<float> scores;    // [queries of the group, kTaskRows]
};

class GroupSearch {
 public:
  GroupSearch(MatrixView<const float> vectors, MatrixView<const float> queries, std::size_t k)
      : vectors_(vectors), queries_(queries), k_(k) {
    const std::size_t row_bytes = std::max<std::size_t>(1, vectors.cols() * sizeof(float));
    block_rows_ = std::clamp<std::size_t>(kBlockBytes / row_bytes, 1, kTaskRows);
  }

  std::vector<Neighbors> Run(ThreadPool& pool) const {
    std::vector<Worker> workers(pool.size());
    const std::size_t tasks = (vectors_.rows() + kTaskRows - 1) / kTaskRows;
    pool.ParallelFor(tasks, [&](std::size_t task, std::size_t worker) {
      Scan(task * kTaskRows, workers[worker]);
    });
    std::vector<Neighbors> best(queries_.rows());
    for (const Worker& worker : workers) {
      for (std::size_t q = 0; q < worker.best.size(); ++q) KeepBest(best[q], worker.best[q], k_);
    }
    return best;
  }

 private:
  void Scan(std::size_t first, Worker& worker) const {
    worker.best.resize(queries_.rows());
    worker.scores.resize(queries_.rows() * kTaskRows);
    const std::size_t count = std::min(kTaskRows, vectors_.rows() - first);
    const auto scores_of = [&](std::size_t q) {
      return std::span(worker.scores).subspan(q * kTaskRows, count);
    };
    for (std::size_t begin = 0; begin < count; begin += block_rows_) {
      const std::size_t rows = std::min(block_rows_, count - begin);
      const auto block = vectors_.Rows(first + begin, rows);
      for (std::size_t q = 0; q < queries_.rows(); ++q) {
        DotRows(queries_.Row(q), block, scores_of(q).subspan(begin, rows));
      }
    }
    Neighbors found;
    for (std::size_t q = 0; q < queries_.rows(); ++q) {
      found.clear();
      for (const ScoredIndex& scored : TopK(scores_of(q), k_)) {
        found.push_back({first + scored.index, scored.score});
      }
      KeepBest(worker.best[q], found, k_);
    }
  }

  MatrixView<const float> vectors_;
  MatrixView<const float> queries_;
  std::size_t k_;
  std::size_t block_rows_;
};

}  // namespace

FlatIndex::FlatIndex(Matrix<float> vectors)
    : owned_(std::move(vectors)), vectors_(std::as_const(owned_).view()) {}

FlatIndex::FlatIndex(MatrixView<const float> vectors) : vectors_(vectors) {}

std::vector<Neighbors> FlatIndex::Search(MatrixView<const float> queries, std::size_t k,
                                         ThreadPool& pool) const {
  if (queries.cols() != dim()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("queries of {} components, the vectors have {}", queries.cols(), dim()));
  }
  std::vector<Neighbors> results;
  results.reserve(queries.rows());
  for (std::size_t first = 0; first < queries.rows(); first += kGroupQueries) {
    const std::size_t count = std::min(kGroupQueries, queries.rows() - first);
    const GroupSearch search(vectors_, queries.Rows(first, count), k);
    for (Neighbors& best : search.Run(pool)) results.push_back(std::move(best));
  }
  return results;
}

}  // namespace merle
