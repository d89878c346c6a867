#include "kernels/eltwise/elt_program.h"

#include <algorithm>
#include <cstring>

#include "core/tensor.h"

namespace plumb::kernels {
namespace {

using Compiled = EltProgram::Compiled;

StatusOr<EltType> TypeCode(DType type) {
  switch (type) {
    case DType::kFloat32: return EltType::kF32;
    case DType::kFloat64: return EltType::kF64;
    case DType::kFloat16: return EltType::kF16;
    case DType::kBFloat16: return EltType::kBF16;
    case DType::kInt8: return EltType::kI8;
    case DType::kInt16: return EltType::kI16;
    case DType::kInt32: return EltType::kI32;
    case DType::kInt64: return EltType::kI64;
    case DType::kUInt8: return EltType::kU8;
    case DType::kUInt16: return EltType::kU16;
    case DType::kUInt32: return EltType::kU32;
    case DType::kUInt64: return EltType::kU64;
    case DType::kBool: return EltType::kBool;
    default: return InvalidArgument("element-wise programs take no ", Str(DTypeName(type)));
  }
}

int Arity(EltOp op) {
  if (op == EltOp::kConstant) return 0;
  if (op == EltOp::kWhere) return 3;
  if (op >= EltOp::kAdd && op <= EltOp::kXor) return 2;
  return 1;
}

bool GivesBool(EltOp op) {
  return (op >= EltOp::kEqual && op <= EltOp::kXor) || op == EltOp::kIsNan || op == EltOp::kIsInf ||
         op == EltOp::kNot;
}

// What gives another type than it takes: `to`.
bool Converts(EltOp op) {
  return op == EltOp::kCast || op == EltOp::kQuantize || op == EltOp::kDequantize;
}

// Rough cost of one element in additions.
double Cost(EltOp op) {
  switch (op) {
    case EltOp::kConstant: return 0;
    case EltOp::kDiv:
    case EltOp::kQuantize:
    case EltOp::kSqrt:
    case EltOp::kReciprocal: return 4;
    case EltOp::kRsqrt:
    case EltOp::kSoftsign: return 8;
    case EltOp::kExp:
    case EltOp::kLog:
    case EltOp::kElu:
    case EltOp::kSelu: return 12;
    case EltOp::kSigmoid:
    case EltOp::kSilu:
    case EltOp::kMish: return 18;
    case EltOp::kTanh:
    case EltOp::kErf:
    case EltOp::kGelu:
    case EltOp::kGeluTanh:
    case EltOp::kCelu:
    case EltOp::kSoftplus: return 28;
    case EltOp::kPow:
    case EltOp::kMod:
    case EltOp::kFmod: return 60;
    default: break;
  }
  if (op >= EltOp::kSin && op <= EltOp::kAtanh) return 60;
  return 1;
}

EltFn FindFn(const EltInstruction& in, EltType type, EltType to, Isa isa) {
  EltFn fn = nullptr;
  if (in.op == EltOp::kCast) {
    if (isa == Isa::kAvx512) fn = FindEltCastAvx512(type, to);
    if (isa == Isa::kAvx2) fn = FindEltCastAvx2(type, to);
    return fn != nullptr ? fn : FindEltCast(type, to);
  }
  if (in.op == EltOp::kCopy) return FindEltCast(type, type);
  if (Converts(in.op)) {
    const bool to_small = in.op == EltOp::kQuantize;
    if ((to_small ? type : to) != EltType::kF32) return nullptr;
    const EltType small = to_small ? to : type;
    return isa == Isa::kAvx512 ? FindEltQuantizeAvx512(in.op, small)
           : isa == Isa::kAvx2 ? FindEltQuantizeAvx2(in.op, small)
                               : FindEltQuantizeScalar(in.op, small);
  }
  if (type == EltType::kF32) {
    fn = isa == Isa::kAvx512 ? FindEltF32Avx512(in.op)
         : isa == Isa::kAvx2 ? FindEltF32Avx2(in.op)
                             : FindEltF32Scalar(in.op);
  } else {
    if (isa == Isa::kAvx512) fn = FindEltTypedAvx512(in.op, type);
    if (isa == Isa::kAvx2) fn = FindEltTypedAvx2(in.op, type);
    if (fn == nullptr) fn = FindEltTypedScalar(in.op, type);
  }
  return fn != nullptr ? fn : FindEltLibm(in.op, type);
}

// Bits of `value` as one element of `type`.
std::uint64_t ConstantBits(DType type, double value) {
  Tensor element = FromDoubles(type, Shape{1}, std::span<const double>(&value, 1));
  std::uint64_t bits = 0;
  std::memcpy(&bits, element.raw(), static_cast<std::size_t>(element.bytes()));
  return bits;
}

class Compiler {
 public:
  Compiler(std::span<const DType> inputs, std::span<const EltInstruction> instructions,
           std::span<const int> outputs, Isa isa)
      : inputs_(inputs.begin(), inputs.end()),
        code_(instructions.begin(), instructions.end()),
        outputs_(outputs.begin(), outputs.end()),
        isa_(isa) {}

