// BitShift: a shifted by b bits to the LEFT or RIGHT; by its width or more it gives 0.
#include "ops/elementwise.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
Wide Left(Wide a, Wide b) {
  return b >= 64 ? 0 : static_cast<Wide>(static_cast<std::uint64_t>(a) << static_cast<int>(b));
}
Wide Right(Wide a, Wide b) { return b >= 64 ? 0 : a >> static_cast<int>(b); }

constexpr BinaryRule kLeft = {
    .name = "BitShift",
    .doc = "Z = X shifted by Y bits; direction is LEFT or RIGHT",
    .since = 11,
    .types = "T=u8|u16|u32|u64",
    .integer = Left,
    .code = InstructionCode(kernels::EltOp::kShiftLeft),
};
constexpr BinaryRule kRight = {.name = "BitShift", .integer = Right};

bool IsRight(const AttrMap& attrs) { return attrs.String("direction", "") == "RIGHT"; }

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op = BinaryElementwise<kLeft>();
  op.attrs = {{"direction", AttrType::kString, /*required=*/true}};
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  const std::string direction = context.attrs().String("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") {
    return InvalidArgument("attribute 'direction' is '", direction, "', expected LEFT or RIGHT");
  }
  return InferBroadcast(context, context.dtype(0));
}

Status Reference(ReferenceContext& context) {
  return RunBinary(context, IsRight(context.attrs()) ? kRight : kLeft);
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const AttrMap left = Attrs({{"direction", std::string("LEFT")}});
  const AttrMap right = Attrs({{"direction", std::string("RIGHT")}});
  const auto u8 = [](Sizes shape, double high) {
    return Random(DType::kUInt8, std::move(shape), 0, high);
  };
  return {
      {"left", {u8({5, 9}, 255), u8({9}, 7)}, left, 1, 0},
      {"right", {u8({5, 9}, 255), u8({9}, 7)}, right, 1, 0},
      {"beyond the width", {u8({6}, 255), u8({6}, 20)}, left, 1, 0},
      {"u32",
       {Random(DType::kUInt32, {17}, 0, 4e9), Random(DType::kUInt32, {17}, 0, 31)},
       right,
       1,
       0},
      {"u64",
       {Random(DType::kUInt64, {17}, 0, 1e18), Random(DType::kUInt64, {17}, 0, 70)},
       left,
       1,
       0},
  };
}

}  // namespace

const OpDef& BitShiftOp() {
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
