#include "base/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/format.h"

namespace merle {
namespace {

// CPUs that cgroup v2 grants as run time per period: "150000 100000" is 1.5. Infinity if unlimited.
double CgroupCpus() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return HUGE_VAL;
  return std::strtod(quota.c_str(), nullptr) / period;
}

// CPUs that the calling thread may use; empty if the system does not say, as with more than 1,024.
std::vector<int> AllowedCpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  return cpus;
}

// The hyper-threads of the core of `cpu`, as the system lists them: "0,8".
std::string Siblings(int cpu) {
  std::ifstream file(Format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
  std::string siblings;
  return std::getline(file, siblings) ? siblings : std::to_string(cpu);
}

}  // namespace

std::vector<int> OneCpuPerCore(const std::vector<int>& cpus,
                               const std::function<std::string(int cpu)>& siblings) {
  std::set<std::string> seen;
  std::vector<int> chosen;
  for (const int cpu : cpus) {
    if (seen.insert(siblings(cpu)).second) chosen.push_back(cpu);
  }
  return chosen;
}

std::size_t PhysicalCores() {
  const std::vector<int> cpus = AllowedCpus();
  if (cpus.empty()) return std::max(1u, std::thread::hardware_concurrency());
  const auto cores = static_cast<double>(OneCpuPerCore(cpus, Siblings).size());
  return std::max<std::size_t>(1,
                               static_cast<std::size_t>(std::min(cores, std::ceil(CgroupCpus()))));
}

std::vector<int> CpusForThreads(std::size_t threads) {
  const std::vector<int> cpus = AllowedCpus();
  std::vector<int> chosen = OneCpuPerCore(cpus, Siblings);
  if (chosen.size() == cpus.size() || chosen.size() < threads) chosen.clear();
  return chosen;
}

void KeepToCpus(const std::vector<int>& cpus) noexcept {
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

}  // namespace merle
