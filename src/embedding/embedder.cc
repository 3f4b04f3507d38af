#include "embedding/embedder.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "embedding/batcher.h"
#include "embedding/model_folder.h"
#include "embedding/modules.h"
#include "embedding/pooling.h"
#include "embedding/prompts.h"
#include "embedding/statistics.h"
#include "kernels/normalize.h"
#include "models/encoder_model.h"
#include "models/registry.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

// The pooling's config.json, or mean pooling for a model that is only a transformer.
Pooling LoadPooling(const ModelFolder& model) {
  if (!model.has_modules_file) return Pooling({PoolingMode::kMean});
  if (model.modules.size() < 2 || model.modules[1].class_name != "Pooling") {
    throw Error(
        ErrorCode::kUnimplemented,
        Format("{}: modules.json has no Pooling after the Transformer, which is not supported",
               model.modules[0].folder.path()));
  }
  return Pooling::FromConfig(JsonDocument::Load(model.modules[1].folder, "config.json").root());
}

std::vector<std::unique_ptr<Module>> LoadModules(const ModelFolder& model, std::size_t dim) {
  std::vector<std::unique_ptr<Module>> modules;
  for (std::size_t i = 2; i < model.modules.size(); ++i) {
    modules.push_back(LoadModule(model.modules[i].class_name, model.modules[i].folder, dim));
    dim = modules.back()->out_dim();
  }
  return modules;
}

bool IsZero(std::span<const float> vector) {
  return std::ranges::all_of(vector, [](float x) { return x == 0; });
}

bool IsFinite(std::span<const float> vector) {
  return std::ranges::all_of(vector, [](float x) { return std::isfinite(x); });
}

// The length limit: what the folder says, else the tokenizer's, and never more than the model has
// positions for.
std::size_t MaxTokens(const ModelFolder& folder, const Tokenizer& tokenizer,
                      const EncoderModel& model) {
  const std::size_t positions = model.shape().max_positions;
  if (folder.max_tokens) return std::min(*folder.max_tokens, positions);
  return std::min(tokenizer.model_max_length().value_or(positions), positions);
}

// Returns what `make` makes, and adds the seconds that it takes to `seconds`.
template <typename Make>
auto Timed(double& seconds, const Make& make) {
  struct Timer {
    ~Timer() { seconds += watch.Seconds(); }
    double& seconds;
    const Stopwatch watch;
  };
  const Timer timer{.seconds = seconds, .watch = {}};
  return make();
}

// What one thread works in, group by group, and the time it spent at the two stages.
struct GroupWorker {
  AlignedBuffer<float> states;      // [tokens, hidden]
  AlignedBuffer<float> pooled;      // [texts, pooled dim]
  std::vector<std::size_t> starts;  // [texts + 1]
  double forward_seconds = 0;
  double pool_seconds = 0;
};

// Adds `seconds` on the clock to the two stages, in the proportion of what the threads spent.
void DivideTime(double seconds, std::span<const GroupWorker> workers, EmbedStats& stats) {
  double forward = 0, pool = 0;
  for (const GroupWorker& worker : workers) {
    forward += worker.forward_seconds;
    pool += worker.pool_seconds;
  }
  const double share = seconds * forward / std::max(forward + pool, 1e-9);
  stats.forward_seconds += share;
  stats.pool_seconds += seconds - share;
}

}  // namespace

