list(APPEND KERNELS_SOURCES
  reduce/reduce.cc
  reduce/reduce_avx2.cc
  reduce/reduce_avx512.cc
  reduce/reduce_elements.cc
  reduce/reduce_scalar.cc)
list(APPEND KERNELS_ISA_TESTS reduce/reduce_test.cc)
list(APPEND KERNELS_BENCHMARKS reduce/reduce_bench.cc)
