#include "ops/recurrent.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "ops/cost.h"

namespace plumb::ops {
namespace {

constexpr int kFirstState = 5;  // input index of the first initial state

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// `alpha` and `beta` are null where the attributes give none: each function has its own defaults.
StatusOr<Activate> ActivationOf(const std::string& name, const float* alpha, const float* beta) {
  const auto a = [&](double otherwise) {
    return alpha != nullptr ? static_cast<double>(*alpha) : otherwise;
  };
  const auto b = [&](double otherwise) {
    return beta != nullptr ? static_cast<double>(*beta) : otherwise;
  };
  const std::string key = Lower(name);
  if (key == "relu") return Activate([](double x) { return std::max(x, 0.0); });
  if (key == "tanh") return Activate([](double x) { return std::tanh(x); });
  if (key == "sigmoid") return Activate([](double x) { return 1 / (1 + std::exp(-x)); });
  if (key == "softsign") return Activate([](double x) { return x / (1 + std::abs(x)); });
  if (key == "softplus") {
    return Activate([](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); });
  }
  if (key == "affine") {
    return Activate([p = a(1), q = b(0)](double x) { return p * x + q; });
  }
  if (key == "leakyrelu") {
    return Activate([p = a(0.01)](double x) { return x < 0 ? p * x : x; });
  }
  if (key == "thresholdedrelu") {
    return Activate([p = a(1)](double x) { return x > p ? x : 0; });
  }
  if (key == "scaledtanh") {
    return Activate([p = a(1), q = b(1)](double x) { return p * std::tanh(q * x); });
  }
  if (key == "hardsigmoid") {
    return Activate([p = a(0.2), q = b(0.5)](double x) { return std::clamp(p * x + q, 0.0, 1.0); });
  }
  if (key == "elu") return Activate([p = a(1)](double x) { return x < 0 ? p * std::expm1(x) : x; });
  return InvalidArgument("activation '", name, "' is not known");
}

// One list per direction. Alphas and betas are consumed in order by the functions that take them,
// as ONNX says; a list of full length is by position.
StatusOr<std::vector<std::vector<Activate>>> Activations(
    const AttrMap& attrs, const std::vector<std::string_view>& defaults, int directions) {
  const std::size_t count = defaults.size() * static_cast<std::size_t>(directions);
  std::vector<std::string> names;
  if (const Attr* stated = attrs.Find("activations"); stated != nullptr) {
    names = std::get<std::vector<std::string>>(*stated);
  } else {
    for (std::size_t i = 0; i < count; ++i) names.emplace_back(defaults[i % defaults.size()]);
  }
  if (names.size() != count) {
    return InvalidArgument("activations has ", names.size(), " names, expected ", count);
  }
  const std::vector<float> alphas = attrs.Floats("activation_alpha");
  const std::vector<float> betas = attrs.Floats("activation_beta");
  std::vector<std::vector<Activate>> result(static_cast<std::size_t>(directions));
  for (std::size_t i = 0; i < count; ++i) {
    const float* alpha = i < alphas.size() ? &alphas[i] : nullptr;
    const float* beta = i < betas.size() ? &betas[i] : nullptr;
    PLUMB_ASSIGN_OR_RETURN(Activate activate, ActivationOf(names[i], alpha, beta));
    result[i / defaults.size()].push_back(std::move(activate));
  }
  return result;
}

Status SetDirection(const AttrMap& attrs, RecurrentForm* form) {
  const std::string direction = Lower(attrs.String("direction", "forward"));
  form->directions = direction == "bidirectional" ? 2 : 1;
  form->reverse = direction == "reverse";
  if (form->directions == 2 || form->reverse || direction == "forward") return OkStatus();
  return InvalidArgument("direction is '", direction,
                         "', expected forward, reverse or bidirectional");
}

Status CheckShape(const char* name, const Shape& shape, const Shape& expected) {
  if (shape == expected) return OkStatus();
  return InvalidArgument(name, " has shape ", shape.ToString(), ", expected ", expected.ToString());
}

StatusOr<RecurrentForm> FormOf(const ReferenceContext& context, const RecurrentNode& node) {
  RecurrentForm form{.gates = node.gates};
  PLUMB_RETURN_IF_ERROR(SetDirection(context.attrs(), &form));
  form.batch_first = context.attrs().Int("layout", 0) != 0;
  form.clip = static_cast<double>(context.attrs().Float("clip", 0));
  const Shape &x = context.input(0).shape(), &r = context.input(2).shape();
  if (x.rank() != 3 || r.rank() != 3) {
    return InvalidArgument("X has shape ", x.ToString(), " and R ", r.ToString(),
                           ", expected three dimensions");
  }
  form.steps = x[form.batch_first ? 1 : 0];
  form.batch = x[form.batch_first ? 0 : 1];
  form.input = x[2];
  form.hidden = context.attrs().Int("hidden_size", r[2]);
  const std::int64_t rows = node.gates * r[2];
  PLUMB_RETURN_IF_ERROR(
      CheckShape("W", context.input(1).shape(), Shape{form.directions, rows, form.input}));
  PLUMB_RETURN_IF_ERROR(CheckShape("R", r, Shape{form.directions, rows, form.hidden}));
  if (context.has_input(3)) {
    PLUMB_RETURN_IF_ERROR(
        CheckShape("B", context.input(3).shape(), Shape{form.directions, 2 * rows}));
  }
  if (context.has_input(4)) {
    PLUMB_RETURN_IF_ERROR(CheckShape("sequence_lens", context.input(4).shape(), Shape{form.batch}));
  }
  const Shape state = form.batch_first ? Shape{form.batch, form.directions, form.hidden}
                                       : Shape{form.directions, form.batch, form.hidden};
  for (int i = 0; i < node.states; ++i) {
    if (!context.has_input(kFirstState + i)) continue;
    PLUMB_RETURN_IF_ERROR(
        CheckShape("an initial state", context.input(kFirstState + i).shape(), state));
  }
  return form;
}

StatusOr<std::vector<std::int64_t>> Lengths(const ReferenceContext& context,
                                            const RecurrentForm& form) {
  if (!context.has_input(4)) {
    return std::vector<std::int64_t>(static_cast<std::size_t>(form.batch), form.steps);
  }
  std::vector<std::int64_t> lengths = ToInt64s(context.input(4));
  for (std::int64_t length : lengths) {
    if (length < 0 || length > form.steps) {
      return InvalidArgument("sequence length ", length, " is outside of [0, ", form.steps, "]");
    }
  }
  return lengths;
}

// Positions of vectors of `hidden` elements in states and in Y.
std::int64_t StateAt(const RecurrentForm& form, int direction, std::int64_t batch) {
  return form.hidden *
         (form.batch_first ? batch * form.directions + direction : direction * form.batch + batch);
}
std::int64_t OutputAt(const RecurrentForm& form, std::int64_t step, int direction,
                      std::int64_t batch) {
  return form.hidden * (form.batch_first
                            ? (batch * form.steps + step) * form.directions + direction
                            : (step * form.directions + direction) * form.batch + batch);
}

std::span<const double> Part(const std::vector<double>& values, std::int64_t begin,
                             std::int64_t count) {
  return std::span(values).subspan(static_cast<std::size_t>(begin),
                                   static_cast<std::size_t>(count));
}

double Dot(std::span<const double> a, const double* b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

double GateSums::OfInput(int gate, std::int64_t j) const {
  const std::int64_t row = gate * form->hidden + j;
  const double bias = b.empty() ? 0 : b[static_cast<std::size_t>(row)];
  return Dot(x, w.data() + row * form->input) + bias;
}

double GateSums::OfHidden(int gate, std::int64_t j) const {
  const std::int64_t row = gate * form->hidden + j;
  const double bias = b.empty() ? 0 : b[static_cast<std::size_t>(form->gates * form->hidden + row)];
  return Dot(h, r.data() + row * form->hidden) + bias;
}

double GateSums::Clipped(double sum) const {
  return form->clip > 0 ? std::clamp(sum, -form->clip, form->clip) : sum;
}

Status InferRecurrent(InferContext& context, int gates, int states) {
  RecurrentForm form;
  PLUMB_RETURN_IF_ERROR(SetDirection(context.attrs(), &form));
  const bool batch_first = context.attrs().Int("layout", 0) != 0;
  Dim steps = context.FreshDim(), batch = context.FreshDim(), hidden = context.FreshDim();
  if (context.has_dims(0)) {
    if (context.dims(0).size() != 3) {
      return InvalidArgument("X has rank ", context.dims(0).size(), ", expected 3");
    }
    steps = context.dims(0)[batch_first ? 1 : 0];
    batch = context.dims(0)[batch_first ? 0 : 1];
  }
  if (context.has_dims(2)) {
    const DimVector& r = context.dims(2);
    if (r.size() != 3) return InvalidArgument("R has rank ", r.size(), ", expected 3");
    hidden = r[2];
    const auto rows = Dim::Multiply(r[2], Dim(gates));
    if (rows.has_value() && rows->is_constant() && r[1].is_constant() && !(*rows == r[1])) {
      return InvalidArgument("R has ", r[1].value(), " rows, expected ", rows->value(), " for ",
                             gates, " gates");
    }
  } else if (context.attrs().Has("hidden_size")) {
    hidden = Dim(context.attrs().Int("hidden_size", 0));
  }
  const Dim directions(form.directions);
  const DimVector state =
      batch_first ? DimVector{batch, directions, hidden} : DimVector{directions, batch, hidden};
  context.SetOutput(0, context.dtype(0),
                    batch_first ? DimVector{batch, steps, directions, hidden}
                                : DimVector{steps, directions, batch, hidden});
  for (int i = 1; i <= states; ++i) context.SetOutput(i, context.dtype(0), state);
  return OkStatus();
}

Status RunRecurrent(ReferenceContext& context, const RecurrentNode& node) {
  PLUMB_ASSIGN_OR_RETURN(const RecurrentForm form, FormOf(context, node));
  PLUMB_ASSIGN_OR_RETURN(const auto lengths, Lengths(context, form));
  PLUMB_ASSIGN_OR_RETURN(const auto activations,
                         Activations(context.attrs(), node.default_activations, form.directions));
  const auto read = [&](int i) {
    return context.has_input(i) ? ToDoubles(context.input(i)) : std::vector<double>{};
  };
  const std::vector<double> x = read(0), w = read(1), r = read(2), b = read(3);
  const std::int64_t rows = form.gates * form.hidden;
  std::vector<std::vector<double>> states;
  for (int i = 0; i < node.states; ++i) {
    states.push_back(read(kFirstState + i));
    states.back().resize(static_cast<std::size_t>(form.directions * form.batch * form.hidden), 0);
  }
  std::vector<double> y(static_cast<std::size_t>(form.steps) * states[0].size(), 0);
  for (int d = 0; d < form.directions; ++d) {
    GateSums sums{.x = {},
                  .h = {},
                  .w = Part(w, d * rows * form.input, rows * form.input),
                  .r = Part(r, d * rows * form.hidden, rows * form.hidden),
                  .b = b.empty() ? std::span<const double>{} : Part(b, d * 2 * rows, 2 * rows),
                  .form = &form};
    for (std::int64_t n = 0; n < form.batch; ++n) {
      std::vector<std::span<double>> current;
      for (std::vector<double>& state : states) {
        current.push_back(std::span(state).subspan(static_cast<std::size_t>(StateAt(form, d, n)),
                                                   static_cast<std::size_t>(form.hidden)));
      }
      const std::int64_t length = lengths[static_cast<std::size_t>(n)];
      for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t step = form.reverse || d == 1 ? length - 1 - i : i;
        const std::int64_t row = form.batch_first ? n * form.steps + step : step * form.batch + n;
        const std::vector<double> before(current[0].begin(), current[0].end());
        sums.x = Part(x, row * form.input, form.input);
        sums.h = before;
        node.cell(sums, d, activations[static_cast<std::size_t>(d)], current);
        std::ranges::copy(current[0], y.begin() + OutputAt(form, step, d, n));
      }
    }
  }
  const DType type = context.input(0).dtype();
  const Shape state_shape = form.batch_first ? Shape{form.batch, form.directions, form.hidden}
                                             : Shape{form.directions, form.batch, form.hidden};
  const Shape y_shape = form.batch_first
                            ? Shape{form.batch, form.steps, form.directions, form.hidden}
                            : Shape{form.steps, form.directions, form.batch, form.hidden};
  if (context.wants_output(0)) context.SetOutput(0, FromDoubles(type, y_shape, y));
  for (int i = 0; i < node.states; ++i) {
    if (!context.wants_output(1 + i)) continue;
    context.SetOutput(1 + i, FromDoubles(type, state_shape, states[static_cast<std::size_t>(i)]));
  }
  return OkStatus();
}

Cost RecurrentCost(const ConcreteNode& node) {
  const Shape& x = node.input_shapes[0];
  const double weights = static_cast<double>(NumElements(node.input_shapes[1])) +
                         static_cast<double>(NumElements(node.input_shapes[2]));
  return CostOfMacs(node, weights * static_cast<double>(x.rank() == 3 ? x[0] * x[1] : 1));
}

std::vector<AttrDef> RecurrentAttrs() {
  return {{"activation_alpha", AttrType::kFloats},
          {"activation_beta", AttrType::kFloats},
          {"activations", AttrType::kStrings},
          {"clip", AttrType::kFloat},
          {"direction", AttrType::kString},
          {"hidden_size", AttrType::kInt},
          {"layout", AttrType::kInt}};
}

}  // namespace plumb::ops
