// How fast texts come through the server's queue, one text a request, beside Embedder::Embed of
// all.
//
//   batch_queue_bench MODEL_FOLDER TEXTS [CLIENTS [COMPUTE]]
//
// TEXTS has one text a line. Runs the two in turns and prints rates, their ratio, and how long a
// text takes that is alone. CLIENTS threads (64) each wait for one text before they send the next.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/stopwatch.h"
#include "embedding/embedder.h"
#include "models/compute.h"
#include "server/batch_queue.h"

namespace merle {
namespace {

using Texts = std::vector<std::string_view>;

void EmbedOne(BatchQueue& queue, const std::shared_ptr<const Embedder>& model,
              std::string_view text) {
  const auto done = std::make_shared<std::promise<void>>();
  queue.Add(model, model->Tokenize({&text, 1}), nullptr,
            [done](const BatchResult&) { done->set_value(); });
  done->get_future().wait();
}

double QueueSeconds(const std::shared_ptr<const Embedder>& model, const Texts& texts,
                    std::size_t clients, double* texts_of_a_batch) {
  std::atomic<std::size_t> batches = 0;
  BatchQueue queue({}, [&](const BatchReport&) { ++batches; });
  std::atomic<std::size_t> next = 0;
  const Stopwatch watch;
  std::vector<std::thread> threads;
  threads.reserve(clients);
  for (std::size_t i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      for (std::size_t t; (t = next++) < texts.size();) EmbedOne(queue, model, texts[t]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  *texts_of_a_batch = static_cast<double>(texts.size()) / static_cast<double>(batches);
  return watch.Seconds();
}

// Of all threads of this process: what others do on the machine counts less.
double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void PrintThroughput(const std::shared_ptr<const Embedder>& model, const Texts& texts,
                     std::size_t clients) {
  std::vector<double> ratios, cpu_ratios;
  for (int round = 0; round < 7; ++round) {
    const Stopwatch watch;
    const double cpu = CpuSeconds();
    model->Embed(texts);
    const double library = watch.Seconds(), library_cpu = CpuSeconds() - cpu;
    double texts_of_a_batch = 0;
    const double queue = QueueSeconds(model, texts, clients, &texts_of_a_batch);
    cpu_ratios.push_back(library_cpu / (CpuSeconds() - cpu - library_cpu));
    const auto count = static_cast<double>(texts.size());
    ratios.push_back(library / queue);
    std::printf(
        "library %.0f texts/s, queue %.0f texts/s (%.1f texts a batch), ratio %.3f, of CPU "
        "time %.3f\n",
        count / library, count / queue, texts_of_a_batch, ratios.back(), cpu_ratios.back());
  }
  std::printf("median ratio %.3f, of CPU time %.3f\n", Median(ratios), Median(cpu_ratios));
}

void PrintLatency(const std::shared_ptr<const Embedder>& model, const Texts& texts) {
  BatchQueue queue({});
  std::vector<double> library, queued;
  for (std::size_t i = 0; i < std::min<std::size_t>(texts.size(), 500); ++i) {
    Stopwatch watch;
    model->Embed(texts[i]);
    library.push_back(watch.Lap() * 1e6);
    EmbedOne(queue, model, texts[i]);
    queued.push_back(watch.Lap() * 1e6);
  }
  std::printf("alone: library %.0f us, queue %.0f us (medians)\n", Median(library), Median(queued));
}

void Run(int argc, char** argv) {
  std::vector<std::string> lines;
  std::ifstream file(argv[2]);
  for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  const Texts texts(lines.begin(), lines.end());
  const std::size_t clients = argc > 3 ? std::stoul(argv[3]) : 64;
  const auto compute = ParseCompute(argc > 4 ? argv[4] : "f32").value();
  const auto model =
      std::make_shared<const Embedder>(Embedder::Load(argv[1], {.compute = compute}));
  model->Embed(texts);
  PrintThroughput(model, texts, clients);
  PrintLatency(model, texts);
}

}  // namespace
}  // namespace merle

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: batch_queue_bench MODEL_FOLDER TEXTS [CLIENTS [COMPUTE]]\n", stderr);
    return 2;
  }
  try {
    merle::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "batch_queue_bench: %s\n", error.what());
    return 1;
  }
}
