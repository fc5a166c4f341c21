# Writes OUTPUT: a source with the text of each of FOLDER's JSON files as a raw string literal, in the order of their names.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/text_literal.cmake)
file(GLOB FILES ${FOLDER}/*.json)
list(SORT FILES)
set(entries "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  text_literal(${file} literal)
  string(APPEND entries "    {\"${name}\", ${literal}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"io/demo/material.hpp\"\n
namespace mesher::demo {
std::vector<StoryFile> built_in_files() {
  return {
${entries}  };
}
}  // namespace mesher::demo\n")
