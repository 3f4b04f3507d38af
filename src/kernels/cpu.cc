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

}  // namespace

std::vector<std::string_view> SupportedCpuPaths() {
  std::vector<std::string_view> paths;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const std::string_view name = PathName(target);
    if (paths.empty() || paths.back() != name) paths.push_back(name);
  }
  return paths;
}

std::string_view ActiveCpuPath() { return PathName(HWY_DYNAMIC_DISPATCH(Target)()); }

void SelectCpuPath(std::string_view path) {
  std::int64_t targets = 0;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
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
