// Mod: the remainder of a / b with the sign of b, or with fmod = 1 the sign of a.
#include <cmath>

#include "ops/elementwise.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Fmod(double a, double b) { return std::fmod(a, b); }

Wide FloorMod(Wide a, Wide b) {
  if (b == 0) return 0;
  const Wide rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Wide TruncatedMod(Wide a, Wide b) { return b == 0 ? 0 : a % b; }

constexpr BinaryRule kFloorMod = {
    .name = "Mod",
    .doc = "C = remainder of A / B with the sign of B; fmod = 1: of A. A mod 0 is 0 for integers",
    .since = 10,
    .integer = FloorMod,
    .code = InstructionCode(kernels::EltOp::kMod),
};
constexpr BinaryRule kTruncatedMod = {.name = "Mod", .real = Fmod, .integer = TruncatedMod};

bool IsFmod(const AttrMap& attrs) { return attrs.Int("fmod", 0) != 0; }

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op = BinaryElementwise<kFloorMod>();
  op.attrs = {{"fmod", AttrType::kInt}};
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  if (IsFloating(context.dtype(0)) && !IsFmod(context.attrs())) {
    return InvalidArgument("attribute 'fmod' is 0, expected 1 for ",
                           Str(DTypeName(context.dtype(0))));
  }
  PLUMB_RETURN_IF_ERROR(InferBroadcast(context, context.dtype(0)));
  if (!IsFmod(context.attrs())) PropagateArithmetic(context, ContentOp::kModulo);
  return OkStatus();
}

Status Reference(ReferenceContext& context) {
  return RunBinary(context, IsFmod(context.attrs()) ? kTruncatedMod : kFloorMod);
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const AttrMap fmod = Attrs({{"fmod", std::int64_t{1}}});
  const auto ints = [](Sizes shape) { return Random(DType::kInt32, std::move(shape), -9, 9); };
  return {
      {"f32", {F32({3, 7}, -5, 5), F32({7}, 0.5, 3)}, fmod},
      {"sign of the divisor", {ints({5, 7}), ints({7})}, {}, 1, 0},
      {"sign of the dividend", {ints({5, 7}), ints({7})}, fmod, 1, 0},
      {"i64",
       {Random(DType::kInt64, {9}, -1e12, 1e12), Random(DType::kInt64, {9}, -99, 99)},
       {},
       1,
       0},
      {"u8", {Random(DType::kUInt8, {9}, 0, 255), Random(DType::kUInt8, {9}, 0, 9)}, {}, 1, 0},
      {"least by minus one",
       {Given(DType::kInt32, {2}, {-2147483648.0, 5}), Given(DType::kInt32, {2}, {-1, 0})},
       {},
       1,
       0},
  };
}

}  // namespace

const OpDef& ModOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
