# Writes OUTPUT: a source with the files that FILES names (separated by |), each as a raw string literal under its name.
string(REPLACE "|" ";" FILES "${FILES}")
set(entries "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  # The language promises literals of 64 KiB only; pieces of 12,000 characters are joined by the compiler. Semicolons and
  # brackets mean something to CMake's lists, so that pieces are cut from the text itself.
  string(LENGTH "${text}" length)
  set(literal "")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 12000 piece)
    string(APPEND literal "R\"~doc~(${piece})~doc~\"\n")
    math(EXPR at "${at} + 12000")
  endwhile()
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
