#include "cli/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "cli/command.h"
#include "cli/terminal.h"

namespace merle {
namespace {

std::atomic<bool> held{false};
std::atomic<bool> bar_drawn{false};
std::atomic<int> pending_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);  // Else a handler may not touch it.

// Only async-signal-safe calls (man 7 signal-safety).
void Handle(int signal) {
  const int saved_errno = errno;
  if (!held || pending_signal.exchange(signal) != 0) {
    if (bar_drawn) {
      [[maybe_unused]] const ssize_t written =
          ::write(STDERR_FILENO, kEraseLine.data(), kEraseLine.size());
    }
    ::_exit(kExitSignal + signal);
  }
  // The main thread may be waiting for standard input. Its read fails with EINTR, is tried again,
  // and finds the end of the file here.
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  errno = saved_errno;
}

}  // namespace

void InstallSignalHandlers() {
  struct sigaction action{};
  action.sa_handler = Handle;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
}

HoldInterrupts::HoldInterrupts() { held = true; }

HoldInterrupts::~HoldInterrupts() { held = false; }

void EraseLineOnExit(bool drawn) { bar_drawn = drawn; }

void ThrowIfInterrupted() {
  if (pending_signal != 0) throw Interrupted(pending_signal);
}

}  // namespace merle
