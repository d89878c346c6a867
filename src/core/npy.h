// Tensors in NumPy's .npy files (format version 1.0, and 2.0 and 3.0 to read).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/tensor.h"

namespace plumb {

// Little-endian floats, integers and bools, in C or Fortran order; the result owns its elements,
// row-major. Errors say what is wrong and what is supported.
StatusOr<Tensor> ParseNpy(std::span<const std::byte> bytes);

// Types that NumPy does not have: bf16 is written as f32, int4 as i8; strings are an error.
StatusOr<std::string> SerializeNpy(const Tensor& tensor);

// The same for files; errors name the path.
StatusOr<Tensor> ReadNpy(const std::string& path);
Status WriteNpy(const std::string& path, const Tensor& tensor);

}  // namespace plumb
