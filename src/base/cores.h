// Which CPUs this process should compute on: one hyper-thread of each physical core.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace merle {

// Physical cores that this process may use: hyper-threads count once, and the CPU set and cgroup
// quota of the process are honoured. At least 1.
std::size_t PhysicalCores();

// The first of `cpus` of each physical core, in their order. siblings(cpu) names the core: CPUs
// with the same name are hyper-threads of one.
std::vector<int> OneCpuPerCore(const std::vector<int>& cpus,
                               const std::function<std::string(int cpu)>& siblings);

// One hyper-thread of each core that this process may use, for `threads` threads that compute.
// Empty where that changes nothing or won't do: no hyper-threads, or fewer cores than threads.
std::vector<int> CpusForThreads(std::size_t threads);

// Lets the calling thread run on these CPUs only, any of them; empty: as before. So threads that
// compute never share a core while another is idle, and yet the system may move them: two processes
// don't insist on the same core. Changes nothing if the system refuses.
void KeepToCpus(const std::vector<int>& cpus) noexcept;

}  // namespace merle
