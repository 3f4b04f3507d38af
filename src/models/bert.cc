#include "models/bert.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/mapped_file.h"
#include "base/quote.h"
#include "base/thread_pool.h"
#include "kernels/activation.h"
#include "kernels/attention.h"
#include "kernels/dot_tile.h"
#include "models/calibration.h"
#include "models/compute.h"
#include "models/encoder_model.h"
#include "models/layers.h"
#include "models/linear_layer.h"
#include "models/packed_cache.h"
#include "models/row_table.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Rows of one task in the linear layers. A multiple of the 12 rows of a GEMM micro-kernel, and few
// enough that the feed-forward's inner states (96 * 1536 * 4 = 590 KB for MiniLM) stay in L2.
constexpr std::size_t kMaxBlockRows = 96;
constexpr std::size_t kRowStep = 12;

// With fewer rows for each thread than this, reading the weights takes longer than the arithmetic
// (42 MB at 38 GB/s a core against 21 MFLOP a token at 250 GFLOP/s a core, for MiniLM).
constexpr std::size_t kFewRows = 24;

struct BertConfig {
  EncoderShape shape;
  std::size_t type_vocab_size;
  float layer_norm_eps;
  Activation activation;
};

BertConfig ParseConfig(const JsonValue& json) {
  BertConfig config{};
  EncoderShape& shape = config.shape;
  // Far above every model there is, and low enough that no product of them overflows.
  shape.hidden_size = ConfigSize(json, "hidden_size", 1, 1 << 16);
  shape.heads = ConfigSize(json, "num_attention_heads", 1, shape.hidden_size);
  shape.layers = ConfigSize(json, "num_hidden_layers", 0, 1024);
  shape.intermediate_size = ConfigSize(json, "intermediate_size", 1, 1 << 18);
  shape.max_positions = ConfigSize(json, "max_position_embeddings", 1, 1 << 20);
  shape.vocab_size = ConfigSize(json, "vocab_size", 1, 1 << 24);
  config.type_vocab_size = ConfigSize(json, "type_vocab_size", 1, 1 << 16);
  config.layer_norm_eps = ConfigEps(json, "layer_norm_eps", 1e-12f);
  if (shape.hidden_size % shape.heads != 0) {
    json.Fail(Format("hidden_size {} is not a multiple of num_attention_heads {}",
                     shape.hidden_size, shape.heads));
  }
  const auto name = json.Find("hidden_act");
  const auto activation = name ? ParseActivation(name->AsString()) : Activation::kGelu;
  if (!activation) {
    name->Fail(Format("is {}, which is not supported", Quoted(name->AsString())),
               ErrorCode::kUnimplemented);
  }
  config.activation = *activation;
  const auto positions = json.Find("position_embedding_type");
  if (positions && positions->AsString() != "absolute") {
    positions->Fail(Format("is {}, which is not supported", Quoted(positions->AsString())),
                    ErrorCode::kUnimplemented);
  }
  const auto is_decoder = json.Find("is_decoder");
  if (is_decoder && is_decoder->AsBool()) {
    is_decoder->Fail("is true: a BERT decoder is not supported", ErrorCode::kUnimplemented);
  }
  return config;
}

// Throws unless `id` is a row of a table of `rows`.
void CheckId(std::int32_t id, std::size_t rows, const char* what) {
  if (id < 0 || static_cast<std::size_t>(id) >= rows) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the {} {} is not in the model's table of {}", what, id, rows));
  }
}

// One transformer layer's weights.
struct BertLayer {
  BertLayer(Weights& weights, const std::string& name, const BertConfig& config,
            PackedFields* stored, Compute compute) {
    const std::size_t hidden = config.shape.hidden_size;
    const std::string self = name + ".attention.self.";
    const std::string projections[] = {self + "query", self + "key", self + "value"};
    qkv = LinearLayer(weights, projections, hidden, hidden, stored, compute);
    attention_output =
        LinearLayer(weights, name + ".attention.output.dense", hidden, hidden, stored, compute);
    attention_norm = LayerNormLayer(weights, name + ".attention.output.LayerNorm", hidden,
                                    config.layer_norm_eps);
    const std::size_t inner = config.shape.intermediate_size;
    intermediate =
        LinearLayer(weights, name + ".intermediate.dense", inner, hidden, stored, compute);
    output = LinearLayer(weights, name + ".output.dense", hidden, inner, stored, compute);
    output_norm =
        LayerNormLayer(weights, name + ".output.LayerNorm", hidden, config.layer_norm_eps);
  }

