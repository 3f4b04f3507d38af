// A system library that is opened when it is first needed, so that a program starts without it.
#pragma once

#include <string>

namespace merle {

class SharedLibrary {
 public:
  // Opens `file`, such as "libcurl.so.4", for as long as the process lives. Throws kUnimplemented
  // with `advice` if it can't be opened: what needs it, and the package that has it.
  SharedLibrary(const std::string& file, const std::string& advice);

  // The function `name`, of the type that its own header gives it: Find<decltype(&curl_easy_init)>.
  // Throws kUnimplemented if the library lacks it.
  template <typename Function>
  Function Find(const char* name) const {
    return reinterpret_cast<Function>(FindSymbol(name));
  }

 private:
  void* FindSymbol(const char* name) const;

  std::string file_;
  void* handle_;
};

}  // namespace merle
