list(APPEND KERNELS_SOURCES
  conv/conv.cc conv/conv_phase.cc conv/implicit_gemm.cc conv/implicit_gemm_source.cc
  conv/image_rows.cc conv/grouped.cc conv/grouped_avx2.cc conv/grouped_avx512.cc
  conv/few_channels.cc conv/few_channels_avx2.cc conv/few_channels_avx512.cc
  conv/winograd.cc conv/winograd_run.cc conv/winograd_scalar.cc conv/winograd_avx2.cc
  conv/winograd_avx512.cc
  conv/fft.cc conv/fft_run.cc conv/fft_scalar.cc conv/fft_avx2.cc conv/fft_avx512.cc
  conv/depthwise.cc conv/depthwise_any_scalar.cc
  conv/depthwise_any_avx2.cc conv/depthwise_k3_avx2.cc conv/depthwise_k5_avx2.cc
  conv/depthwise_any_avx512.cc conv/depthwise_k3_avx512.cc conv/depthwise_k5_avx512.cc)
list(APPEND KERNELS_ISA_TESTS conv/conv_test.cc)
list(APPEND KERNELS_BENCHMARKS conv/conv_bench.cc conv/conv_large_bench.cc)
