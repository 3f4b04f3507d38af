// A folder that a stranger filled: its files are read by name, and nothing outside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/file.h"

namespace merle {

// What speaks against `name`, which comes from a file, as that of something below a folder: "climbs
// out of it". Nothing if it is one or more plain parts with '/' between them.
std::optional<std::string_view> ProblemOfName(std::string_view name);

// Reads the files of a model. The folder is opened once; every name is then looked up part by part
// from there, and each link is followed by hand, so that nothing outside the folder is touched even
// if somebody changes it meanwhile. A link may lead elsewhere in the folder; in a Hugging Face
// cache (models--org--name/snapshots/<commit>, or a folder below) also into blobs/ of that
// models--org--name. Hard links are files like all others. Cheap to copy; may be used in several
// threads at once.
class Folder {
 public:
  // Opens the folder `path`, a name that the user gave: links on the way to it are followed. Meant
  // to be implicit: what takes a Folder takes a path. Throws kNotFound if there is no such folder,
  // kIoError if it can't be opened.
  Folder(const std::string& path);  // NOLINT(google-explicit-constructor)

  // The folder `name` in this one, there or not; "" is this one itself.
  Folder Below(std::string_view name) const;

  const std::string& path() const { return path_; }
  std::string PathOf(std::string_view name) const;  // For messages.

  // Whether there is a file `name`. Throws, as Open does, if something else has its place.
  bool Has(std::string_view name) const;

  // Opens the file `name`. Throws kNotFound if there is none; kDataLoss if the name or a link
  // leaves the folder, or the file is one of RecognizeWrongFile; kIoError if it is no regular file.
  RandomAccessFile Open(std::string_view name) const;

  // The content of the file `name`. Throws as Open does, and kDataLoss if it has more bytes.
  std::string Read(std::string_view name, std::size_t max_bytes) const;

  // A checksum of the names and bytes of all files that were opened so far, from here, a folder
  // above or below, or a copy: of all that decides what a model does, wherever it lies. Reads them,
  // at the speed of memory if they are there. Throws as Open does, and kDataLoss if a file is not
  // as it was when it was opened.
  std::uint64_t ChecksumOfOpened() const;

 private:
  struct Root;
  class Walk;

  std::string NameFromRoot(std::string_view name) const;
  // Opens what `name` leads to; nothing if it is not there.
  std::optional<Descriptor> Find(std::string_view name) const;

  std::shared_ptr<const Root> root_;  // Shared by the folders below one and their copies.
  std::string below_;                 // This folder, seen from the root: "1_Pooling", or empty.
  std::string path_;
};

}  // namespace merle
