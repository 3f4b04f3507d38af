#include "server/request_line.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "embedding/batcher.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"

namespace merle {
namespace {

std::exception_ptr Unavailable(std::string_view message) {
  return std::make_exception_ptr(Error(ErrorCode::kUnavailable, message));
}

}  // namespace

void RequestLine::Add(std::shared_ptr<BatchRequest> request) {
  request->open = request->texts.size();
  tokens_ += request->texts.ids.size();
  requests_.push_back(std::move(request));
}

Batch RequestLine::Take(std::size_t most_tokens) {
  Batch batch;
  const Embedder* const embedder = model().get();
  std::size_t room = most_tokens;
  auto it = requests_.begin();
  for (std::size_t turns = requests_.size(); turns > 0; --turns) {
    const auto here = it++;
    BatchRequest& request = **here;
    if (request.embedder.get() != embedder) continue;
    const TokenizedTexts& texts = request.texts;
    const std::size_t first = request.next;
    std::size_t last = batch.empty() ? first + 1 : first;
    while (last < texts.size() && texts.Tokens(first, last + 1) <= room) ++last;
    if (last == first) break;  // No room: it stays the first in line.

    batch.push_back({.request = *here, .first = first, .last = last});
    const std::size_t tokens = batch.back().tokens();
    if (first == 0) request.queue_seconds = request.watch.Seconds();
    request.next = last;
    request.turn_tokens += tokens;
    tokens_ -= tokens;
    room -= std::min(room, tokens);
    if (last == texts.size()) {
      requests_.erase(here);
    } else if (request.turn_tokens + texts.Tokens(last, last + 1) > kGroupTokens) {
      request.turn_tokens = 0;
      requests_.splice(requests_.end(), requests_, here);
    }
  }
  return batch;
}

bool RequestLine::HasFewerTextsThan(std::size_t count) const {
  std::size_t texts = 0;
  for (const auto& request : requests_) {
    texts += request->texts.size() - request->next;
    if (texts >= count) return false;
  }
  return texts < count;
}

std::size_t RequestLine::GiveUp(BatchRequest& request, std::exception_ptr error) {
  const std::size_t count = request.texts.size();
  const std::size_t tokens = request.texts.Tokens(request.next, count);
  if (request.next == 0) request.queue_seconds = request.watch.Seconds();
  request.error = std::move(error);
  request.open -= count - request.next;
  request.next = count;
  tokens_ -= tokens;
  return tokens;
}

std::size_t RequestLine::Drop(BatchRequest& request, std::exception_ptr error) {
  requests_.remove_if([&](const auto& other) { return other.get() == &request; });
  return GiveUp(request, std::move(error));
}

std::size_t RequestLine::DropAbandoned(BatchRequests& done) {
  std::size_t tokens = 0;
  requests_.remove_if([&](const std::shared_ptr<BatchRequest>& request) {
    if (request->abandoned == nullptr || !request->abandoned->load()) return false;
    tokens += GiveUp(*request, Unavailable("nobody waits for the result"));
    if (request->open == 0) done.push_back(request);
    return true;
  });
  return tokens;
}

std::size_t RequestLine::DropAll(std::string_view message, BatchRequests& done) {
  std::size_t tokens = 0;
  for (const auto& request : requests_) {
    tokens += GiveUp(*request, Unavailable(message));
    if (request->open == 0) done.push_back(request);
  }
  requests_.clear();
  return tokens;
}

}  // namespace merle
