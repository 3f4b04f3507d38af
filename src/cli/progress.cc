#include "cli/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "base/format.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace merle {
namespace {

constexpr std::chrono::milliseconds kBeforeFirst(1000);
constexpr std::chrono::milliseconds kBetweenBars(100);
constexpr std::chrono::seconds kBetweenLines(5);

}  // namespace

Progress::Progress(const Invocation& invocation, std::string what, std::optional<std::size_t> total,
                   Show show)
    : invocation_(invocation), what_(std::move(what)), total_(total), show_(show) {
  const Options& options = invocation.options;
  const bool wanted = !options.quiet && !options.no_progress;
  bar_ = wanted && invocation.messages.is_screen();
  lines_ = wanted && !bar_ && options.verbose;
  next_ = start_ + (bar_ ? std::chrono::milliseconds(kBeforeFirst) : kBetweenLines);
}

Progress::~Progress() {
  if (!drawn_) return;
  std::fputs(std::string(kEraseLine).c_str(), stderr);
  EraseLineOnExit(false);
}

void Progress::StartFrom(std::size_t done, double share) {
  done_before_ = done;
  share_before_ = share;
  start_ = Clock::now();
}

void Progress::Update(std::size_t done, std::optional<double> share) {
  if (!bar_ && !lines_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + (bar_ ? kBetweenBars : std::chrono::milliseconds(kBetweenLines));
  if (!share && total_ && *total_ > 0) {
    share = static_cast<double>(done) / static_cast<double>(*total_);
  }
  Draw(done, share, std::chrono::duration<double>(now - start_).count());
}

void Progress::Draw(std::size_t done, std::optional<double> share, double seconds) {
  std::string count = show_(done);
  if (total_) count += Format(" of {}", show_(*total_));
  if (share && !total_) count += Format("  {:.0f} %", std::floor(100 * *share));
  const double rate = static_cast<double>(done - done_before_) / seconds;
  std::string facts = Format("{}  {}/s", count, show_(static_cast<std::size_t>(rate)));
  if (share && *share > share_before_) {
    const double whole = seconds / (*share - share_before_);
    facts += Format("  {} left", HumanSeconds(std::max(0.0, whole * (1 - *share))));
  }
  if (lines_) {
    std::fputs(Format("merle: {}: {}\n", what_, facts).c_str(), stderr);
    return;
  }
  EraseLineOnExit(true);
  const Terminal& screen = invocation_.messages;
  const std::string bar = share ? screen.Accent(PadRight(Bar(*share, 24), 24)) + "  " : "";
  std::fputs(Format("{}{}  {}{}", kEraseLine, what_, bar, facts).c_str(), stderr);
  drawn_ = true;
}

std::string HumanSeconds(double seconds) {
  if (seconds < 0.0995) return Format("{:.0f} ms", 1000 * seconds);
  if (seconds < 9.95) return Format("{:.1f} s", seconds);
  const auto whole = static_cast<std::size_t>(std::lround(seconds));
  if (whole < 60) return Format("{} s", whole);
  if (whole < 3600) return Format("{} min {} s", whole / 60, whole % 60);
  return Format("{} h {} min", whole / 3600, whole / 60 % 60);
}

}  // namespace merle
