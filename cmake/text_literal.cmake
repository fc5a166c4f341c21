# text_literal(FILE VARIABLE): sets VARIABLE to the file's text as C++ raw string literals. The language promises literals of
# 64 KiB only, so they are pieces of 12,000 characters, which the compiler joins. Pieces are cut from the text itself:
# semicolons and brackets mean something to CMake's lists.
function(text_literal file variable)
  file(READ ${file} text)
  string(LENGTH "${text}" length)
  set(literal "")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 12000 piece)
    string(APPEND literal "R\"~text~(${piece})~text~\"\n")
    math(EXPR at "${at} + 12000")
  endwhile()
  set(${variable} "${literal}" PARENT_SCOPE)
endfunction()
