#include "cli/environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is of POSIX.

namespace merle {
namespace {

struct Case {
  const char* name;
  const char* merle_cache;
  const char* xdg_cache_home;
  const char* home;
  const char* folder;
};

constexpr Case kCases[] = {
    {"MerleCacheFirst", "mine", "/x", "/h", "mine"},
    {"OffIsNone", "off", "/x", "/h", ""},
    {"XdgBeforeHome", "", "/x", "/h", "/x/merle"},
    {"HomeLast", "", "", "/h", "/h/.cache/merle"},
    {"NoHomeIsNone", "", "", "", ""},
    // "All paths set in these environment variables must be absolute": XDG Base Directory 0.8.
    {"RelativeXdgIsIgnored", "", "x", "/h", "/h/.cache/merle"},
    {"RelativeXdgAloneIsNone", "", "./x", "", ""},
};

// Nothing else of the test runs meanwhile.
void Set(const char* name, const char* value) {
  ASSERT_EQ(::setenv(name, value, 1), 0);  // NOLINT(concurrency-mt-unsafe)
}

TEST(CacheFolder, FollowsTheVariables) {
  for (const Case& c : kCases) {
    Set("MERLE_CACHE", c.merle_cache);
    Set("XDG_CACHE_HOME", c.xdg_cache_home);
    Set("HOME", c.home);
    EXPECT_EQ(CacheFolderFromEnvironment(), c.folder) << c.name;
  }
}

}  // namespace
}  // namespace merle
