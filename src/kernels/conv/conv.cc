#include "kernels/conv/conv.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/conv/conv_algorithm.h"
#include "kernels/conv/conv_phase.h"

namespace plumb::kernels {
namespace {

struct Row {
  const char* name;
  const ConvAlgorithm* algorithm;
};

#define PLUMB_CONV(name, algorithm) {#name, &algorithm},
constexpr Row kRows[] = {
#include "kernels/conv/conv.def"
};
#undef PLUMB_CONV

const Row& RowOf(const Algorithm& algorithm) {
  PLUMB_CHECK(algorithm.id >= 0 && static_cast<std::size_t>(algorithm.id) < std::size(kRows),
              "no convolution algorithm ", algorithm.id);
  return kRows[static_cast<std::size_t>(algorithm.id)];
}

double Product(const std::array<std::int64_t, 3>& values) {
  return static_cast<double>(values[0]) * static_cast<double>(values[1]) *
         static_cast<double>(values[2]);
}

}  // namespace

void ListConv(const ConvProblem& problem, const Target& target,
              std::vector<Algorithm>* algorithms) {
  algorithms->clear();
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    const std::size_t first = algorithms->size();
    kRows[i].algorithm->list(problem, target, algorithms);
    for (std::size_t a = first; a < algorithms->size(); ++a) {
      (*algorithms)[a].id = static_cast<std::int16_t>(i);
    }
  }
}

Estimate EstimateConv(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const double outputs = Product(p.out_size) * static_cast<double>(p.batch * p.out_channels);
  const double inputs = Product(p.in_size) * static_cast<double>(p.batch * p.in_channels);
  const double products =
      Product(p.kernel) * static_cast<double>(p.in_channels / std::max<std::int64_t>(1, p.group));
  Estimate estimate;
  // Every input of a transposed convolution, every output of a plain one, meets every weight once.
  const double places = p.transposed ? Product(p.in_size) * static_cast<double>(p.batch) *
                                           static_cast<double>(p.out_channels)
                                     : outputs;
  estimate.ops = 2 * places * products;
  estimate.bytes = sizeof(float) * (inputs + outputs * (p.epilogue.has_residual ? 2 : 1) +
                                    products * static_cast<double>(p.out_channels));
  estimate.efficiency = RowOf(algorithm).algorithm->efficiency(p, algorithm, target);
  estimate.overhead_ns = 500;
  return estimate;
}

std::int64_t PackedConvBytes(const ConvProblem& problem, const Algorithm& algorithm) {
  return RowOf(algorithm).algorithm->packed_bytes(problem, algorithm);
}

void PackConv(const ConvProblem& problem, const Algorithm& algorithm, const float* weights,
              const float* bias, void* packed) {
  PLUMB_CHECK(problem.epilogue.has_bias == (bias != nullptr));
  RowOf(algorithm).algorithm->pack(problem, algorithm, weights, bias, packed);
}

bool ConvTakes(const ConvProblem& problem, const Algorithm& algorithm) {
  return RowOf(algorithm).algorithm->takes(problem, algorithm);
}

BoundKernel BindConv(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  PLUMB_CHECK(p.dtype == DType::kFloat32 && p.group >= 1 && p.in_channels % p.group == 0 &&
                  p.out_channels % p.group == 0,
              "channels ", p.in_channels, " to ", p.out_channels, " in ", p.group, " groups");
  PLUMB_CHECK(ConvTakes(p, algorithm), ConvAlgorithmName(algorithm), ", channel strides ",
              p.src.channel, " and ", p.dst.channel);
  return RowOf(algorithm).algorithm->bind(p, algorithm, target);
}

std::string ConvAlgorithmName(const Algorithm& algorithm) {
  const Row& row = RowOf(algorithm);
  return absl::StrCat(row.name, " ", row.algorithm->describe(algorithm));
}

}  // namespace plumb::kernels
