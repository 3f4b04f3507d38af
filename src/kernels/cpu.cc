#include "kernels/cpu.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

int64_t Target() { return HWY_TARGET; }

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(Target);

std::string_view PathName(std::int64_t target) {
  if (target == HWY_SCALAR || target == HWY_EMU128) return "plain";
#if HWY_ARCH_ARM
  return "neon";  // Newer versions of Highway have several.
#else
  if (target <= HWY_AVX3) return "avx512";  // The better a target, the lower its bit.
  return target == HWY_AVX2 ? "avx2" : "plain";
#endif
}

// Asked for once: Highway 1.0.3 chooses the best target again whenever it looks.
const std::vector<std::int64_t>& Targets() {
  static const std::vector<std::int64_t> kTargets = hwy::SupportedAndGeneratedTargets();
  return kTargets;
}

}  // namespace

std::vector<std::string_view> SupportedCpuPaths() {
  std::vector<std::string_view> paths;
  for (const std::int64_t target : Targets()) {
    const std::string_view name = PathName(target);
    if (paths.empty() || paths.back() != name) paths.push_back(name);
  }
  return paths;
}

std::string_view ActiveCpuPath() { return PathName(HWY_DYNAMIC_DISPATCH(Target)()); }

bool CpuPathIsAtLeast(std::string_view path) {
  const std::string_view active = ActiveCpuPath();
  bool reached = false;  // Targets() has the best first.
  for (const std::int64_t target : Targets()) {
    reached = reached || PathName(target) == active;
    if (reached && PathName(target) == path) return true;
  }
  return false;
}

void SelectCpuPath(std::string_view path) {
  std::int64_t targets = 0;
  for (const std::int64_t target : Targets()) {
    if (PathName(target) == path) targets |= target;
  }
  if (targets == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("CPU path '{}' is not one of those that this machine has: {}", path,
                       Join(SupportedCpuPaths(), ", ")));
  }
  hwy::GetChosenTarget().Update(targets);
}

}  // namespace merle
#endif
