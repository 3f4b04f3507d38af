# merle_embed(<folder> <file> <name>): adds to merle_<folder> a source with the content of <file> of
# this folder as `const std::string_view <name>`, which embedded_files.h of this folder declares.
function(merle_embed folder file name)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT "#include \"@folder@/embedded_files.h\"

namespace merle {
const std::string_view @name@ = R\"merle(@text@)merle\";
}
")
  target_sources(merle_${folder} PRIVATE ${source})
endfunction()
