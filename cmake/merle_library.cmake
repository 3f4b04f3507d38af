# Flags of the whole project, and merle_library(): one library and one test program a folder of src/.

# What users of the library need too.
add_library(merle_headers INTERFACE)
target_include_directories(merle_headers INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_features(merle_headers INTERFACE cxx_std_20)

# How our own files are compiled.
add_library(merle_flags INTERFACE)
target_compile_options(merle_flags INTERFACE
  -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Werror
  -ffp-contract=off)  # The same rounding on every path: a fused multiply-add only where we write one.
# GCC 12 warns falsely about its own std::string and std::vector when it has inlined enough of them.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(merle_flags INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
    -Wno-stringop-overread -Wno-maybe-uninitialized)
endif()
# clang sees that libstdc++ 12 itself uses what it calls deprecated.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(merle_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(MERLE_SANITIZE)
  target_compile_options(merle_flags INTERFACE -fsanitize=${MERLE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(merle_flags INTERFACE -fsanitize=${MERLE_SANITIZE})
endif()

# merle_library(<folder> LINKS <folder>... [PRIVATE_LINKS <third-party target>...])
#
# Makes merle_<folder> from the folder's .cc files and <folder>_test from its _test.cc files.
# PRIVATE_LINKS never reach a public header.
function(merle_library folder)
  cmake_parse_arguments(ARG "" "" "LINKS;PRIVATE_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  add_library(merle_${folder} STATIC ${sources})
  list(TRANSFORM ARG_LINKS PREPEND merle_ OUTPUT_VARIABLE links)
  target_link_libraries(merle_${folder} PUBLIC merle_headers ${links}
    PRIVATE merle_flags ${ARG_PRIVATE_LINKS})

  if(MERLE_TESTS AND tests)
    add_executable(${folder}_test ${tests})
    target_link_libraries(${folder}_test PRIVATE merle_${folder} merle_flags ${ARG_PRIVATE_LINKS}
      GTest::gmock GTest::gtest_main)
    target_compile_definitions(${folder}_test PRIVATE MERLE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    if(CMAKE_CROSSCOMPILING_EMULATOR)
      target_compile_definitions(${folder}_test PRIVATE MERLE_EMULATED)  # Slow: fewer texts.
    endif()
    gtest_discover_tests(${folder}_test NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT 600)
  endif()
endfunction()
