#include "lab/ceilings.h"

#include <algorithm>
#include <string_view>

#include "kernels/peak/bandwidth.h"
#include "kernels/peak/peak.h"

namespace plumb::lab {

double Ceilings::operations(DType product) const {
  if (product == DType::kBFloat16) return bf16;
  return product == DType::kInt8 ? int8 : fp32;
}

Ceilings MeasureCeilings(const Target& target, ThreadPool* pool) {
  constexpr double kSeconds = 0.05;
  Ceilings ceilings;
  for (const kernels::Peak& peak : kernels::PeaksOf(target)) {
    const std::string_view type = peak.type;
    double& value = type == "fp32" ? ceilings.fp32 : type == "bf16" ? ceilings.bf16 : ceilings.int8;
    // The first of a type is the fastest.
    if (value == 0) value = kernels::MeasurePeak(peak, pool, pool->threads(), kSeconds);
  }
  // Without instructions of their own, narrow products run as fp32.
  if (ceilings.bf16 == 0) ceilings.bf16 = ceilings.fp32;
  if (ceilings.int8 == 0) ceilings.int8 = ceilings.fp32;
  for (const kernels::Bandwidth& b : kernels::MeasureBandwidth(target, pool)) {
    const bool whole = b.threads == pool->threads();
    if (whole && b.level == kernels::Bandwidth::Level::kMemory) ceilings.memory = b.read;
  }
  return ceilings;
}

LimitShare ShareOf(const engine::StepInfo& step, double ms, const Ceilings& ceilings) {
  LimitShare share;
  if (ms <= 0) return share;
  const double seconds = ms * 1e-3;
  const double operations = ceilings.operations(step.product);
  if (operations > 0) share.operations = step.cost.ops / seconds / operations;
  const double bytes = step.cost.bytes_read + step.cost.bytes_written;
  if (ceilings.memory > 0) share.bytes = bytes / seconds / ceilings.memory;
  return share;
}

}  // namespace plumb::lab