  Status Run(Compiled* out) {
    PLUMB_RETURN_IF_ERROR(CheckSizes());
    PLUMB_RETURN_IF_ERROR(CopyOutputsThatNeedIt());
    PLUMB_RETURN_IF_ERROR(CheckTypes());
    RewritePowers();
    PlacePlan(out);
    return Emit(out);
  }

 private:
  int inputs() const { return static_cast<int>(inputs_.size()); }
  int values() const { return inputs() + static_cast<int>(code_.size()); }
  const EltInstruction& Definition(int value) const {
    return code_[static_cast<std::size_t>(value - inputs())];
  }

  Status CheckSizes() const {
    if (outputs_.empty()) return InvalidArgument("an element-wise program needs an output");
    std::size_t operands = inputs_.size() + outputs_.size();
    if (operands > kMaxEltOperands) {
      return InvalidArgument("an element-wise program has ", operands,
                             " inputs and outputs, at most ", kMaxEltOperands, " are possible");
    }
    if (code_.size() > kMaxEltInstructions) {
      return InvalidArgument("an element-wise program has ", code_.size(),
                             " instructions, at most ", kMaxEltInstructions, " are possible");
    }
    for (int value : outputs_) {
      if (value < 0 || value >= values()) {
        return InvalidArgument("output value ", value,
                               " of an element-wise program is not defined");
      }
    }
    return OkStatus();
  }

  // Every output becomes a value of its own that an instruction other than a constant defines.
  Status CopyOutputsThatNeedIt() {
    std::vector<bool> taken(static_cast<std::size_t>(values()), false);
    const int defined = values();
    for (int& value : outputs_) {
      bool constant = value >= inputs() && Definition(value).op == EltOp::kConstant;
      if (value >= inputs() && !constant && !taken[static_cast<std::size_t>(value)]) {
        taken[static_cast<std::size_t>(value)] = true;
        continue;
      }
      EltInstruction copy;
      copy.op = EltOp::kCopy;
      copy.a = static_cast<std::uint8_t>(value);
      PLUMB_ASSIGN_OR_RETURN(copy.type, TypeOf(value, defined));
      value = values();
      code_.push_back(copy);
    }
    if (code_.size() > kMaxEltInstructions) {
      return InvalidArgument("an element-wise program has more than ", kMaxEltInstructions,
                             " instructions, copies of outputs counted");
    }
    return OkStatus();
  }

  StatusOr<DType> TypeOf(int value, int before) const {
    if (value >= before) return InvalidArgument("value ", value, " is used before it is defined");
    if (value < inputs()) return inputs_[static_cast<std::size_t>(value)];
    const EltInstruction& in = Definition(value);
    if (Converts(in.op)) return in.to;
    return GivesBool(in.op) ? DType::kBool : in.type;
  }

