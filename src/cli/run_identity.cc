#include "cli/run_identity.h"

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fingerprint.h"
#include "base/format.h"
#include "base/quote.h"
#include "cli/command.h"
#include "cli/journal.h"
#include "cli/model_access.h"
#include "cli/options.h"
#include "cli/row_encoder.h"
#include "cli/vector_output.h"
#include "embedding/embed_options.h"
#include "embedding/embedder.h"
#include "embedding/prompts.h"
#include "embedding/remote_encoder.h"
#include "embedding/remote_options.h"
#include "embedding/text_encoder.h"
#include "kernels/cpu.h"
#include "models/compute.h"
#include "models/encoder_model.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Other arithmetic, of another machine or version of Merle, hardly gives the same bits for these.
constexpr std::string_view kProbes[] = {
    "The cat sat on the mat.",
    "A quick test of 3.14159, isn't it?",
    "naïve Übermut, Ελλάδα, Москва",
    "東京は日本の首都です。",
    "merle embed -i texts.txt -o vectors.npy",
};

std::string FingerprintOfVectors(const Embedder& embedder, EmbedOptions options) {
  options.on_long = OnLong::kCut;
  Fingerprint fingerprint;
  for (const std::string_view text : kProbes) {
    try {
      const Matrix<float> vector = embedder.Embed(text, options);
      const auto row = vector.Row(0);
      fingerprint.Add({reinterpret_cast<const char*>(row.data()), row.size_bytes()});
    } catch (const Error& error) {  // Of a model that has no token for it: that tells it apart too.
      fingerprint.Add(error.what());
    }
  }
  return Format("{:016x}", fingerprint.value());
}

// What decides the vectors of the texts, beyond the flags that all models have.
void AddModel(const Embedder& embedder, const EmbedOptions& embed, RunIdentity& identity) {
  identity.emplace_back("--compute", ComputeName(embedder.model().compute()));
  identity.emplace_back("the instruction set", ActiveCpuPath());
  identity.emplace_back("the length limit", std::to_string(embedder.max_tokens()));
  identity.emplace_back("the fingerprint of the model",
                        Format("{:016x}", embedder.ChecksumOfFiles()));
  identity.emplace_back("the fingerprint of vectors", FingerprintOfVectors(embedder, embed));
}

// Who answers under a name is not ours to know.
void AddModel(const RemoteOptions& options, RunIdentity& identity) {
  identity.emplace_back("the server", Escaped(options.base_url));
  identity.emplace_back("the model", Escaped(options.model));
}

}  // namespace

RunIdentity IdentityOfRun(const Invocation& invocation, const OpenedModel& model,
                          const EmbedOptions& embed) {
  const Options& options = invocation.options;
  const TextEncoder& encoder = model.encoder();
  RunIdentity identity = {
      {"the form", VectorFormName(ChooseVectorForm(invocation))},
      {"--precision", options.precision},
      {"--shard", options.shard.value_or("1/1")},
      {"--dim", std::to_string(encoder.dim(embed))},
      {"--normalize", options.normalize ? "on" : "off"},
      {"--on-long", options.on_long},
      {"the prompt", Escaped(encoder.prompts().Choose(embed.prompt))},
  };
  if (const RemoteEncoder* remote = model.remote()) {
    AddModel(remote->options(), identity);
  } else {
    AddModel(*model.local(), embed, identity);
  }
  return identity;
}

}  // namespace merle
