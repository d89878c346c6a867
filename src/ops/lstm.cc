// LSTM, gates in the order i, o, f, c (recurrent.h has the shapes; P [D, 3*H] are peepholes of i,
// o, f):
//   i = f(x Wi + h Ri + Pi * c), f = f(x Wf + h Rf + Pf * c) or 1 - i with input_forget
//   c' = f * c + i * g(x Wc + h Rc), o = f(x Wo + h Ro + Po * c'), h' = o * h(c')
// each gate with its biases. Opsets: 7, 14 (layout).
#include "ops/expression.h"
#include "ops/recurrent.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
Status Infer(InferContext& context) { return InferRecurrent(context, 4, 2); }

// --- reference ---
// `peepholes` of the direction, empty where there are none.
void Step(const GateSums& sums, std::span<const double> peepholes, bool input_forget,
          const std::vector<Activate>& activations, std::span<double> h, std::span<double> c) {
  const auto hidden = static_cast<std::size_t>(sums.form->hidden);
  for (std::size_t i = 0; i < hidden; ++i) {
    const auto gate = [&](int number, int peephole, double cell) {
      const auto j = static_cast<std::int64_t>(i);
      double sum = sums.OfInput(number, j) + sums.OfHidden(number, j);
      if (!peepholes.empty()) {
        sum += peepholes[static_cast<std::size_t>(peephole) * hidden + i] * cell;
      }
      return activations[0](sums.Clipped(sum));
    };
    const auto j = static_cast<std::int64_t>(i);
    const double in = gate(0, 0, c[i]);
    const double forget = input_forget ? 1 - in : gate(2, 2, c[i]);
    const double candidate = activations[1](sums.Clipped(sums.OfInput(3, j) + sums.OfHidden(3, j)));
    c[i] = forget * c[i] + in * candidate;
    h[i] = gate(1, 1, c[i]) * activations[2](c[i]);
  }
}

Status Reference(ReferenceContext& context) {
  std::vector<double> peepholes;
  const Shape& r = context.input(2).shape();
  if (context.has_input(7)) {
    if (r.rank() != 3 || context.input(7).shape() != Shape{r[0], 3 * r[2]}) {
      return InvalidArgument("P has shape ", context.input(7).shape().ToString(),
                             ", expected [directions, 3 * hidden_size]");
    }
    peepholes = ToDoubles(context.input(7));
  }
  const bool input_forget = context.attrs().Int("input_forget", 0) != 0;
  const Cell cell = [&](const GateSums& sums, int direction,
                        const std::vector<Activate>& activations,
                        std::span<const std::span<double>> states) {
    std::span<const double> own = peepholes;
    const auto count = static_cast<std::size_t>(3 * sums.form->hidden);
    if (!own.empty()) own = own.subspan(static_cast<std::size_t>(direction) * count, count);
    Step(sums, own, input_forget, activations, states[0], states[1]);
  };
  return RunRecurrent(
      context,
      {.gates = 4, .states = 2, .default_activations = {"Sigmoid", "Tanh", "Tanh"}, .cell = cell});
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "forward",
           .inputs = {F32({3, 2, 4}), Weight({1, 20, 4}), Weight({1, 20, 5}), Weight({1, 40})},
           .attrs = Attrs({{"hidden_size", 5}}),
           .outputs = 3},
          {.name = "bidirectional_peepholes",
           .inputs = {F32({3, 2, 4}), Weight({2, 20, 4}), Weight({2, 20, 5}), Weight({2, 40}),
                      Given(DType::kInt32, {2}, {1, 3}), F32({2, 2, 5}), F32({2, 2, 5}),
                      Weight({2, 15})},
           .attrs = Attrs({{"hidden_size", 5}, {"direction", "bidirectional"}}),
           .outputs = 3},
          {.name = "batch_first",
           .inputs = {F32({2, 3, 4}), Weight({1, 20, 4}), Weight({1, 20, 5})},
           .attrs = Attrs({{"hidden_size", 5}, {"layout", 1}, {"input_forget", 1}}),
           .outputs = 3}};
}

std::vector<AttrDef> AttrDefs() {
  std::vector<AttrDef> attrs = RecurrentAttrs();
  attrs.push_back({"input_forget", AttrType::kInt});
  return attrs;
}

}  // namespace

const OpDef& LSTMOp() {
  static const OpDef op{
      .name = "LSTM",
      .doc = "long short-term memory: c' = f * c + i * g, h' = o * h(c') over time",
      .since_opset = 7,
      .inputs = {{"X", "T=float"},
                 {"W", "T=float"},
                 {"R", "T=float"},
                 {"B", "T=float", Arity::kOptional},
                 {"sequence_lens", "i32", Arity::kOptional},
                 {"initial_h", "T=float", Arity::kOptional},
                 {"initial_c", "T=float", Arity::kOptional},
                 {"P", "T=float", Arity::kOptional}},
      .outputs = {{"Y", "T=float", Arity::kOptional},
                  {"Y_h", "T=float", Arity::kOptional},
                  {"Y_c", "T=float", Arity::kOptional}},
      .attrs = AttrDefs(),
      .infer = Infer,
      .reference = Reference,
      .cost = RecurrentCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
