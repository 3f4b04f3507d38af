#include "embedding/modules.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/quote.h"
#include "kernels/activation.h"
#include "kernels/gemm.h"
#include "kernels/normalize.h"
#include "models/layers.h"
#include "models/weights.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

constexpr std::size_t kMaxDim = 1 << 20;

void CopyRows(MatrixView<const float> in, MatrixView<float> out) {
  for (std::size_t r = 0; r < in.rows(); ++r) {
    std::copy(in.Row(r).begin(), in.Row(r).end(), out.Row(r).begin());
  }
}

// L2 norm 1. Peer: sentence_transformers Normalize.
class Normalize : public Module {
 public:
  Normalize(const Folder&, std::size_t dim) : dim_(dim) {}

  void Forward(MatrixView<const float> in, MatrixView<float> out) const override {
    CopyRows(in, out);
    L2NormalizeRows(out);
  }
  std::size_t out_dim() const override { return dim_; }
  std::string Describe() const override { return "Normalize: L2 norm 1"; }

 private:
  std::size_t dim_;
};

// Does nothing when a model is used rather than trained.
class Dropout : public Module {
 public:
  Dropout(const Folder&, std::size_t dim) : dim_(dim) {}

  void Forward(MatrixView<const float> in, MatrixView<float> out) const override {
    CopyRows(in, out);
  }
  std::size_t out_dim() const override { return dim_; }
  std::string Describe() const override { return "Dropout: off"; }

 private:
  std::size_t dim_;
};

// Peer: sentence_transformers LayerNorm, torch's default eps.
class LayerNormModule : public Module {
 public:
  LayerNormModule(const Folder& folder, std::size_t dim) : dim_(dim) {
    Weights weights = Weights::Open(folder, "");
    layer_ = LayerNormLayer(weights, "norm", dim, 1e-5F);
  }

  void Forward(MatrixView<const float> in, MatrixView<float> out) const override {
    CopyRows(in, out);
    layer_.Forward(out);
  }
  std::size_t out_dim() const override { return dim_; }
  std::string Describe() const override { return Format("LayerNorm: {}", dim_); }

 private:
  LayerNormLayer layer_;
  std::size_t dim_;
};

struct ActivationRow {
  std::string_view torch_class;
  Activation activation;
  std::string_view name;
};

constexpr ActivationRow kTorchActivations[] = {
    {"Tanh", Activation::kTanh, "tanh"}, {"Identity", Activation::kNone, "identity"},
    {"ReLU", Activation::kRelu, "relu"}, {"GELU", Activation::kGelu, "gelu"},
    {"SiLU", Activation::kSilu, "silu"},
};

// The reference trusts classes of torch only; anything else becomes its default, tanh.
const ActivationRow& ActivationFromConfig(const JsonValue& config) {
  const auto name = config.Find("activation_function");
  if (!name || !name->AsString().starts_with("torch.")) return kTorchActivations[0];
  const std::string_view path = name->AsString();
  const std::string_view class_name = path.substr(path.rfind('.') + 1);
  for (const ActivationRow& row : kTorchActivations) {
    if (row.torch_class == class_name) return row;
  }
  name->Fail(Format("is {}, which is not supported", Quoted(path)), ErrorCode::kUnimplemented);
}

// out = activation(in W^T + b), plus the input where use_residual is set. Peer: Dense.
class Dense : public Module {
 public:
  Dense(const Folder& folder, std::size_t in_dim) {
    const JsonDocument document = JsonDocument::Load(folder, "config.json");
    Weights weights = Weights::Open(folder, "");
    Read(folder.path(), document.root(), in_dim, weights);
  }

  void Forward(MatrixView<const float> in, MatrixView<float> out) const override {
    if (residual_) Linear(in, *residual_, {}, out);
    const MatrixView<const float> residual = residual_     ? out
                                             : adds_input_ ? in
                                                           : MatrixView<const float>();
    Linear(in, weight_,
           {.bias = bias_.span(), .activation = activation_->activation, .residual = residual},
           out);
  }
  std::size_t out_dim() const override { return weight_.out_features(); }
  std::string Describe() const override {
    return Format("Dense: {} to {}, {}", weight_.in_features(), weight_.out_features(),
                  activation_->name);
  }

 private:
  void Read(const std::string& path, const JsonValue& config, std::size_t in_dim,
            Weights& weights) {
    const std::size_t in_features = ConfigSize(config, "in_features", 1, kMaxDim);
    const std::size_t out_features = ConfigSize(config, "out_features", 1, kMaxDim);
    if (in_features != in_dim) {
      config.At("in_features")
          .Fail(Format("is {}, the module before gives {}", in_features, in_dim));
    }
    for (const char* key : {"module_input_name", "module_output_name"}) {
      const auto name = config.Find(key);
      if (name && name->AsString() != "sentence_embedding") {
        name->Fail(Format("is {}, which is not supported", Quoted(name->AsString())),
                   ErrorCode::kUnimplemented);
      }
    }
    activation_ = &ActivationFromConfig(config);
    const auto weight = weights.GetMatrix("linear.weight", out_features, in_features);
    if (std::all_of(weight.data(), weight.data() + out_features * in_features,
                    [](float x) { return x == 0; })) {
      throw Error(ErrorCode::kDataLoss,
                  Format("{}: linear.weight is all zeros, so the weights are damaged", path));
    }
    weight_ = PackedWeights(weight.view());
    const auto bias = config.Find("bias");
    if (!bias || bias->AsBool()) bias_ = weights.GetVector("linear.bias", out_features);
    const auto use_residual = config.Find("use_residual");
    adds_input_ = use_residual && use_residual->AsBool();
    if (adds_input_ && in_features != out_features) {
      residual_ =
          PackedWeights(weights.GetMatrix("residual.weight", out_features, in_features).view());
    }
  }

  PackedWeights weight_;
  std::optional<PackedWeights> residual_;
  AlignedBuffer<float> bias_;
  const ActivationRow* activation_ = nullptr;
  bool adds_input_ = false;
};

template <typename Kind>
std::unique_ptr<Module> Make(const Folder& folder, std::size_t in_dim) {
  return std::make_unique<Kind>(folder, in_dim);
}

struct ModuleRow {
  std::string_view class_name;
  std::unique_ptr<Module> (*make)(const Folder& folder, std::size_t in_dim);
};

constexpr ModuleRow kModules[] = {
    {"Dense", &Make<Dense>},
    {"Normalize", &Make<Normalize>},
    {"LayerNorm", &Make<LayerNormModule>},
    {"Dropout", &Make<Dropout>},
};

}  // namespace

std::unique_ptr<Module> LoadModule(std::string_view class_name, const Folder& folder,
                                   std::size_t in_dim) {
  for (const ModuleRow& row : kModules) {
    if (row.class_name == class_name) return row.make(folder, in_dim);
  }
  throw Error(ErrorCode::kUnimplemented,
              Format("{}: a module of class {} after the pooling is not supported", folder.path(),
                     Quoted(class_name)));
}

}  // namespace merle
