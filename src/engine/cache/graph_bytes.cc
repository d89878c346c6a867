#include "engine/cache/graph_bytes.h"

#include <algorithm>

#include "graph/verifier.h"

namespace plumb::engine {
namespace {

// --- writing ----------------------------------------------------------------------------------

class GraphWriter {
 public:
  GraphWriter(const Graph& graph, std::function<bool(NodeId)> packs, ByteWriter& out,
              BlobWriter& blob)
      : graph_(graph),
        packs_(std::move(packs)),
        out_(out),
        blob_(blob),
        numbers_(static_cast<std::size_t>(graph.num_values()), kNoValue) {}

  Status Write() {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph_.TopologicalOrder());
    out_.PutText(graph_.name);
    PLUMB_RETURN_IF_ERROR(PutValues(graph_.inputs()));
    PLUMB_RETURN_IF_ERROR(PutValues(graph_.captures()));
    out_.PutCount(graph_.states().size());
    for (const State& state : graph_.states()) {
      out_.PutText(state.name);
      blob_.PutTensor(out_, state.initial, true);
      Number(state.read);
    }
    PutConstants(order);
    out_.PutCount(order.size());
    for (const NodeId id : order) PLUMB_RETURN_IF_ERROR(PutNode(graph_.node(id)));
    PutUses(graph_.outputs());
    for (const State& state : graph_.states()) PutUse(state.written);
    return OkStatus();
  }

 private:
  // Values are numbered as ReadGraph makes them.
  void Number(ValueId value) { numbers_[static_cast<std::size_t>(value)] = next_++; }

  void PutUse(ValueId value) {
    out_.Put(value == kNoValue ? kNoValue : numbers_[static_cast<std::size_t>(value)]);
  }
  void PutUses(const std::vector<ValueId>& values) {
    out_.PutCount(values.size());
    for (const ValueId value : values) PutUse(value);
  }

  Status PutDims(const std::optional<DimVector>& dims) {
    out_.Put(dims.has_value());
    if (!dims) return OkStatus();
    out_.PutCount(dims->size());
    for (const Dim& dim : *dims) {
      if (!dim.is_constant() && dim.symbol() >= graph_.symbols().size()) {
        return Unimplemented("a size has no symbol");
      }
      out_.Put(dim.is_constant() ? -1 : dim.symbol());
      out_.Put(dim.scale());
      out_.Put(dim.offset());
    }
    return OkStatus();
  }

  Status PutValue(ValueId id) {
    const Value& value = graph_.value(id);
    out_.PutText(value.name);
    out_.Put(value.info.dtype);
    PLUMB_RETURN_IF_ERROR(PutDims(value.info.dims));
    PLUMB_RETURN_IF_ERROR(PutDims(value.info.content));
    Number(id);
    return OkStatus();
  }
  Status PutValues(const std::vector<ValueId>& values) {
    out_.PutCount(values.size());
    for (const ValueId value : values) PLUMB_RETURN_IF_ERROR(PutValue(value));
    return OkStatus();
  }

  // Those that somebody reads.
  void PutConstants(const std::vector<NodeId>& order) {
    std::vector<ValueId> constants;
    std::vector<bool> seen(numbers_.size(), false), in_place(numbers_.size(), false);
    const auto see = [&](ValueId value, bool packed) {
      if (!graph_.IsConstant(value)) return;
      const auto i = static_cast<std::size_t>(value);
      if (!seen[i]) constants.push_back(value);
      seen[i] = true;
      in_place[i] = in_place[i] || !packed;
    };
    for (const NodeId id : order) {
      for (const ValueId value : graph_.node(id).inputs) see(value, packs_(id));
      for (const Subgraph& sub : graph_.node(id).subgraphs) {
        for (const ValueId value : sub.captured) see(value, false);
      }
    }
    for (const ValueId value : graph_.outputs()) see(value, false);
    for (const State& state : graph_.states()) see(state.written, false);
    out_.PutCount(constants.size());
    for (const ValueId id : constants) {
      out_.PutText(graph_.value(id).name);
      blob_.PutTensor(out_, graph_.value(id).constant, in_place[static_cast<std::size_t>(id)]);
      Number(id);
    }
  }

