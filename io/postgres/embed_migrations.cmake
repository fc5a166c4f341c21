# Writes OUTPUT: a source with the text of each of FOLDER's SQL files as a raw string literal, in the order of their names.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/text_literal.cmake)
file(GLOB FILES ${FOLDER}/*.sql)
list(SORT FILES)
set(entries "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  text_literal(${file} literal)
  string(APPEND entries "    {\"${name}\", ${literal}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"io/postgres/migrations.hpp\"\n
namespace mesher::postgres {
std::vector<Migration> built_in_migrations() {
  return {
${entries}  };
}
}  // namespace mesher::postgres\n")
