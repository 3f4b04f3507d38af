// The hash of a file's content, without reading the file each time.
#pragma once

#include <string>

#include "base/file.h"

namespace merle {

// The SHA-256 of a file. Kept in `folder` by the file's device, inode, size and times, so that an
// unchanged file is read once; not where it changed in the last two seconds, as its times may not
// show the next change. Only what nobody but this user may write is believed.
// Throws kUnimplemented if the system has no SHA-256, and as `file` does.
std::string ContentHash(const RandomAccessFile& file, const std::string& folder);

}  // namespace merle
