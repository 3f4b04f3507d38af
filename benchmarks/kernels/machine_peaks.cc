// Peaks of the machine, as one line of JSON for each number of threads:
//
//   machine_peaks 1 2
//   {"threads":1,"f32":2.7e11,"bf16":5.4e11,"int8":1.1e12,"read":{"16
//   KiB":3.1e11,...},"copy":2.5e10}
//
// Operations a second (a multiplication and an addition are two) and bytes of memory a second, of
// all the threads together, each on a core of its own; 0 where the CPU lacks the instruction.
// "copy" counts the bytes read and those written.

#include <sched.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/json_writer.h"
#include "kernels/best_rate.h"
#include "kernels/dot.h"
#include "kernels/dot_peak.h"
#include "kernels/fma_peak.h"

namespace merle {
namespace {

// Keeps the calling thread on the index-th of the cores that the process may use.
void Pin(std::size_t index) {
  cpu_set_t usable, mine;
  CPU_ZERO(&mine);
  if (sched_getaffinity(0, sizeof usable, &usable) != 0) return;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &usable) && index-- == 0) CPU_SET(core, &mine);
  }
  sched_setaffinity(0, sizeof mine, &mine);  // Fails where there are fewer cores: then unpinned.
}

// The sum of what `measure` gives in each of `threads` threads that start it together.
double OnThreads(std::size_t threads, const std::function<double()>& measure) {
  std::atomic<std::size_t> ready = 0;
  std::vector<double> rates(threads);
  std::vector<std::thread> workers;
  workers.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      Pin(i);
      for (++ready; ready < threads;) std::this_thread::yield();
      rates[i] = measure();
    });
  }
  for (std::thread& worker : workers) worker.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

constexpr std::size_t kBytes = std::size_t{128} << 20;  // More than any cache keeps.

// Reads as a dot product of a vector with itself does.
double ReadRate() {
  const std::vector<float> data(kBytes / sizeof(float), 1.0f);
  volatile float keep = 0;
  return BestRate([&] {
    keep = Dot(data, data);
    return static_cast<double>(kBytes);
  });
}

double CopyRate() {
  const std::vector<char> from(kBytes, 'x');
  std::vector<char> to(kBytes);
  volatile char keep = 0;
  return BestRate([&] {
    std::memcpy(to.data(), from.data(), kBytes);
    keep = to[kBytes / 2];
    return static_cast<double>(2 * kBytes);
  });
}

std::string Measure(std::size_t threads) {
  JsonWriter json;
  json.BeginObject().Key("threads").Value(threads);
  json.Key("f32").Value(OnThreads(threads, MeasureFmaPeak));
  json.Key("bf16").Value(OnThreads(threads, MeasureBf16Peak));
  json.Key("int8").Value(OnThreads(threads, MeasureVnniPeak));
  json.Key("read").Value(OnThreads(threads, ReadRate));
  json.Key("copy").Value(OnThreads(threads, CopyRate));
  return json.EndObject().text();
}

}  // namespace
}  // namespace merle

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::size_t threads = std::stoul(argv[i]);
    std::printf("%s\n", merle::Measure(threads == 0 ? 1 : threads).c_str());
  }
}
