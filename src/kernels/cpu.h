// Instruction-set paths: which ones this machine has, and which one the kernels take.
#pragma once

#include <string_view>
#include <vector>

namespace merle {

// The paths that this build and this CPU both have, best first: of "avx512", "avx2" and "plain" on
// x86-64, where the last needs no more than every such CPU has; "neon" on aarch64, for the same
// reason. Results differ between paths in the last bits, never on one path.
std::vector<std::string_view> SupportedCpuPaths();

// The path that the next kernel call takes: the best one unless SelectCpuPath chose another.
std::string_view ActiveCpuPath();

// Whether that is `path` or a better one.
bool CpuPathIsAtLeast(std::string_view path);

// Makes all kernels take `path` from now on. Throws kInvalidArgument, naming the possible ones, if
// SupportedCpuPaths() lacks it. Must not run at the same time as a kernel.
void SelectCpuPath(std::string_view path);

}  // namespace merle
