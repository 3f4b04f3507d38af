#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace merle {

void AssertFailed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "merle: bug: %s is false at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace merle
