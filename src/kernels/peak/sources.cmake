list(APPEND KERNELS_SOURCES
  peak/peak.cc peak/dot_loop_amx.cc peak/dot_loop_avx512bf16.cc peak/dot_loop_avx512vnni.cc
  peak/fma_loop_scalar.cc peak/fma_loop_avx2.cc peak/fma_loop_avx512.cc)
list(APPEND KERNELS_SOURCES
  peak/bandwidth.cc peak/bandwidth_scalar.cc peak/bandwidth_avx2.cc peak/bandwidth_avx512.cc)
list(APPEND KERNELS_TESTS peak/bandwidth_test.cc peak/peak_test.cc)
