#include "embedding/remote_encoder.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/quote.h"
#include "base/stopwatch.h"
#include "base/utf8.h"
#include "embedding/embed_options.h"
#include "embedding/remote_client.h"
#include "embedding/remote_options.h"
#include "embedding/remote_run.h"
#include "embedding/statistics.h"
#include "kernels/normalize.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

// Of one text. Models take up to some 32,768 tokens, which seldom have more than 8 bytes.
constexpr std::size_t kMostTextBytes = 1u << 20;

// The options with a base_url that ends in no slash, if they can be.
RemoteOptions Checked(RemoteOptions options) {
  const auto fail = [](const std::string& message) {
    throw Error(ErrorCode::kInvalidArgument, message);
  };
  std::string& url = options.base_url;
  while (url.ends_with('/')) url.pop_back();
  if (options.model.empty() || FindInvalidUtf8(options.model)) {
    fail("openai: wants a model's name behind it, such as openai:text-embedding-3-small");
  }
  if (url.find_first_of("@?#") != url.npos) {
    fail(
        "OPENAI_BASE_URL can't have a user, a password or a query: messages would show them; "
        "OPENAI_API_KEY is for secrets");
  }
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    fail(
        Format("OPENAI_BASE_URL can't be {}: an address is wanted, such as "
               "https://api.openai.com/v1",
               Quoted(url)));
  }
  // It goes into a header: nothing that could end the line.
  if (!std::ranges::all_of(options.key, [](unsigned char c) { return std::isgraph(c) != 0; })) {
    fail("OPENAI_API_KEY is no key: it has blanks or signs that are not ASCII");
  }
  options.connections = std::max<std::size_t>(options.connections, 1);
  return options;
}

// Throws for a text that is not worth sending.
void CheckText(std::string_view text, std::size_t index, const EmbedOptions& options) {
  if (!text.empty() && text.size() <= kMostTextBytes && !FindInvalidUtf8(text)) return;
  const std::string name =
      options.name_text ? options.name_text(index) : Format("text {}", index + 1);
  CheckUtf8(text, name);
  throw Error(ErrorCode::kInvalidArgument,
              text.empty() ? Format("{}: is empty, which servers refuse; leave it out", name)
                           : Format("{}: has {} bytes, at most {} are sent to a server", name,
                                    text.size(), kMostTextBytes));
}

}  // namespace

RemoteEncoder::RemoteEncoder(RemoteOptions options)
    : server_(std::make_unique<RemoteServer>(Checked(std::move(options)))) {}
RemoteEncoder::RemoteEncoder(RemoteEncoder&&) noexcept = default;
RemoteEncoder& RemoteEncoder::operator=(RemoteEncoder&&) noexcept = default;
RemoteEncoder::~RemoteEncoder() = default;

Matrix<float> RemoteEncoder::Embed(std::span<const std::string_view> texts,
                                   const EmbedOptions& options, EmbedStats* stats) const {
  const Stopwatch watch;
  if (texts.empty()) return {0, dim(options)};
  const std::string prompt(prompts_.Choose(options.prompt));
  std::vector<std::string> prompted;
  if (!prompt.empty()) {
    for (const std::string_view text : texts) prompted.push_back(prompt + std::string(text));
  }
  const std::vector<std::string_view> views(prompted.begin(), prompted.end());
  if (!prompt.empty()) texts = views;
  for (std::size_t i = 0; i < texts.size(); ++i) CheckText(texts[i], i, options);

  RemoteRun run(*server_, texts, options);
  Matrix<float> vectors = run.Vectors();
  if (options.normalize) L2NormalizeRows(vectors.view());
  if (stats != nullptr) {
    stats->texts += texts.size();
    stats->tokens += run.tokens();
    stats->seconds += watch.Seconds();
  }
  return vectors;
}

std::size_t RemoteEncoder::dim(const EmbedOptions& options) const {
  if (options.truncate_dim != 0) return options.truncate_dim;
  if (server_->dim() == 0) Embed("length");
  return server_->dim();
}

const RemoteOptions& RemoteEncoder::options() const { return server_->options(); }

RemoteUsage RemoteEncoder::usage() const {
  const RemoteTraffic& traffic = server_->traffic();
  return {.requests = traffic.requests, .repeated = traffic.repeated, .tokens = traffic.tokens};
}

}  // namespace merle
