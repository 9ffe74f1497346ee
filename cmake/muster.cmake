# SPDX-License-Identifier: Apache-2.0
#
# muster_library(room SOURCES ... [DEPS ...] [PRIVATE_DEPS ...])
#   The library of one room, known as muster::<room>. It links exactly what it names.
# muster_test(name SOURCES ... [DEPS ...] [LABELS ...])
#   A Catch2 program whose cases are ctest tests of their own.

add_library(muster_options INTERFACE)
target_compile_features(muster_options INTERFACE cxx_std_20)
target_include_directories(muster_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(muster_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized>
  -fno-omit-frame-pointer -fstack-protector-strong -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(MUSTER_SANITIZE)
  target_compile_options(muster_options INTERFACE -fsanitize=${MUSTER_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(muster_options INTERFACE -fsanitize=${MUSTER_SANITIZE})
endif()
if(MUSTER_FUZZ)
  target_compile_options(muster_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
  target_link_options(muster_options INTERFACE -fsanitize=address,undefined)
endif()

function(muster_library room)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(muster_${room} STATIC ${ARG_SOURCES})
  add_library(muster::${room} ALIAS muster_${room})
  target_link_libraries(muster_${room} PUBLIC muster_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(MUSTER_TIDY)
    set_target_properties(muster_${room} PROPERTIES CXX_CLANG_TIDY "clang-tidy-14;--quiet")
  endif()
endfunction()

function(muster_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE muster_options ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  install(TARGETS ${name} RUNTIME DESTINATION bin)
  if(MUSTER_TIDY)
    set_target_properties(${name} PROPERTIES CXX_CLANG_TIDY "clang-tidy-14;--quiet")
  endif()
endfunction()

function(muster_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT BUILD_TESTING)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE muster_options ${ARG_DEPS} Catch2::Catch2WithMain)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE
    MUSTER_TESTDATA="${PROJECT_SOURCE_DIR}/tests/testdata" MUSTER_BIN="${CMAKE_BINARY_DIR}/bin"
    MUSTER_SOURCE="${PROJECT_SOURCE_DIR}")
  # One ctest entry a program: a process per case would spend more on starting than on testing.
  add_test(NAME ${name} COMMAND ${name} --order decl)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
    ENVIRONMENT "${MUSTER_TEST_ENVIRONMENT}")
endfunction()

# What the sanitizers leave out, in tests and in the programs that they start.
set(MUSTER_TEST_ENVIRONMENT
  "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp"
  "TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")

# muster_fuzz(name SOURCES ... DEPS ...): a fuzz target. The fuzz preset makes a libFuzzer program of
#   each; every other build one program of all (muster_fuzz_tests), with a driver of our own.
function(muster_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(MUSTER_FUZZ)
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE muster_options ${ARG_DEPS} -fsanitize=fuzzer)
    return()
  endif()
  set_source_files_properties(${ARG_SOURCES} PROPERTIES
    COMPILE_DEFINITIONS LLVMFuzzerTestOneInput=muster_${name})
  set_property(DIRECTORY APPEND PROPERTY MUSTER_FUZZ_NAMES ${name})
  set_property(DIRECTORY APPEND PROPERTY MUSTER_FUZZ_SOURCES ${ARG_SOURCES})
  set_property(DIRECTORY APPEND PROPERTY MUSTER_FUZZ_DEPS ${ARG_DEPS})
endfunction()

# muster_fuzz_tests(driver): the program of all fuzz targets of this folder, and for each a test
#   (label fuzz) that runs it over corpus/<name without _fuzz> and changed units of it for
#   MUSTER_FUZZ_SECONDS.
set(MUSTER_FUZZ_SECONDS 2 CACHE STRING "How long ctest runs each fuzz target")
function(muster_fuzz_tests driver)
  if(MUSTER_FUZZ OR NOT BUILD_TESTING)
    return()
  endif()
  get_property(names DIRECTORY PROPERTY MUSTER_FUZZ_NAMES)
  get_property(sources DIRECTORY PROPERTY MUSTER_FUZZ_SOURCES)
  get_property(deps DIRECTORY PROPERTY MUSTER_FUZZ_DEPS)
  list(REMOVE_DUPLICATES deps)
  set(declared)
  set(listed)
  foreach(name ${names})
    string(APPEND declared "extern \"C\" int muster_${name}(const uint8_t* data, size_t size);\n")
    string(APPEND listed "    {\"${name}\", muster_${name}},\n")
  endforeach()
  set(table ${CMAKE_CURRENT_BINARY_DIR}/fuzz_targets.cc)
  file(CONFIGURE OUTPUT ${table} CONTENT "#include \"tests/fuzz/fuzz_targets.h\"
${declared}namespace muster::fuzz {
namespace {
constexpr Target kAll[] = {
${listed}};
}  // namespace
constinit const std::span<const Target> kTargets(kAll);
}  // namespace muster::fuzz
")
  add_executable(fuzz_targets ${driver} ${table} ${sources})
  target_link_libraries(fuzz_targets PRIVATE muster_options ${deps})
  target_include_directories(fuzz_targets PRIVATE ${PROJECT_SOURCE_DIR})
  foreach(name ${names})
    string(REGEX REPLACE "_fuzz$" "" what ${name})
    set(corpus)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${what})
      set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${what})
    endif()
    add_test(NAME ${name} COMMAND fuzz_targets ${name} ${corpus} --seconds ${MUSTER_FUZZ_SECONDS})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS fuzz
      ENVIRONMENT "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/lsan.supp;TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")
  endforeach()
endfunction()
