list(APPEND KERNELS_SOURCES
  dot/dot.cc dot/dot_depthwise.cc dot/dot_depthwise_scalar.cc
  dot/dot_depthwise_avx2.cc dot/dot_depthwise_avx512.cc dot/dot_image.cc dot/dot_layout.cc dot/dot_loop.cc dot/dot_pack.cc dot/dot_quads.cc dot/dot_quads_avx512vnni.cc
  dot/dot_rows.cc
  dot/dot_set.cc dot/dot_writer.cc
  dot/dot_output_scalar.cc dot/dot_output_avx2.cc dot/dot_output_avx512.cc
  dot/dot_tile_scalar.cc dot/dot_tile_avx2.cc dot/dot_tile_avx512.cc dot/dot_tile_avx512bf16.cc
  dot/dot_tile_avx512vnni.cc dot/dot_tile_amx.cc)
list(APPEND KERNELS_ISA_TESTS dot/dot_test.cc)
list(APPEND KERNELS_BENCHMARKS dot/dot_bench.cc)
