# One helper makes a room: its library, its tests, its benchmarks, its fuzz targets.
#
#   plumb_room(core
#     SOURCES status.cc shape.cc          # listed, relative to src/<room>
#     DEPS plumb_graph absl::strings      # other rooms are plumb_<room>
#     TESTS status_test.cc                # one binary <room>_test, label unit
#     ISA_TESTS conv/conv_test.cc         # one binary <room>_isa_test, run once per PLUMB_ISA
#     SLOW_TESTS chain_test.cc            # one binary <room>_slow_test, run by `make check` only
#     TEST_DEPS nlohmann_json             # for all of these binaries
#     BENCHMARKS conv/conv_bench.cc)      # one binary <room>_bench
#
# The instruction set of a source comes from its suffix: _avx2.cc, _avx512.cc, _avx512vnni.cc,
# _avx512bf16.cc, _amx.cc.
set(PLUMB_ISA_FLAGS_avx2 -mavx2 -mfma -mf16c -mbmi2)
set(PLUMB_ISA_FLAGS_avx512 ${PLUMB_ISA_FLAGS_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl
                           -mavx512cd -mprefer-vector-width=512)
set(PLUMB_ISA_FLAGS_avx512vnni ${PLUMB_ISA_FLAGS_avx512} -mavx512vnni)
set(PLUMB_ISA_FLAGS_avx512bf16 ${PLUMB_ISA_FLAGS_avx512} -mavx512bf16)
set(PLUMB_ISA_FLAGS_amx ${PLUMB_ISA_FLAGS_avx512} -mamx-tile -mamx-int8 -mamx-bf16)
set(PLUMB_TESTED_ISAS scalar avx2 avx512 amx)

# Rooms whose tests run under the thread sanitizer (target threaded_tests, label threads).
set(PLUMB_THREADED_ROOMS core measure runtime engine pipeline)

# A hung test ends as a failure after this many seconds.
set(PLUMB_TEST_TIMEOUT 300)
set(PLUMB_SLOW_TEST_TIMEOUT 1200)

# The names in the second column of src/rooms.txt, in order.
function(plumb_read_rooms result)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/rooms.txt)
  file(STRINGS ${PROJECT_SOURCE_DIR}/src/rooms.txt rows REGEX "^[0-9]")
  set(rooms)
  foreach(row IN LISTS rows)
    if(NOT row MATCHES "^[0-9]+ *\\| *([a-z]+) *\\|")
      message(FATAL_ERROR "src/rooms.txt: expected 'layer | room | ...', got: ${row}")
    endif()
    list(APPEND rooms ${CMAKE_MATCH_1})
  endforeach()
  set(${result} ${rooms} PARENT_SCOPE)
endfunction()

function(plumb_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS;TESTS;ISA_TESTS;SLOW_TESTS;TEST_DEPS;BENCHMARKS"
    ${ARGN})
  if(ROOM_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "plumb_room(${name}): unknown arguments: ${ROOM_UNPARSED_ARGUMENTS}")
  endif()
  plumb_library(${name} SOURCES ${ROOM_SOURCES} DEPS ${ROOM_DEPS})
  if(PLUMB_BUILD_TESTS)
    if(ROOM_TESTS)
      plumb_test_binary(${name}_test ${name} SOURCES ${ROOM_TESTS} DEPS ${ROOM_TEST_DEPS})
      plumb_add_test(${name}_test LABELS unit TIMEOUT ${PLUMB_TEST_TIMEOUT})
      if(name IN_LIST PLUMB_THREADED_ROOMS)
        plumb_thread_test(${name}_test)
      endif()
    endif()
    if(ROOM_ISA_TESTS)
      plumb_test_binary(${name}_isa_test ${name} ISA SOURCES ${ROOM_ISA_TESTS}
        DEPS ${ROOM_TEST_DEPS})
      foreach(isa IN LISTS PLUMB_TESTED_ISAS)
        plumb_add_test(${name}_isa_test ISA ${isa} LABELS isa TIMEOUT ${PLUMB_TEST_TIMEOUT})
      endforeach()
    endif()
    if(ROOM_SLOW_TESTS)
      plumb_test_binary(${name}_slow_test ${name} SOURCES ${ROOM_SLOW_TESTS}
        DEPS ${ROOM_TEST_DEPS})
      plumb_add_test(${name}_slow_test LABELS slow TIMEOUT ${PLUMB_SLOW_TEST_TIMEOUT})
    endif()
  endif()
  if(PLUMB_BUILD_BENCHMARKS AND ROOM_BENCHMARKS)
    add_executable(${name}_bench ${ROOM_BENCHMARKS})
    target_link_libraries(${name}_bench PRIVATE plumb_${name} benchmark::benchmark_main)
  endif()
