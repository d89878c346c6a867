#include "core/tensor.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <type_traits>

#include "core/arena.h"

namespace plumb {
namespace {

// static_cast, with the out-of-range conversions that C++ leaves undefined saturating, NaN to zero.
template <typename T>
T FromDouble(double value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else if constexpr (std::is_integral_v<T>) {
    if (std::isnan(value)) return 0;
    // max() + 1 is a power of two, exact as a double where max() is not.
    constexpr T kHalf = std::numeric_limits<T>::max() / 2 + 1;
    if (value >= 2.0 * static_cast<double>(kHalf)) return std::numeric_limits<T>::max();
    if (value <= static_cast<double>(std::numeric_limits<T>::min())) {
      return std::numeric_limits<T>::min();
    }
    return static_cast<T>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    return T(static_cast<float>(value));
  }
}

template <typename T>
std::int64_t ToInt64(T value) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<std::int64_t>(value);
  } else {
    return FromDouble<std::int64_t>(static_cast<double>(static_cast<float>(value)));
  }
}
std::int64_t ToInt64(double value) { return FromDouble<std::int64_t>(value); }

template <typename T>
double ToDouble(T value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<double>(value);
  } else {
    return static_cast<double>(static_cast<float>(value));
  }
}

}  // namespace

StatusOr<Tensor> Tensor::TryAllocate(DType dtype, const Shape& shape) {
  PLUMB_CHECK(dtype != DType::kUndefined, "shape ", shape.ToString());
  PLUMB_ASSIGN_OR_RETURN(const std::int64_t elements, CheckedNumElements(shape.span()));
  const std::int64_t bytes = StorageBytes(dtype, elements);
  StatusOr<AlignedBytes> block = AllocateAligned(bytes);
  if (!block.ok()) {
    return Annotate(block.status(), "tensor " + Str(DTypeName(dtype)) + " " + shape.ToString());
  }
  Tensor result;
  result.dtype_ = dtype;
  result.shape_ = shape;
  result.data_ = block->get();
  if (dtype == DType::kString) {
    auto* strings = static_cast<std::string*>(result.data_);
    std::uninitialized_value_construct_n(strings, elements);
    result.owner_ = std::shared_ptr<const void>(block->release(), [elements](std::byte* bytes) {
      std::destroy_n(reinterpret_cast<std::string*>(bytes), elements);
      FreeBytes()(bytes);
    });
  } else {
    std::memset(result.data_, 0, static_cast<std::size_t>(bytes));
    result.owner_ = std::shared_ptr<const void>(block->release(), FreeBytes());
  }
  return result;
}

Tensor Tensor::Zeros(DType dtype, const Shape& shape) {
  StatusOr<Tensor> result = TryAllocate(dtype, shape);
  PLUMB_CHECK(result.ok(), result.status().message());
  return *std::move(result);
}

Tensor Tensor::Wrap(DType dtype, const Shape& shape, const void* data,
                    std::shared_ptr<const void> owner) {
  PLUMB_CHECK(dtype != DType::kUndefined, "shape ", shape.ToString());
  Tensor result;
  result.dtype_ = dtype;
  result.shape_ = shape;
  result.data_ = const_cast<void*>(data);
  result.owner_ = std::move(owner);
  return result;
}

// The copy is made once, whichever of the tensors that share the bytes is asked first.
struct Tensor::Mapped {
  std::once_flag once;
  AlignedBytes copy;
};

Tensor Tensor::Map(DType dtype, const Shape& shape, const void* data,
                   std::shared_ptr<const void> mapping) {
  Tensor result = Wrap(dtype, shape, data, std::move(mapping));
  result.mapped_ = std::make_shared<Mapped>();
  return result;
}

const void* Tensor::MappedData() const {
  // What a type wants is its size, a power of two, or less.
  const auto alignment =
      static_cast<std::uintptr_t>(std::max<std::int64_t>(1, StorageBytes(dtype_, 1)));
  if (reinterpret_cast<std::uintptr_t>(data_) % alignment == 0) return data_;
  std::call_once(mapped_->once, [this] {
    StatusOr<AlignedBytes> copy = AllocateAligned(bytes());
    PLUMB_CHECK(copy.ok(), copy.status().message());
    mapped_->copy = *std::move(copy);
    std::memcpy(mapped_->copy.get(), data_, static_cast<std::size_t>(bytes()));
    ReleasePages();
  });
  return mapped_->copy.get();
}

void Tensor::ReleasePages() const {
  if (mapped_ == nullptr) return;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(data_);
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + static_cast<std::uintptr_t>(bytes())) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

Tensor Tensor::Reshaped(const Shape& shape) const {
  PLUMB_CHECK(NumElements(shape) == num_elements(), shape_.ToString(), " to ", shape.ToString());
  Tensor result = *this;
  result.shape_ = shape;
  return result;
}

Tensor Tensor::Clone() const {
  if (!defined()) return {};
  Tensor result = Zeros(dtype_, shape_);
  if (dtype_ == DType::kString) {
    std::ranges::copy(data<std::string>(), result.mutable_data<std::string>().begin());
  } else if (bytes() > 0) {
    std::memcpy(result.data_, unaligned(), static_cast<std::size_t>(bytes()));
  }
  return result;
}

std::vector<double> ToDoubles(const Tensor& tensor) {
  std::vector<double> values(static_cast<std::size_t>(tensor.num_elements()));
  const bool known = VisitNumber(
      tensor.dtype(),
      [&]<typename T>(T) {
        std::ranges::transform(tensor.data<T>(), values.begin(), [](T x) { return ToDouble(x); });
        return true;
      },
      false);
  PLUMB_CHECK(known, "tensor holds ", Str(DTypeName(tensor.dtype())));
  return values;
}

std::vector<std::int64_t> ToInt64s(const Tensor& tensor) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(tensor.num_elements()));
  const bool known = VisitNumber(
      tensor.dtype(),
      [&]<typename T>(T) {
        std::ranges::transform(tensor.data<T>(), values.begin(), [](T x) { return ToInt64(x); });
        return true;
      },
      false);
  PLUMB_CHECK(known, "tensor holds ", Str(DTypeName(tensor.dtype())));
  return values;
}

Tensor FromInt64s(DType dtype, const Shape& shape, std::span<const std::int64_t> values) {
  Tensor result = Tensor::Zeros(dtype, shape);
  PLUMB_CHECK(static_cast<std::size_t>(result.num_elements()) == values.size(), values.size(),
              " values for shape ", shape.ToString());
  const bool known = VisitNumber(
      dtype,
      [&]<typename T>(T) {
        if constexpr (std::is_integral_v<T>) {
          std::ranges::transform(values, result.mutable_data<T>().begin(),
                                 [](std::int64_t x) { return static_cast<T>(x); });
          return true;
        } else {
          return false;
        }
      },
      false);
  PLUMB_CHECK(known, "element type ", Str(DTypeName(dtype)));
  return result;
}

Tensor FromDoubles(DType dtype, const Shape& shape, std::span<const double> values) {
  Tensor result = Tensor::Zeros(dtype, shape);
  PLUMB_CHECK(static_cast<std::size_t>(result.num_elements()) == values.size(), values.size(),
              " values for shape ", shape.ToString());
  const bool known = VisitNumber(
      dtype,
      [&]<typename T>(T) {
        std::ranges::transform(values, result.mutable_data<T>().begin(), FromDouble<T>);
        return true;
      },
      false);
  PLUMB_CHECK(known, "element type ", Str(DTypeName(dtype)));
  return result;
}

}  // namespace plumb
