# Compiler flags of all our targets, in one place: link belay_options PRIVATE.
add_library(belay_options INTERFACE)
target_compile_features(belay_options INTERFACE cxx_std_20)
target_include_directories(belay_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(belay_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough
  $<$<BOOL:${BELAY_WERROR}>:-Werror>
  -fstack-protector-strong -fPIE)
target_compile_definitions(belay_options INTERFACE _GLIBCXX_ASSERTIONS BELAY_VERSION="${PROJECT_VERSION}")
target_link_options(belay_options INTERFACE -pie -Wl,-z,relro,-z,now)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  target_compile_options(belay_options INTERFACE -Wthread-safety)
endif()
if(BELAY_SANITIZE)
  target_compile_options(belay_options INTERFACE -fsanitize=${BELAY_SANITIZE} -fno-omit-frame-pointer -g1)
  # GCC 12 sees std::regex uninitialised where it is instrumented.
  target_compile_options(belay_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(belay_options INTERFACE -fsanitize=${BELAY_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL Release)
  target_compile_definitions(belay_options INTERFACE _FORTIFY_SOURCE=2)
endif()

# belay_library(<name> SOURCES ... [PUBLIC libs...] [PRIVATE libs...]): one target a folder.
function(belay_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE belay_options ${ARG_PRIVATE})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_features(${name} PUBLIC cxx_std_20)
endfunction()

# belay_program(<name> SOURCES ... LIBRARIES ...): lands in <build>/bin.
function(belay_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE belay_options ${ARG_LIBRARIES})
endfunction()
