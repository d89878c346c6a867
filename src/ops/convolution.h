// What the convolutions share. A convolution joins a large image (input of Conv, output of
// ConvTranspose) and a small one (an element per window); the weight is
// [small channels, large channels / group, kernel...] in both.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "graph/op_def.h"
#include "kernels/conv/conv.h"
#include "ops/lower.h"
#include "ops/window.h"

namespace plumb::ops {

// Concrete sizes of a convolution whose shapes have been checked. `window` has its pads resolved.
struct Convolution {
  std::int64_t batch = 0, group = 1;
  std::int64_t large_channels = 0, small_channels = 0;
  Dims large, small;  // spatial sizes
  Window window;

  double macs() const;
};

// Attributes of Conv; those of ConvTranspose have output_padding and output_shape too.
std::vector<AttrDef> ConvAttrs(bool transposed);

// Dims of y from those of x and the weight. Errors name what does not fit.
StatusOr<DimVector> ConvDims(const AttrMap& attrs, const DimVector& x, const DimVector& weight);
StatusOr<DimVector> ConvTransposeDims(const AttrMap& attrs, const DimVector& x,
                                      const DimVector& weight);
// Sizes from concrete shapes: x is the large image of Conv and the small one of ConvTranspose.
StatusOr<Convolution> MakeConv(const AttrMap& attrs, const Shape& x, const Shape& weight);
StatusOr<Convolution> MakeConvTranspose(const AttrMap& attrs, const Shape& x, const Shape& weight);

// That a tensor is the small image of `c`: [batch, small channels, small...].
Status CheckSmall(const Convolution& c, const Shape& shape);

// Inputs x, weight, bias (optional, [channels of y]); output y has the type of x.
Status InferConv(InferContext& context, bool transposed);
// Inputs as above and, for fused forms, residual (shape of y) and scale ([channels of y]);
// activation attributes are applied.
Status ReferenceConv(ReferenceContext& context, bool transposed);
Cost ConvCost(const ConcreteNode& node, bool transposed);
Status LowerConv(LowerContext& context, bool transposed);

// The fused forms: those of the convolution, of its activation and of narrow products.
std::vector<AttrDef> FusedConvAttrs(bool transposed);
Status InferFusedConv(InferContext& context, bool transposed);
// To kernels/conv, or, with attribute `precision`, to kernels/dot.
Status LowerFusedConv(LowerContext& context, bool transposed);

// Sizes, strides and epilogue of a node's convolution as the kernels want them.
kernels::ConvProblem ConvProblemOf(const LowerContext& context, const Convolution& c,
                                   bool transposed, const kernels::Epilogue& epilogue);

// A copy of a constant weight, each output channel (dimension 0) times its scale (absent: 1).
std::unique_ptr<float[]> ScaledWeight(const Tensor& weight, const Tensor& scale);

const OpDef& FusedConvOp();

// Folds y = scale * conv + shift, per channel, into a constant weight and bias. Conv becomes
// FusedConv with a scale, so that no second weight is made.
bool AbsorbAffineIntoConv(Graph& graph, NodeId node, const ChannelAffine& affine, bool transposed);

// The three sums of products. All add into their last argument. Sum is double or int64.
//   small: [batch, small channels, small...], large: [batch, large channels, large...]
template <typename Sum>
void AddConv(const Convolution& c, const Sum* large, const Sum* weight, Sum* small);
template <typename Sum>
void AddConvTranspose(const Convolution& c, const Sum* small, const Sum* weight, Sum* large);
template <typename Sum>
void AddConvWeight(const Convolution& c, const Sum* large, const Sum* small, Sum* weight);

// The images of one (batch, small channel, large channel) at a time: calls
// fn(large image, small image, weight taps), each as an offset.
template <typename Fn>
void ForEachChannelPair(const Convolution& c, Fn&& fn) {
  const std::int64_t large = NumElements(c.large), small = NumElements(c.small);
  const std::int64_t taps = NumElements(c.window.kernel);
  const std::int64_t large_group = c.large_channels / c.group;
  const std::int64_t small_group = c.small_channels / c.group;
  for (std::int64_t n = 0; n < c.batch; ++n) {
    for (std::int64_t s = 0; s < c.small_channels; ++s) {
      for (std::int64_t l = 0; l < large_group; ++l) {
        const std::int64_t channel = s / small_group * large_group + l;
        fn((n * c.large_channels + channel) * large, (n * c.small_channels + s) * small,
           (s * large_group + l) * taps);
      }
    }
  }
}

template <typename Sum>
void AddConv(const Convolution& c, const Sum* large, const Sum* weight, Sum* small) {
  const std::int64_t step = c.window.stride.back();
  ForEachChannelPair(c, [&](std::int64_t l, std::int64_t s, std::int64_t w) {
    ForEachTapRun(c.window, c.small, c.large,
                  [&](std::int64_t tap, std::int64_t to, std::int64_t from, std::int64_t count) {
                    const Sum factor = weight[w + tap];
                    for (std::int64_t i = 0; i < count; ++i) {
                      small[s + to + i] += factor * large[l + from + i * step];
                    }
                  });
  });
}

template <typename Sum>
void AddConvTranspose(const Convolution& c, const Sum* small, const Sum* weight, Sum* large) {
  const std::int64_t step = c.window.stride.back();
  ForEachChannelPair(c, [&](std::int64_t l, std::int64_t s, std::int64_t w) {
    ForEachTapRun(c.window, c.small, c.large,
                  [&](std::int64_t tap, std::int64_t from, std::int64_t to, std::int64_t count) {
                    const Sum factor = weight[w + tap];
                    for (std::int64_t i = 0; i < count; ++i) {
                      large[l + to + i * step] += factor * small[s + from + i];
                    }
                  });
  });
}

template <typename Sum>
void AddConvWeight(const Convolution& c, const Sum* large, const Sum* small, Sum* weight) {
  const std::int64_t step = c.window.stride.back();
  ForEachChannelPair(c, [&](std::int64_t l, std::int64_t s, std::int64_t w) {
    ForEachTapRun(c.window, c.small, c.large,
                  [&](std::int64_t tap, std::int64_t at, std::int64_t from, std::int64_t count) {
                    Sum sum{};
                    for (std::int64_t i = 0; i < count; ++i) {
                      sum += large[l + from + i * step] * small[s + at + i];
                    }
                    weight[w + tap] += sum;
                  });
  });
}

}  // namespace plumb::ops
