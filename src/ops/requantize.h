// From the steps of one quantisation to those of another: what QuantizeLinear makes of what
// DequantizeLinear made, perhaps with Relu between, for each of the 256 elements there are.
#pragma once

#include "core/dtype.h"
#include "kernels/lookup/byte_lookup.h"

namespace plumb::ops {

// Elements of an 8-bit type stand for (q - zero) * scale.
struct ByteScale {
  DType type = DType::kUInt8;
  double scale = 1;
  double zero = 0;
  bool relu = false;  // of what is quantised: numbers below zero become zero
};

// The element of `to` for the element `q` of `from`: the operators in turn, each with its rounding.
int RequantizeOne(int q, const ByteScale& from, const ByteScale& to);

// By the bits of the element.
kernels::ByteTable RequantizeTable(const ByteScale& from, const ByteScale& to);

// Whether nothing changes: the type is the same, and every element stands for itself.
bool IsUnchanged(const ByteScale& from, const ByteScale& to);

}  // namespace plumb::ops