endfunction()

# Headers of libraries that nearly every file reads. Parsing them is most of the time of a small
# file, so they are precompiled: once for the libraries, once with GoogleTest for the tests. Files
# still include what they use: lint compiles each without this. Files of an instruction set hold no
# library code and are left out.
set(PLUMB_PRECOMPILED <algorithm> <cmath> <functional> <map> <memory> <optional> <span> <string>
                      <string_view> <utility> <variant> <vector> <absl/container/inlined_vector.h>
                      <absl/status/status.h> <absl/status/statusor.h> <absl/strings/str_cat.h>)
set(PLUMB_PRECOMPILED_TESTS ${PLUMB_PRECOMPILED} <gmock/gmock.h> <gtest/gtest.h>)

# Precompiles the headers for a target, or takes them from `owner`, a target of the same flags.
function(plumb_precompile target owner)
  if(TARGET ${owner} AND NOT target STREQUAL owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
  # ccache keeps files that were compiled with a precompiled header only under these conditions.
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
    $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
endfunction()

# The static library plumb_<room>, installed with its headers as plumbline::<room>.
function(plumb_library name)
  cmake_parse_arguments(LIB "" "" "SOURCES;DEPS" ${ARGN})
  add_library(plumb_${name} STATIC ${LIB_SOURCES})
  set_target_properties(plumb_${name} PROPERTIES EXPORT_NAME ${name})
  set_property(GLOBAL APPEND PROPERTY PLUMB_LIBRARIES plumb_${name})
  target_include_directories(plumb_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/plumbline>)
  target_compile_features(plumb_${name} PUBLIC cxx_std_20)
  target_compile_options(plumb_${name} PRIVATE ${PLUMB_WARNINGS})
  target_link_libraries(plumb_${name} PUBLIC ${LIB_DEPS})
  plumb_precompile(plumb_${name} plumb_core ${PLUMB_PRECOMPILED})
  foreach(source IN LISTS LIB_SOURCES)
    if(source MATCHES "_scalar\\.cc$")
      set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    elseif(source MATCHES "_(avx2|avx512|avx512vnni|avx512bf16|amx)\\.cc$")
      set(isa_flags ${PLUMB_ISA_FLAGS_${CMAKE_MATCH_1}})
      # Checks of undefined behaviour make unrolled register tiles take minutes to compile; the
      # scalar variants of the same bodies keep them.
      if(PLUMB_SANITIZE MATCHES "undefined")
        list(APPEND isa_flags -fno-sanitize=undefined)
      endif()
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${isa_flags}"
        SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/plumbline/${name}
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "*_test.h" EXCLUDE
    PATTERN "testing" EXCLUDE)
endfunction()

# A GoogleTest binary of a room. With ISA its main() ends with status 77 where the machine lacks the
# instruction set that PLUMB_ISA names. What is tested is optimised as it is shipped; the tests
# themselves are optimised little, which halves the time they take to compile (and makes g++ 12 warn
# of overflows inside std::string that cannot happen).
function(plumb_test_binary target room)
  cmake_parse_arguments(TEST "ISA" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${target} ${TEST_SOURCES})
  target_compile_options(${target} PRIVATE ${PLUMB_WARNINGS} $<$<CONFIG:Release>:-O1>
    "$<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-stringop-overflow>")
  target_link_libraries(${target} PRIVATE plumb_${room} ${TEST_DEPS} GTest::gmock)
  plumb_precompile(${target} core_test ${PLUMB_PRECOMPILED_TESTS})
  if(TEST_ISA)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src/core/isa_test_main.cc)
  else()
    target_link_libraries(${target} PRIVATE GTest::gtest_main)
  endif()
endfunction()

