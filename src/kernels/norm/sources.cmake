list(APPEND KERNELS_SOURCES
  norm/channel_norm.cc
  norm/layer_norm.cc
  norm/norm_avx2.cc
  norm/norm_avx512.cc
  norm/norm_scalar.cc)
list(APPEND KERNELS_ISA_TESTS norm/norm_test.cc)
list(APPEND KERNELS_BENCHMARKS norm/norm_bench.cc)
