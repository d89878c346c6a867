#include "graph/text.h"
#include "graph/text_cursor.h"
#include "graph/text_name.h"

namespace plumb {
namespace {

std::string TypeText(DType dtype, const std::optional<DimVector>& dims,
                     const SymbolTable& symbols) {
  std::string text = dtype == DType::kUndefined ? "?" : std::string(DTypeName(dtype));
  if (!dims) return text;
  text += "[";
  for (std::size_t i = 0; i < dims->size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ",", (*dims)[i].ToString(symbols));
  }
  return text + "]";
}

template <typename T, typename Fn>
std::string ListText(std::string_view type, const std::vector<T>& list, Fn&& element_text) {
  std::string text = list.empty() ? std::string(type) + "[" : "[";
  for (std::size_t i = 0; i < list.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", element_text(list[i]));
  }
  return text + "]";
}

class Printer {
 public:
  Printer(const Graph& graph, const TextOptions& options, std::string indent)
      : graph_(graph), options_(options), indent_(std::move(indent)) {}

  // `captured` are the outer names, by capture; null for a whole model.
  std::string Print(const std::vector<std::string>* captured) {
    std::string text = "graph ";
    if (!graph_.name.empty() && captured == nullptr) text += QuotedName(graph_.name);
    absl::StrAppend(&text, "(", Inputs(), ")");
    if (captured != nullptr && !captured->empty()) {
      absl::StrAppend(&text, " captures (", Captures(*captured), ")");
    }
    text += " -> (";
    for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ", NameOf(graph_.outputs()[i]));
    }
    text += ") {\n";
    Statements(text);
    return text + indent_ + "}";
  }

 private:
  std::string NameOf(ValueId id) const {
    if (id == kNoValue) return "_";
    const bool there = id >= 0 && id < graph_.num_values();
    return there ? QuotedName(graph_.value(id).name) : absl::StrCat("<value ", id, ">");
  }

  std::string Typed(ValueId id) const {
    if (id == kNoValue) return "_";
    const ValueInfo& info = graph_.value(id).info;
    return absl::StrCat(NameOf(id), ": ", TypeText(info.dtype, info.dims, graph_.symbols()));
  }

  std::string Inputs() const {
    std::string text;
    for (ValueId id : graph_.inputs()) absl::StrAppend(&text, text.empty() ? "" : ", ", Typed(id));
    return text;
  }

  std::string Captures(const std::vector<std::string>& captured) const {
    std::string text;
    for (std::size_t i = 0; i < captured.size() && i < graph_.captures().size(); ++i) {
      const std::string inner = NameOf(graph_.captures()[i]);
      absl::StrAppend(&text, i == 0 ? "" : ", ", captured[i]);
      if (inner != captured[i]) absl::StrAppend(&text, " as ", inner);
    }
    return text;
  }

  std::string Constant(const Tensor& tensor) const {
    return absl::StrCat(TypeText(tensor.dtype(), ToDims(tensor.shape()), graph_.symbols()), " ",
                        LiteralText(tensor, options_.max_elements, options_.full_constants));
  }

  void Statements(std::string& text) const {
    const std::string line = indent_ + "  ";
    const Uses uses(graph_);
    for (ValueId id = 0; id < graph_.num_values(); ++id) {
      if (!graph_.IsConstant(id) || (uses.of(id).empty() && !uses.is_graph_output(id))) continue;
      absl::StrAppend(&text, line, NameOf(id), " = const ", Constant(graph_.value(id).constant),
                      "\n");
    }
    for (const State& state : graph_.states()) {
      const ValueInfo& info = graph_.value(state.read).info;
      absl::StrAppend(&text, line, "state ", NameOf(state.read), ": ",
                      TypeText(info.dtype, info.dims, graph_.symbols()), " = ",
                      LiteralText(state.initial, options_.max_elements, options_.full_constants),
                      "\n");
    }
    const StatusOr<std::vector<NodeId>> order = graph_.TopologicalOrder();
    if (order.ok()) {
      for (NodeId id : *order) absl::StrAppend(&text, line, NodeText(graph_.node(id)), "\n");
    } else {
      absl::StrAppend(&text, line, "# ", order.status().message(), "\n");
      for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
        if (graph_.node(id).erased) continue;
        absl::StrAppend(&text, line, NodeText(graph_.node(id)), "\n");
      }
    }
    for (const State& state : graph_.states()) {
      if (state.written == kNoValue) continue;
      absl::StrAppend(&text, line, "update ", NameOf(state.read), " = ", NameOf(state.written),
                      "\n");
    }
  }

  std::string NodeText(const Node& node) const {
    std::string text;
    const Value* first = nullptr;
    for (ValueId id : node.outputs) {
      if (id != kNoValue && first == nullptr) first = &graph_.value(id);
      const bool typed =
          options_.types && id != kNoValue && graph_.value(id).info.dtype != DType::kUndefined;
      absl::StrAppend(&text, text.empty() ? "" : ", ", typed ? Typed(id) : NameOf(id));
    }
    if (text.empty()) text = "()";
    std::string op(node.op->name);
    if (!node.op->domain.empty()) op = Str(node.op->domain) + "." + op;
    absl::StrAppend(&text, " = ", QuotedName(op), "(");
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ", NameOf(node.inputs[i]));
    }
    text += ")";
    const std::string attrs = AttrsText(node);
    if (!attrs.empty()) absl::StrAppend(&text, " {", attrs, "}");
    if (first == nullptr || node.name != first->name) {
      absl::StrAppend(&text, " ", QuotedText(node.name));
    }
    return text;
  }

  std::string AttrsText(const Node& node) const {
    std::string text;
    for (const auto& [name, attr] : node.attrs) {
      absl::StrAppend(&text, text.empty() ? "" : ", ", QuotedName(name), " = ", AttrText(attr));
    }
    for (const Subgraph& subgraph : node.subgraphs) {
      std::vector<std::string> captured;
      for (ValueId id : subgraph.captured) captured.push_back(NameOf(id));
      Printer inner(*subgraph.body, options_, indent_ + "  ");
      absl::StrAppend(&text, text.empty() ? "" : ", ", QuotedName(subgraph.name), " = ",
                      inner.Print(&captured));
    }
    return text;
  }

  std::string AttrText(const Attr& attr) const {
    switch (static_cast<AttrType>(attr.index())) {
      case AttrType::kInt: return absl::StrCat(std::get<std::int64_t>(attr));
      case AttrType::kFloat: return FloatText(std::get<float>(attr));
      case AttrType::kString: return QuotedText(std::get<std::string>(attr));
      case AttrType::kInts:
        return ListText("ints", std::get<std::vector<std::int64_t>>(attr),
                        [](std::int64_t i) { return absl::StrCat(i); });
      case AttrType::kFloats:
        return ListText("floats", std::get<std::vector<float>>(attr), FloatText);
      case AttrType::kStrings:
        return ListText("strings", std::get<std::vector<std::string>>(attr), QuotedText);
      case AttrType::kTensor: return Constant(std::get<Tensor>(attr));
    }
    return "";
  }

  const Graph& graph_;
  const TextOptions& options_;
  const std::string indent_;
};

}  // namespace

std::string ToText(const Graph& graph, const TextOptions& options) {
  return Printer(graph, options, "").Print(nullptr) + "\n";
}

}  // namespace plumb
