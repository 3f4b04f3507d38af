#include "cli/shutdown_signals.h"

#include <signal.h>
#include <unistd.h>

#include <functional>
#include <thread>
#include <utility>

#include "cli/command.h"

namespace merle {
namespace {

sigset_t BothSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

// New threads inherit the mask, so that the signal waits for whoever asks for it.
ShutdownSignals::ShutdownSignals() {
  const sigset_t signals = BothSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void ShutdownSignals::Watch(std::function<void()> end) {
  thread_ = std::thread([this, end = std::move(end)] {
    const sigset_t signals = BothSignals();
    int signal = 0;
    ::sigwait(&signals, &signal);
    if (over_) return;
    end();
    ::sigwait(&signals, &signal);
    if (!over_) ::_exit(kExitSignal + signal);
  });
}

ShutdownSignals::~ShutdownSignals() {
  over_ = true;
  if (thread_.joinable()) {
    ::pthread_kill(thread_.native_handle(), SIGINT);
    thread_.join();
  }
  const sigset_t signals = BothSignals();
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace merle
