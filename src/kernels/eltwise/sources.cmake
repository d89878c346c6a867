list(APPEND KERNELS_SOURCES
  eltwise/elt_cast.cc
  eltwise/elt_cast_avx2.cc
  eltwise/elt_cast_avx512.cc
  eltwise/elt_f32_avx2.cc
  eltwise/elt_f32_avx512.cc
  eltwise/elt_f32_scalar.cc
  eltwise/elt_libm.cc
  eltwise/elt_program.cc
  eltwise/elt_quantize_avx2.cc
  eltwise/elt_quantize_avx512.cc
  eltwise/elt_quantize_scalar.cc
  eltwise/elt_typed_avx2.cc
  eltwise/elt_typed_avx512.cc
  eltwise/elt_typed_scalar.cc
  eltwise/eltwise.cc)
list(APPEND KERNELS_ISA_TESTS eltwise/eltwise_test.cc)
list(APPEND KERNELS_BENCHMARKS eltwise/eltwise_bench.cc)
