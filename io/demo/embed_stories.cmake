# Writes OUTPUT: a source with the text of each of FOLDER's JSON files as a raw string literal, in the order of their names.
file(GLOB FILES ${FOLDER}/*.json)
list(SORT FILES)
set(entries "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  # A string literal has a limited length in the standard; pieces of 12,000 characters are joined by the compiler.
  string(LENGTH "${text}" length)
  set(literal "")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 12000 piece)
    string(APPEND literal "R\"~json~(${piece})~json~\"\n")
    math(EXPR at "${at} + 12000")
  endwhile()
  string(APPEND entries "    {\"${name}\", ${literal}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"io/demo/material.hpp\"\n
namespace mesher::demo {
std::vector<StoryFile> built_in_files() {
  return {
${entries}  };
}
}  // namespace mesher::demo\n")
