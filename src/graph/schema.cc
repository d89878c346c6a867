#include "graph/schema.h"

#include <algorithm>

#include "absl/container/inlined_vector.h"

namespace plumb {
namespace {

bool InSet(std::string_view set, DType dtype) {
  const bool integer = IsInteger(dtype) && dtype != DType::kInt4 && dtype != DType::kUInt4;
  if (set == "any") return true;
  if (set == "float") return IsFloating(dtype);
  if (set == "int") return integer;
  if (set == "number") return IsFloating(dtype) || integer;
  if (set == "signed") return IsFloating(dtype) || (integer && IsSigned(dtype));
  if (set == "index") return dtype == DType::kInt32 || dtype == DType::kInt64;
  if (set == "string") return dtype == DType::kString;
  if (set == "int4") return dtype == DType::kInt4 || dtype == DType::kUInt4;
  return set == DTypeName(dtype);
}

struct Types {
  std::string_view variable;  // empty: none
  std::string_view sets;      // empty: the variable's, given where it was bound
};

Types Split(std::string_view types) {
  const std::size_t equals = types.find('=');
  if (equals != std::string_view::npos) {
    return {types.substr(0, equals), types.substr(equals + 1)};
  }
  const bool variable = !types.empty() && types.front() >= 'A' && types.front() <= 'Z';
  return variable ? Types{types, {}} : Types{{}, types};
}

const Formal* FormalAt(const std::vector<Formal>& formals, std::size_t index) {
  if (index < formals.size()) return &formals[index];
  const bool repeats = !formals.empty() && formals.back().arity == Arity::kVariadic;
  return repeats ? &formals.back() : nullptr;
}

// Arity of the inputs or the outputs; `what` is "input" or "output". A variadic first formal is
// there at least once, and no variadic input is omitted.
Status CheckArity(const std::vector<Formal>& formals, const std::vector<ValueId>& values,
                  std::string_view what) {
  if (values.size() > formals.size() && FormalAt(formals, values.size() - 1) == nullptr) {
    return InvalidArgument("has ", values.size(), " ", Str(what), "s, expected at most ",
                           formals.size());
  }
  for (std::size_t i = 0; i < formals.size(); ++i) {
    const bool there = i < values.size() && values[i] != kNoValue;
    if (!there && formals[i].arity == Arity::kRequired) {
      return InvalidArgument(Str(what), " ", i, " '", Str(formals[i].name), "' is missing");
    }
  }
  if (formals.empty() || formals.back().arity != Arity::kVariadic) return OkStatus();
  const std::size_t first = formals.size() - 1;  // of the repeated ones
  if (first == 0 && values.empty()) {
    return InvalidArgument("has no ", Str(what), "s, expected at least 1");
  }
  for (std::size_t i = first; what == "input" && i < values.size(); ++i) {
    if (values[i] == kNoValue) {
      return InvalidArgument("input ", i, " '", Str(formals.back().name),
                             "' is omitted, but only optional ones may be");
    }
  }
  return OkStatus();
}

Status CheckAttributes(const Node& node) {
  for (const auto& [name, value] : node.attrs) {
    const auto def = std::ranges::find(node.op->attrs, std::string_view(name), &AttrDef::name);
    if (def == node.op->attrs.end()) {
      std::string known;
      for (const AttrDef& attr : node.op->attrs) absl::StrAppend(&known, " ", Str(attr.name));
      return InvalidArgument("unknown attribute '", name, "'; expected",
                             known.empty() ? " none" : " one of:", known);
    }
    const Attr expected[] = {std::int64_t{},
                             float{},
                             std::string{},
                             std::vector<std::int64_t>{},
                             std::vector<float>{},
                             std::vector<std::string>{},
                             Tensor{}};
    const Attr& wanted = expected[static_cast<std::size_t>(def->type)];
    if (wanted.index() != value.index()) {
      return InvalidArgument("attribute '", name, "' has type ", Str(AttrTypeName(value)),
                             ", expected ", Str(AttrTypeName(wanted)));
    }
    const Tensor* tensor = std::get_if<Tensor>(&value);
    if (tensor != nullptr && !tensor->defined()) {
      return InvalidArgument("attribute '", name, "' is an empty tensor without a type");
    }
  }
  for (const AttrDef& def : node.op->attrs) {
    if (def.required && !node.attrs.Has(def.name)) {
      return InvalidArgument("required attribute '", Str(def.name), "' is missing");
    }
  }
  return OkStatus();
}

struct Binding {
  std::string_view variable;
  DType dtype;
  std::string where;  // "input 0 'A'"
};
using Bindings = absl::InlinedVector<Binding, 4>;

Status CheckOne(const Formal& formal, std::size_t index, std::string_view what, DType dtype,
                Bindings& bindings) {
  if (dtype == DType::kUndefined) return OkStatus();
  const auto where = [&] {
    return absl::StrCat(Str(what), " ", index, " '", Str(formal.name), "'");
  };
  const Types types = Split(formal.types);
  if (!types.sets.empty() && !TypeAllowed(types.sets, dtype)) {
    return InvalidArgument(where(), " has type ", Str(DTypeName(dtype)), ", expected ",
                           Str(types.sets));
  }
  if (types.variable.empty()) return OkStatus();
  for (const Binding& binding : bindings) {
    if (binding.variable != types.variable) continue;
    if (binding.dtype == dtype) return OkStatus();
    return InvalidArgument(where(), " has type ", Str(DTypeName(dtype)), ", but ", binding.where,
                           " has type ", Str(DTypeName(binding.dtype)), "; they must be equal");
  }
  bindings.push_back({types.variable, dtype, where()});
  return OkStatus();
}

}  // namespace

bool TypeAllowed(std::string_view types, DType dtype) {
  if (dtype == DType::kUndefined) return true;
  std::string_view rest = Split(types).sets;
  if (rest.empty()) return true;
  while (true) {
    const std::size_t bar = rest.find('|');
    if (InSet(rest.substr(0, bar), dtype)) return true;
    if (bar == std::string_view::npos) return false;
    rest.remove_prefix(bar + 1);
  }
}

Status CheckStructure(const Node& node) {
  PLUMB_RETURN_IF_ERROR(CheckArity(node.op->inputs, node.inputs, "input"));
  PLUMB_RETURN_IF_ERROR(CheckArity(node.op->outputs, node.outputs, "output"));
  PLUMB_RETURN_IF_ERROR(CheckAttributes(node));
  for (std::string_view required : node.op->subgraphs) {
    if (std::ranges::find(node.subgraphs, required, &Subgraph::name) == node.subgraphs.end()) {
      return InvalidArgument("required subgraph '", Str(required), "' is missing");
    }
  }
  for (const Subgraph& subgraph : node.subgraphs) {
    if (std::ranges::find(node.op->subgraphs, subgraph.name) == node.op->subgraphs.end()) {
      return InvalidArgument("unknown subgraph '", subgraph.name, "'");
    }
    if (subgraph.body == nullptr) {
      return InvalidArgument("subgraph '", subgraph.name, "' has no body");
    }
    if (subgraph.captured.size() != subgraph.body->captures().size()) {
      return InvalidArgument("subgraph '", subgraph.name, "' captures ", subgraph.captured.size(),
                             " values, its body expects ", subgraph.body->captures().size());
    }
  }
  return OkStatus();
}

Status CheckTypes(const Node& node, std::span<const ValueInfo* const> inputs,
                  std::span<const ValueInfo* const> outputs) {
  Bindings bindings;
  const auto check = [&](const std::vector<Formal>& formals,
                         std::span<const ValueInfo* const> infos, std::string_view what) -> Status {
    for (std::size_t i = 0; i < infos.size(); ++i) {
      const Formal* formal = FormalAt(formals, i);
      if (infos[i] == nullptr || formal == nullptr) continue;
      PLUMB_RETURN_IF_ERROR(CheckOne(*formal, i, what, infos[i]->dtype, bindings));
    }
    return OkStatus();
  };
  PLUMB_RETURN_IF_ERROR(check(node.op->inputs, inputs, "input"));
  return check(node.op->outputs, outputs, "output");
}

std::string NodeLabel(const Node& node) {
  return absl::StrCat("node '", node.name, "' (", Str(node.op->name), ")");
}

}  // namespace plumb
