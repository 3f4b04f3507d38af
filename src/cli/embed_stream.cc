#include "cli/embed_stream.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "documents/record.h"
#include "embedding/embedder.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// `part` of the way from one share to the next; nothing where the next isn't known.
std::optional<double> Between(std::optional<double> from, std::optional<double> to, double part) {
  if (!to) return std::nullopt;
  return from.value_or(0) + part * (*to - from.value_or(0));
}

}  // namespace

std::size_t EmbedStream(const Invocation& invocation, const Embedder& embedder, InputTexts& inputs,
                        EmbedOptions options, EmbeddingReport& report, const BlockUser& user) {
  Progress progress(invocation, "embedding");
  std::optional<double> share_before;
  std::size_t done_before = 0;
  while (true) {
    std::vector<Record> block = inputs.NextBlock(kBlockTexts);
    ThrowIfInterrupted();
    if (block.empty()) return done_before;
    const std::optional<double> share = inputs.share();  // Of the input, when this block is done.
    if (user.on_read) user.on_read(done_before + block.size());
    options.on_progress = [&](std::size_t done) {
      ThrowIfInterrupted();
      const double part = static_cast<double>(done) / static_cast<double>(block.size());
      progress.Update(done_before + done, Between(share_before, share, part));
    };
    options.name_text = [&](std::size_t i) { return PlaceOf(block[i], done_before + i + 1); };
    const Matrix<float> vectors =
        UseModel([&] { return embedder.Embed(TextsOf(block), options, report.stats()); });
    done_before += block.size();
    share_before = share;
    user.use(std::move(block), vectors.view());
  }
}

}  // namespace merle
