list(APPEND KERNELS_SOURCES
  lookup/byte_lookup.cc
  lookup/byte_rows_avx2.cc
  lookup/byte_rows_avx512.cc
  lookup/byte_rows_scalar.cc)
list(APPEND KERNELS_ISA_TESTS lookup/byte_lookup_test.cc)
list(APPEND KERNELS_BENCHMARKS lookup/byte_lookup_bench.cc)