  Status PutNode(const Node& node) {
    out_.PutText(node.op->domain);
    out_.PutText(node.op->name);
    out_.PutText(node.name);
    PutUses(node.inputs);
    out_.PutCount(node.attrs.size());
    for (const auto& [name, attr] : node.attrs) {
      out_.PutText(name);
      out_.Put(static_cast<std::uint8_t>(attr.index()));
      std::visit([this](const auto& value) { PutAttr(value); }, attr);
    }
    out_.PutCount(node.outputs.size());
    for (const ValueId output : node.outputs) {
      out_.Put(output != kNoValue);
      if (output != kNoValue) PLUMB_RETURN_IF_ERROR(PutValue(output));
    }
    out_.PutCount(node.subgraphs.size());
    for (const Subgraph& subgraph : node.subgraphs) {
      out_.PutText(subgraph.name);
      PutUses(subgraph.captured);
      PLUMB_RETURN_IF_ERROR(GraphWriter(
                                *subgraph.body, [](NodeId) { return false; }, out_, blob_)
                                .Write());
    }
    return OkStatus();
  }

  void PutAttr(std::int64_t value) { out_.Put(value); }
  void PutAttr(float value) { out_.Put(value); }
  void PutAttr(const std::string& value) { out_.PutText(value); }
  void PutAttr(const Tensor& value) { blob_.PutTensor(out_, value, true); }
  template <typename T>
  void PutAttr(const std::vector<T>& values) {
    out_.PutCount(values.size());
    for (const T& value : values) PutAttr(value);
  }

  const Graph& graph_;
  const std::function<bool(NodeId)> packs_;
  ByteWriter& out_;
  BlobWriter& blob_;
  std::vector<ValueId> numbers_;  // by value
  ValueId next_ = 0;
};

// --- reading ----------------------------------------------------------------------------------

class GraphReader {
 public:
  GraphReader(ByteReader& in, const BlobReader& blob, const OpTable& ops, Graph& graph, int depth)
      : in_(in), blob_(blob), ops_(ops), graph_(graph), depth_(depth) {}

  // What is wrong fails the reader.
  void Read() {
    if (depth_ > kMaxSubgraphDepth) return in_.Fail();
    graph_.name = in_.TakeText();
    for (std::size_t i = in_.TakeCount(kValueBytes); i > 0 && !in_.failed(); --i) {
      TakeValue([this](const std::string& name) { return graph_.AddInput(name, {}, {}); });
    }
    for (std::size_t i = in_.TakeCount(kValueBytes); i > 0 && !in_.failed(); --i) {
      TakeValue([this](const std::string& name) { return graph_.AddCapture(name, {}); });
    }
    for (std::size_t i = in_.TakeCount(kValueBytes); i > 0 && !in_.failed(); --i) {
      const std::string name = in_.TakeText();
      Tensor initial = blob_.TakeTensor(in_);
      if (CheckName(name)) graph_.AddState(name, std::move(initial));
    }
    for (std::size_t i = in_.TakeCount(kValueBytes); i > 0 && !in_.failed(); --i) {
      const std::string name = in_.TakeText();
      Tensor tensor = blob_.TakeTensor(in_);
      if (CheckName(name)) graph_.AddConstant(name, std::move(tensor));
    }
    for (std::size_t i = in_.TakeCount(kNodeBytes); i > 0 && !in_.failed(); --i) TakeNode();
    for (const ValueId value : TakeUses(false)) graph_.AddOutput(value);
    for (std::size_t i = 0; i < graph_.states().size() && !in_.failed(); ++i) {
      graph_.SetStateWritten(static_cast<int>(i), TakeUse(false));
    }
  }

 private:
  // At least so many bytes describe one of them.
  static constexpr std::size_t kValueBytes = 7, kNodeBytes = 24;

  // Names that are taken would be changed.
  bool CheckName(const std::string& name) {
    if (name.empty() || graph_.FindValue(name) != kNoValue) in_.Fail();
    return !in_.failed();
  }

  ValueId TakeUse(bool may_be_omitted) {
    const auto value = in_.Take<ValueId>();
    const bool omitted = may_be_omitted && value == kNoValue;
    if (!omitted && (value < 0 || value >= graph_.num_values())) in_.Fail();
    return in_.failed() ? kNoValue : value;
  }
  std::vector<ValueId> TakeUses(bool may_be_omitted) {
    std::vector<ValueId> values(in_.TakeCount(sizeof(ValueId)));
    for (ValueId& value : values) value = TakeUse(may_be_omitted);
    if (in_.failed()) values.clear();
    return values;
  }

  std::optional<DimVector> TakeDims() {
    if (!in_.TakeBool()) return std::nullopt;
    DimVector dims(in_.TakeCount(sizeof(int) + 2 * sizeof(std::int64_t)));
    for (Dim& dim : dims) {
      const auto symbol = in_.Take<int>();
      const auto scale = in_.Take<std::int64_t>();
      const auto offset = in_.Take<std::int64_t>();
      if (symbol >= graph_.symbols().size()) in_.Fail();
      dim = symbol < 0 ? Dim(offset) : Dim::Symbol(symbol, scale, offset);
    }
    return dims;
  }
  ValueInfo TakeInfo() {
    ValueInfo info;
    info.dtype = in_.TakeEnum(DType::kUInt4);
    info.dims = TakeDims();
    info.content = TakeDims();
    if (!CheckInfo(info).ok()) in_.Fail();
    return info;
  }
  template <typename Add>
  void TakeValue(Add&& add) {
    const std::string name = in_.TakeText();
    ValueInfo info = TakeInfo();
    if (CheckName(name)) graph_.value(add(name)).info = std::move(info);
  }

