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
#include "embedding/text_encoder.h"
#include "kernels/cpu.h"
#include "models/compute.h"
#include "models/encoder_model.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Other weights, another tokenizer or other arithmetic hardly give the same bits for all of these.
constexpr std::string_view kProbes[] = {
    "The cat sat on the mat.",
    "A quick test of 3.14159, isn't it?",
    "naïve Übermut, Ελλάδα, Москва",
    "東京は日本の首都です。",
    "merle embed -i texts.txt -o vectors.npy",
};

std::string FingerprintOf(const Embedder& embedder, EmbedOptions options) {
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
    identity.emplace_back("the server", Escaped(remote->options().base_url));
    identity.emplace_back("the model", Escaped(remote->options().model));
    return identity;
  }
  const Embedder& embedder = *model.local();
  identity.emplace_back("--compute", ComputeName(embedder.model().compute()));
  identity.emplace_back("the instruction set", ActiveCpuPath());
  identity.emplace_back("the fingerprint of the model", FingerprintOf(embedder, embed));
  return identity;
}

}  // namespace merle
