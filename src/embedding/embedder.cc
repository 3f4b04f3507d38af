#include "embedding/embedder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
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
#include "embedding/module_chain.h"
#include "embedding/pooling.h"
#include "embedding/prompts.h"
#include "embedding/statistics.h"
#include "embedding/tokenized_texts.h"
#include "kernels/normalize.h"
#include "models/encoder_model.h"
#include "models/registry.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

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

constexpr std::size_t kBatchTokens = 32768;  // Read ahead where the caller does not say.

// What `options` asks for of whole vectors: the first components, and the length 1. `out` may be
// `whole` itself.
void FinishRows(MatrixView<const float> whole, const EmbedOptions& options, MatrixView<float> out) {
  if (out.data() != whole.data()) {
    for (std::size_t r = 0; r < out.rows(); ++r) {
      std::copy_n(whole.Row(r).begin(), out.cols(), out.Row(r).begin());
    }
  }
  if (options.normalize) L2NormalizeRows(out);
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
        chain(LoadChain(options)),
        max_tokens(MaxTokens(folder, tokenizer, chain.model())),
        own_pool(options.pool == nullptr ? std::make_unique<ThreadPool>(options.threads) : nullptr),
        pool(options.pool == nullptr ? own_pool.get() : options.pool) {
    if (tokenizer.id_limit() > chain.model().shape().vocab_size) {
      throw Error(ErrorCode::kDataLoss,
                  Format("{}: the tokenizer's ids go up to {}, the embedding table has {} rows",
                         path, tokenizer.id_limit() - 1, chain.model().shape().vocab_size));
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

  // Tokens of the prompt that pooling leaves out: those it has alone, less a closing special one.
  std::size_t SkippedTokens(std::string_view prompt) const;
  ModuleChain LoadChain(const EmbedderOptions& options);  // With `folder` and `tokenizer` there.
  // What it borrows of `options` must outlive it.
  Batcher MakeBatcher(const EmbedOptions& options) const;
  // Writes the whole vectors to `out`. Throws kDataLoss, naming the text, for what sound weights
  // don't make.
  void Run(const TokenizedTexts& texts, ThreadPool& threads, MatrixView<float> out,
           EmbedStats& stats, const std::function<std::string(std::size_t)>& name_text) const;

  LoadStats load;
  std::string path;
  ModelFolder folder;
  Tokenizer tokenizer;
  ModuleChain chain;
  std::size_t max_tokens;
  mutable ThreadPool alone{1};  // The calling thread.
  std::unique_ptr<ThreadPool> own_pool;
  ThreadPool* pool;
};

std::size_t Embedder::Parts::SkippedTokens(std::string_view prompt) const {
  if (chain.pooling().include_prompt() || prompt.empty()) return 0;
  const Encoding encoding = tokenizer.Encode(prompt, {.max_length = max_tokens});
  const bool ends_special = !encoding.ids.empty() && encoding.special_tokens_mask.back() != 0;
  return encoding.ids.size() - (ends_special ? 1 : 0);
}

ModuleChain Embedder::Parts::LoadChain(const EmbedderOptions& options) {
  Pooling pooling = LoadPooling(folder);
  const auto make_vector = [&](MatrixView<const float> states) {
    std::vector<float> vector(pooling.modes().size() * states.cols());
    pooling.Pool(states, 0, vector);
    return vector;
  };
  auto model = Timed(load.weights_seconds, [&] {
    return LoadEncoderModel(folder.modules[0].folder, {.compute = options.compute,
                                                       .pool = make_vector,
                                                       .pool_name = PoolingName(pooling),
                                                       .special_ids = tokenizer.Encode("").ids,
                                                       .cache_folder = options.cache_folder});
  });
  return ModuleChain(folder, std::move(model), std::move(pooling));
}

Batcher Embedder::Parts::MakeBatcher(const EmbedOptions& options) const {
  const std::string_view prompt = folder.prompts.Choose(options.prompt);
  return Batcher(tokenizer,
                 {.max_tokens = max_tokens,
                  .prompt = prompt,
                  .skip = SkippedTokens(prompt),
                  .chunk_tokens = options.batch_tokens != 0 ? options.batch_tokens : kBatchTokens,
                  .refuse_long = options.on_long == OnLong::kError,
                  .name_text = options.name_text});
}

void Embedder::Parts::Run(const TokenizedTexts& texts, ThreadPool& threads, MatrixView<float> out,
                          EmbedStats& stats,
                          const std::function<std::string(std::size_t)>& name_text) const {
  const auto bad = chain.Run(texts, threads, out, stats);
  if (!bad) return;
  throw Error(ErrorCode::kDataLoss,
              Format("{}: the vector of {} is {}, so the model's weights are damaged", path,
                     name_text(bad->text), bad->what));
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
  const Batcher batcher = parts.MakeBatcher(options);
  Matrix<float> vectors(texts.size(), dim(options));
  AlignedBuffer<float> uncut;  // The whole vectors of a chunk, where they are cut.

  EmbedStats unwanted;
  if (stats == nullptr) stats = &unwanted;
  for (std::size_t first = 0; first < texts.size();) {
    const std::size_t last = batcher.ChunkEnd(texts, first);
    watch.Lap();
    const TokenizedTexts tokenized = batcher.Tokenize(texts, first, last, *parts.pool);
    stats->tokenize_seconds += watch.Lap();
    const auto rows = vectors.view().Rows(first, last - first);
    MatrixView<float> whole = rows;
    if (rows.cols() < whole_dim()) {
      uncut.Reserve(rows.rows() * whole_dim());
      whole = {uncut.data(), rows.rows(), whole_dim()};
    }
    parts.Run(tokenized, *parts.pool, whole, *stats,
              [&](std::size_t text) { return batcher.NameOf(first + text); });
    watch.Lap();
    FinishRows(whole, options, rows);
    stats->pool_seconds += watch.Lap();
    stats->texts += last - first;
    stats->tokens += tokenized.ids.size();
    stats->cut_texts += tokenized.cut_texts;
    first = last;
    if (options.on_progress) options.on_progress(first);
  }
  stats->seconds += watch.Seconds();
  return vectors;
}

TokenizedTexts Embedder::Tokenize(std::span<const std::string_view> texts,
                                  const EmbedOptions& options) const {
  return parts_->MakeBatcher(options).Tokenize(texts, 0, texts.size(), parts_->alone);
}

void Embedder::CheckTokens(const TokenizedTexts& texts) const {
  const auto& starts = texts.starts;
  if ((starts.empty() && !texts.ids.empty()) ||
      (!starts.empty() && (starts.front() != 0 || starts.back() != texts.ids.size() ||
                           !std::ranges::is_sorted(starts)))) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the starts of the texts must rise from 0 to {}, the tokens there are",
                       texts.ids.size()));
  }
  if (!texts.skips.empty() && texts.skips.size() != texts.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{} skips for {} texts", texts.skips.size(), texts.size()));
  }
  const std::size_t rows = model().shape().vocab_size;
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const std::size_t tokens = texts.Tokens(t, t + 1);
    if (tokens == 0 || tokens > max_tokens()) {
      throw Error(
          ErrorCode::kInvalidArgument,
          Format("text {} has {} tokens, the model takes 1 to {}", t, tokens, max_tokens()));
    }
    for (const std::int32_t id : std::span(texts.ids).subspan(starts[t], tokens)) {
      if (id >= 0 && static_cast<std::size_t>(id) < rows) continue;
      throw Error(
          ErrorCode::kInvalidArgument,
          Format("text {}: the model has no token id {}, they go up to {}", t, id, rows - 1));
    }
  }
}

