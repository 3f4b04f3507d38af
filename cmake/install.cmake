# What `make install` puts where. Component `command`: the program, its manual page and completions;
# component `library`: one archive, the public headers, a CMake package and a file for pkg-config.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# One archive of all layers but the command's and the server's, so that users link one file.
set(objects)
foreach(folder base tensor tokenizers hub kernels models index embedding documents apply evaluation)
  list(APPEND objects $<TARGET_OBJECTS:merle_${folder}>)
endforeach()
add_library(merle_archive STATIC ${objects})
set_target_properties(merle_archive PROPERTIES OUTPUT_NAME merle LINKER_LANGUAGE CXX
  ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
install(TARGETS merle_archive COMPONENT library DESTINATION ${CMAKE_INSTALL_LIBDIR})

install(CODE "set(MERLE_SOURCE_FOLDER [[${PROJECT_SOURCE_DIR}/src]])
  set(MERLE_STAGE [[${PROJECT_BINARY_DIR}/installed_headers]])
  set(MERLE_INCLUDEDIR [[${CMAKE_INSTALL_INCLUDEDIR}]])" COMPONENT library)
install(SCRIPT cmake/install_headers.cmake COMPONENT library)

# The pkg-config names of the libraries that the archive needs.
set(MERLE_REQUIRES simdjson libutf8proc)
if(MERLE_LINKS_HIGHWAY)
  list(PREPEND MERLE_REQUIRES libhwy)
endif()
list(JOIN MERLE_REQUIRES " " MERLE_REQUIRES)
set(packages ${CMAKE_INSTALL_LIBDIR}/cmake/merle)
configure_package_config_file(cmake/merle-config.cmake.in merle-config.cmake
  INSTALL_DESTINATION ${packages} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(merle-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/merle-config.cmake
  ${PROJECT_BINARY_DIR}/merle-config-version.cmake COMPONENT library DESTINATION ${packages})
# From its folder back to the prefix: "../..".
string(REGEX REPLACE "[^/]+" ".." MERLE_PREFIX ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
configure_file(cmake/merle.pc.in merle.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/merle.pc COMPONENT library
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The libraries of a tarball of tools/dist lie in lib/merle; elsewhere there is no such folder.
set_target_properties(merle PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/merle")
install(TARGETS merle COMPONENT command)
install(FILES LICENSE README.md COMPONENT command DESTINATION ${CMAKE_INSTALL_DOCDIR})

# merle_writes(<file> <folder> <words of the command>...): installs what the command writes.
function(merle_writes file folder)
  set(path ${PROJECT_BINARY_DIR}/share/${file})
  add_custom_command(OUTPUT ${path} COMMAND merle ${ARGN} > ${path} DEPENDS merle VERBATIM)
  set_property(GLOBAL APPEND PROPERTY MERLE_WRITTEN ${path})
  install(FILES ${path} COMPONENT command DESTINATION ${folder})
endfunction()

if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share)
  set(share ${CMAKE_INSTALL_DATAROOTDIR})
  merle_writes(merle.1 ${CMAKE_INSTALL_MANDIR}/man1 help --man)
  merle_writes(merle ${share}/bash-completion/completions completion bash)
  merle_writes(_merle ${share}/zsh/site-functions completion zsh)
  merle_writes(merle.fish ${share}/fish/vendor_completions.d completion fish)
endif()
get_property(written GLOBAL PROPERTY MERLE_WRITTEN)
# All that is installed; part of `all`.
add_custom_target(installed_files ALL DEPENDS merle merle_archive ${written})
