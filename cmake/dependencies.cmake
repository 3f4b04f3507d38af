# Finds every third-party library. docs/dependencies.md says what each is for and which folder owns it.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_path(MERLE_FMT_INCLUDE fmt/core.h REQUIRED)                 # base: header-only
find_path(MERLE_CURL_INCLUDE curl/curl.h REQUIRED)             # base: headers; opened at the first request
find_path(MERLE_OPENSSL_INCLUDE openssl/evp.h REQUIRED)        # base: headers; opened at the first checksum
find_package(simdjson 3 REQUIRED)                              # base
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy>=1.0.3)  # kernels
# Of 1.0.3 the headers are enough: src/kernels/highway_runtime.cc.
if(NOT HWY_VERSION VERSION_EQUAL 1.0.3)
  set(MERLE_LINKS_HIGHWAY ON)
endif()
find_package(Boost 1.81 REQUIRED)                             # server: header-only
find_package(CLI11 2.1 REQUIRED)                               # cli: header-only

# tokenizers. Debian ships an archive; other systems may have the shared library only.
find_library(MERLE_UTF8PROC NAMES libutf8proc.a utf8proc REQUIRED)
# server. The archives, so that the command does not load OpenSSL at each start, and does not bring
# its own to the libcurl that it opens.
find_library(MERLE_LIBSSL NAMES libssl.a ssl REQUIRED)
find_library(MERLE_LIBCRYPTO NAMES libcrypto.a crypto REQUIRED)
set(MERLE_OPENSSL ${MERLE_LIBSSL} ${MERLE_LIBCRYPTO} Threads::Threads ${CMAKE_DL_LIBS})

if(MERLE_TESTS)
  find_package(GTest 1.12 REQUIRED)
  include(GoogleTest)
endif()
if(MERLE_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()

find_program(MERLE_CCACHE ccache)
if(MERLE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MERLE_CCACHE})
endif()
