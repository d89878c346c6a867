#include <algorithm>
#include <cstring>
#include <vector>

#include "core/check.h"
#include "kernels/dot/dot_layout.h"

namespace plumb::kernels {
namespace {

// Element of the kernel that each tap of the phase reads.
std::vector<std::int64_t> KernelElements(const ConvProblem& p, const ConvPhase& phase) {
  std::vector<std::int64_t> elements(static_cast<std::size_t>(phase.taps()));
  for (std::size_t t = 0; t < elements.size(); ++t) {
    auto rest = static_cast<std::int64_t>(t);
    std::int64_t scale = 1;
    for (std::size_t d = 3; d-- > 0;) {
      const PhaseAxis& axis = phase.axis[d];
      elements[t] += (axis.kernel_begin + rest % axis.taps * axis.kernel_step) * scale;
      rest /= axis.taps;
      scale *= p.kernel[d];
    }
  }
  return elements;
}

// Where the weight of an output channel of a group and an input channel begins.
struct WeightPlace {
  std::int64_t group;
  std::int64_t out;
  std::int64_t in;

  explicit WeightPlace(const ConvProblem& p) {
    const std::int64_t channels = p.in_channels / p.group;
    const std::int64_t outputs = p.out_channels / p.group;
    const std::int64_t kernel = p.kernel[0] * p.kernel[1] * p.kernel[2];
    group = channels * outputs * kernel;
    out = p.transposed ? kernel : channels * kernel;
    in = p.transposed ? outputs * kernel : kernel;
  }
};

// Calls fill(output channel of the group, tap's element, first weight, count, step, to) for the
// input channels of each tap, and deals the finished rows of T out to the panels; what is not
// filled stays zero.
template <typename T, typename Fill>
void PackRows(const DotProblem& problem, const ConvPhase& phase, const DotLayout& layout,
              std::int64_t group, char* to, Fill&& fill) {
  const ConvProblem& p = problem.geometry;
  const std::int64_t channels = p.in_channels / p.group;
  const WeightPlace place(p);
  const std::vector<std::int64_t> elements = KernelElements(p, phase);
  const std::int64_t groups = layout.Groups(problem, phase);
  constexpr std::int64_t kLanes = 4 / sizeof(T);
  const std::int64_t filled = static_cast<std::int64_t>(elements.size()) * channels;
  const std::int64_t words = (filled + kLanes - 1) / kLanes;
  std::vector<T> row(static_cast<std::size_t>(words * kLanes));
  for (std::int64_t panel = 0; panel < layout.panels.count(); ++panel) {
    const std::int64_t first = layout.panels.first_column(panel);
    const std::int64_t width = std::int64_t{layout.panels.vectors_of(panel)} * kDotLanes;
    char* base = to + layout.PanelOffset(panel, groups);
    for (std::int64_t j = 0; j < layout.panels.columns_of(panel); ++j) {
      T* at = row.data();
      for (const std::int64_t element : elements) {
        fill(first + j, group * place.group + (first + j) * place.out + element, channels, place.in,
             at);
        at += channels;
      }
      for (std::int64_t word = 0; word < words; ++word) {
        std::memcpy(base + (word * width + j) * 4, row.data() + word * kLanes, 4);
      }
    }
  }
}

void PackFloats(const DotProblem& problem, const DotSet& set, const DotLayout& layout,
                const DotWeights& weights, char* packed) {
  const ConvProblem& p = problem.geometry;
  const std::int64_t outputs = p.out_channels / p.group;
  const std::int64_t phases = PhaseCount(p);
  const std::int64_t group_bytes = layout.PhaseOffset(problem, phases);
  PLUMB_CHECK(p.epilogue.has_bias == (weights.bias != nullptr));
  // To bf16, or the fp32 of the same value.
  const auto round = [&](std::int64_t, std::int64_t from, std::int64_t count, std::int64_t step,
                         auto* to) {
    for (std::int64_t c = 0; c < count; ++c) {
      const BFloat16 rounded(weights.values[from + c * step]);
      to[c] = static_cast<std::remove_pointer_t<decltype(to)>>(rounded);
    }
  };
  for (std::int64_t group = 0; group < p.group; ++group) {
    char* to = packed + group * group_bytes;
    if (weights.bias != nullptr) {
      std::memcpy(to, weights.bias + group * outputs, static_cast<std::size_t>(outputs) * 4);
    }
    for (std::int64_t i = 0; i < phases; ++i) {
      char* panels = to + layout.PhaseOffset(problem, i);
      if (set.element == DotElement::kBF16) {
        PackRows<BFloat16>(problem, PhaseAt(p, i), layout, group, panels, round);
      } else {
        PackRows<float>(problem, PhaseAt(p, i), layout, group, panels, round);
      }
    }
  }
}

template <typename T>
void Put(char* to, T value) {
  std::memcpy(to, &value, sizeof(value));
}

// Elements of a row less their zero point. Returns their sum.
template <typename T, typename To>
std::int64_t LessZero(const T* from, std::int64_t count, std::int64_t step, std::int32_t zero,
                      To* to) {
  constexpr std::int64_t kPart = 1 << 16;  // so many differences of 9 bits add up in 32
  std::int32_t beyond = 0;
  std::int64_t total = 0;
  for (std::int64_t begin = 0; begin < count; begin += kPart) {
    const std::int64_t end = std::min(count, begin + kPart);
    std::int32_t sum = 0;
    for (std::int64_t c = begin; c < end; ++c) {
      const std::int32_t value = std::int32_t{from[c * step]} - zero;
      sum += value;
      if constexpr (sizeof(To) == 1) beyond |= (value + 128) & ~255;
      to[c] = static_cast<To>(value);
    }
    total += sum;
  }
  PLUMB_CHECK(beyond == 0, "a weight less its zero point is no int8");
  return total;
}

template <typename T>
void PackIntegers(const DotProblem& problem, const DotSet& set, const DotLayout& layout,
                  const DotWeights& weights, char* packed) {
  const ConvProblem& p = problem.geometry;
  const std::int64_t outputs = p.out_channels / p.group;
  const std::int64_t phases = PhaseCount(p);
  const std::int64_t group_bytes = layout.PhaseOffset(problem, phases);
  const std::int64_t columns = layout.constant_columns();
  const T* values = static_cast<const T*>(weights.integers);
  const bool wide = set.element == DotElement::kI16;  // the zero point of A is off already
  const std::int64_t src_zero = wide ? 0 : problem.src_zero + set.offset;
  // Padding holds the zero point of A, so every output has the products of the whole kernel.
  for (std::int64_t group = 0; group < p.group; ++group) {
    char* to = packed + group * group_bytes;
    for (std::int64_t i = 0; i < phases; ++i) {
      std::vector<std::int64_t> sums(static_cast<std::size_t>(outputs));
      const auto fill = [&](std::int64_t column, std::int64_t from, std::int64_t count,
                            std::int64_t step, auto* row) {
        const std::int64_t channel = group * outputs + column;
        const std::int32_t zero = weights.zeros != nullptr ? weights.zeros[channel] : 0;
        sums[static_cast<std::size_t>(column)] += LessZero(values + from, count, step, zero, row);
      };
      char* panels = to + layout.PhaseOffset(problem, i);
      if (wide) {
        PackRows<std::int16_t>(problem, PhaseAt(p, i), layout, group, panels, fill);
      } else {
        PackRows<std::int8_t>(problem, PhaseAt(p, i), layout, group, panels, fill);
      }
      // Scales of every phase are the same; offsets too but for phases of different taps, which
      // PhaseOffset keeps apart: only plain convolutions are taken (ListDot).
      for (std::int64_t j = 0; j < outputs; ++j) {
        const std::int64_t channel = group * outputs + j;
        std::int64_t offset = -src_zero * sums[static_cast<std::size_t>(j)];
        if (weights.integer_bias != nullptr) offset += weights.integer_bias[channel];
        Put(to + j * 4, weights.scales != nullptr ? weights.scales[channel] : 1.0f);
        Put(to + (columns + j) * 4, static_cast<std::int32_t>(static_cast<std::uint32_t>(
                                        static_cast<std::uint64_t>(offset))));
      }
    }
  }
}

}  // namespace

std::int64_t PackedPanelBytes(const DotProblem& problem, const DotSet& set) {
  const DotLayout layout(problem, set);
  return problem.geometry.group * layout.PhaseOffset(problem, PhaseCount(problem.geometry));
}

void PackPanels(const DotProblem& problem, const DotSet& set, const DotWeights& weights,
                char* packed) {
  const DotLayout layout(problem, set);
  if (!problem.integers()) return PackFloats(problem, set, layout, weights, packed);
  if (weights.integer_type == DType::kUInt8) {
    return PackIntegers<std::uint8_t>(problem, set, layout, weights, packed);
  }
  PackIntegers<std::int8_t>(problem, set, layout, weights, packed);
}

}  // namespace plumb::kernels
