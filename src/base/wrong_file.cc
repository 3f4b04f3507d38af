#include "base/wrong_file.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace merle {
namespace {

constexpr WrongFile kPage = {"is a web page, not the file itself; download the file again",
                             ErrorCode::kDataLoss};
constexpr WrongFile kPointer = {
    "is a pointer of Git LFS, not the file itself; run `git lfs pull`, or download the file",
    ErrorCode::kDataLoss};
constexpr WrongFile kPickle = {
    "is a pickle, which can run code when it is read; convert it to safetensors",
    ErrorCode::kUnimplemented};
constexpr WrongFile kArchive = {
    "is a zip archive, as PyTorch's pickled checkpoints are, which can run code when they are "
    "read; convert it to safetensors",
    ErrorCode::kUnimplemented};
constexpr WrongFile kGzip = {"is compressed by gzip; unpack it", ErrorCode::kUnimplemented};
constexpr WrongFile kHdf5 = {"is in Keras's format (HDF5); convert it to safetensors",
                             ErrorCode::kUnimplemented};
constexpr WrongFile kGguf = {"is in the format GGUF; use the model's safetensors",
                             ErrorCode::kUnimplemented};

struct Magic {
  std::string_view bytes;  // Letters in lower case.
  WrongFile file;
};

constexpr Magic kMagics[] = {
    {"<!doctype", kPage},
    {"<html", kPage},
    {"<head", kPage},
    {"<?xml", kPage},
    {"version https", kPointer},
    {"pk\x03\x04", kArchive},
    {"pk\x05\x06", kArchive},
    {"\x1f\x8b", kGzip},
    {"\x89hdf", kHdf5},
    {"gguf", kGguf},
    {"\x80\x02", kPickle},
    {"\x80\x03", kPickle},
    {"\x80\x04", kPickle},
    {"\x80\x05", kPickle},
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c; }

bool StartsWith(std::string_view head, std::string_view magic) {
  return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin(),
                                                   [](char a, char b) { return a == Lower(b); });
}

// A length in 8 bytes, then an object: the length may begin as one of the magics does.
bool MayBeSafetensors(std::string_view head) {
  return head.size() > 8 && head[8] == '{' && head.substr(4, 4) == std::string_view("\0\0\0\0", 4);
}

}  // namespace

std::optional<WrongFile> RecognizeWrongFile(std::string_view head) {
  if (MayBeSafetensors(head)) return std::nullopt;
  for (const Magic& magic : kMagics) {
    std::string_view text = head;
    if (magic.bytes.starts_with('<')) {  // Pages may begin with blanks.
      text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    }
    if (StartsWith(text, magic.bytes)) return magic.file;
  }
  return std::nullopt;
}

}  // namespace merle
