// Which model of which server, and how it is asked.
#pragma once

#include <cstddef>
#include <string>

namespace merle {

// The edges fill it from the environment; a library user sets what differs.
struct RemoteOptions {
  std::string model;  // As the server calls it: "text-embedding-3-small".
  // Without /embeddings and the last slash. http or https, without user, password and query.
  std::string base_url = "https://api.openai.com/v1";
  std::string key = {};          // Sent to the origin of base_url only; empty: none.
  std::string ca_file = {};      // Certificates to trust; empty: those of the system.
  double connect_seconds = 10;   // Longest wait for a connection.
  double request_seconds = 300;  // Longest time of one request.
  std::size_t connections = 4;   // At most so many requests are on their way at once; at least 1.
};

}  // namespace merle