  std::array<LinearLayer*, 4> linears() {
    return {&qkv, &attention_output, &intermediate, &output};
  }

  LinearLayer qkv, attention_output, intermediate, output;
  LayerNormLayer attention_norm, output_norm;
};

// The memory of one forward pass, kept for the next one.
struct Workspace {
  // What one worker needs for itself.
  struct Worker {
    AlignedBuffer<float> intermediate;  // [block rows, intermediate_size]
    AttentionScratch attention;
    LinearScratch linear;
  };

  AlignedBuffer<float> qkv;      // [tokens, 3 * hidden]
  AlignedBuffer<float> context;  // [tokens, hidden]
  AlignedBuffer<float> states;   // [tokens, hidden]
  std::vector<Worker> workers;
};

// Workspaces that no forward pass uses now. Thread-safe.
class WorkspacePool {
 public:
  std::unique_ptr<Workspace> Take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<Workspace>();
    auto workspace = std::move(free_.back());
    free_.pop_back();
    return workspace;
  }
  void Return(std::unique_ptr<Workspace> workspace) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(workspace));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> free_;
};

// Calls task(first_row, rows, worker) for blocks that cover [0, rows), small enough that every
// thread of the pool gets one where there are rows enough.
template <typename Task>
void ForRowBlocks(ThreadPool& pool, std::size_t rows, const Task& task) {
  const std::size_t fair = (rows + pool.size() - 1) / pool.size();
  const std::size_t stepped = (fair + kRowStep - 1) / kRowStep * kRowStep;
  const std::size_t block = std::min(kMaxBlockRows, stepped);
  pool.ParallelFor((rows + block - 1) / block, [&](std::size_t index, std::size_t worker) {
    const std::size_t first = index * block;
    task(first, std::min(block, rows - first), worker);
  });
}

class Bert : public EncoderModel {
 public:
  // stored: where given, the layers' weights come from there, in the arithmetic `compute`.
  Bert(const BertConfig& config, Weights weights, PackedFields* stored, Compute compute);

  // Replaces the float weights of the layers, once.
  void RoundToBf16();
  void QuantizeToInt8(std::span<const std::int32_t> special_ids);
  void Store(PackedFields& fields);

  const EncoderShape& shape() const override { return config_.shape; }
  const std::string& model_type() const override { return model_type_; }
  std::size_t parameters() const override { return parameters_; }
  Compute compute() const override { return compute_; }

  void Forward(const TokenBatch& batch, ThreadPool& pool, MatrixView<float> out,
               const HiddenStatesVisitor& visit_layer) const override;
  std::span<const float> TokenEmbedding(std::int32_t id) const override;
  bool Pool(MatrixView<const float> first_states, MatrixView<float> out) const override;

 private:
  void SetCompute(Compute compute);
  void CheckBatch(const TokenBatch& batch) const;
  void Run(const TokenBatch& batch, ThreadPool& pool, Workspace& work, MatrixView<float> out,
           const HiddenStatesVisitor& visit_layer) const;
  void Embed(const TokenBatch& batch, MatrixView<float> states) const;
  void Attend(const TokenBatch& batch, ThreadPool& pool, Workspace& work) const;
  void Finish(const BertLayer& layer, ThreadPool& pool, Workspace& work,
              MatrixView<float> states) const;
  void FinishShared(const BertLayer& layer, ThreadPool& pool, Workspace& work,
                    MatrixView<float> states) const;

  const std::string model_type_ = "bert";
  BertConfig config_;
  std::size_t parameters_;
  Compute compute_ = Compute::kF32;
  bool bf16_attention_ = false;
  std::shared_ptr<const MappedFile> stored_file_;  // What the layers' weights may be part of.
  RowTable word_embeddings_;
  Matrix<float> position_embeddings_, type_embeddings_;
  LayerNormLayer embedding_norm_;
  std::vector<BertLayer> layers_;
  std::optional<LinearLayer> pooler_;
  mutable WorkspacePool workspaces_;
};

