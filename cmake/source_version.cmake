# merle_source_version(<folder> <header> <constant> <glob of src/>...): a version of all that the
# sources make, for what is kept between processes.
#
# Adds to merle_<folder> a file that defines <constant>, which <header> declares: the SHA-256 of the
# names and the content of the files, without tests. It is calculated by the build, which then runs
# this file as a script, and only when one of them has changed.
if(CMAKE_SCRIPT_MODE_FILE)
  foreach(file IN LISTS FILES)
    file(SHA256 "${ROOT}/${file}" hash)
    string(APPEND all "${file} ${hash}\n")
  endforeach()
  string(SHA256 version "${all}")
  file(WRITE "${OUTPUT}" "#include \"${HEADER}\"\n\nnamespace merle {\nconst char* const ${CONSTANT} = \"${version}\";\n}\n")
  return()
endif()

function(merle_source_version folder header constant)
  set(root ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ARGN PREPEND ${root}/ OUTPUT_VARIABLE globs)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${root} ${globs})
  list(FILTER files INCLUDE REGEX "\\.(cc|h|txt)$")
  list(FILTER files EXCLUDE REGEX "_test\\.(cc|h)$")
  list(TRANSFORM files PREPEND ${root}/ OUTPUT_VARIABLE paths)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${constant}.cc)
  set(script ${CMAKE_CURRENT_FUNCTION_LIST_FILE})
  add_custom_command(OUTPUT ${output} DEPENDS ${paths} ${script} VERBATIM
    COMMAND ${CMAKE_COMMAND} "-DROOT=${root}" "-DFILES=${files}" "-DHEADER=${header}"
            "-DCONSTANT=${constant}" "-DOUTPUT=${output}" -P ${script})
  target_sources(merle_${folder} PRIVATE ${output})
endfunction()
