// GRU, gates in the order z, r, h (recurrent.h has the shapes):
//   z = f(x Wz + h Rz), r = f(x Wr + h Rr), each with its biases
//   n = g(x Wh + (r * h) Rh), with linear_before_reset g(x Wh + r * (h Rh))
//   h' = (1 - z) * n + z * h
// Opsets: 7, 14 (layout).
#include "ops/expression.h"
#include "ops/recurrent.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
Status Infer(InferContext& context) { return InferRecurrent(context, 3, 1); }

// --- reference ---
void Step(const GateSums& sums, bool linear_before_reset, const std::vector<Activate>& activations,
          std::span<double> state) {
  const auto hidden = static_cast<std::size_t>(sums.form->hidden);
  std::vector<double> update(hidden), reset(hidden), reset_state(hidden);
  for (std::size_t i = 0; i < hidden; ++i) {
    const auto j = static_cast<std::int64_t>(i);
    update[i] = activations[0](sums.Clipped(sums.OfInput(0, j) + sums.OfHidden(0, j)));
    reset[i] = activations[0](sums.Clipped(sums.OfInput(1, j) + sums.OfHidden(1, j)));
    reset_state[i] = reset[i] * sums.h[i];
  }
  GateSums gated = sums;
  gated.h = reset_state;
  for (std::size_t i = 0; i < hidden; ++i) {
    const auto j = static_cast<std::int64_t>(i);
    const double recurrent =
        linear_before_reset ? reset[i] * sums.OfHidden(2, j) : gated.OfHidden(2, j);
    const double candidate = activations[1](sums.Clipped(sums.OfInput(2, j) + recurrent));
    state[i] = (1 - update[i]) * candidate + update[i] * sums.h[i];
  }
}

Status Reference(ReferenceContext& context) {
  const bool linear = context.attrs().Int("linear_before_reset", 0) != 0;
  const Cell cell = [linear](const GateSums& sums, int, const std::vector<Activate>& activations,
                             std::span<const std::span<double>> states) {
    Step(sums, linear, activations, states[0]);
  };
  return RunRecurrent(
      context, {.gates = 3, .states = 1, .default_activations = {"Sigmoid", "Tanh"}, .cell = cell});
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "forward",
           .inputs = {F32({3, 2, 4}), Weight({1, 15, 4}), Weight({1, 15, 5}), Weight({1, 30})},
           .attrs = Attrs({{"hidden_size", 5}}),
           .outputs = 2},
          {.name = "linear_before_reset_reverse",
           .inputs = {F32({3, 2, 4}), Weight({1, 15, 4}), Weight({1, 15, 5}), Weight({1, 30}),
                      Omitted(), F32({1, 2, 5})},
           .attrs = Attrs({{"hidden_size", 5},
                           {"linear_before_reset", 1},
                           {"direction", "reverse"},
                           {"clip", 0.5f}}),
           .outputs = 2}};
}

std::vector<AttrDef> AttrDefs() {
  std::vector<AttrDef> attrs = RecurrentAttrs();
  attrs.push_back({"linear_before_reset", AttrType::kInt});
  return attrs;
}

}  // namespace

const OpDef& GRUOp() {
  static const OpDef op{
      .name = "GRU",
      .doc = "gated recurrent unit: h' = (1 - z) * n + z * h over time",
      .since_opset = 7,
      .inputs = {{"X", "T=float"},
                 {"W", "T=float"},
                 {"R", "T=float"},
                 {"B", "T=float", Arity::kOptional},
                 {"sequence_lens", "i32", Arity::kOptional},
                 {"initial_h", "T=float", Arity::kOptional}},
      .outputs = {{"Y", "T=float", Arity::kOptional}, {"Y_h", "T=float", Arity::kOptional}},
      .attrs = AttrDefs(),
      .infer = Infer,
      .reference = Reference,
      .cost = RecurrentCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
