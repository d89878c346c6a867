#include "graph/infer.h"
#include "graph/text.h"
#include "graph/text_cursor.h"
#include "graph/verifier.h"

namespace plumb {
namespace {

struct Type {
  DType dtype = DType::kUndefined;
  std::optional<DimVector> dims;
};
struct Output {
  std::string name;  // empty: not wanted
  Type type;
};

// [scale *] symbol [+ offset], or a number.
StatusOr<Dim> ReadDim(TokenCursor& cursor, SymbolTable& symbols) {
  std::int64_t scale = 1;
  if (cursor.Peek().kind == Token::kNumber) {
    PLUMB_ASSIGN_OR_RETURN(scale, cursor.Integer("a dimension"));
    if (!cursor.TakeSymbol("*")) {
      if (scale < 0) return ErrorAt(cursor.Previous(), "a dimension is not negative");
      return Dim(scale);
    }
  }
  PLUMB_ASSIGN_OR_RETURN(const std::string name, cursor.Name("a dimension"));
  const int symbol = name == "?" ? symbols.Fresh() : symbols.Intern(name);
  std::int64_t offset = 0;
  if (cursor.Peek().kind == Token::kNumber) {
    PLUMB_ASSIGN_OR_RETURN(offset, cursor.Integer("an offset"));
  }
  return Dim::Symbol(symbol, scale, offset);
}

// Parses one graph; nested ones get a parser of their own on the same cursor.
class GraphParser {
 public:
  GraphParser(TokenCursor& cursor, const OpTable& ops, const ParseOptions& options, Graph& graph,
              int depth)
      : cursor_(cursor), ops_(ops), options_(options), graph_(graph), depth_(depth) {}

