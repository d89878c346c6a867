#include "ops/operator_docs.h"

namespace plumb::ops {
namespace {

std::string FormalsText(const std::vector<Formal>& formals) {
  std::string text;
  for (const Formal& formal : formals) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", Str(formal.name),
                    formal.arity == Arity::kOptional   ? "?"
                    : formal.arity == Arity::kVariadic ? "..."
                                                       : "");
  }
  return text;
}

std::string AttrsText(const OpDef& op) {
  std::string text;
  for (const AttrDef& attr : op.attrs) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", Str(attr.name), attr.required ? "" : "?");
  }
  for (std::string_view subgraph : op.subgraphs) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", Str(subgraph), " (graph)");
  }
  return text;
}

std::string_view GradientText(const OpDef& op) {
  switch (op.differentiability) {
    case Differentiability::kYes: return "yes";
    case Differentiability::kNotYet: return "not yet";
    case Differentiability::kNot: break;
  }
  return "-";
}

std::string_view RunsAs(const OpDef& op) {
  if (op.movement != nullptr) return op.aliases_input ? "alias" : "regions";
  if (op.lower != nullptr) return "kernels";
  return "reference";
}

// '|' would end a cell of the table.
std::string Cell(std::string_view text) {
  std::string cell;
  for (char c : text) absl::StrAppend(&cell, c == '|' ? "\\|" : std::string(1, c));
  return cell;
}

void AppendRows(const OpTable& ops, std::string_view domain, std::string* text) {
  absl::StrAppend(text,
                  "| operator | since | inputs | outputs | attributes | gradient | runs as | ",
                  "what it computes |\n|---|---|---|---|---|---|---|---|\n");
  for (const OpDef* op : ops.all()) {
    if (op->domain != domain) continue;
    const std::string since = domain.empty() ? absl::StrCat(op->since_opset) : "-";
    absl::StrAppend(text, "| ", Str(op->name), " | ", since, " | ", Cell(FormalsText(op->inputs)));
    absl::StrAppend(text, " | ", Cell(FormalsText(op->outputs)), " | ", Cell(AttrsText(*op)), " | ",
                    Str(GradientText(*op)));
    absl::StrAppend(text, " | ", Str(RunsAs(*op)), " | ", Cell(op->doc), " |\n");
  }
}

}  // namespace

std::string OperatorDocs(const OpTable& ops) {
  int standard = 0, own = 0;
  for (const OpDef* op : ops.all()) ++(op->domain.empty() ? standard : own);
  std::string text = absl::StrCat(
      "# Operators\n\nMade from the operator table by `build/plumb_op_docs > docs/OPERATORS.md`; "
      "a ",
      "test compares.\n\nSemantics are those of ONNX opset 21; nodes of opsets 7 to 20 are "
      "rewritten ",
      "to them when a model is loaded. `?` marks what may be omitted, `...` what may be repeated. ",
      "*Runs as*: by compiled kernels, as regions (strided copies that are composed and often ",
      "vanish), as an alias (the same memory under another shape), or by its reference. Operators ",
      "with kernels fall back to their reference for types and forms that no kernel takes.\n\n## ",
      "ONNX (", standard, ")\n\n");
  AppendRows(ops, "", &text);
  absl::StrAppend(&text, "\n## Of this project, domain `plumb` (", own, ")\n\n");
  AppendRows(ops, "plumb", &text);
  return text;
}

}  // namespace plumb::ops
