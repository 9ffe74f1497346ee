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

# muster_fuzz(name SOURCES ... DEPS ...): a libFuzzer target; built by the fuzz preset only.
function(muster_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  if(MUSTER_FUZZ)
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE muster_options ${ARG_DEPS} -fsanitize=fuzzer)
  endif()
endfunction()
