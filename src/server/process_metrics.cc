#include "server/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "base/format.h"

namespace merle {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// When this was loaded: near enough to the start of the process, and needs no clock of the system's
// boot.
const double kStart =
    std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

}  // namespace

void WriteProcessMetrics(std::string& out) {
  std::ifstream statm("/proc/self/statm");
  if (std::size_t size = 0, resident = 0; statm >> size >> resident) {
    out +=
        "# HELP process_resident_memory_bytes Memory of the process in RAM.\n"
        "# TYPE process_resident_memory_bytes gauge\n";
    AppendFormat(out, "process_resident_memory_bytes {}\n",
                 resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
  }
  std::error_code missing;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", missing);
  if (!missing) {
    out += "# HELP process_open_fds Open file descriptors.\n# TYPE process_open_fds gauge\n";
    AppendFormat(out, "process_open_fds {}\n", std::distance(begin(descriptors), end(descriptors)));
  }
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    out +=
        "# HELP process_cpu_seconds_total CPU time of all threads.\n"
        "# TYPE process_cpu_seconds_total counter\n";
    AppendFormat(out, "process_cpu_seconds_total {}\n",
                 Seconds(usage.ru_utime) + Seconds(usage.ru_stime));
  }
  out +=
      "# HELP process_start_time_seconds Start of the process, in seconds since 1970.\n"
      "# TYPE process_start_time_seconds gauge\n";
  AppendFormat(out, "process_start_time_seconds {:.3f}\n", kStart);
}

}  // namespace merle
