// What the system knows of this process, in the text format of Prometheus.
#pragma once

#include <string>

namespace merle {

// Appends process_resident_memory_bytes, _cpu_seconds_total, _start_time_seconds and _open_fds,
// under the names that all clients of Prometheus use. Without /proc, those that can be had.
void WriteProcessMetrics(std::string& out);

}  // namespace merle
