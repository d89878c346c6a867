#include "engine/library/library_parts.h"

#include <algorithm>
#include <map>

#include "engine/outline.h"

namespace plumb::engine {
namespace {

constexpr std::int64_t kAlignment = 64;
// Code reaches constants by 32-bit distances.
constexpr std::int64_t kMaxWeightBytes = std::int64_t{2000} << 20;
// Pieces without pointers that are larger lie among the weights.
constexpr std::size_t kMaxSourceWords = 512;

std::string NodeText(const Graph& graph, NodeId node) {
  return absl::StrCat("node '", graph.node(node).name, "' (", Str(graph.node(node).op->name), ")");
}

// One line that ends no comment of C and continues on no other line.
std::string CommentText(std::string_view text) {
  std::string result;
  for (char c : text) {
    const bool plain = c >= ' ' && c <= '~' && c != '\\' && c != '*';
    result += plain ? c : '?';
  }
  return result;
}

Status CheckWhole(const Model& model, const Segment& segment) {
  const Graph& graph = model.graph();
  if (!graph.states().empty()) {
    return Unimplemented("state '", graph.states()[0].name,
                         "': a compiled library keeps nothing from run to run");
  }
  if (segment.end != model.order().size()) {
    const NodeId node = model.order()[segment.end];
    return Unimplemented(NodeText(graph, node), " cannot be compiled: ", WhyHost(graph, node));
  }
  for (const StepInfo& step : segment.steps) {
    if (segment.program.steps[static_cast<std::size_t>(&step - segment.steps.data())].host ==
        nullptr) {
      continue;
    }
    return Unimplemented("node '", step.name, "' (", step.op,
                         ") cannot be compiled: it has no kernel for these operands and runs the "
                         "operator's reference");
  }
  if (segment.outputs.size() != graph.outputs().size()) {
    return Unimplemented("an output of strings cannot be compiled: no kernel makes them");
  }
  return OkStatus();
}

LibraryTensor TensorOf(const Graph& graph, ValueId value, DType dtype, const Shape& shape) {
  return {CommentText(graph.value(value).name), dtype, shape,
          StorageBytes(dtype, NumElements(shape))};
}

CpuNeeds NeedsOf(const Target& target, const Segment& segment) {
  bool bf16 = false, int8 = false;
  for (const StepInfo& step : segment.steps) {
    bf16 = bf16 || step.product == DType::kBFloat16;
    int8 = int8 || step.product == DType::kInt8;
  }
  CpuNeeds needs;
  const auto need = [&](bool when, std::vector<CpuBit> bits, std::uint64_t states) {
    if (!when) return;
    needs.bits.insert(needs.bits.end(), bits.begin(), bits.end());
    needs.saved_states |= states;
  };
  need(target.isa >= Isa::kAvx2,
       {{"avx", 1, 0, 'c', 28},
        {"avx2", 7, 0, 'b', 5},
        {"fma", 1, 0, 'c', 12},
        {"f16c", 1, 0, 'c', 29},
        {"bmi2", 7, 0, 'b', 8}},
       0x6);
  need(target.isa >= Isa::kAvx512,
       {{"avx512f", 7, 0, 'b', 16},
        {"avx512dq", 7, 0, 'b', 17},
        {"avx512cd", 7, 0, 'b', 28},
        {"avx512bw", 7, 0, 'b', 30},
        {"avx512vl", 7, 0, 'b', 31}},
       0xE6);
  need(int8 && target.avx_vnni, {{"avx_vnni", 7, 1, 'a', 4}}, 0);
  need(int8 && target.avx512_vnni, {{"avx512_vnni", 7, 0, 'c', 11}}, 0);
  need(bf16 && target.avx512_bf16, {{"avx512_bf16", 7, 1, 'a', 5}}, 0);
  const bool amx_int8 = int8 && target.amx_int8, amx_bf16 = bf16 && target.amx_bf16;
  need(amx_int8, {{"amx_int8", 7, 0, 'd', 25}}, 0);
  need(amx_bf16, {{"amx_bf16", 7, 0, 'd', 22}}, 0);
  needs.amx = amx_int8 || amx_bf16;
  need(needs.amx, {{"amx_tile", 7, 0, 'd', 24}}, 0x60000);
  return needs;
}

// Gives bytes a place among the weights, once for the same memory.
class WeightPlaces {
 public:
  explicit WeightPlaces(LibraryParts* parts) : parts_(parts) {}
  std::int64_t Place(const void* from, std::int64_t bytes) {
    const auto [place, added] = offsets_.try_emplace({from, bytes}, parts_->weights_bytes);
    if (added && bytes > 0) {
      parts_->constants.push_back({from, bytes, place->second});
      parts_->weights_bytes += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    }
    return place->second;
  }

