// MERLE_ASSERT: a condition that only a bug in Merle can break. No input may reach it.
#pragma once

namespace merle {

// Prints the failed condition and its place to standard error, then stops the process.
[[noreturn]] void AssertFailed(const char* condition, const char* file, int line) noexcept;

}  // namespace merle

// Checked in every build: a wrong size that goes on would read outside its memory.
#define MERLE_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::merle::AssertFailed(#condition, __FILE__, __LINE__))
