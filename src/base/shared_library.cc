#include "base/shared_library.h"

#include <dlfcn.h>

#include <string>

#include "base/error.h"
#include "base/format.h"

namespace merle {

SharedLibrary::SharedLibrary(const std::string& file, const std::string& advice)
    : file_(file), handle_(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) {
    throw Error(ErrorCode::kUnimplemented, Format("{} can't be opened: {}", file, advice));
  }
}

void* SharedLibrary::FindSymbol(const char* name) const {
  void* const symbol = ::dlsym(handle_, name);
  if (symbol == nullptr) {
    throw Error(ErrorCode::kUnimplemented,
                Format("{} is too old or too new: it lacks {}", file_, name));
  }
  return symbol;
}

}  // namespace merle
