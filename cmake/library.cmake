# Warnings, sanitizers and include root that every target of ours shares.
add_library(mesher_flags INTERFACE)
target_include_directories(mesher_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(mesher_flags INTERFACE -Wall -Wextra -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # gcc 12 warns of overlaps in std::string that cannot be (gcc bug 105651).
  target_compile_options(mesher_flags INTERFACE -Wno-restrict)
endif()
target_link_libraries(mesher_flags INTERFACE Threads::Threads)
if(MESHER_SANITIZE STREQUAL "address+undefined")
  # TBB 2021.8 trips UBSan's vptr check inside its own graph_task (docs/architecture.md).
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(MESHER_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()
if(MESHER_FUZZ)
  # clang warns of more than gcc under the same names; gcc's builds are the ones that must be free of warnings.
  target_compile_options(mesher_flags INTERFACE -Wno-error)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr)
  add_link_options(-fsanitize=address,undefined)
endif()

# mesher_library(NAME [LINK public...] [PRIVATE private...]) makes one static library of all sources of the calling
# folder. What a library may include is what it links: an arrow that points upwards does not link.
function(mesher_library name)
  cmake_parse_arguments(arg "" "" "LINK;PRIVATE;SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${arg_SOURCES})
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${arg_LINK})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE mesher_flags ${arg_PRIVATE})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${MESHER_UNITY})
endfunction()
