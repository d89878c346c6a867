#include "ops/product_gradient.h"

#include <numeric>
#include <utility>
#include <vector>

namespace plumb::ops {
namespace {

// The last two dimensions exchanged.
Expr Transposed(const Expr& a) {
  std::vector<std::int64_t> permutation(static_cast<std::size_t>(*a.rank()));
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  return Transpose(a, permutation);
}

Expr MatMul(const Expr& a, const Expr& b) { return Call("MatMul", {a, b}); }

// All rows of a stack of matrices as one matrix.
Expr Rows(const Expr& a) {
  if (*a.rank() == 2) return a;
  return Call("Flatten", {a}, Attrs({{"axis", std::int64_t{*a.rank() - 1}}}));
}

}  // namespace

Status ProductGradient(GradientContext& context, const Expr& gradient, const ProductForm& form) {
  if (!gradient.present()) return OkStatus();
  const Expr a = InputOf(context, 0), b = InputOf(context, 1);
  if (!a.rank() || !b.rank() || !gradient.rank()) {
    return Unimplemented("gradient needs the ranks of both matrices");
  }
  const bool row = *a.rank() == 1, column = *b.rank() == 1;
  // Vectors as matrices, whatever transA and transB say: these do not apply to vectors.
  const Expr lhs = row ? Unsqueeze(a, {0}) : a;
  const Expr rhs = column ? Unsqueeze(b, {1}) : b;
  const bool transpose_a = form.transpose_a && !row, transpose_b = form.transpose_b && !column;
  Expr dy = form.alpha == 1 ? gradient : gradient * form.alpha;
  if (column) dy = Unsqueeze(dy, {-1});
  if (row) dy = Unsqueeze(dy, {-2});
  if (!dy.rank() || !lhs.rank() || !rhs.rank()) return context.builder().status();

  const Expr op_a = transpose_a ? Transposed(lhs) : lhs;
  Expr d_op_a = MatMul(dy, transpose_b ? rhs : Transposed(rhs));
  if (transpose_a && d_op_a.rank()) d_op_a = Transposed(d_op_a);
  Expr da = SumToShapeOf(d_op_a, lhs);
  // One matrix against many: its gradient is one product over all their rows.
  Expr d_op_b = *rhs.rank() == 2 && *lhs.rank() > 2 ? MatMul(Transposed(Rows(op_a)), Rows(dy))
                                                    : MatMul(Transposed(op_a), dy);
  if (transpose_b && d_op_b.rank()) d_op_b = Transposed(d_op_b);
  Expr db = SumToShapeOf(d_op_b, rhs);
  if (row) da = Reshape(da, ShapeOf(a));
  if (column) db = Reshape(db, ShapeOf(b));
  PLUMB_RETURN_IF_ERROR(context.builder().status());
  context.SetInputGradient(0, da.id());
  context.SetInputGradient(1, db.id());
  return OkStatus();
}

}  // namespace plumb::ops