struct Embedder::Parts {
  Parts(const std::string& model_path, const EmbedderOptions& options)
      : path(model_path),
        folder(ReadModelFolder(path)),
        tokenizer(Timed(load.tokenizer_seconds,
                        [&] {
                          return Tokenizer::Load(folder.modules[0].folder,
                                                 {.lowercase_first = folder.lowercase_first,
                                                  .cache_folder = options.cache_folder});
                        })),
        model(Timed(load.weights_seconds,
                    [&] {
                      return LoadEncoderModel(folder.modules[0].folder,
                                              {.compute = options.compute,
                                               .special_ids = tokenizer.Encode("").ids,
                                               .cache_folder = options.cache_folder});
                    })),
        pooling(LoadPooling(folder)),
        modules(LoadModules(folder, pooling.modes().size() * model->shape().hidden_size)),
        max_tokens(MaxTokens(folder, tokenizer, *model)),
        alone(1),
        own_pool(options.pool == nullptr ? std::make_unique<ThreadPool>(options.threads) : nullptr),
        pool(options.pool == nullptr ? own_pool.get() : options.pool) {
    if (tokenizer.id_limit() > model->shape().vocab_size) {
      throw Error(ErrorCode::kDataLoss,
                  Format("{}: the tokenizer's ids go up to {}, the embedding table has {} rows",
                         path, tokenizer.id_limit() - 1, model->shape().vocab_size));
    }
    if (tokenizer.type_id_limit(false) > 1) {  // The model is run with segment 0 alone.
      throw Error(ErrorCode::kUnimplemented,
                  Format("{}: the tokenizer gives a text the segment {}, only 0 is supported", path,
                         tokenizer.type_id_limit(false) - 1));
    }
    if (max_tokens <= tokenizer.special_tokens_added(false)) {
      throw Error(
          ErrorCode::kDataLoss,
          Format("{}: a text may have {} tokens, and {} are special: there is no room for any",
                 path, max_tokens, tokenizer.special_tokens_added(false)));
    }
    for (const ModuleEntry& module : folder.modules) {
      if (module.own_class.empty()) continue;
      Log(LogLevel::kWarning, Format("{}: the model's own code {} is not run; Merle's {} is used",
                                     path, Quoted(module.own_class), module.class_name));
    }
  }

  std::size_t pooled_dim() const { return pooling.modes().size() * model->shape().hidden_size; }
  std::size_t dim() const { return modules.empty() ? pooled_dim() : modules.back()->out_dim(); }

  // Tokens of the prompt that pooling leaves out: those it has alone, less a closing special one.
  std::size_t SkippedTokens(std::string_view prompt) const;
  MatrixView<float> HiddenStates(const TokenizedTexts& texts, TextGroup group, ThreadPool& threads,
                                 GroupWorker& worker) const;
  void Pool(MatrixView<const float> states, std::size_t skip, GroupWorker& worker,
            MatrixView<float> out, std::span<char> nothing) const;
  void EmbedChunk(const TokenizedTexts& texts, std::size_t skip, bool normalize,
                  MatrixView<float> out, std::span<char> nothing, EmbedStats& stats) const;
  void Finish(MatrixView<const float> pooled, MatrixView<float> out) const;

  LoadStats load;
  std::string path;
  ModelFolder folder;
  Tokenizer tokenizer;
  std::unique_ptr<EncoderModel> model;
  Pooling pooling;
  std::vector<std::unique_ptr<Module>> modules;
  std::size_t max_tokens;
  mutable ThreadPool alone;  // The calling thread, for groups that run side by side.
  std::unique_ptr<ThreadPool> own_pool;
  ThreadPool* pool;
};

std::size_t Embedder::Parts::SkippedTokens(std::string_view prompt) const {
  if (pooling.include_prompt() || prompt.empty()) return 0;
  const Encoding encoding = tokenizer.Encode(prompt, {.max_length = max_tokens});
  const bool ends_special = !encoding.ids.empty() && encoding.special_tokens_mask.back() != 0;
  return encoding.ids.size() - (ends_special ? 1 : 0);
}

// Runs texts [group.first, group.last) through the transformer. Returns worker.states, [tokens,
// hidden], and leaves in worker.starts where each text begins there.
MatrixView<float> Embedder::Parts::HiddenStates(const TokenizedTexts& texts, TextGroup group,
                                                ThreadPool& threads, GroupWorker& worker) const {
  const std::size_t begin = texts.starts[group.first];
  const std::size_t tokens = texts.starts[group.last] - begin;
  worker.starts.clear();
  for (std::size_t i = group.first; i <= group.last; ++i) {
    worker.starts.push_back(texts.starts[i] - begin);
  }
  const std::size_t hidden = model->shape().hidden_size;
  worker.states.Reserve(tokens * hidden);
  const MatrixView<float> states(worker.states.data(), tokens, hidden);
  model->Forward(
      {.ids = std::span(texts.ids).subspan(begin, tokens), .type_ids = {}, .starts = worker.starts},
      threads, states);
  return states;
}

