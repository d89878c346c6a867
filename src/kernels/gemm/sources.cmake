list(APPEND KERNELS_SOURCES
  gemm/gemm.cc gemm/panels.cc gemm/task_grid.cc gemm/tile_choice.cc gemm/tile_loop.cc gemm/tile_set.cc
  gemm/activate_scalar.cc gemm/activate_avx2.cc gemm/activate_avx512.cc
  gemm/tile_x1_scalar.cc gemm/tile_x2_scalar.cc gemm/tile_x3_scalar.cc gemm/tile_x4_scalar.cc
  gemm/tile_x1_avx2.cc gemm/tile_x2_avx2.cc gemm/tile_x3_avx2.cc
  gemm/tile_x1_avx512.cc gemm/tile_x2_avx512.cc gemm/tile_x3_avx512.cc gemm/tile_x4_avx512.cc)
list(APPEND KERNELS_TESTS gemm/task_grid_test.cc)
list(APPEND KERNELS_ISA_TESTS gemm/gemm_test.cc)
list(APPEND KERNELS_BENCHMARKS gemm/gemm_bench.cc)
