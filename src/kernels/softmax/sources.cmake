list(APPEND KERNELS_SOURCES
  softmax/softmax.cc
  softmax/softmax_avx2.cc
  softmax/softmax_avx512.cc
  softmax/softmax_scalar.cc)
list(APPEND KERNELS_ISA_TESTS softmax/softmax_test.cc)
list(APPEND KERNELS_BENCHMARKS softmax/softmax_bench.cc)
