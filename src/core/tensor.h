// A dense, packed, row-major tensor and a view of one on somebody else's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/dtype.h"
#include "core/shape.h"

namespace plumb {

// Does not own; the memory outlives the view. Packed row-major. For kString, `data` points at
// std::string objects.
struct TensorView {
  DType dtype = DType::kUndefined;
  Shape shape;
  void* data = nullptr;

  std::int64_t num_elements() const { return NumElements(shape); }
  std::int64_t bytes() const { return StorageBytes(dtype, num_elements()); }
};

// Shares its bytes when copied; the holder of the only reference may write. Memory is 64-byte
// aligned unless it was wrapped. Not synchronised.
class Tensor {
 public:
  Tensor() = default;

  // Zero-filled (empty strings for kString). PLUMB_CHECKs the shape; sizes that come from outside
  // go through TryAllocate, whose error says how much was asked.
  static Tensor Zeros(DType dtype, const Shape& shape);
  static StatusOr<Tensor> TryAllocate(DType dtype, const Shape& shape);

  // Bytes that `owner` keeps alive; never written through.
  static Tensor Wrap(DType dtype, const Shape& shape, const void* data,
                     std::shared_ptr<const void> owner);

  // Bytes of a mapped file, at any address: where raw() and data() cannot give them as they are,
  // the first call makes a copy. Those who read once go through unaligned() and make none.
  static Tensor Map(DType dtype, const Shape& shape, const void* data,
                    std::shared_ptr<const void> mapping);

  template <typename T>
  static Tensor FromVector(const Shape& shape, const std::vector<T>& values);
  template <typename T>
  static Tensor Scalar(T value) {
    return FromVector<T>(Shape{}, std::vector<T>{value});
  }

  bool defined() const { return dtype_ != DType::kUndefined; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  std::int64_t num_elements() const { return NumElements(shape_); }
  std::int64_t bytes() const { return StorageBytes(dtype_, num_elements()); }

  const void* raw() const { return mapped_ == nullptr ? data_ : MappedData(); }
  void* mutable_raw() { return data_; }
  const void* unaligned() const { return data_; }

  // Gives up the pages of a mapped file that hold this tensor and no other: they are read again
  // when somebody needs them. Nothing for tensors in memory.
  void ReleasePages() const;

  template <typename T>
  std::span<const T> data() const {
    PLUMB_CHECK(DTypeOf<T>::value == dtype_, "tensor holds ", Str(DTypeName(dtype_)));
    return {static_cast<const T*>(raw()), static_cast<std::size_t>(num_elements())};
  }
  template <typename T>
  std::span<T> mutable_data() {
    PLUMB_CHECK(DTypeOf<T>::value == dtype_, "tensor holds ", Str(DTypeName(dtype_)));
    return {static_cast<T*>(data_), static_cast<std::size_t>(num_elements())};
  }

  // The same bytes under another shape with as many elements (PLUMB_CHECKed).
  Tensor Reshaped(const Shape& shape) const;
  Tensor Clone() const;  // a deep copy
  TensorView view() { return {dtype_, shape_, const_cast<void*>(raw())}; }

 private:
  DType dtype_ = DType::kUndefined;
  Shape shape_;
  struct Mapped;  // what Map() knows of its bytes
  const void* MappedData() const;

  void* data_ = nullptr;
  std::shared_ptr<const void> owner_;
  std::shared_ptr<Mapped> mapped_;
};

// Elements as double / int64 whatever the number type; PLUMB_CHECKs that it is one. Strings and
// sub-byte types are errors of the caller.
std::vector<double> ToDoubles(const Tensor& tensor);
std::vector<std::int64_t> ToInt64s(const Tensor& tensor);
// Rounds or saturates as a C++ cast does for in-range values.
Tensor FromDoubles(DType dtype, const Shape& shape, std::span<const double> values);

// Exact where the type holds the numbers; `dtype` is an integer type or bool.
Tensor FromInt64s(DType dtype, const Shape& shape, std::span<const std::int64_t> values);

template <typename T>
Tensor Tensor::FromVector(const Shape& shape, const std::vector<T>& values) {
  Tensor result = Zeros(DTypeOf<T>::value, shape);
  PLUMB_CHECK(static_cast<std::size_t>(result.num_elements()) == values.size(), values.size(),
              " values for shape ", shape.ToString());
  std::span<T> out = result.mutable_data<T>();
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return result;
}

}  // namespace plumb