void Embedder::EmbedTokens(const TokenizedTexts& texts, MatrixView<float> out,
                           ThreadPool* pool) const {
  CheckTokens(texts);
  if (out.rows() != texts.size() || out.cols() != whole_dim()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the vectors are [{}, {}], there is room for [{}, {}]", texts.size(),
                       whole_dim(), out.rows(), out.cols()));
  }
  EmbedStats unwanted;
  parts_->Run(texts, pool != nullptr ? *pool : *parts_->pool, out, unwanted,
              [](std::size_t text) { return Format("text {}", text); });
}

Matrix<float> Embedder::FinishVectors(MatrixView<const float> whole,
                                      const EmbedOptions& options) const {
  if (whole.cols() != whole_dim()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("a whole vector has {} components, not {}", whole_dim(), whole.cols()));
  }
  auto vectors = Matrix<float>::Uninitialized(whole.rows(), dim(options));
  FinishRows(whole, options, vectors.view());
  return vectors;
}

std::size_t Embedder::whole_dim() const { return parts_->chain.dim(); }
std::size_t Embedder::dim(const EmbedOptions& options) const {
  const std::size_t wanted = options.truncate_dim != 0
                                 ? options.truncate_dim
                                 : parts_->folder.truncate_dim.value_or(whole_dim());
  return std::min(wanted, whole_dim());
}
std::size_t Embedder::max_tokens() const { return parts_->max_tokens; }
const Prompts& Embedder::prompts() const { return parts_->folder.prompts; }
const Tokenizer& Embedder::tokenizer() const { return parts_->tokenizer; }
const EncoderModel& Embedder::model() const { return parts_->chain.model(); }
ThreadPool& Embedder::pool() const { return *parts_->pool; }
const LoadStats& Embedder::load_stats() const { return parts_->load; }
std::uint64_t Embedder::ChecksumOfFiles() const {
  return parts_->folder.modules[0].folder.ChecksumOfOpened();
}

std::string Embedder::pooling_name() const { return parts_->chain.pooling_name(); }
std::string Embedder::Describe() const { return parts_->chain.Describe(); }

std::vector<float> Embedder::PoolingShares(MatrixView<const float> hidden_states,
                                           const PromptChoice& prompt) const {
  return parts_->chain.pooling().Shares(
      hidden_states, parts_->SkippedTokens(parts_->folder.prompts.Choose(prompt)));
}

}  // namespace merle
