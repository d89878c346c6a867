// RNN: h' = f(x W^T + Wb + h R^T + Rb) over time (recurrent.h has the shapes). Opsets: 7, 14
// (layout).
#include "ops/expression.h"
#include "ops/recurrent.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
Status Infer(InferContext& context) { return InferRecurrent(context, 1, 1); }

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Cell cell = [](const GateSums& sums, int, const std::vector<Activate>& activations,
                       std::span<const std::span<double>> states) {
    for (std::int64_t j = 0; j < sums.form->hidden; ++j) {
      states[0][static_cast<std::size_t>(j)] =
          activations[0](sums.Clipped(sums.OfInput(0, j) + sums.OfHidden(0, j)));
    }
  };
  return RunRecurrent(context,
                      {.gates = 1, .states = 1, .default_activations = {"Tanh"}, .cell = cell});
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "forward",
           .inputs = {F32({4, 2, 3}), Weight({1, 5, 3}), Weight({1, 5, 5}), Weight({1, 10})},
           .attrs = Attrs({{"hidden_size", 5}}),
           .outputs = 2},
          {.name = "bidirectional_lengths",
           .inputs = {F32({4, 2, 3}), Weight({2, 5, 3}), Weight({2, 5, 5}), Omitted(),
                      Given(DType::kInt32, {2}, {4, 2}), F32({2, 2, 5})},
           .attrs = Attrs({{"hidden_size", 5},
                           {"direction", "bidirectional"},
                           {"activations", std::vector<std::string>{"Relu", "HardSigmoid"}}}),
           .outputs = 2}};
}

}  // namespace

const OpDef& RNNOp() {
  static const OpDef op{
      .name = "RNN",
      .doc = "h' = f(x W^T + Wb + h R^T + Rb) over time",
      .since_opset = 7,
      .inputs = {{"X", "T=float"},
                 {"W", "T=float"},
                 {"R", "T=float"},
                 {"B", "T=float", Arity::kOptional},
                 {"sequence_lens", "i32", Arity::kOptional},
                 {"initial_h", "T=float", Arity::kOptional}},
      .outputs = {{"Y", "T=float", Arity::kOptional}, {"Y_h", "T=float", Arity::kOptional}},
      .attrs = RecurrentAttrs(),
      .infer = Infer,
      .reference = Reference,
      .cost = RecurrentCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