# A test of several rooms, for the folders of tests/: the binary <name>, linked to the rooms named.
#
#   plumb_cross_test(onnx_text_test ROOMS onnx ops SOURCES onnx_text_test.cc DEPS nlohmann_json::x)
#
# ISA: run once per instruction set. SLOW: run by `make check` only. THREADS: run under the thread
# sanitizer too.
function(plumb_cross_test name)
  cmake_parse_arguments(TEST "ISA;SLOW;THREADS" "" "ROOMS;SOURCES;DEPS" ${ARGN})
  if(NOT PLUMB_BUILD_TESTS)
    return()
  endif()
  list(TRANSFORM TEST_ROOMS PREPEND plumb_)
  foreach(room IN LISTS TEST_ROOMS)
    if(NOT TARGET ${room})  # PLUMB_ROOMS leaves it out
      return()
    endif()
  endforeach()
  set(kind)
  if(TEST_ISA)
    set(kind ISA)
  endif()
  list(POP_FRONT TEST_ROOMS first)
  string(REPLACE plumb_ "" first ${first})
  plumb_test_binary(${name} ${first} ${kind} SOURCES ${TEST_SOURCES} DEPS ${TEST_ROOMS} ${TEST_DEPS})
  set(label unit)
  set(timeout ${PLUMB_TEST_TIMEOUT})
  if(TEST_SLOW)
    set(label slow)
    set(timeout ${PLUMB_SLOW_TEST_TIMEOUT})
  elseif(TEST_ISA)
    set(label isa)
  endif()
  if(TEST_ISA)
    foreach(isa IN LISTS PLUMB_TESTED_ISAS)
      plumb_add_test(${name} ISA ${isa} LABELS ${label} TIMEOUT ${timeout})
    endforeach()
  else()
    plumb_add_test(${name} LABELS ${label} TIMEOUT ${timeout})
  endif()
  if(TEST_THREADS)
    plumb_thread_test(${name})
  endif()
endfunction()

# Marks an entry to be run under the thread sanitizer.
function(plumb_thread_test name)
  set_property(TEST ${name} APPEND PROPERTY LABELS threads)
  if(NOT TARGET threaded_tests)
    add_custom_target(threaded_tests)
  endif()
  add_dependencies(threaded_tests ${name})
endfunction()

# Makes a ctest entry of a test binary: <target>, or <target>.<isa>. Its cases are written to
# results/<entry>.xml, where scripts/run_tests.py counts them.
function(plumb_add_test target)
  cmake_parse_arguments(TEST "" "ISA;TIMEOUT" "LABELS" ${ARGN})
  set(entry ${target})
  set(environment)
  if(TEST_ISA)
    set(entry ${target}.${TEST_ISA})
    set(environment "PLUMB_ISA=${TEST_ISA}")
  endif()
  list(APPEND environment "GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/results/${entry}.xml")
  if(PLUMB_SANITIZE MATCHES "thread")
    list(APPEND environment
      "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp:halt_on_error=1")
  endif()
  add_test(NAME ${entry} COMMAND ${target})
  set_tests_properties(${entry} PROPERTIES
    LABELS "${TEST_LABELS}"
    TIMEOUT ${TEST_TIMEOUT}
    SKIP_RETURN_CODE 77
    ENVIRONMENT "${environment}")
endfunction()

# A libFuzzer target: LLVMFuzzerTestOneInput in `source`, seeds in `corpus` (both relative to the
# room). Two ctest entries: <name>.corpus runs every seed once, <name>.fuzz looks for new inputs for
# PLUMB_FUZZ_SECONDS. Does nothing unless PLUMB_BUILD_FUZZERS (the preset `dev`) is on.
set(PLUMB_FUZZ_SECONDS 20 CACHE STRING "Seconds that each fuzz target runs")
function(plumb_fuzzer name source corpus)
  if(NOT PLUMB_BUILD_FUZZERS)
    return()
  endif()
  cmake_parse_arguments(FUZZ "" "" "DEPS" ${ARGN})
  foreach(room IN LISTS FUZZ_DEPS)
    if(NOT TARGET ${room})  # PLUMB_ROOMS leaves it out
      return()
    endif()
  endforeach()
  cmake_path(ABSOLUTE_PATH corpus NORMALIZE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${FUZZ_DEPS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers ${name})
  set(found ${PROJECT_BINARY_DIR}/fuzz/${name})
  file(MAKE_DIRECTORY ${found})
  set(limits -verbosity=0 -print_funcs=0 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024
      -artifact_prefix=${found}/)
  add_test(NAME ${name}.corpus COMMAND ${name} ${limits} -runs=0 ${corpus})
  add_test(NAME ${name}.fuzz COMMAND ${name} ${limits} -max_total_time=${PLUMB_FUZZ_SECONDS}
           -print_final_stats=1 ${found} ${corpus})
  set_tests_properties(${name}.corpus ${name}.fuzz PROPERTIES LABELS fuzz
    TIMEOUT ${PLUMB_TEST_TIMEOUT})
endfunction()