Bert::Bert(const BertConfig& config, Weights weights, PackedFields* stored, Compute compute)
    : config_(config) {
  const EncoderShape& shape = config_.shape;
  const std::size_t hidden = shape.hidden_size;
  word_embeddings_ =
      weights.GetTable("embeddings.word_embeddings.weight", shape.vocab_size, hidden);
  position_embeddings_ =
      weights.GetMatrix("embeddings.position_embeddings.weight", shape.max_positions, hidden);
  type_embeddings_ =
      weights.GetMatrix("embeddings.token_type_embeddings.weight", config_.type_vocab_size, hidden);
  embedding_norm_ = LayerNormLayer(weights, "embeddings.LayerNorm", hidden, config_.layer_norm_eps);
  layers_.reserve(shape.layers);
  for (std::size_t i = 0; i < shape.layers; ++i) {
    layers_.emplace_back(weights, Format("encoder.layer.{}", i), config_, stored, compute);
  }
  if (stored != nullptr) {
    stored_file_ = stored->file();
    SetCompute(compute);
  }
  if (weights.Has("pooler.dense.weight")) {
    pooler_ = LinearLayer(weights, "pooler.dense", hidden, hidden);
  }
  parameters_ = weights.parameters();
}

void Bert::RoundToBf16() {
  for (BertLayer& layer : layers_) {
    for (LinearLayer* linear : layer.linears()) linear->RoundToBf16();
  }
  SetCompute(Compute::kBf16);
}

void Bert::QuantizeToInt8(std::span<const std::int32_t> special_ids) {
  const CalibrationTexts texts(config_.shape, special_ids);
  InputMaxima maxima;
  Workspace work;
  work.workers.resize(1);
  work.workers[0].linear.maxima = &maxima;
  ThreadPool alone(1);
  Matrix<float> states(texts.ids.size(), config_.shape.hidden_size);
  Run(texts.batch(), alone, work, states.view(), {});
  for (BertLayer& layer : layers_) {
    for (LinearLayer* linear : layer.linears()) linear->QuantizeToInt8(maxima.at(linear));
  }
  SetCompute(Compute::kInt8);
}

void Bert::Store(PackedFields& fields) {
  for (BertLayer& layer : layers_) {
    for (LinearLayer* linear : layer.linears()) linear->Store(fields);
  }
}

void Bert::SetCompute(Compute compute) {
  compute_ = compute;
  // To quantize attention, too, would cost accuracy: its scores are exponents.
  bf16_attention_ =
      compute == Compute::kBf16 || (compute == Compute::kInt8 && ActiveBf16Kernel().native);
}

void Bert::CheckBatch(const TokenBatch& batch) const {
  const EncoderShape& shape = config_.shape;
  for (const std::int32_t id : batch.ids) CheckId(id, shape.vocab_size, "token id");
  for (const std::int32_t id : batch.type_ids)
    CheckId(id, config_.type_vocab_size, "token type id");
  if (!batch.type_ids.empty() && batch.type_ids.size() != batch.ids.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("{} token type ids for {} tokens", batch.type_ids.size(), batch.ids.size()));
  }
  if (batch.starts.empty() || batch.starts.front() != 0 ||
      batch.starts.back() != batch.ids.size() ||
      !std::is_sorted(batch.starts.begin(), batch.starts.end())) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the starts of the texts must rise from 0 to {}, the tokens there are",
                       batch.ids.size()));
  }
  for (std::size_t t = 0; t < batch.texts(); ++t) {
    const std::size_t tokens = batch.starts[t + 1] - batch.starts[t];
    if (tokens == 0 || tokens > shape.max_positions) {
      throw Error(
          ErrorCode::kInvalidArgument,
          Format("text {} has {} tokens, the model takes 1 to {}", t, tokens, shape.max_positions));
    }
  }
}

