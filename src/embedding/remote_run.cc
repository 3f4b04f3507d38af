#include "embedding/remote_run.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "embedding/embed_options.h"
#include "embedding/embeddings_api.h"
#include "embedding/remote_client.h"
#include "embedding/request_plan.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

constexpr std::chrono::milliseconds kBetweenProgress(50);

}  // namespace

RequestLimits RemoteServer::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

std::unique_ptr<RemoteClient> RemoteServer::TakeClient() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<RemoteClient>(options_, traffic_);
  std::unique_ptr<RemoteClient> client = std::move(idle_.back());
  idle_.pop_back();
  return client;
}

void RemoteServer::GiveBack(std::unique_ptr<RemoteClient> client) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
}

void RemoteServer::Learn(const RequestLimits& half) {
  const std::lock_guard lock(mutex_);
  limits_.texts = std::min(limits_.texts, half.texts);
  limits_.tokens = std::min(limits_.tokens, half.tokens);
}

void RemoteServer::CheckDim(std::size_t dim, std::size_t wanted) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::kDataLoss, Format("openai:{}: {} sends vectors of {} components, {}",
                                             options_.model, options_.base_url, dim, what));
  };
  if (wanted != 0) {
    if (dim != wanted) fail(Format("{} were asked for: it can't shorten them", wanted));
    return;
  }
  std::size_t before = 0;
  if (!dim_.compare_exchange_strong(before, dim) && dim != before) {
    fail(Format("those before had {}", before));
  }
}

RemoteRun::RemoteRun(RemoteServer& server, std::span<const std::string_view> texts,
                     const EmbedOptions& options)
    : server_(server), texts_(texts), options_(options) {
  RequestLimits limits = server.limits();
  if (options.batch_tokens != 0) limits.tokens = std::min(limits.tokens, options.batch_tokens);
  requests_ = PlanRequests(texts, limits, server.options().connections);
}

Matrix<float> RemoteRun::Vectors() {
  Start();
  std::unique_lock lock(mutex_);
  while (busy_ > 0) {
    changed_.wait_for(lock, kBetweenProgress);
    const std::size_t done = done_;
    if (!options_.on_progress || failure_) continue;
    lock.unlock();
    options_.on_progress(done);
    lock.lock();
  }
  if (failure_) std::rethrow_exception(failure_);
  return std::move(vectors_);
}

void RemoteRun::Start() {
  const std::size_t count = std::min(requests_.size(), server_.options().connections);
  const std::lock_guard lock(mutex_);
  try {
    for (; busy_ < count; ++busy_) threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {
    if (busy_ > 0) return;  // Fewer do it too.
    throw Error(ErrorCode::kResourceExhausted, "the system refuses to start a thread");
  }
}

void RemoteRun::Work() {
  try {
    std::unique_ptr<RemoteClient> client = server_.TakeClient();
    for (std::size_t i; !stop_ && (i = next_++) < requests_.size();) Send(*client, requests_[i]);
    server_.GiveBack(std::move(client));
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!stop_.exchange(true)) failure_ = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  --busy_;
  changed_.notify_one();
}

void RemoteRun::Send(RemoteClient& client, RequestRange range) {
  try {
    Put(range,
        client.Embed(texts_.subspan(range.first, range.size()), options_.truncate_dim, stop_));
  } catch (const TextsRefused& refused) {
    if (!refused.may_divide() || range.size() == 1) Refuse(range, refused);
    const std::size_t middle = range.first + range.size() / 2;
    const RequestRange half{range.first, middle};
    RequestLimits limits;
    if (refused.why() == TextsRefused::Why::kTooMany) limits.texts = half.size();
    if (refused.why() == TextsRefused::Why::kTooMuch) limits.tokens = TokensOf(half);
    server_.Learn(limits);
    Send(client, half);
    Send(client, {middle, range.last});
  }
}

void RemoteRun::Put(RequestRange range, const EmbeddingsAnswer& answer) {
  const std::size_t dim = answer.vectors.cols();
  server_.CheckDim(dim, options_.truncate_dim);
  const std::lock_guard lock(mutex_);
  if (vectors_.rows() == 0) vectors_ = Matrix<float>::Uninitialized(texts_.size(), dim);
  for (std::size_t i = 0; i < range.size(); ++i) {
    std::ranges::copy(answer.vectors.Row(i), vectors_.Row(range.first + i).begin());
  }
  done_ += range.size();
  tokens_ += answer.tokens.value_or(0);
  changed_.notify_one();
}

std::size_t RemoteRun::TokensOf(RequestRange range) const {
  std::size_t tokens = 0;
  for (std::size_t i = range.first; i < range.last; ++i) tokens += EstimatedTokens(texts_[i]);
  return tokens;
}

std::string RemoteRun::NameOf(std::size_t text) const {
  return options_.name_text ? options_.name_text(text) : Format("text {}", text + 1);
}

// Says which texts the server refuses, as well as that is known.
void RemoteRun::Refuse(RequestRange range, const TextsRefused& refused) const {
  const auto texts = texts_.subspan(range.first, range.size());
  std::string names = NameOf(range.first);
  if (range.size() > 1) names = Format("one of {} to {}", names, NameOf(range.last - 1));
  if (range.size() > 1 && refused.why() == TextsRefused::Why::kOneTooLong) {
    const auto longest = std::ranges::max_element(texts, {}, &std::string_view::size);
    const auto index = range.first + static_cast<std::size_t>(longest - texts.begin());
    names += Format(", perhaps {}, the longest,", NameOf(index));
  }
  const bool too_long = refused.why() != TextsRefused::Why::kNotAccepted;
  throw Error(
      ErrorCode::kInvalidArgument,
      Format("{} {}: {}", names, too_long ? "is longer than the model takes" : "can't be embedded",
             refused.what()));
}

}  // namespace merle