  Status CheckTypes() {
    for (std::size_t k = 0; k < code_.size(); ++k) {
      const EltInstruction& in = code_[k];
      const int arity = Arity(in.op);
      const std::uint8_t used[3] = {in.a, in.b, in.c};
      for (int j = 0; j < arity; ++j) {
        PLUMB_ASSIGN_OR_RETURN(DType got, TypeOf(used[j], inputs() + static_cast<int>(k)));
        DType want = in.op == EltOp::kWhere && j == 0 ? DType::kBool : in.type;
        if (got != want) {
          return InvalidArgument("operand ", j, " of element-wise instruction ", k, " is ",
                                 Str(DTypeName(got)), ", expected ", Str(DTypeName(want)));
        }
      }
    }
    return OkStatus();
  }

  // Powers with a usual constant exponent become multiplications and roots.
  void RewritePowers() {
    for (EltInstruction& in : code_) {
      if (in.op != EltOp::kPow || !IsFloating(in.type) || in.b < inputs()) continue;
      const EltInstruction& exponent = Definition(in.b);
      if (exponent.op != EltOp::kConstant) continue;
      const double e = exponent.alpha;
      if (e == 2) {
        in.op = EltOp::kMul;
        in.b = in.a;
      } else if (e == 3 || e == 0.5 || e == 1 || e == -1) {
        in.op = e == 3     ? EltOp::kCube
                : e == 0.5 ? EltOp::kPowHalf
                : e == 1   ? EltOp::kCopy
                           : EltOp::kReciprocal;
      }
    }
  }

  // Last instruction that reads each value; an output or a constant lives to the end.
  std::vector<int> LastUses() const {
    std::vector<int> last(static_cast<std::size_t>(values()), -1);
    for (std::size_t k = 0; k < code_.size(); ++k) {
      const std::uint8_t used[3] = {code_[k].a, code_[k].b, code_[k].c};
      for (int j = 0; j < Arity(code_[k].op); ++j) last[used[j]] = static_cast<int>(k);
    }
    return last;
  }

  // Gives every value a place. A register is free again after the last use of its value. An output
  // is computed in its own tile when no later instruction reads an input, since the output's memory
  // may be an input's; otherwise in a register that is stored at the end.
  void PlacePlan(Compiled* out) {
    const std::vector<int> last = LastUses();
    int last_input_use = -1;
    for (int i = 0; i < inputs(); ++i) {
      last_input_use = std::max(last_input_use, last[static_cast<std::size_t>(i)]);
    }
    place_.assign(static_cast<std::size_t>(values()), 0);
    for (int i = 0; i < inputs(); ++i) place_[static_cast<std::size_t>(i)] = i;
    const int operands = inputs() + static_cast<int>(outputs_.size());
    int places = operands;
    std::vector<int> free;
    for (int k = 0; k < static_cast<int>(code_.size()); ++k) {
      const std::size_t value = static_cast<std::size_t>(inputs() + k);
      auto output = std::find(outputs_.begin(), outputs_.end(), static_cast<int>(value));
      const bool is_output = output != outputs_.end();
      const int index = static_cast<int>(output - outputs_.begin());
      if (is_output && k >= last_input_use) {
        place_[value] = inputs() + index;
      } else if (!free.empty() && code_[static_cast<std::size_t>(k)].op != EltOp::kConstant) {
        place_[value] = free.back();
        free.pop_back();
      } else {
        place_[value] = places++;
      }
      if (is_output && place_[value] >= operands) {
        out->stores.push_back(
            {static_cast<std::uint8_t>(place_[value]), static_cast<std::uint8_t>(index)});
      }
      Release(k, operands, last, &free);
    }
    out->places = places;
  }

  void Release(int k, int operands, const std::vector<int>& last, std::vector<int>* free) const {
    for (int v = inputs(); v <= inputs() + k; ++v) {
      const std::size_t value = static_cast<std::size_t>(v);
      const bool keep = Definition(v).op == EltOp::kConstant ||
                        std::find(outputs_.begin(), outputs_.end(), v) != outputs_.end();
      const int end = last[value] < 0 ? v - inputs() : last[value];
      if (!keep && end == k && place_[value] >= operands) free->push_back(place_[value]);
    }
  }

