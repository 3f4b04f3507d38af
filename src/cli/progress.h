// A progress bar on standard error for whatever takes more than a second.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "cli/terminal.h"

namespace merle {

// On a screen a bar with rate and time left, redrawn ten times a second; otherwise nothing, or with
// -v a line every five seconds. Nothing at all with -q, --no-progress or in the first second.
class Progress {
 public:
  // what: "embedding". total: how many things there are, if that is known. show: how a person
  // reads their number.
  using Show = std::string (*)(std::size_t number);
  Progress(const Invocation& invocation, std::string what,
           std::optional<std::size_t> total = std::nullopt, Show show = WithCommas);
  ~Progress();  // Takes the bar away.
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Counts time and rate from here: `done` things, `share` of the work, were done before.
  void StartFrom(std::size_t done, double share);

  // `done` things are done; `share` of the work in [0, 1], where it isn't done / total.
  void Update(std::size_t done, std::optional<double> share = std::nullopt);

 private:
  using Clock = std::chrono::steady_clock;

  void Draw(std::size_t done, std::optional<double> share, double seconds);

  const Invocation& invocation_;
  std::string what_;
  std::optional<std::size_t> total_;
  Show show_;
  bool bar_;
  bool lines_;
  bool drawn_ = false;
  std::size_t done_before_ = 0;
  double share_before_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;
};

// Seconds as a person says them: "35 ms", "0.8 s", "42 s", "3 min 20 s", "2 h 5 min".
std::string HumanSeconds(double seconds);

}  // namespace merle