  // `outer` and `captured` are those of a subgraph; null for a whole model.
  Status Parse(const Graph* outer, std::vector<ValueId>* captured) {
    if (depth_ > kMaxSubgraphDepth) {
      return cursor_.Error(absl::StrCat("graphs nest deeper than ", kMaxSubgraphDepth));
    }
    if (!cursor_.TakeWord("graph")) return cursor_.Error("expected 'graph'");
    if (!cursor_.AtSymbol("(")) {
      PLUMB_ASSIGN_OR_RETURN(graph_.name, cursor_.Name("a graph name"));
    }
    PLUMB_RETURN_IF_ERROR(Inputs());
    if (outer != nullptr && cursor_.TakeWord("captures")) {
      PLUMB_RETURN_IF_ERROR(Captures(*outer, *captured));
    }
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("->"));
    std::vector<Token> outputs;
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("("));
    while (!cursor_.AtSymbol(")")) {
      if (!outputs.empty()) PLUMB_RETURN_IF_ERROR(cursor_.Expect(","));
      outputs.push_back(cursor_.Peek());
      PLUMB_RETURN_IF_ERROR(cursor_.Name("an output").status());
    }
    cursor_.Take();
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("{"));
    while (!cursor_.TakeSymbol("}")) PLUMB_RETURN_IF_ERROR(Statement());
    for (const Token& output : outputs) {
      PLUMB_ASSIGN_OR_RETURN(const ValueId id, Defined(output, output.text));
      graph_.AddOutput(id);
    }
    return OkStatus();
  }

 private:
  StatusOr<ValueId> Defined(const Token& at, const std::string& name) const {
    const ValueId id = graph_.FindValue(name);
    if (id == kNoValue) return ErrorAt(at, "value '" + name + "' is used before it is defined");
    return id;
  }
  Status CheckNew(const Token& at, const std::string& name) const {
    if (name.empty()) return ErrorAt(at, "a value needs a name");
    if (graph_.FindValue(name) == kNoValue) return OkStatus();
    return ErrorAt(at, "value '" + name + "' is defined twice");
  }

  Status Inputs() {
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("("));
    while (!cursor_.TakeSymbol(")")) {
      if (!graph_.inputs().empty()) PLUMB_RETURN_IF_ERROR(cursor_.Expect(","));
      const Token at = cursor_.Peek();
      PLUMB_ASSIGN_OR_RETURN(const std::string name, cursor_.Name("an input"));
      PLUMB_RETURN_IF_ERROR(CheckNew(at, name));
      Type type;
      if (cursor_.TakeSymbol(":")) {
        PLUMB_ASSIGN_OR_RETURN(type, ParseType());
      }
      const Status sizes = CheckInfo({type.dtype, type.dims, std::nullopt});
      if (!sizes.ok()) return ErrorAt(at, std::string(sizes.message()));
      graph_.AddInput(name, type.dtype, std::move(type.dims));
    }
    return OkStatus();
  }

  Status Captures(const Graph& outer, std::vector<ValueId>& captured) {
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("("));
    while (!cursor_.TakeSymbol(")")) {
      if (!captured.empty()) PLUMB_RETURN_IF_ERROR(cursor_.Expect(","));
      const Token at = cursor_.Peek();
      PLUMB_ASSIGN_OR_RETURN(std::string name, cursor_.Name("a captured value"));
      const ValueId id = outer.FindValue(name);
      if (id == kNoValue) {
        return ErrorAt(at, "captured value '" + name + "' is not defined outside");
      }
      if (cursor_.TakeWord("as")) {
        PLUMB_ASSIGN_OR_RETURN(name, cursor_.Name("a name"));
      }
      PLUMB_RETURN_IF_ERROR(CheckNew(at, name));
      captured.push_back(id);
      graph_.AddCapture(name, outer.value(id).info);
    }
    return OkStatus();
  }

  StatusOr<Type> ParseType() {
    Type type;
    const Token at = cursor_.Peek();
    PLUMB_ASSIGN_OR_RETURN(const std::string name, cursor_.Name("a type"));
    if (name != "?") {
      const StatusOr<DType> dtype = ParseDType(name);
      if (!dtype.ok()) return ErrorAt(at, std::string(dtype.status().message()));
      type.dtype = *dtype;
    }
    if (!cursor_.TakeSymbol("[")) return type;
    type.dims.emplace();
    while (!cursor_.TakeSymbol("]")) {
      if (!type.dims->empty()) PLUMB_RETURN_IF_ERROR(cursor_.Expect(","));
      PLUMB_ASSIGN_OR_RETURN(const Dim dim, ReadDim(cursor_, graph_.symbols()));
      type.dims->push_back(dim);
    }
    return type;
  }

  StatusOr<Tensor> ParseTensor(bool equals) {
    const Token at = cursor_.Peek();
    PLUMB_ASSIGN_OR_RETURN(const Type type, ParseType());
    const std::optional<Shape> shape = type.dims ? ConcreteShape(*type.dims) : std::nullopt;
    if (!shape || type.dtype == DType::kUndefined) {
      return ErrorAt(at, "a constant needs a type with numbers as dimensions");
    }
    if (equals) PLUMB_RETURN_IF_ERROR(cursor_.Expect("="));
    return cursor_.Literal(type.dtype, *shape);
  }

  Status Statement() {
    const Token at = cursor_.Peek();
    if (cursor_.TakeWord("state")) {
      PLUMB_ASSIGN_OR_RETURN(const std::string name, cursor_.Name("a state"));
      PLUMB_RETURN_IF_ERROR(CheckNew(at, name));
      PLUMB_RETURN_IF_ERROR(cursor_.Expect(":"));
      PLUMB_ASSIGN_OR_RETURN(Tensor initial, ParseTensor(true));
      graph_.AddState(name, std::move(initial));
      return OkStatus();
    }
    if (cursor_.TakeWord("update")) return Update();
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Output> outputs, Outputs());
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("="));
    if (cursor_.AtWord("const") && outputs.size() == 1 && !outputs[0].name.empty()) {
      cursor_.Take();
      PLUMB_ASSIGN_OR_RETURN(Tensor tensor, ParseTensor(false));
      graph_.AddConstant(outputs[0].name, std::move(tensor));
      return OkStatus();
    }
    return NodeStatement(at, outputs);
  }

  Status Update() {
    const Token at = cursor_.Peek();
    PLUMB_ASSIGN_OR_RETURN(const std::string name, cursor_.Name("a state"));
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("="));
    const Token value_at = cursor_.Peek();
    PLUMB_ASSIGN_OR_RETURN(const std::string value, cursor_.Name("a value"));
    PLUMB_ASSIGN_OR_RETURN(const ValueId written, Defined(value_at, value));
    for (std::size_t i = 0; i < graph_.states().size(); ++i) {
      if (graph_.states()[i].name != name) continue;
      graph_.SetStateWritten(static_cast<int>(i), written);
      return OkStatus();
    }
    return ErrorAt(at, "'" + name + "' is not a state");
  }

  StatusOr<std::vector<Output>> Outputs() {
    std::vector<Output> outputs;
    if (cursor_.TakeSymbol("(")) {
      PLUMB_RETURN_IF_ERROR(cursor_.Expect(")"));
      return outputs;
    }
    do {
      Output output;
      const Token at = cursor_.Peek();
      PLUMB_ASSIGN_OR_RETURN(output.name, cursor_.Name("a value"));
      if (at.kind == Token::kName && output.name == "_") {
        output.name.clear();
      } else {
        PLUMB_RETURN_IF_ERROR(CheckNew(at, output.name));
        for (const Output& other : outputs) {
          if (other.name == output.name) {
            return ErrorAt(at, "value '" + output.name + "' is defined twice");
          }
        }
        if (cursor_.TakeSymbol(":")) {
          PLUMB_ASSIGN_OR_RETURN(output.type, ParseType());
        }
      }
      outputs.push_back(std::move(output));
    } while (cursor_.TakeSymbol(","));
    return outputs;
  }

  Status NodeStatement(const Token& at, const std::vector<Output>& outputs) {
    const Token op_at = cursor_.Peek();
    PLUMB_ASSIGN_OR_RETURN(const std::string op_name, cursor_.Name("an operator"));
    const std::size_t dot = op_name.rfind('.');
    const OpDef* op = dot == std::string::npos
                          ? ops_.Find("", op_name)
                          : ops_.Find(op_name.substr(0, dot), op_name.substr(dot + 1));
    if (op == nullptr) return ErrorAt(op_at, "unknown operator '" + op_name + "'");
    PLUMB_ASSIGN_OR_RETURN(std::vector<ValueId> inputs, NodeInputs());
    AttrMap attrs;
    std::vector<Subgraph> subgraphs;
    if (cursor_.TakeSymbol("{")) {
      bool first = true;
      while (!cursor_.TakeSymbol("}")) {
        if (!first) PLUMB_RETURN_IF_ERROR(cursor_.Expect(","));
        first = false;
        PLUMB_RETURN_IF_ERROR(Attribute(attrs, subgraphs));
      }
    }
    std::string name;
    if (cursor_.Peek().kind == Token::kString && cursor_.Peek().line == cursor_.Previous().line) {
      if (graph_.HasNode(cursor_.Peek().text)) {
        return cursor_.Error("node '" + cursor_.Peek().text + "' is defined twice");
      }
      name = cursor_.Take().text;
    }
    std::vector<std::string> names;
    for (const Output& output : outputs) names.push_back(output.name);
    const NodeId id = graph_.AddNodeNamed(op, std::move(inputs), names, std::move(attrs), name);
    Node& node = graph_.node(id);
    node.subgraphs = std::move(subgraphs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (node.outputs[i] == kNoValue) continue;
      ValueInfo& info = graph_.value(node.outputs[i]).info;
      info.dtype = outputs[i].type.dtype;
      info.dims = outputs[i].type.dims;
    }
    if (!options_.infer || depth_ > 0) return OkStatus();
    const Status status = InferNode(graph_, id);
    return status.ok() ? status : ErrorAt(at, std::string(status.message()));
  }

  StatusOr<std::vector<ValueId>> NodeInputs() {
    std::vector<ValueId> inputs;
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("("));
    while (!cursor_.TakeSymbol(")")) {
      if (!inputs.empty()) PLUMB_RETURN_IF_ERROR(cursor_.Expect(","));
      if (cursor_.TakeWord("_")) {
        inputs.push_back(kNoValue);
        continue;
      }
      const Token at = cursor_.Peek();
      PLUMB_ASSIGN_OR_RETURN(const std::string name, cursor_.Name("an input"));
      PLUMB_ASSIGN_OR_RETURN(const ValueId id, Defined(at, name));
      inputs.push_back(id);
    }
    return inputs;
  }

  Status Attribute(AttrMap& attrs, std::vector<Subgraph>& subgraphs) {
    const Token at = cursor_.Peek();
    PLUMB_ASSIGN_OR_RETURN(const std::string name, cursor_.Name("an attribute"));
    for (const Subgraph& subgraph : subgraphs) {
      if (subgraph.name == name) return ErrorAt(at, "attribute '" + name + "' is given twice");
    }
    if (attrs.Has(name)) return ErrorAt(at, "attribute '" + name + "' is given twice");
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("="));
    if (cursor_.AtWord("graph")) {
      Subgraph subgraph{name, std::make_shared<Graph>(graph_.shared_symbols()), {}};
      GraphParser inner(cursor_, ops_, options_, *subgraph.body, depth_ + 1);
      PLUMB_RETURN_IF_ERROR(inner.Parse(&graph_, &subgraph.captured));
      subgraphs.push_back(std::move(subgraph));
      return OkStatus();
    }
    PLUMB_ASSIGN_OR_RETURN(Attr attr, AttributeValue());
    attrs.Set(name, std::move(attr));
    return OkStatus();
  }

  StatusOr<Attr> Number() {
    const Token token = cursor_.Take();
    std::int64_t integer = 0;
    float real = 0;
    if (ReadNumber(token.text, integer)) return Attr(integer);
    if (ReadNumber(token.text, real)) return Attr(real);
    return ErrorAt(token, "'" + token.text + "' is not a number");
  }

  StatusOr<Attr> AttributeValue() {
    const Token at = cursor_.Peek();
    const bool special = at.text == "inf" || at.text == "nan";
    if (at.kind == Token::kNumber || (at.kind == Token::kName && special)) return Number();
    if (at.kind == Token::kString) return Attr(cursor_.Take().text);
    if (cursor_.AtSymbol("[")) return List("");
    if (at.text.starts_with('$') && !options_.infer) return Attr(cursor_.Take().text);
    for (std::string_view type : {"ints", "floats", "strings"}) {
      if (cursor_.TakeWord(type)) return List(type);
    }
    PLUMB_ASSIGN_OR_RETURN(Tensor tensor, ParseTensor(false));
    return Attr(std::move(tensor));
  }

  // The type follows from the elements; `type` is what stood before an empty list.
  StatusOr<Attr> List(std::string_view type) {
    const Token at = cursor_.Peek();
    PLUMB_RETURN_IF_ERROR(cursor_.Expect("["));
    std::vector<std::int64_t> ints;
    std::vector<float> floats;
    std::vector<std::string> strings;
    while (!cursor_.TakeSymbol("]")) {
      if (!ints.empty() || !floats.empty() || !strings.empty()) {
        PLUMB_RETURN_IF_ERROR(cursor_.Expect(","));
      }
      if (cursor_.Peek().kind == Token::kString) {
        strings.push_back(cursor_.Take().text);
        continue;
      }
      PLUMB_ASSIGN_OR_RETURN(const Attr number, Number());
      if (const auto* integer = std::get_if<std::int64_t>(&number)) ints.push_back(*integer);
      if (const auto* real = std::get_if<float>(&number)) floats.push_back(*real);
    }
    const int kinds = !ints.empty() + !floats.empty() + !strings.empty();
    if (kinds > 1) return ErrorAt(at, "a list has elements of one type; write floats with a point");
    if (!floats.empty() || type == "floats") return Attr(std::move(floats));
    if (!strings.empty() || type == "strings") return Attr(std::move(strings));
    return Attr(std::move(ints));
  }

  TokenCursor& cursor_;
  const OpTable& ops_;
  const ParseOptions& options_;
  Graph& graph_;
  const int depth_;
};

}  // namespace

StatusOr<Graph> ParseGraph(std::string_view text, const OpTable& ops, const ParseOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<Token> tokens, SplitIntoTokens(text));
  TokenCursor cursor(std::move(tokens), options.max_generated_bytes);
  Graph graph;
  GraphParser parser(cursor, ops, options, graph, 0);
  PLUMB_RETURN_IF_ERROR(parser.Parse(nullptr, nullptr));
  if (cursor.Peek().kind != Token::kEnd) return cursor.Error("expected nothing after the graph");
  if (options.infer) PLUMB_RETURN_IF_ERROR(Verify(graph));
  return graph;
}

std::optional<Dim> ParseDim(std::string_view text, SymbolTable& symbols) {
  if (text.find_first_of(" \t\r\n#") != std::string_view::npos) return std::nullopt;
  StatusOr<std::vector<Token>> tokens = SplitIntoTokens(text);
  if (!tokens.ok()) return std::nullopt;
  TokenCursor cursor(*std::move(tokens));
  const StatusOr<Dim> dim = ReadDim(cursor, symbols);
  if (!dim.ok() || cursor.Peek().kind != Token::kEnd) return std::nullopt;
  return *dim;
}

}  // namespace plumb
