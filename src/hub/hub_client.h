// The questions Merle asks a hub: what a model has, and its files.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"
#include "hub/hub_options.h"
#include "hub/model_name.h"
#include "hub/retry.h"

namespace merle {

// One revision of a model, as the hub lists it.
struct Listing {
  std::string commit;
  std::vector<std::string> names;  // Every file of it whose name is safe to use.
};

// What the hub says about a file before it sends it.
struct FileFacts {
  std::string etag;  // SHA-256 (64 digits) of a large file, git's SHA-1 (40) of another.
  std::uint64_t bytes = 0;
};

// Talks to HubOptions::endpoint. Each function throws
//   kNotFound            there is no such model, revision or file, or it wants a token
//   kInvalidArgument     the token is refused
//   kUnavailable         no answer, or "later", even after some tries
//   kDataLoss            an answer that a hub doesn't give
// Not for several threads at once.
class HubClient {
 public:
  explicit HubClient(const HubOptions& options);

  Listing List(const ModelName& name);
  FileFacts Describe(const ModelName& name, const std::string& commit, const std::string& file);

  // A file of at most `max_bytes` as text.
  std::string ReadSmall(const ModelName& name, const std::string& commit, const std::string& file,
                        std::size_t max_bytes);

  // Gets the bytes of a file in order; the first piece is that at `first_byte`, or at 0 where the
  // server can't start later. Asks once: throws TransientError for what a later call may mend.
  using FileBody = std::function<void(std::uint64_t offset, std::string_view bytes)>;
  void Read(const ModelName& name, const std::string& commit, const std::string& file,
            std::uint64_t first_byte, const FileBody& body);

 private:
  HttpResponse Ask(const HttpRequest& request, const std::string& what, const HttpBody& body);
  std::string AskForText(const HttpRequest& request, const std::string& what,
                         std::size_t max_bytes);
  double SecondsOfTry(double seconds_so_far) const;
  HttpRequest FileRequest(const ModelName& name, const std::string& commit,
                          const std::string& file) const;

  HubOptions options_;
  HttpClient http_;
  bool reached_ = false;  // Whether an answer has come.
};

}  // namespace merle
