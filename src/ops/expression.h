// Arithmetic on graph values under construction, so that a gradient reads like its formula:
//   Expr dx = dy * y * (1.0 - y);
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/builder.h"
#include "graph/op_def.h"

namespace plumb::ops {

AttrMap Attrs(std::initializer_list<std::pair<std::string_view, Attr>> entries);

// A value of the graph that `builder` builds; copied freely. Not present: an omitted value, or one
// that an earlier error of the builder kept from being made; operations on it do nothing.
class Expr {
 public:
  Expr() = default;
  Expr(GraphBuilder* builder, ValueId id) : builder_(builder), id_(id) {}

  GraphBuilder* builder() const { return builder_; }
  ValueId id() const { return id_; }
  bool present() const { return id_ != kNoValue; }
  DType dtype() const;            // kFloat32 when nothing is known
  const DimVector* dims() const;  // null when the rank is not known
  std::optional<int> rank() const;

 private:
  GraphBuilder* builder_ = nullptr;
  ValueId id_ = kNoValue;
};

// One node with one output; the first argument (present or not) carries the builder.
Expr Call(std::string_view op, std::initializer_list<Expr> arguments, AttrMap attrs = {});

Expr Number(const Expr& like, double value);  // a scalar of the element type of `like`
Expr Ints(const Expr& like, const std::vector<std::int64_t>& values);  // an int64 vector

Expr operator+(const Expr& a, const Expr& b);
Expr operator-(const Expr& a, const Expr& b);
Expr operator*(const Expr& a, const Expr& b);
Expr operator/(const Expr& a, const Expr& b);
Expr operator-(const Expr& a);
inline Expr operator+(const Expr& a, double b) { return a + Number(a, b); }
inline Expr operator+(double a, const Expr& b) { return Number(b, a) + b; }
inline Expr operator-(const Expr& a, double b) { return a - Number(a, b); }
inline Expr operator-(double a, const Expr& b) { return Number(b, a) - b; }
inline Expr operator*(const Expr& a, double b) { return a * Number(a, b); }
inline Expr operator*(double a, const Expr& b) { return Number(b, a) * b; }
inline Expr operator/(const Expr& a, double b) { return a / Number(a, b); }
inline Expr operator/(double a, const Expr& b) { return Number(b, a) / b; }

// Comparisons give bool values.
Expr Equal(const Expr& a, const Expr& b);
Expr Less(const Expr& a, const Expr& b);
inline Expr Equal(const Expr& a, double b) { return Equal(a, Number(a, b)); }
inline Expr Less(const Expr& a, double b) { return Less(a, Number(a, b)); }
inline Expr Greater(const Expr& a, double b) { return Less(Number(a, b), a); }

// `condition` ? a : b, and with zero for b.
Expr Where(const Expr& condition, const Expr& a, const Expr& b);
Expr KeepWhere(const Expr& condition, const Expr& a);

Expr Exp(const Expr& a);
Expr Log(const Expr& a);
Expr Sqrt(const Expr& a);
Expr Sigmoid(const Expr& a);
Expr Tanh(const Expr& a);
inline Expr Square(const Expr& a) { return a * a; }

Expr Cast(const Expr& a, DType type);
Expr ShapeOf(const Expr& a);                    // an int64 vector
Expr CountOf(const Expr& a, const Expr& like);  // number of elements as a scalar of that type
Expr Reshape(const Expr& a, const Expr& shape);
Expr Expand(const Expr& a, const Expr& shape);
Expr Unsqueeze(const Expr& a, const std::vector<std::int64_t>& axes);
// `reduction` is "ReduceSum", "ReduceMean", ...; axes empty: all.
Expr Reduce(std::string_view reduction, const Expr& a, const std::vector<std::int64_t>& axes,
            bool keep);
Expr Transpose(const Expr& a, const std::vector<std::int64_t>& permutation);

// Sums `gradient`, which has the shape that `input` was broadcast to, down to the shape of `input`.
// Where symbols leave open what was broadcast, the graph finds out when it runs.
Expr SumToShapeOf(const Expr& gradient, const Expr& input);

// The values of a node whose gradient is being built.
inline Expr InputOf(GradientContext& context, int i) {
  return {&context.builder(), context.input(i)};
}
inline Expr OutputOf(GradientContext& context, int i = 0) {
  return {&context.builder(), context.output(i)};
}
inline Expr GradientOf(GradientContext& context, int i = 0) {
  return {&context.builder(), context.output_gradient(i)};
}
// Sets the gradient of input i, summed to its shape; does nothing for an omitted input.
void SetGradient(GradientContext& context, int i, const Expr& gradient);

}  // namespace plumb::ops
