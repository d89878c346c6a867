list(APPEND KERNELS_SOURCES
  resize/image.cc
  resize/resize.cc
  resize/resize_avx2.cc
  resize/resize_avx512.cc
  resize/resize_plan.cc
  resize/resize_scalar.cc)
list(APPEND KERNELS_ISA_TESTS
  resize/image_test.cc
  resize/resize_test.cc)
list(APPEND KERNELS_BENCHMARKS resize/resize_bench.cc)
