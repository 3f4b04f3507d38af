// Which sources have packed and calibrated a model.
#pragma once

namespace merle {

// A hash of the sources that make packed weights or choose the arithmetic of kAuto, in hexadecimal
// digits. src/models/CMakeLists.txt lists them, and the build defines it.
extern const char* const kPackingVersion;

}  // namespace merle