  Status Emit(Compiled* out) {
    out->inputs = inputs();
    out->outputs = static_cast<int>(outputs_.size());
    std::int64_t widest = 1;
    auto size = [&widest](DType type) {
      std::int64_t bytes = StorageBytes(type, 1);
      widest = std::max(widest, bytes);
      return static_cast<std::int8_t>(bytes);
    };
    for (int o = 0; o < out->inputs + out->outputs; ++o) {
      const std::size_t at = static_cast<std::size_t>(o);
      int value = o < inputs() ? o : outputs_[at - inputs_.size()];
      PLUMB_ASSIGN_OR_RETURN(out->operand_types[at], TypeOf(value, values()));
      PLUMB_RETURN_IF_ERROR(TypeCode(out->operand_types[at]).status());
      out->operand_bytes[at] = size(out->operand_types[at]);
    }
    for (std::size_t k = 0; k < code_.size(); ++k) {
      const EltInstruction& in = code_[k];
      PLUMB_ASSIGN_OR_RETURN(EltType type, TypeCode(in.type));
      EltType to = type;
      if (Converts(in.op)) {
        PLUMB_ASSIGN_OR_RETURN(to, TypeCode(in.to));
      }
      PLUMB_ASSIGN_OR_RETURN(DType result, TypeOf(inputs() + static_cast<int>(k), values()));
      size(result);
      const int place = place_[inputs_.size() + k];
      if (in.op == EltOp::kConstant) {
        out->constants.push_back({place, in.type, {}, ConstantBits(in.type, in.alpha)});
        continue;
      }
      Compiled::Step step;
      step.fn = FindFn(in, type, to, isa_);
      if (step.fn == nullptr) {
        return InvalidArgument("element-wise instruction ", k, " (operation ",
                               static_cast<int>(in.op), ") does not take ",
                               Str(DTypeName(in.type)));
      }
      step.dst = static_cast<std::uint8_t>(place);
      step.a = static_cast<std::uint8_t>(place_[in.a]);
      if (Arity(in.op) > 1) step.b = static_cast<std::uint8_t>(place_[in.b]);
      if (Arity(in.op) > 2) step.c = static_cast<std::uint8_t>(place_[in.c]);
      step.alpha = in.alpha;
      step.beta = in.beta;
      out->steps.push_back(step);
      out->ops_per_element += Cost(in.op);
    }
    std::int64_t elements = Compiled::kTileBytes / (widest * out->places);
    out->tile = std::clamp<std::int64_t>(elements / 64 * 64, 64, 1024);
    out->place_bytes = out->tile * widest;
    return OkStatus();
  }

  std::vector<DType> inputs_;
  std::vector<EltInstruction> code_;
  std::vector<int> outputs_;
  Isa isa_;
  std::vector<int> place_;
};

}  // namespace

EltProgram::EltProgram() : compiled_(std::make_unique<Compiled>()) {}
EltProgram::~EltProgram() = default;

StatusOr<std::shared_ptr<const EltProgram>> EltProgram::Make(
    std::span<const DType> input_types, std::span<const EltInstruction> instructions,
    std::span<const int> outputs, const Target& target) {
  std::shared_ptr<EltProgram> program(new EltProgram());
  Compiler compiler(input_types, instructions, outputs, target.isa);
  PLUMB_RETURN_IF_ERROR(compiler.Run(program->compiled_.get()));
  return std::shared_ptr<const EltProgram>(std::move(program));
}

int EltProgram::inputs() const { return compiled_->inputs; }
int EltProgram::outputs() const { return compiled_->outputs; }
DType EltProgram::input_type(int index) const {
  return compiled_->operand_types[static_cast<std::size_t>(index)];
}
DType EltProgram::output_type(int index) const {
  return compiled_->operand_types[static_cast<std::size_t>(compiled_->inputs + index)];
}
double EltProgram::ops_per_element() const { return compiled_->ops_per_element; }

}  // namespace plumb::kernels
