// Ctrl-C and its kin: end at once, or, while an output file is being written, after tidying up.
#pragma once

#include <exception>

namespace merle {

// Thrown by ThrowIfInterrupted; main returns 128 + signal.
class Interrupted : public std::exception {
 public:
  explicit Interrupted(int signal) : signal_(signal) {}
  int signal() const { return signal_; }
  const char* what() const noexcept override { return "interrupted"; }

 private:
  int signal_;
};

// SIGINT and SIGTERM end the process with 128 + signal from now on; SIGPIPE is ignored, so that a
// reader who went away is seen as a failed write.
void InstallSignalHandlers();

// While one lives, the first signal only makes ThrowIfInterrupted throw; the second ends at once.
class HoldInterrupts {
 public:
  HoldInterrupts();
  ~HoldInterrupts();
  HoldInterrupts(const HoldInterrupts&) = delete;
  HoldInterrupts& operator=(const HoldInterrupts&) = delete;
};

// While `drawn`, a signal that ends the process first takes the progress bar off its line.
void EraseLineOnExit(bool drawn);

void ThrowIfInterrupted();

}  // namespace merle
