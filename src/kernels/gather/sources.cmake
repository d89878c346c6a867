list(APPEND KERNELS_SOURCES
  gather/gather.cc
  gather/scatter.cc)
list(APPEND KERNELS_ISA_TESTS gather/gather_test.cc)
list(APPEND KERNELS_BENCHMARKS gather/gather_bench.cc)
