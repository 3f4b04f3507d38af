// The requests that wait for a batch, in the order of their turns: what the queue knows without
// threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string_view>
#include <vector>

#include "base/stopwatch.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"
#include "tensor/matrix.h"

namespace merle {

// What became of one request's texts.
struct BatchResult {
  Matrix<float> vectors;  // [texts, whole_dim()], as Embedder::EmbedTokens gives them.
  // Instead: of the model; kUnavailable for a request that was abandoned, or that the queue's end
  // came before.
  std::exception_ptr error;
  double queue_seconds = 0;    // Until the first of its texts ran.
  double compute_seconds = 0;  // From then on.
};

// A request, shared by the line and the batches that its texts are in.
struct BatchRequest {
  // Set once.
  std::shared_ptr<const Embedder> embedder;  // Shared with whoever may unload the model.
  TokenizedTexts texts;
  std::shared_ptr<const std::atomic<bool>> abandoned;  // Shared with the connection; may be null.
  std::function<void(BatchResult)> done;

  Matrix<float> vectors;  // A row is written by the thread that took its text.

  // Under the mutex of the queue.
  std::size_t open = 0;         // Texts that wait or run; at 0 it is done.
  std::size_t next = 0;         // The first text that nobody took.
  std::size_t turn_tokens = 0;  // Taken since it became the first in line.
  std::exception_ptr error = {};
  Stopwatch watch = {};
  double queue_seconds = 0;
};

using BatchRequests = std::vector<std::shared_ptr<BatchRequest>>;

// Texts [first, last) of a request.
struct BatchSlice {
  std::shared_ptr<BatchRequest> request;
  std::size_t first, last;
  std::exception_ptr error = {};  // What they ended with, if they did.

  std::size_t texts() const { return last - first; }
  std::size_t tokens() const { return request->texts.Tokens(first, last); }
};

using Batch = std::vector<BatchSlice>;  // Of one model.

// Round robin by tokens: who is first in line stays there for kGroupTokens tokens, then goes behind
// the others. Not for several threads at once.
// Source: Shreedhar & Varghese 1995, "Efficient fair queueing using deficit round robin"; without
// the deficit, which is less than a text.
class RequestLine {
 public:
  void Add(std::shared_ptr<BatchRequest> request);

  // Takes up to most_tokens tokens, at least one text, for the model that is first in line. The
  // line must not be empty.
  Batch Take(std::size_t most_tokens);

  // Ends a request with `error`: the texts that nobody took leave the line. Returns their tokens.
  std::size_t Drop(BatchRequest& request, std::exception_ptr error);
  // The same, with kUnavailable, for all that are abandoned, or for all; adds those without open
  // texts to `done`.
  std::size_t DropAbandoned(BatchRequests& done);
  std::size_t DropAll(std::string_view message, BatchRequests& done);

  bool empty() const { return requests_.empty(); }
  std::size_t requests() const { return requests_.size(); }
  std::size_t tokens() const { return tokens_; }  // That nobody took.
  bool HasFewerTextsThan(std::size_t count) const;
  const std::shared_ptr<const Embedder>& model() const { return requests_.front()->embedder; }

 private:
  std::size_t GiveUp(BatchRequest& request, std::exception_ptr error);

  std::list<std::shared_ptr<BatchRequest>> requests_;  // With texts that nobody took.
  std::size_t tokens_ = 0;
};

}  // namespace merle
