#include "cli/embed_stream.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/stopwatch.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/interrupt.h"
#include "cli/model_access.h"
#include "cli/progress.h"
#include "documents/record.h"
#include "embedding/embed_options.h"
#include "embedding/text_encoder.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// `part` of the way from one share to the next; nothing where the next isn't known.
std::optional<double> Between(std::optional<double> from, std::optional<double> to, double part) {
  if (!to) return std::nullopt;
  return from.value_or(0) + part * (*to - from.value_or(0));
}

// Texts in the next block: about as many as take two seconds. What is done is written and can be
// gone on with block by block, also with a model that does five texts a second.
class BlockSize {
 public:
  std::size_t texts() const { return texts_; }

  void Adapt(std::size_t done, double seconds) {
    const double fit = 2 * static_cast<double>(done) / std::max(seconds, 1e-9);
    const double most = std::min<double>(kBlockTexts, 4 * static_cast<double>(texts_));
    texts_ = static_cast<std::size_t>(std::clamp(fit, std::min(kLeast, most), most));
  }

 private:
  static constexpr double kLeast = 64;  // Fewer would not keep all threads busy.
  std::size_t texts_ = 256;
};

}  // namespace

std::size_t EmbedStream(const Invocation& invocation, const TextEncoder& encoder,
                        InputTexts& inputs, EmbedOptions options, EmbeddingReport& report,
                        const BlockUser& user, std::size_t texts_before) {
  Progress progress(invocation, "embedding");
  std::optional<double> share_before = inputs.share();
  progress.StartFrom(texts_before, share_before.value_or(0));
  std::size_t done_before = texts_before;
  BlockSize size;
  while (true) {
    std::vector<Record> block = inputs.NextBlock(size.texts());
    ThrowIfInterrupted();
    if (block.empty()) return done_before;
    const std::optional<double> share = inputs.share();  // Of the input, when this block is done.
    if (user.on_read) user.on_read(done_before + block.size());
    options.on_progress = [&](std::size_t done) {
      ThrowIfInterrupted();
      const double part = static_cast<double>(done) / static_cast<double>(block.size());
      progress.Update(done_before + done, Between(share_before, share, part));
    };
    options.name_text = [&](std::size_t i) { return PlaceOf(block[i], block[i].row + 1); };
    const Stopwatch watch;
    const Matrix<float> vectors =
        UseModel([&] { return encoder.Embed(TextsOf(block), options, report.stats()); });
    size.Adapt(block.size(), watch.Seconds());
    done_before += block.size();
    share_before = share;
    user.use(std::move(block), vectors.view());
  }
}

}  // namespace merle
