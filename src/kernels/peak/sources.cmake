list(APPEND KERNELS_SOURCES
  peak/peak.cc peak/fma_loop_scalar.cc peak/fma_loop_avx2.cc peak/fma_loop_avx512.cc)
