#include "ops/eltwise_program.h"

#include <utility>

#include "ops/element_type.h"
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

using kernels::EltInstruction;
using kernels::EltOp;
using kernels::EltProblem;
using kernels::EltProgram;

bool IsHalf(DType type) { return type == DType::kFloat16 || type == DType::kBFloat16; }

bool IsUnary(EltOp op) { return op >= EltOp::kAbs && op <= EltOp::kBitwiseNot; }

bool GivesBool(EltOp op) {
  return op == EltOp::kIsNan || op == EltOp::kIsInf ||
         (op >= EltOp::kEqual && op <= EltOp::kGreaterOrEqual);
}

// The instruction of a node whose attributes choose among several.
EltOp InstructionOf(const Node& node) {
  const auto op = static_cast<EltOp>(node.op->elementwise_code);
  if (op == EltOp::kGelu && node.attrs.String("approximate", "none") == "tanh") {
    return EltOp::kGeluTanh;
  }
  if (op == EltOp::kMod && node.attrs.Int("fmod", 0) != 0) return EltOp::kFmod;
  if (op == EltOp::kShiftLeft && node.attrs.String("direction", "LEFT") == "RIGHT") {
    return EltOp::kShiftRight;
  }
  return op;
}

Coefficients InstructionCoefficients(EltOp op, const Node& node) {
  if (op == EltOp::kIsInf) {
    return {static_cast<double>(node.attrs.Int("detect_negative", 1)),
            static_cast<double>(node.attrs.Int("detect_positive", 1))};
  }
  return ReadCoefficients(InstructionCode(op), node.attrs);
}

}  // namespace

int EltwiseWriter::Number(const Value& value) {
  if (value.number >= 0) return value.number;
  EltInstruction constant;
  constant.op = EltOp::kConstant;
  constant.type = value.type;
  constant.alpha = *value.scalar;
  return Append(constant, value.type).number;
}

EltwiseWriter::Value EltwiseWriter::Append(EltInstruction instruction, DType type) {
  instructions_.push_back(instruction);
  return {true, type, static_cast<int>(input_types_.size() + instructions_.size()) - 1,
          std::nullopt};
}

EltwiseWriter::Value EltwiseWriter::Cast(const Value& value, DType type) {
  if (value.type == type) return value;
  return Rescale(EltOp::kCast, value, type, 0, 0);
}

EltwiseWriter::Value EltwiseWriter::Rescale(EltOp op, const Value& value, DType type, double scale,
                                            double zero) {
  EltInstruction conversion;
  conversion.op = op;
  conversion.type = value.type;
  conversion.to = type;
  conversion.a = static_cast<std::uint8_t>(Number(value));
  conversion.alpha = scale;
  conversion.beta = zero;
  return Append(conversion, type);
}

std::optional<EltwiseWriter::Value> EltwiseWriter::Write(EltOp op, std::vector<Value> operands,
                                                         double alpha, double beta) {
  // The longest program has fewer values than a byte counts; Finish reports one that is too long.
  if (instructions_.size() > kernels::kMaxEltInstructions) return std::nullopt;
  const DType stated = operands.back().type;  // of kWhere: the values, not the condition
  const bool widen = IsHalf(stated) && op != EltOp::kWhere;
  EltInstruction instruction;
  instruction.op = op;
  instruction.type = widen ? DType::kFloat32 : stated;
  instruction.alpha = alpha;
  instruction.beta = beta;
  std::uint8_t numbers[3] = {0, 0, 0};
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Value operand = widen ? Cast(operands[i], DType::kFloat32) : operands[i];
    numbers[i] = static_cast<std::uint8_t>(Number(operand));
  }
  instruction.a = numbers[0];
  instruction.b = numbers[1];
  instruction.c = numbers[2];
  if (GivesBool(op)) return Append(instruction, DType::kBool);
  return Cast(Append(instruction, instruction.type), stated);
}

std::optional<EltwiseWriter::Value> EltwiseWriter::Write(const Node& node,
                                                         std::span<const Value> operands) {
  if (!node.op->elementwise || node.op->elementwise_code < 0 || operands.empty()) {
    return std::nullopt;
  }
  const EltOp op = InstructionOf(node);
  const auto [alpha, beta] = InstructionCoefficients(op, node);
  if (IsUnary(op) && op != EltOp::kClip) return Write(op, {operands[0]}, alpha, beta);
  switch (op) {
    case EltOp::kCast: {
      const StatusOr<DType> to = ElementTypeFromCode(node.attrs.Int("to", 0));
      if (!to.ok()) return std::nullopt;
      return Cast(operands[0], *to);
    }
    case EltOp::kClip: {
      const bool low = operands.size() > 1 && operands[1].present;
      const bool high = operands.size() > 2 && operands[2].present;
      if (low && high && operands[1].scalar.has_value() && operands[2].scalar.has_value()) {
        return Write(op, {operands[0]}, *operands[1].scalar, *operands[2].scalar);
      }
      std::optional<Value> result = operands[0];
      if (low) result = Write(EltOp::kMax, {*result, operands[1]});
      if (high && result.has_value()) result = Write(EltOp::kMin, {*result, operands[2]});
      return result;
    }
    case EltOp::kWhere: return Write(op, {operands[0], operands[1], operands[2]});
    case EltOp::kPow: {
      const DType base = operands[0].type, exponent = operands[1].type;
      if (base != exponent && !IsFloating(base)) return std::nullopt;
      return Write(op, {operands[0], Cast(operands[1], base)});
    }
    default: {
      std::optional<Value> result = operands[0];
      for (std::size_t i = 1; i < operands.size() && result.has_value(); ++i) {
        if (operands[i].type != operands[0].type) return std::nullopt;
        result = Write(op, {*result, operands[i]});
      }
      return result;
    }
  }
}

