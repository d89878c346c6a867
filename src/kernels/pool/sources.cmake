list(APPEND KERNELS_SOURCES
  pool/integer_average.cc
  pool/pool.cc
  pool/pool_avx2.cc
  pool/pool_avx512.cc
  pool/pool_scalar.cc)
list(APPEND KERNELS_ISA_TESTS pool/integer_average_test.cc pool/pool_test.cc)
list(APPEND KERNELS_BENCHMARKS pool/pool_bench.cc)
