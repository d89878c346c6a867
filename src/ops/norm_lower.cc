#include "ops/norm_lower.h"

#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/norm/norm.h"

namespace plumb::ops {
namespace {

// Bytes of one vector of `channels` floats, rounded up so that the next one is aligned too.
std::int64_t VectorBytes(std::int64_t channels) { return (channels * 4 + 63) / 64 * 64; }

// One image dimension of a tensor: rows and pixels for two spatial dimensions; more are taken where
// their strides merge into one.
struct ImageWalk {
  std::int64_t height = 1, width = 1, row = 0, pixel = 0;
};

bool Walk(const Operand& operand, ImageWalk* walk) {
  const int rank = operand.shape.rank();
  if (rank < 2) return false;
  if (rank == 2) return true;
  walk->width = operand.shape[rank - 1];
  walk->pixel = operand.strides[rank - 1];
  if (rank == 3) return true;
  walk->height = operand.shape[rank - 2];
  walk->row = operand.strides[rank - 2];
  for (int axis = rank - 3; axis >= 2; --axis) {
    if (operand.strides[axis] != operand.strides[axis + 1] * operand.shape[axis + 1]) return false;
    walk->height *= operand.shape[axis];
  }
  return true;
}

}  // namespace

Status LowerBatchNorm(LowerContext& context, float epsilon) {
  const Operand& x = context.input(0);
  const Operand& y = context.output(0);
  std::vector<Tensor> vectors;
  for (int i = 1; i < 5; ++i) {
    const Operand& vector = context.input(i);
    if (vector.constant == nullptr || vector.dtype != DType::kFloat32) return OkStatus();
    vectors.push_back(*vector.constant);
  }
  ImageWalk from, to;
  if (x.dtype != DType::kFloat32 || !Walk(x, &from) || !Walk(y, &to)) return OkStatus();
  kernels::ChannelAffineProblem problem;
  problem.batch = x.shape[0];
  problem.channels = x.shape[1];
  problem.height = from.height;
  problem.width = from.width;
  problem.src_batch = x.strides[0];
  problem.src_channel = x.strides[1];
  problem.src_row = from.row;
  problem.src_pixel = from.pixel;
  problem.dst_batch = y.strides[0];
  problem.dst_channel = y.strides[1];
  problem.dst_row = to.row;
  problem.dst_pixel = to.pixel;
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "channel_affine";
  choice.estimate.ops = 2 * static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = 8 * static_cast<double>(NumElements(x.shape));
  const std::int64_t channels = problem.channels;
  choice.packed_bytes = 2 * VectorBytes(channels);
  if (context.chosen() == nullptr) {
    choice.pack = [vectors, channels, epsilon](void* packed) {
      const std::vector<double> scale = ToDoubles(vectors[0]), shift = ToDoubles(vectors[1]),
                                mean = ToDoubles(vectors[2]), variance = ToDoubles(vectors[3]);
      auto* factor = static_cast<float*>(packed);
      auto* offset = factor + VectorBytes(channels) / 4;
      for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
        const double f = scale[c] / std::sqrt(variance[c] + epsilon);
        factor[c] = static_cast<float>(f);
        offset[c] = static_cast<float>(shift[c] - mean[c] * f);
      }
    };
  }
  choice.kernel = BindChannelAffine(problem, context.target());
  choice.operands = {{OperandRef::kInput, 0},
                     {OperandRef::kPacked, 0},
                     {OperandRef::kPacked, static_cast<int>(VectorBytes(channels))},
                     {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
  return OkStatus();
}

}  // namespace plumb::ops
