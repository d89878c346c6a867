#include "engine/kernel_problem.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/hash.h"

namespace plumb::engine {
namespace {

void AppendOperand(const ops::Operand& operand, std::string* text) {
  if (!operand.present) {
    text->append("-;");
    return;
  }
  absl::StrAppend(text, Str(DTypeName(operand.dtype)), operand.constant != nullptr ? "!" : "");
  for (int axis = 0; axis < operand.shape.rank(); ++axis) {
    absl::StrAppend(text, ",", operand.shape[axis]);
    // What is packed has an order of its own; a dimension of one is never stepped over.
    if (operand.constant == nullptr && operand.shape[axis] > 1) {
      absl::StrAppend(text, "*", operand.strides[axis]);
    }
  }
  text->append(";");
}

struct AppendAttr {
  std::string* text;
  void operator()(std::int64_t value) const { absl::StrAppend(text, value); }
  void operator()(float value) const { absl::StrAppendFormat(text, "%a", value); }
  void operator()(const std::string& value) const { absl::StrAppend(text, "'", value, "'"); }
  void operator()(const std::vector<std::int64_t>& values) const {
    absl::StrAppend(text, absl::StrJoin(values, ","));
  }
  void operator()(const std::vector<float>& values) const {
    for (const float value : values) absl::StrAppendFormat(text, "%a,", value);
  }
  void operator()(const std::vector<std::string>& values) const {
    for (const std::string& value : values) absl::StrAppend(text, "'", value, "',");
  }
  void operator()(const Tensor& value) const {
    absl::StrAppend(text, Str(DTypeName(value.dtype())), value.shape().ToString());
  }
};

}  // namespace

StatusOr<std::vector<ops::KernelChoice>> ListKernels(const KernelProblem& problem,
                                                     const Target& target) {
  ops::LowerContext context(*problem.node, problem.inputs, problem.outputs, problem.contents,
                            target, nullptr);
  context.counts_errors = true;
  PLUMB_RETURN_IF_ERROR(problem.node->op->lower(context));
  return std::move(context.choices);
}

std::string KeyOf(const KernelProblem& problem) {
  std::string text =
      absl::StrCat(Str(problem.node->op->domain), ".", Str(problem.node->op->name), "(");
  for (const ops::Operand& operand : problem.inputs) AppendOperand(operand, &text);
  text.append(")(");
  for (const ops::Operand& operand : problem.outputs) AppendOperand(operand, &text);
  text.append(")");
  for (const auto& [name, attr] : problem.node->attrs) {
    absl::StrAppend(&text, name, "=");
    std::visit(AppendAttr{&text}, attr);
    text.append(";");
  }
  return absl::StrFormat("%016x", Fnv1a(text));
}

}  // namespace plumb::engine
