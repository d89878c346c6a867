list(APPEND KERNELS_SOURCES
  attention/attention.cc
  attention/attention_run.cc
  attention/online_softmax_avx2.cc
  attention/online_softmax_avx512.cc
  attention/online_softmax_scalar.cc)
list(APPEND KERNELS_ISA_TESTS attention/attention_test.cc)
list(APPEND KERNELS_BENCHMARKS attention/attention_bench.cc)
