// Fuzzes the JSON files of a model's folder, around the weights and the tokenizer of a small one:
// what is loaded must embed a text, and read no file outside the folder.
//
// An input is the files of kFiles, with zero bytes between them; one that is empty or missing is
// not written.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json_reader.h"
#include "embedding/embedder.h"
#include "embedding/model_folder.h"
#include "embedding/modules.h"
#include "embedding/pooling.h"
#include "harness.h"
#include "json_mutator.h"
#include "models/registry.h"
#include "models/weights.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFiles[] = {
    "config.json",
    "modules.json",
    "1_Pooling/config.json",
    "2_Dense/config.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "sharded/model.safetensors.index.json",
};
constexpr std::size_t kHidden = 16;  // Of the small model.

// The small model's folder without the files of kFiles. A vocab.txt, since the readers of
// tokenizer_config.json take more from there if the folder has no tokenizer.json.
void CopyTheRest(const ScratchFolder& folder) {
  const fs::path golden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/embedding/st-dense-tanh";
  folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\ndog\n##s\n.\n");
  for (const auto& [from, to] :
       {std::pair("model.safetensors", "model.safetensors"),
        std::pair("model.safetensors", "sharded/a.safetensors"),
        std::pair("2_Dense/model.safetensors", "2_Dense/model.safetensors")}) {
    folder.Write(to, ReadFile(golden / from, 1 << 20));
  }
}

// Module folders must lie in the model's, however their names are written.
void CheckFolders(const ModelFolder& model, const std::string& root) {
  for (const ModuleEntry& module : model.modules) {
    const fs::path inside = fs::path(module.folder.path()).lexically_relative(root);
    Require(!inside.empty() && *inside.begin() != "..", "a module's folder is not in the model's");
  }
}

void CheckVectors(const Embedder& embedder) {
  const Matrix<float> vectors = embedder.Embed("A dog is playing.");
  Require(vectors.rows() == 1 && vectors.cols() == embedder.dim() && vectors.cols() > 0,
          "a vector of another size than dim()");
  for (const float component : vectors.Row(0)) {
    Require(std::isfinite(component), "a vector is not finite");
  }
}

}  // namespace
}  // namespace merle::fuzz

using namespace merle;
using namespace merle::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ScratchFolder folder;
  [[maybe_unused]] static bool copied = (CopyTheRest(folder), true);
  const std::string root = folder.path();
  auto parts = SplitAtZeros(TextOf(data, size), std::size(kFiles));
  parts.resize(std::size(kFiles));
  static std::string written[std::size(kFiles)];
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (std::exchange(written[i], std::string(parts[i])) == parts[i]) continue;
    if (parts[i].empty()) {
      folder.Remove(kFiles[i]);
    } else {
      folder.Write(kFiles[i], parts[i]);
    }
  }
  if (Runs([&] { CheckVectors(Embedder::Load(root, {.threads = 1})); })) return 0;
  // Each reader alone, so that one broken file does not hide the others.
  Runs([&] { CheckFolders(ReadModelFolder(root), root); });
  Runs([&] { LoadEncoderModel(root); });
  Runs([&] { Tokenizer::Load(root); });
  Runs([&] { Pooling::FromConfig(JsonDocument::Load(root + "/1_Pooling", "config.json").root()); });
  Runs([&] { LoadModule("Dense", root + "/2_Dense", kHidden); });
  Runs([&] { Weights::Open(root + "/sharded", ""); });
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return MutateJsonInput(data, size, max_size, seed);
}
