// Requests to a server on this machine, many at once, and when each was answered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace merle {

struct LoadOptions {
  std::uint16_t port = 0;        // Of 127.0.0.1: nothing here can name another address.
  std::size_t connections = 64;  // At most so many, each with one request at a time.
  double rate = 0;               // Requests a second, at random times (Poisson); 0: each connection
                                 // sends its next request when it has the reply to the last.
  double seconds = 10;           // Then no more requests come.
  std::size_t most = 1'000'000;  // Nor after so many.
  int terminate_pid = 0;         // Gets SIGTERM at `terminate_after` seconds; 0: nobody does.
  double terminate_after = 0;
};

// One request. Times are in seconds from the start of the run, -1 for what did not happen.
struct Asked {
  double due = 0;    // When it came, which is not when a connection was free for it.
  double sent = -1;  // Its last byte was sent.
  double done = -1;  // The last byte of the reply was there, or the connection's end.
  int status = 0;    // 0: no reply.
};

// Sends `requests`, whole HTTP requests, in turns as the options say, and waits up to 70 seconds
// for the last replies. Arrivals are the same in each run. Throws kDataLoss for a reply that is no
// HTTP/1.1 with a Content-Length, kIoError where the system refuses.
std::vector<Asked> RunLoad(const LoadOptions& options, const std::vector<std::string>& requests);

}  // namespace merle