// Makes a vector of each text's hidden states. nothing[i]: whether tokens of text i were pooled,
// and gave zeros.
void Embedder::Parts::Pool(MatrixView<const float> states, std::size_t skip, GroupWorker& worker,
                           MatrixView<float> out, std::span<char> nothing) const {
  worker.pooled.Reserve(out.rows() * pooled_dim());
  const MatrixView<float> pooled(worker.pooled.data(), out.rows(), pooled_dim());
  for (std::size_t i = 0; i < out.rows(); ++i) {
    const std::size_t begin = worker.starts[i], tokens = worker.starts[i + 1] - begin;
    pooling.Pool(states.Rows(begin, tokens), skip, pooled.Row(i));
    nothing[i] = tokens > skip && IsZero(pooled.Row(i)) ? 1 : 0;
  }
  Finish(pooled, out);
}

// Writes the vectors of all `texts` to `out` and adds to the times of the two stages.
void Embedder::Parts::EmbedChunk(const TokenizedTexts& texts, std::size_t skip, bool normalize,
                                 MatrixView<float> out, std::span<char> nothing,
                                 EmbedStats& stats) const {
  const std::vector<TextGroup> groups = GroupTexts(texts, pool->size());
  std::vector<GroupWorker> workers(pool->size());
  const auto run = [&](std::size_t g, ThreadPool& threads, GroupWorker& worker) {
    Stopwatch watch;
    const auto [begin, end] = groups[g];
    const MatrixView<float> states = HiddenStates(texts, groups[g], threads, worker);
    worker.forward_seconds += watch.Lap();
    const auto rows = out.Rows(begin, end - begin);
    Pool(states, skip, worker, rows, nothing.subspan(begin, end - begin));
    if (normalize) L2NormalizeRows(rows);
    worker.pool_seconds += watch.Lap();
  };
  const Stopwatch watch;
  // Groups side by side, each on one thread, are fastest; those of the last round use all threads
  // one by one where there are not enough of them to keep every thread busy.
  const std::size_t side_by_side = groups.size() - groups.size() % pool->size();
  pool->ParallelFor(side_by_side,
                    [&](std::size_t g, std::size_t worker) { run(g, alone, workers[worker]); });
  for (std::size_t g = side_by_side; g < groups.size(); ++g) run(g, *pool, workers[0]);
  DivideTime(watch.Seconds(), workers, stats);
}

// Passes the pooled vectors through the modules and keeps the first out.cols() components.
void Embedder::Parts::Finish(MatrixView<const float> pooled, MatrixView<float> out) const {
  Matrix<float> now, next;
  MatrixView<const float> in = pooled;
  for (const auto& module : modules) {
    next = Matrix<float>(in.rows(), module->out_dim());
    module->Forward(in, next.view());
    std::swap(now, next);
    in = now.view();
  }
  for (std::size_t r = 0; r < in.rows(); ++r) {
    std::copy_n(in.Row(r).begin(), out.cols(), out.Row(r).begin());
  }
}

Embedder::Embedder(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Embedder::Embedder(Embedder&&) noexcept = default;
Embedder& Embedder::operator=(Embedder&&) noexcept = default;
Embedder::~Embedder() = default;

Embedder Embedder::Load(const std::string& folder, const EmbedderOptions& options) {
  const Stopwatch watch;
  try {
    auto parts = std::make_unique<Parts>(folder, options);
    parts->load.seconds = watch.Seconds();
    return Embedder(std::move(parts));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kResourceExhausted,
                Format("{}: there is not enough memory to load the model", folder));
  }
}