 private:
  LibraryParts* parts_;
  std::map<std::pair<const void*, std::int64_t>, std::int64_t> offsets_;
};

Status AddSteps(const ProgramSymbols& symbols, WeightPlaces* weights, LibraryParts* parts) {
  const runtime::Program& program = parts->segment->program;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const runtime::Step& from = program.steps[i];
    const StepInfo& info = parts->segment->steps[i];
    LibraryStep step;
    step.comment =
        CommentText(absl::StrCat(info.name, ": ", info.op, " ", info.shape, ", ", info.algorithm));
    PLUMB_ASSIGN_OR_RETURN(
        step.kernel,
        parts->image.SymbolAt(symbols, reinterpret_cast<const void*>(from.kernel.run)));
    step.params = parts->image.Add(from.kernel.params.data(), kernels::ParamBlock::kBytes);
    if (from.kernel.visit_memory != nullptr) {
      from.kernel.visit_memory(
          from.kernel.params.data(),
          [&](const void* begin, std::size_t bytes) { parts->image.Add(begin, bytes); });
    }
    for (std::uint32_t k = 0; k < from.num_operands; ++k) {
      runtime::OperandSlot slot = program.operands[from.first_operand + k];
      if (slot.place == runtime::Place::kConstant) {
        const auto constant = static_cast<std::size_t>(slot.index);
        slot.offset +=
            weights->Place(program.constants[constant], program.constant_bytes[constant]);
      }
      step.operands.push_back(slot);
    }
    step.workspace_offset = from.workspace_offset;
    step.counts_errors = from.counts_errors;
    parts->steps.push_back(std::move(step));
  }
  return OkStatus();
}

}  // namespace

std::string CpuNeeds::Names() const {
  std::string names;
  for (const CpuBit& bit : bits) absl::StrAppend(&names, names.empty() ? "" : " ", bit.name);
  return names.empty() ? "no extension" : names;
}

StatusOr<LibraryParts> PartsOf(const Model& model, std::shared_ptr<const Segment> segment,
                               std::string name) {
  PLUMB_RETURN_IF_ERROR(CheckWhole(model, *segment));
  PLUMB_ASSIGN_OR_RETURN(const ProgramSymbols symbols, ProgramSymbols::OfThisProgram());
  const Graph& graph = model.graph();
  LibraryParts parts;
  parts.name = std::move(name);
  parts.model = CommentText(graph.name);
  parts.segment = std::move(segment);
  for (ValueId value : parts.segment->inputs) {
    const ValueInfo& info = parts.segment->infos[static_cast<std::size_t>(value)];
    parts.inputs.push_back(TensorOf(graph, value, info.dtype, *ConcreteShape(*info.dims)));
  }
  for (std::size_t i = 0; i < parts.segment->outputs.size(); ++i) {
    parts.outputs.push_back(TensorOf(graph, parts.segment->outputs[i],
                                     parts.segment->output_types[i],
                                     parts.segment->output_shapes[i]));
  }
  parts.workspace_bytes = std::max<std::int64_t>(kAlignment, parts.segment->program.arena_bytes);
  parts.errors_offset = parts.segment->program.errors_offset;
  parts.needs = NeedsOf(model.target(), *parts.segment);
  WeightPlaces weights(&parts);
  PLUMB_RETURN_IF_ERROR(AddSteps(symbols, &weights, &parts));
  parts.image.Resolve(symbols);
  for (const Piece& piece : parts.image.pieces()) {
    const bool bytes = piece.pointers.empty() && piece.words.size() > kMaxSourceWords;
    const auto size = static_cast<std::int64_t>(piece.words.size()) * 8;
    parts.piece_offset.push_back(bytes ? weights.Place(piece.words.data(), size) : -1);
  }
  if (parts.weights_bytes > kMaxWeightBytes) {
    return Unimplemented("the weights have ", parts.weights_bytes >> 20,
                         " MB, a compiled library holds at most ", kMaxWeightBytes >> 20, " MB");
  }
  return parts;
}

}  // namespace plumb::engine
