// Standard output: buffered, with every failure seen.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace merle {

// The reader of our output went away, as `head` does when it has enough. Not a failure.
class BrokenPipe : public std::runtime_error {
 public:
  BrokenPipe() : std::runtime_error("broken pipe") {}
};

// What is not flushed when it is destroyed is lost: main flushes after a command has succeeded.
class StandardOutput {
 public:
  // Both throw kIoError if the bytes can't be written, BrokenPipe if nobody reads them.
  void Write(std::string_view bytes);
  void Flush();

 private:
  std::string buffer_;
};

}  // namespace merle