StatusOr<std::shared_ptr<const EltProgram>> EltwiseWriter::Finish(std::span<const Value> outputs,
                                                                  const Target& target) {
  std::vector<int> numbers;
  for (const Value& output : outputs) numbers.push_back(Number(output));
  return EltProgram::Make(input_types_, instructions_, numbers, target);
}

bool CanWriteEltwise(const Node& node, std::span<const DType> input_types) {
  EltwiseWriter writer(std::vector<DType>(input_types.begin(), input_types.end()));
  std::vector<EltwiseWriter::Value> operands;
  for (std::size_t i = 0; i < input_types.size(); ++i) {
    EltwiseWriter::Value value = writer.Input(static_cast<int>(i));
    value.present = node.input(static_cast<int>(i)) != kNoValue;
    operands.push_back(value);
  }
  const std::optional<EltwiseWriter::Value> result = writer.Write(node, operands);
  if (!result.has_value()) return false;
  return writer.Finish({&*result, 1}, Target()).ok();
}

void AddEltwiseChoice(LowerContext& context, std::shared_ptr<const EltProgram> program,
                      std::span<const int> inputs) {
  const Operand& output = context.output(0);
  EltProblem problem;
  problem.program = program.get();
  problem.sizes = output.shape;
  KernelChoice choice;
  double bytes = 0;
  std::size_t slot = 0;
  const auto count_bytes = [&](const Operand& operand) {
    bytes += static_cast<double>(StorageBytes(operand.dtype, NumElements(operand.shape)));
  };
  for (int i : inputs) {
    const Operand& input = context.input(i);
    const int lead = output.shape.rank() - input.shape.rank();
    if (lead < 0) return;
    Strides strides(output.shape.rank(), 0);
    for (int axis = 0; axis < input.shape.rank(); ++axis) {
      if (input.shape[axis] != 1) strides[lead + axis] = input.strides[axis];
    }
    problem.strides[slot++] = strides;
    choice.operands.push_back({OperandRef::kInput, i});
    count_bytes(input);
  }
  for (int i = 0; i < context.num_outputs(); ++i) {
    if (context.output(i).shape != output.shape) return;
    problem.strides[slot++] = context.output(i).strides;
    choice.operands.push_back({OperandRef::kOutput, i});
    count_bytes(context.output(i));
  }
  if (!CanBindEltwise(problem)) return;
  choice.algorithm.id = 0;
  choice.name = "eltwise";
  choice.estimate.ops = program->ops_per_element() * static_cast<double>(NumElements(output.shape));
  choice.estimate.bytes = bytes;
  choice.kernel = BindEltwise(problem, context.target());
  choice.keep_alive = std::move(program);
  context.Add(std::move(choice));
}

Status LowerElementwise(LowerContext& context) {
  const Node& node = context.node();
  std::vector<DType> types;
  std::vector<int> inputs;
  std::vector<EltwiseWriter::Value> operands;
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_input(i)) {
      operands.emplace_back();
      continue;
    }
    const Operand& input = context.input(i);
    // Bounds of Clip and other scalars become part of the program.
    const bool scalar = i > 0 && input.constant != nullptr &&
                        (input.dtype == DType::kFloat32 || input.dtype == DType::kFloat64) &&
                        input.constant->num_elements() == 1;
    if (scalar) {
      operands.push_back(EltwiseWriter::Scalar(input.dtype, ToDoubles(*input.constant)[0]));
    } else {
      operands.push_back({true, input.dtype, static_cast<int>(inputs.size()), std::nullopt});
      inputs.push_back(i);
      types.push_back(input.dtype);
    }
  }
  if (inputs.size() + 1 > kernels::kMaxEltOperands) return OkStatus();
  EltwiseWriter writer(std::move(types));
  const std::optional<EltwiseWriter::Value> result = writer.Write(node, operands);
  if (!result.has_value()) return OkStatus();
  StatusOr<std::shared_ptr<const EltProgram>> program =
      writer.Finish({&*result, 1}, context.target());
  // Types that the kernel does not take (strings) are the reference's work.
  if (!program.ok()) return OkStatus();
  AddEltwiseChoice(context, *std::move(program), inputs);
  return OkStatus();
}

}  // namespace plumb::ops
