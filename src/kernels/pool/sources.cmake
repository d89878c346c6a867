list(APPEND KERNELS_SOURCES
  pool/pool.cc
  pool/pool_avx2.cc
  pool/pool_avx512.cc
  pool/pool_scalar.cc)
list(APPEND KERNELS_ISA_TESTS pool/pool_test.cc)
list(APPEND KERNELS_BENCHMARKS pool/pool_bench.cc)
