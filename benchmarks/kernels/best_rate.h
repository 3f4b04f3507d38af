// How fast a thread can do something: the best of several short runs.
#pragma once

#include <algorithm>
#include <ctime>

namespace merle {

// `work` does something for some milliseconds and returns how many operations that were. Returns
// the highest rate of 20 runs, in operations per second of the calling thread's own CPU time: what
// others do on the machine counts less that way.
template <typename Work>
double BestRate(const Work& work) {
  const auto cpu_seconds = [] {
    std::timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  double best = 0;
  for (int run = 0; run < 20; ++run) {
    const double start = cpu_seconds();
    const double operations = work();
    best = std::max(best, operations / (cpu_seconds() - start));
  }
  return best;
}

}  // namespace merle