  void TakeNode() {
    const std::string domain = in_.TakeText(), op_name = in_.TakeText(), name = in_.TakeText();
    const OpDef* op = ops_.Find(domain, op_name);
    std::vector<ValueId> inputs = TakeUses(true);
    AttrMap attrs;
    for (std::size_t i = in_.TakeCount(6); i > 0 && !in_.failed(); --i) {
      std::string attribute = in_.TakeText();
      attrs.Set(attribute, TakeAttr());
    }
    std::vector<std::string> names(in_.TakeCount(1));  // empty: not wanted
    std::vector<ValueInfo> infos;                      // of those that are wanted
    for (std::size_t o = 0; o < names.size() && !in_.failed(); ++o) {
      if (!in_.TakeBool()) continue;
      names[o] = in_.TakeText();
      infos.push_back(TakeInfo());
      if (!CheckName(names[o]) || std::ranges::count(names, names[o]) > 1) in_.Fail();
    }
    if (op == nullptr || name.empty() || graph_.HasNode(name)) in_.Fail();
    std::vector<Subgraph> subgraphs = TakeSubgraphs();
    if (in_.failed()) return;
    const NodeId id = graph_.AddNodeNamed(op, std::move(inputs), names, std::move(attrs), name);
    Node& node = graph_.node(id);
    node.subgraphs = std::move(subgraphs);
    auto info = infos.begin();
    for (const ValueId output : node.outputs) {
      if (output != kNoValue) graph_.value(output).info = std::move(*info++);
    }
  }

  std::vector<Subgraph> TakeSubgraphs() {
    std::vector<Subgraph> subgraphs;
    for (std::size_t i = in_.TakeCount(8); i > 0 && !in_.failed(); --i) {
      Subgraph& subgraph = subgraphs.emplace_back();
      subgraph.name = in_.TakeText();
      subgraph.captured = TakeUses(false);
      subgraph.body = std::make_shared<Graph>(graph_.shared_symbols());
      GraphReader(in_, blob_, ops_, *subgraph.body, depth_ + 1).Read();
      if (subgraph.body->captures().size() != subgraph.captured.size()) in_.Fail();
    }
    return subgraphs;
  }

  Attr TakeAttr() {
    switch (in_.Take<std::uint8_t>()) {
      case 0: return TakeElement<std::int64_t>();
      case 1: return TakeElement<float>();
      case 2: return TakeElement<std::string>();
      case 3: return TakeList<std::int64_t>();
      case 4: return TakeList<float>();
      case 5: return TakeList<std::string>();
      case 6: return blob_.TakeTensor(in_);
      default: in_.Fail(); return std::int64_t{0};
    }
  }
  template <typename T>
  T TakeElement() {
    if constexpr (std::is_arithmetic_v<T>) {
      return in_.Take<T>();
    } else {
      return in_.TakeText();
    }
  }
  template <typename T>
  std::vector<T> TakeList() {
    std::vector<T> values(in_.TakeCount(sizeof(float)));
    for (T& value : values) value = TakeElement<T>();
    return values;
  }

  ByteReader& in_;
  const BlobReader& blob_;
  const OpTable& ops_;
  Graph& graph_;
  const int depth_;
};

}  // namespace

Status WriteGraph(const Graph& graph, const std::function<bool(NodeId)>& packs, ByteWriter& out,
                  BlobWriter& blob) {
  out.PutCount(static_cast<std::size_t>(graph.symbols().size()));
  for (int i = 0; i < graph.symbols().size(); ++i) out.PutText(graph.symbols().Name(i));
  return GraphWriter(graph, packs, out, blob).Write();
}

StatusOr<Graph> ReadGraph(ByteReader& in, const BlobReader& blob, const OpTable& ops) {
  Graph graph;
  const auto symbols = static_cast<int>(in.TakeCount(sizeof(std::uint32_t)));
  for (int i = 0; i < symbols && !in.failed(); ++i) {
    if (graph.symbols().Intern(in.TakeText()) != i) in.Fail();
  }
  GraphReader(in, blob, ops, graph, 0).Read();
  PLUMB_RETURN_IF_ERROR(in.status());
  PLUMB_RETURN_IF_ERROR(Verify(graph));
  return graph;
}

}  // namespace plumb::engine
