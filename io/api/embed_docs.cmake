# Writes OUTPUT: a source with the files that FILES names (separated by |), each as a raw string literal under its name.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/text_literal.cmake)
string(REPLACE "|" ";" FILES "${FILES}")
set(entries "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  text_literal(${file} literal)
  string(APPEND entries "    {\"${name}\", ${literal}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"io/api/docs_page.hpp\"\n
namespace mesher::api {
std::span<const DocsFile> docs_files() {
  static constexpr DocsFile kFiles[] = {
${entries}  };
  return kFiles;
}
}  // namespace mesher::api\n")