// Adds in the reference's order: (word + type) + position.
void Bert::Embed(const TokenBatch& batch, MatrixView<float> states) const {
  for (std::size_t t = 0; t < batch.texts(); ++t) {
    for (std::size_t i = batch.starts[t]; i < batch.starts[t + 1]; ++i) {
      const auto word = word_embeddings_.Row(static_cast<std::size_t>(batch.ids[i]));
      const auto type = type_embeddings_.Row(
          batch.type_ids.empty() ? 0 : static_cast<std::size_t>(batch.type_ids[i]));
      const auto position = position_embeddings_.Row(i - batch.starts[t]);
      const auto state = states.Row(i);
      for (std::size_t j = 0; j < state.size(); ++j) state[j] = word[j] + type[j] + position[j];
    }
  }
  embedding_norm_.Forward(states);
}

// Each text attends to itself only. A task is a text, or one head of it where texts are few.
void Bert::Attend(const TokenBatch& batch, ThreadPool& pool, Workspace& work) const {
  const EncoderShape& shape = config_.shape;
  const std::size_t hidden = shape.hidden_size;
  const std::size_t tokens = batch.ids.size();
  const std::size_t head_dim = hidden / shape.heads;
  const float scale = 1.0F / std::sqrt(static_cast<float>(head_dim));
  const MatrixView<const float> qkv(work.qkv.data(), tokens, 3 * hidden);
  const MatrixView<float> context(work.context.data(), tokens, hidden);
  const std::size_t parts = batch.texts() < 2 * pool.size() && pool.size() > 1 ? shape.heads : 1;
  const std::size_t part_heads = shape.heads / parts;
  pool.ParallelFor(batch.texts() * parts, [&](std::size_t index, std::size_t worker) {
    const std::size_t text = index / parts;
    const std::size_t first = batch.starts[text];
    const std::size_t rows = batch.starts[text + 1] - first;
    const std::size_t col = index % parts * part_heads * head_dim;
    const std::size_t cols = part_heads * head_dim;
    const auto part = qkv.Rows(first, rows);
    AttentionScratch& scratch = work.workers[worker].attention;
    scratch.Reserve(rows, head_dim);
    const auto attention = bf16_attention_ ? &AttentionBf16 : &Attention;
    attention(part.Cols(col, cols), part.Cols(hidden + col, cols),
              part.Cols(2 * hidden + col, cols), part_heads, scale, scratch,
              context.Rows(first, rows).Cols(col, cols));
  });
}

// From the attention's context to the layer's result, block by block of rows: everything after
// the attention concerns one token alone.
void Bert::Finish(const BertLayer& layer, ThreadPool& pool, Workspace& work,
                  MatrixView<float> states) const {
  const std::size_t hidden = config_.shape.hidden_size;
  const std::size_t inner = config_.shape.intermediate_size;
  const MatrixView<float> context(work.context.data(), states.rows(), hidden);
  const MatrixView<float> scratch(work.states.data(), states.rows(), hidden);
  ForRowBlocks(pool, states.rows(), [&](std::size_t first, std::size_t rows, std::size_t worker) {
    auto& [buffer, _, linear] = work.workers[worker];
    buffer.Reserve(kMaxBlockRows * inner);
    const MatrixView<float> intermediate(buffer.data(), rows, inner);
    const auto attended = scratch.Rows(first, rows);
    const auto result = states.Rows(first, rows);
    layer.attention_output.Forward(context.Rows(first, rows), Activation::kNone, result, attended,
                                   linear);
    layer.attention_norm.Forward(attended);
    layer.intermediate.Forward(attended, config_.activation, {}, intermediate, linear);
    layer.output.Forward(intermediate, Activation::kNone, attended, result, linear);
    layer.output_norm.Forward(result);
  });
}

