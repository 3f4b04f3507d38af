// A header of the outside project that has the name of one of Merle's: neither may take the
// other's.
#pragma once

inline constexpr const char kError[] = "outside: ";
