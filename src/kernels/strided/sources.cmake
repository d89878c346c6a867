list(APPEND KERNELS_SOURCES strided/merge_dims.cc)