Matrix<float> Embedder::Embed(std::span<const std::string_view> texts, const EmbedOptions& options,
                              EmbedStats* stats) const {
  Stopwatch watch;
  const Parts& parts = *parts_;
  const std::string_view prompt = parts.folder.prompts.Choose(options.prompt);
  const std::size_t skip = parts.SkippedTokens(prompt);
  Matrix<float> vectors(texts.size(), dim(options));

  EmbedStats unwanted;
  if (stats == nullptr) stats = &unwanted;
  const Batcher batcher(parts.tokenizer, {.max_tokens = parts.max_tokens,
                                          .prompt = prompt,
                                          .chunk_tokens = options.batch_tokens,
                                          .refuse_long = options.on_long == OnLong::kError,
                                          .name_text = options.name_text});
  for (std::size_t first = 0; first < texts.size();) {
    const std::size_t last = batcher.ChunkEnd(texts, first);
    watch.Lap();
    const TokenizedTexts tokenized = batcher.Tokenize(texts, first, last, *parts.pool);
    stats->tokenize_seconds += watch.Lap();
    const auto rows = vectors.view().Rows(first, last - first);
    std::vector<char> nothing(rows.rows());
    parts.EmbedChunk(tokenized, skip, options.normalize, rows, nothing, *stats);
    for (std::size_t r = 0; r < rows.rows(); ++r) {
      if (nothing[r] == 0 && IsFinite(rows.Row(r))) continue;
      throw Error(
          ErrorCode::kDataLoss,
          Format("{}: the vector of {} is {}, so the model's weights are damaged", parts.path,
                 batcher.NameOf(first + r), nothing[r] != 0 ? "all zeros" : "not finite"));
    }
    stats->texts += last - first;
    stats->tokens += tokenized.ids.size();
    stats->cut_texts += tokenized.cut_texts;
    first = last;
    if (options.on_progress) options.on_progress(first);
  }
  stats->seconds += watch.Seconds();
  return vectors;
}

Matrix<float> Embedder::Embed(std::string_view text, const EmbedOptions& options) const {
  return Embed(std::span(&text, 1), options);
}

std::size_t Embedder::dim(const EmbedOptions& options) const {
  const std::size_t wanted = options.truncate_dim != 0
                                 ? options.truncate_dim
                                 : parts_->folder.truncate_dim.value_or(parts_->dim());
  return std::min(wanted, parts_->dim());
}
std::size_t Embedder::max_tokens() const { return parts_->max_tokens; }
const Prompts& Embedder::prompts() const { return parts_->folder.prompts; }
const Tokenizer& Embedder::tokenizer() const { return parts_->tokenizer; }
const EncoderModel& Embedder::model() const { return *parts_->model; }
ThreadPool& Embedder::pool() const { return *parts_->pool; }
const LoadStats& Embedder::load_stats() const { return parts_->load; }

std::string Embedder::pooling_name() const {
  std::vector<std::string_view> names;
  for (const PoolingMode mode : parts_->pooling.modes()) names.push_back(PoolingModeName(mode));
  return Join(names, " ");
}

std::string Embedder::Describe() const {
  const EncoderShape& shape = parts_->model->shape();
  const auto s = [](std::size_t count) { return count == 1 ? "" : "s"; };
  std::string text =
      Format("Transformer: {}, {} layer{}, {} head{}, {} wide\nPooling: {}, {}\n",
             parts_->model->model_type(), shape.layers, s(shape.layers), shape.heads,
             s(shape.heads), shape.hidden_size, pooling_name(), parts_->pooled_dim());
  for (const auto& module : parts_->modules) text += module->Describe() + '\n';
  return text;
}

std::vector<float> Embedder::PoolingShares(MatrixView<const float> hidden_states,
                                           const PromptChoice& prompt) const {
  return parts_->pooling.Shares(hidden_states,
                                parts_->SkippedTokens(parts_->folder.prompts.Choose(prompt)));
}

}  // namespace merle