// The same for few tokens: all threads share the columns of each product.
void Bert::FinishShared(const BertLayer& layer, ThreadPool& pool, Workspace& work,
                        MatrixView<float> states) const {
  const std::size_t rows = states.rows();
  const std::size_t hidden = config_.shape.hidden_size;
  const std::size_t inner = config_.shape.intermediate_size;
  auto& [buffer, _, linear] = work.workers[0];
  buffer.Reserve(rows * inner);
  const MatrixView<float> intermediate(buffer.data(), rows, inner);
  const MatrixView<float> context(work.context.data(), rows, hidden);
  const MatrixView<float> attended(work.states.data(), rows, hidden);
  layer.attention_output.ForwardShared(pool, context, Activation::kNone, states, attended, linear);
  layer.attention_norm.Forward(attended);
  layer.intermediate.ForwardShared(pool, attended, config_.activation, {}, intermediate, linear);
  layer.output.ForwardShared(pool, intermediate, Activation::kNone, attended, states, linear);
  layer.output_norm.Forward(states);
}

void Bert::Forward(const TokenBatch& batch, ThreadPool& pool, MatrixView<float> out,
                   const HiddenStatesVisitor& visit_layer) const {
  CheckBatch(batch);
  MERLE_ASSERT(out.rows() == batch.ids.size() && out.cols() == config_.shape.hidden_size);
  if (batch.ids.empty()) return;
  auto work = workspaces_.Take();
  if (work->workers.size() < pool.size()) work->workers.resize(pool.size());
  Run(batch, pool, *work, out, visit_layer);
  workspaces_.Return(std::move(work));
}

void Bert::Run(const TokenBatch& batch, ThreadPool& pool, Workspace& work, MatrixView<float> out,
               const HiddenStatesVisitor& visit_layer) const {
  const std::size_t tokens = batch.ids.size();
  const std::size_t hidden = config_.shape.hidden_size;
  work.qkv.Reserve(tokens * 3 * hidden);
  work.context.Reserve(tokens * hidden);
  work.states.Reserve(tokens * hidden);

  Embed(batch, out);
  if (visit_layer) visit_layer(0, out);
  const MatrixView<float> qkv(work.qkv.data(), tokens, 3 * hidden);
  const bool shared = pool.size() > 1 && tokens < kFewRows * pool.size();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const BertLayer& layer = layers_[i];
    if (shared) {
      layer.qkv.ForwardShared(pool, out, Activation::kNone, {}, qkv, work.workers[0].linear);
    } else {
      ForRowBlocks(pool, tokens, [&](std::size_t first, std::size_t rows, std::size_t worker) {
        layer.qkv.Forward(out.Rows(first, rows), Activation::kNone, {}, qkv.Rows(first, rows),
                          work.workers[worker].linear);
      });
    }
    Attend(batch, pool, work);
    if (shared) {
      FinishShared(layer, pool, work, out);
    } else {
      Finish(layer, pool, work, out);
    }
    if (visit_layer) visit_layer(i + 1, out);
  }
}

std::span<const float> Bert::TokenEmbedding(std::int32_t id) const {
  CheckId(id, config_.shape.vocab_size, "token id");
  return word_embeddings_.Row(static_cast<std::size_t>(id));
}

bool Bert::Pool(MatrixView<const float> first_states, MatrixView<float> out) const {
  if (!pooler_) return false;
  LinearScratch scratch;
  pooler_->Forward(first_states, Activation::kTanh, {}, out, scratch);
  return true;
}

}  // namespace

std::unique_ptr<EncoderModel> LoadBert(const Folder& folder, const JsonValue& config,
                                       const ModelOptions& options) {
  const BertConfig parsed = ParseConfig(config);
  const Weights weights = Weights::Open(folder, "bert.");
  const PackedCache cache = OpenPackedCache(folder, weights, options);
  if (auto stored = cache.Open()) {
    auto model = std::make_unique<Bert>(parsed, weights, &*stored, options.compute);
    if (stored->whole()) return model;
  }
  auto model = std::make_unique<Bert>(parsed, weights, nullptr, Compute::kF32);
  if (options.compute == Compute::kBf16) model->RoundToBf16();
  try {
    if (options.compute == Compute::kInt8) model->QuantizeToInt8(options.special_ids);
  } catch (const Error& error) {
    throw Error(error.code(), Format("{}: {}", folder.path(), error.what()));
  }
  PackedFields fields;
  model->Store(fields);
  cache.Store(fields);
  return model;
}

}  // namespace merle
