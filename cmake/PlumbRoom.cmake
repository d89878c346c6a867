# One helper makes a room: its library, its tests, its benchmarks.
#
#   plumb_room(core
#     SOURCES status.cc shape.cc          # listed, relative to src/<room>
#     DEPS plumb_graph absl::strings      # other rooms are plumb_<room>
#     TESTS status_test.cc                # one binary <room>_test, label unit (run once per ISA with LABELS isa)
#     ISA_TESTS conv/conv_test.cc         # one binary <room>_isa_test, run once per available PLUMB_ISA
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

function(plumb_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS;TESTS;ISA_TESTS;TEST_DEPS;BENCHMARKS" ${ARGN})
  add_library(plumb_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(plumb_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<INSTALL_INTERFACE:include/plumbline>)
  target_compile_features(plumb_${name} PUBLIC cxx_std_20)
  target_compile_options(plumb_${name} PRIVATE ${PLUMB_WARNINGS})
  target_link_libraries(plumb_${name} PUBLIC ${ROOM_DEPS})
  foreach(source IN LISTS ROOM_SOURCES)
    if(source MATCHES "_(avx2|avx512|avx512vnni|avx512bf16|amx)\\.cc$")
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
        "${PLUMB_ISA_FLAGS_${CMAKE_MATCH_1}}")
    endif()
  endforeach()
  if(PLUMB_BUILD_TESTS AND ROOM_TESTS)
    add_executable(${name}_test ${ROOM_TESTS})
    target_compile_options(${name}_test PRIVATE ${PLUMB_WARNINGS})
    target_link_libraries(${name}_test PRIVATE plumb_${name} ${ROOM_TEST_DEPS}
      GTest::gmock GTest::gtest_main)
    plumb_discover_tests(${name}_test unit "")
  endif()
  if(PLUMB_BUILD_TESTS AND ROOM_ISA_TESTS)
    add_executable(${name}_isa_test ${ROOM_ISA_TESTS})
    target_compile_options(${name}_isa_test PRIVATE ${PLUMB_WARNINGS})
    target_link_libraries(${name}_isa_test PRIVATE plumb_${name} ${ROOM_TEST_DEPS}
      GTest::gmock GTest::gtest_main)
    foreach(isa scalar avx2 avx512)
      plumb_discover_tests(${name}_isa_test isa ${isa})
    endforeach()
  endif()
  if(PLUMB_BUILD_BENCHMARKS AND ROOM_BENCHMARKS)
    add_executable(${name}_bench ${ROOM_BENCHMARKS})
    target_link_libraries(${name}_bench PRIVATE plumb_${name} benchmark::benchmark_main)
  endif()
endfunction()

# One ctest entry per binary and instruction set; a machine without the set skips it, saying so.
function(plumb_discover_tests target label isa)
  if(isa STREQUAL "")
    add_test(NAME ${target} COMMAND ${target})
    set_tests_properties(${target} PROPERTIES LABELS "${label}")
  else()
    add_test(NAME ${target}.${isa} COMMAND ${target})
    set_tests_properties(${target}.${isa} PROPERTIES LABELS "${label}"
      ENVIRONMENT "PLUMB_ISA=${isa}")
  endif()
endfunction()
