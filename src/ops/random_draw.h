// Random tensors whose every element is a function of (seed, counter, position) alone: Philox
// blocks of core/random.h with the seed as key, position and counter as the 128-bit counter. The
// operators of domain "plumb" take seed and counter as inputs; those of ONNX are rewritten to them
// when a model is loaded, with the seed attribute as seed and, as no state is theirs, a counter
// that is fixed and different for each node.
#pragma once

#include <cstdint>

#include "graph/op_def.h"

namespace plumb::ops {

enum class Distribution : std::uint8_t { kUniform, kNormal };

// First two words of the block at `position` as a number in [0, 1) of 53 bits.
double UniformAt(std::uint64_t seed, std::uint64_t counter, std::uint64_t position);
// Mean 0, deviation 1 (Box-Muller of the two halves of the block).
double NormalAt(std::uint64_t seed, std::uint64_t counter, std::uint64_t position);

// The key for an ONNX seed attribute: the bits of the number; 0 when absent.
std::uint64_t SeedOf(const AttrMap& attrs);

// plumb.RandomUniform (shape, seed, counter), RandomUniform and RandomUniformLike; the same of
// Normal.
OpDef DescribeRandom(Distribution distribution);
OpDef DescribeOnnxRandom(Distribution distribution);
OpDef DescribeRandomLike(Distribution distribution);

}  // namespace plumb::ops
