list(APPEND KERNELS_SOURCES
  copy/copy.cc
  copy/copy_plan.cc
  copy/transpose_avx2.cc)
list(APPEND KERNELS_ISA_TESTS copy/copy_test.cc)
list(APPEND KERNELS_BENCHMARKS copy/copy_bench.cc)
