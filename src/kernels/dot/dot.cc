#include "kernels/dot/dot.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/dot/dot_depthwise.h"
#include "kernels/dot/dot_image.h"
#include "kernels/dot/dot_layout.h"
#include "kernels/dot/dot_loop.h"
#include "kernels/dot/dot_quads.h"

namespace plumb::kernels {
namespace {

// Parameters of an Algorithm: which loops.
constexpr std::size_t kLoops = 0;
enum Loops : std::int16_t {
  kPanels,
  kDepthwise,  // of fp32, with the set that names the instruction set
  kQuads,
};

struct DotParams {
  DotProblem problem;
  std::int32_t set;
  std::int64_t block_bytes;  // of A that a block of rows may have
  std::int64_t slots;        // tasks that may run at once where they need memory of their own
};

bool Floating(DType type) { return type == DType::kFloat32 || type == DType::kBFloat16; }
bool Small(DType type) { return type == DType::kInt8 || type == DType::kUInt8; }

bool TypesFit(const DotProblem& p) {
  const Epilogue& epilogue = p.geometry.epilogue;
  if (Floating(p.src)) {
    return Floating(p.dst) && (!epilogue.has_residual || Floating(p.residual));
  }
  if (!Small(p.src)) return false;
  const bool bounded = epilogue.activation == Activation::kNone ||
                       epilogue.activation == Activation::kRelu ||
                       epilogue.activation == Activation::kClip;
  if (!bounded || p.geometry.transposed) return false;
  if (epilogue.has_residual) return Small(p.dst) && Small(p.residual) && !p.requantizes;
  if (p.requantizes) return Small(p.dst);
  return Small(p.dst) || p.dst == DType::kInt32 || p.dst == DType::kFloat32;
}

bool ElementFits(const DotProblem& p, DotElement element) {
  switch (element) {
    case DotElement::kF32:
    case DotElement::kBF16: return Floating(p.src);
    case DotElement::kI16: return p.integers();
    case DotElement::kI8: return p.src == DType::kInt8 && !p.wide_weights;
    case DotElement::kU8: return p.src == DType::kUInt8 && !p.wide_weights;
  }
  return false;
}

double Product(const std::array<std::int64_t, 3>& values) {
  return static_cast<double>(values[0]) * static_cast<double>(values[1]) *
         static_cast<double>(values[2]);
}

const DotSet& DotSetOf(const Algorithm& algorithm) {
  const auto sets = DotSets();
  PLUMB_CHECK(algorithm.id >= 0 && static_cast<std::size_t>(algorithm.id) < sets.size(),
              "no narrow product ", algorithm.id);
  return sets[static_cast<std::size_t>(algorithm.id)];
}

Loops LoopsOf(const Algorithm& algorithm) {
  return static_cast<Loops>(algorithm.parameters[kLoops]);
}

void RunDepthwise(const void* params, const Call& call) noexcept {
  const DotParams& p = *static_cast<const DotParams*>(params);
  RunDepthwiseDot(p.problem, DotSets()[static_cast<std::size_t>(p.set)].isa, call);
}

void RunDotQuads(const void* params, const Call& call) noexcept {
  const DotParams& p = *static_cast<const DotParams*>(params);
  RunQuads(p.problem, DotSets()[static_cast<std::size_t>(p.set)], call);
}

void RunDot(const void* params, const Call& call) noexcept {
  const DotParams& p = *static_cast<const DotParams*>(params);
  RunDotLoop(p.problem, DotSets()[static_cast<std::size_t>(p.set)], p.block_bytes, p.slots, call);
}

}  // namespace

void ListDot(const DotProblem& problem, const Target& target, std::vector<Algorithm>* algorithms) {
  algorithms->clear();
  if (!TypesFit(problem)) return;
  const auto sets = DotSets();
  const auto add = [&](Loops loops, const auto& takes) {
    for (std::size_t i = 0; i < sets.size(); ++i) {
      if (sets[i].isa > target.isa || !sets[i].runs(target) || !takes(sets[i])) continue;
      Algorithm algorithm{.id = static_cast<std::int16_t>(i)};
      algorithm.parameters[kLoops] = loops;
      algorithms->push_back(algorithm);
    }
  };
  add(kQuads, [&](const DotSet& set) {
    return ElementFits(problem, set.element) && TakesQuads(problem, set);
  });
  add(kDepthwise, [&](const DotSet& set) {
    return set.element == DotElement::kF32 && TakesDepthwiseDot(problem);
  });
  add(kPanels, [&](const DotSet& set) { return ElementFits(problem, set.element); });
}

Estimate EstimateDot(const DotProblem& problem, const Algorithm& algorithm, const Target& target) {
  const ConvProblem& p = problem.geometry;
  const DotSet& set = DotSetOf(algorithm);
  const double outputs = Product(p.out_size) * static_cast<double>(p.batch * p.out_channels);
  const double inputs = Product(p.in_size) * static_cast<double>(p.batch * p.in_channels);
  const double products = Product(p.kernel) * static_cast<double>(p.in_channels / p.group);
  const double places = p.transposed ? inputs / static_cast<double>(p.in_channels) *
                                           static_cast<double>(p.out_channels)
                                     : outputs;
  const auto bytes = [](DType type) { return static_cast<double>(StorageBytes(type, 1)); };
  Estimate estimate;
  estimate.ops = 2 * places * products;
  const auto element = static_cast<double>(DotElementBytes(set.element));
  estimate.bytes = inputs * bytes(problem.src) + outputs * bytes(problem.dst) +
                   (p.epilogue.has_residual ? outputs * bytes(problem.residual) : 0) +
                   products * static_cast<double>(p.out_channels) * element;
  // Columns and sums that padding adds.
  const double columns = static_cast<double>(p.out_channels / p.group);
  const double padded_columns = std::ceil(columns / kDotLanes) * kDotLanes;
  const double sum_bytes = products * element;
  const auto step = static_cast<double>(set.step);
  const double padded_bytes = std::ceil(sum_bytes / step) * step;
  const double lanes = set.isa == Isa::kScalar ? 1 : set.isa == Isa::kAvx2 ? 8 : 16;
  if (LoopsOf(algorithm) != kPanels) {
    const double share = LoopsOf(algorithm) == kQuads ? 0.9 : 0.3;
    estimate.efficiency = share * lanes / std::max(1, target.vector_floats());
    estimate.overhead_ns = 1000;
    return estimate;
  }
  estimate.efficiency = set.speed * std::min(1.0, lanes / std::max(1, target.vector_floats())) *
                        (columns / std::max(1.0, padded_columns)) *
                        (sum_bytes / std::max(1.0, padded_bytes));
  estimate.efficiency = std::max(estimate.efficiency, 1e-3);
  estimate.overhead_ns = 1000.0 * static_cast<double>(p.group);  // a task for each group at least
  return estimate;
}

bool DotTakes(const DotProblem& problem, const Algorithm& algorithm) {
  const DotSet& set = DotSetOf(algorithm);
  if (!TypesFit(problem)) return false;
  switch (LoopsOf(algorithm)) {
    case kQuads: return ElementFits(problem, set.element) && TakesQuads(problem, set);
    case kDepthwise: return TakesDepthwiseDot(problem);
    case kPanels: break;
  }
  return ElementFits(problem, set.element);
}

BoundKernel BindDot(const DotProblem& problem, const Algorithm& algorithm, const Target& target) {
  const DotSet& set = DotSetOf(algorithm);
  const ConvProblem& p = problem.geometry;
  const Loops loops = LoopsOf(algorithm);
  PLUMB_CHECK(DotTakes(problem, algorithm), DotAlgorithmName(algorithm), ", channel stride ",
              p.src.channel);
  PLUMB_CHECK(p.group >= 1 && p.in_channels % p.group == 0 && p.out_channels % p.group == 0,
              "channels ", p.in_channels, " to ", p.out_channels, " in ", p.group, " groups");
  DotParams params{problem, algorithm.id, target.l2_bytes / 2, std::max(1, target.cores)};
  BoundKernel kernel;
  kernel.run = loops == kQuads ? RunDotQuads : loops == kDepthwise ? RunDepthwise : RunDot;
  if (loops == kPanels) {
    kernel.workspace_bytes = DotWorkspaceBytes(problem, set, params.block_bytes, params.slots);
  }
  kernel.params.Set(params);
  return kernel;
}

std::int64_t PackedDotBytes(const DotProblem& problem, const Algorithm& algorithm) {
  switch (LoopsOf(algorithm)) {
    case kQuads: return PackedQuadBytes(problem);
    case kDepthwise: return PackedDepthwiseDotBytes(problem);
    case kPanels: break;
  }
  return PackedPanelBytes(problem, DotSetOf(algorithm));
}

void PackDot(const DotProblem& problem, const Algorithm& algorithm, const DotWeights& weights,
             void* packed) {
  char* to = static_cast<char*>(packed);
  std::memset(to, 0, static_cast<std::size_t>(PackedDotBytes(problem, algorithm)));
  const DotSet& set = DotSetOf(algorithm);
  switch (LoopsOf(algorithm)) {
    case kQuads: return PackQuads(problem, set, weights, to);
    case kDepthwise: return PackDepthwiseDot(problem, weights, to);
    case kPanels: break;
  }
  PackPanels(problem, set, weights, to);
}

std::string DotAlgorithmName(const Algorithm& algorithm) {
  const DotSet& set = DotSetOf(algorithm);
  switch (LoopsOf(algorithm)) {
    case kQuads: return absl::StrCat("dot depthwise ", set.name);
    case kDepthwise: return absl::StrCat("dot depthwise ", Str(IsaName(set.isa)));
    case kPanels: break;
  }
  return absl::StrCat("dot ", set.name);
}

}  // namespace plumb::kernels
