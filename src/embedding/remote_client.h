// One connection to a server that speaks OpenAI's embeddings API: asks, asks again, and says what
// went wrong.
#pragma once

#include <atomic>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/http_client.h"
#include "embedding/embeddings_api.h"
#include "embedding/remote_options.h"

namespace merle {

// Refused for what the texts are together or one by one: the caller, who knows their names and can
// send fewer, says the rest.
class TextsRefused : public Error {
 public:
  enum class Why {
    kTooMuch,      // All together are too long, in tokens or in bytes.
    kTooMany,      // There are too many of them.
    kOneTooLong,   // One of them is longer than the model takes.
    kNotAccepted,  // Anything else.
  };
  TextsRefused(Why why, const std::string& message)
      : Error(ErrorCode::kInvalidArgument, message), why_(why) {}
  Why why() const { return why_; }
  bool may_divide() const { return why_ == Why::kTooMuch || why_ == Why::kTooMany; }

 private:
  Why why_;
};

// What all connections to a server share. Its members may be used in any thread.
struct RemoteTraffic {
  std::atomic<std::size_t> requests = 0;
  std::atomic<std::size_t> repeated = 0;  // Of these, how many were further tries.
  std::atomic<std::size_t> tokens = 0;    // That the server has counted.
  std::atomic<bool> reached = false;      // Whether there was any answer.
};

// Not for several threads at once. `options` and `traffic` must outlive it.
class RemoteClient {
 public:
  RemoteClient(const RemoteOptions& options, RemoteTraffic& traffic);

  // Asks for the vectors of `texts`, up to kMostTries times. Ends soon once `stop` is true.
  // Throws TextsRefused, and with a message that names the model and the server
  //   kFailedPrecondition  the key is missing or refused
  //   kNotFound            there is no such model or address
  //   kResourceExhausted   the account has no quota left
  //   kUnavailable         no answer, or "later", even after all tries
  //   kDataLoss            an answer that is none
  EmbeddingsAnswer Embed(std::span<const std::string_view> texts, std::size_t dimensions,
                         const std::atomic<bool>& stop);

 private:
  EmbeddingsAnswer Read(const HttpReply& reply, std::size_t texts);
  std::string Judge(const HttpReply& reply) const;
  [[noreturn]] void Refuse(const HttpReply& reply, const std::string& said) const;
  void Wait(int tries, const HttpResponse* response, const std::string& problem,
            const std::atomic<bool>& stop);

  const RemoteOptions& options_;
  RemoteTraffic& traffic_;
  std::string name_;  // Of the model, in messages.
  std::string url_;
  HttpClient http_;
  std::minstd_rand random_;
};

}  // namespace merle
