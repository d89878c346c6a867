// Every kernel that an operator offers, on every sample, against the operator's reference; run once
// per instruction set. Operands are row-major, and channels-last with padded pixels where the
// operator takes that; what lies between pixels must stay as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/arena.h"
#include "ops/elements.h"
#include "ops/interpreter.h"
#include "ops/lower.h"
#include "ops/ops.h"
#include "ops/sample_graph.h"

namespace plumb::ops {
namespace {

constexpr int kPoison = 0x4b;             // 1.3e7 as fp32: seen in a sum, unlike a NaN times zero
constexpr std::int64_t kGuardBytes = 64;  // behind each operand

struct Case {
  const OpDef* op;
  Sample sample;
  bool channels_last;
};

std::vector<Case> KernelCases() {
  std::vector<Case> cases;
  for (const OpDef* op : AllOps().all()) {
    if (op->lower == nullptr) continue;
    const bool both = op->layout == LayoutRule::kChannelsLast || op->layout == LayoutRule::kFollow;
    for (const Sample& sample : op->samples()) {
      cases.push_back({op, sample, false});
      if (both) cases.push_back({op, sample, true});
    }
  }
  return cases;
}

std::string TestName(const testing::TestParamInfo<Case>& info) {
  std::string name = SampleName(*info.param.op, info.param.sample) +
                     (info.param.channels_last ? "_channels_last" : "_row_major");
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

void PrintTo(const Case& tested, std::ostream* out) {
  *out << SampleName(*tested.op, tested.sample);
}

// Channels innermost, three elements of padding between pixels.
Strides ChannelsLastStrides(const Shape& shape) {
  Strides strides(shape.rank(), 1);
  std::int64_t step = shape[1] + 3;
  for (int axis = shape.rank() - 1; axis >= 2; --axis) {
    strides[axis] = step;
    step *= shape[axis];
  }
  strides[0] = step;
  return strides;
}

// Memory of one operand in some order, poisoned where no element lies.
class Laid {
 public:
  Laid(DType dtype, const Shape& shape, const Strides& strides)
      : dtype_(dtype), shape_(shape), strides_(strides), element_(StorageBytes(dtype, 1)) {
    std::int64_t last = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) last += (shape[axis] - 1) * strides[axis];
    bytes_ = (NumElements(shape) == 0 ? 0 : last + 1) * element_ + kGuardBytes;
    auto memory = AllocateAligned(bytes_);
    EXPECT_TRUE(memory.ok());
    memory_ = *std::move(memory);
    std::memset(memory_.get(), kPoison, static_cast<std::size_t>(bytes_));
  }

  void Write(const Tensor& tensor) {
    ForEachIndex(shape_, [&](const Dims& index, std::int64_t position) {
      std::memcpy(At(index), static_cast<const std::byte*>(tensor.raw()) + position * element_,
                  static_cast<std::size_t>(element_));
    });
  }
  Tensor Read() const {
    Tensor tensor = Tensor::Zeros(dtype_, shape_);
    ForEachIndex(shape_, [&](const Dims& index, std::int64_t position) {
      std::memcpy(static_cast<std::byte*>(tensor.mutable_raw()) + position * element_, At(index),
                  static_cast<std::size_t>(element_));
    });
    return tensor;
  }
  // Nothing was written where no element lies.
  bool PaddingIsUntouched() const {
    std::vector<bool> owned(static_cast<std::size_t>(bytes_), false);
    ForEachIndex(shape_, [&](const Dims& index, std::int64_t) {
      const auto begin = static_cast<std::size_t>(At(index) - memory_.get());
      for (std::size_t i = 0; i < static_cast<std::size_t>(element_); ++i) owned[begin + i] = true;
    });
    for (std::size_t i = 0; i < owned.size(); ++i) {
      if (!owned[i] && memory_[i] != std::byte{kPoison}) return false;
    }
    return true;
  }
  void* data() { return memory_.get(); }

 private:
  std::byte* At(const Dims& index) const {
    return memory_.get() + DotIndex(index, strides_) * element_;
  }

  DType dtype_;
  Shape shape_;
  Strides strides_;
  std::int64_t element_;
  std::int64_t bytes_ = 0;
  AlignedBytes memory_;
};

// Sub-byte elements and strings have no address of their own.
bool IsPlain(DType type) {
  return type != DType::kString && type != DType::kInt4 && type != DType::kUInt4;
}

class KernelTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    auto target = HostTarget();
    if (!target.ok()) GTEST_SKIP() << target.status();
    target_ = *std::move(target);
    auto made = MakeSampleGraph(op(), GetParam().sample, AllOps());
    ASSERT_TRUE(made.ok()) << made.status();
    made_ = *std::move(made);
    auto expected = Interpret(made_.graph, made_.inputs);
    ASSERT_TRUE(expected.ok()) << expected.status();
    expected_ = *std::move(expected);
    Describe();
  }

  const OpDef& op() const { return *GetParam().op; }
  const Node& node() const { return made_.graph.node(made_.node); }

  // Only what the operator's rule lets vary is channels-last: everything as large as the output for
  // elementwise operators, the first input and the output for the others.
  Strides StridesOf(const Shape& shape, bool first, bool constant) const {
    const Shape& out = expected_[0].shape();
    const bool follows = op().layout == LayoutRule::kFollow || first || shape == out;
    const bool moved = GetParam().channels_last && !constant && follows &&
                       shape.rank() == out.rank() && shape.rank() >= 3;
    return moved ? ChannelsLastStrides(shape) : RowMajorStrides(shape);
  }

  void Describe() {
    for (std::size_t i = 0; i < made_.operands.size(); ++i) {
      const Tensor& tensor = made_.operands[i];
      Operand operand;
      contents_.emplace_back();
      if (tensor.defined()) {
        const ValueId id = node().inputs[i];
        const bool constant = made_.graph.IsConstant(id);
        operand = {.present = true,
                   .dtype = tensor.dtype(),
                   .shape = tensor.shape(),
                   .strides = StridesOf(tensor.shape(), i == 0, constant),
                   .constant = constant ? &tensor : nullptr};
        contents_.back() = made_.graph.value(id).info.content;
      }
      inputs_.push_back(operand);
    }
    for (const Tensor& tensor : expected_) {
      outputs_.push_back({.present = true,
                          .dtype = tensor.dtype(),
                          .shape = tensor.shape(),
                          .strides = StridesOf(tensor.shape(), true, false),
                          .constant = nullptr});
    }
  }

  std::vector<KernelChoice> Lower(const kernels::Algorithm* chosen) const {
    LowerContext context(node(), inputs_, outputs_, contents_, target_, chosen);
    context.counts_errors = true;
    const Status status = op().lower(context);
    EXPECT_TRUE(status.ok()) << status;
    return std::move(context.choices);
  }

  // Runs the kernel; `packed` was filled by its packing.
  std::vector<Tensor> RunChoice(const KernelChoice& choice, std::byte* packed, int threads) {
    std::vector<std::unique_ptr<Laid>> ins, outs;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      ins.push_back(nullptr);
      if (!inputs_[i].present) continue;
      ins[i] = std::make_unique<Laid>(inputs_[i].dtype, inputs_[i].shape, inputs_[i].strides);
      ins[i]->Write(made_.operands[i]);
    }
    for (const Operand& output : outputs_) {
      outs.push_back(std::make_unique<Laid>(output.dtype, output.shape, output.strides));
    }
    std::int64_t errors = 0;
    std::vector<void*> pointers;
    for (const OperandRef& ref : choice.operands) {
      const auto index = static_cast<std::size_t>(ref.index);
      switch (ref.kind) {
        case OperandRef::kInput: pointers.push_back(ins.at(index)->data()); break;
        case OperandRef::kOutput: pointers.push_back(outs.at(index)->data()); break;
        case OperandRef::kPacked: pointers.push_back(packed + ref.index); break;
        case OperandRef::kErrors: pointers.push_back(&errors); break;
        case OperandRef::kNull: pointers.push_back(nullptr); break;
      }
    }
    auto workspace = AllocateAligned(choice.kernel.workspace_bytes + kGuardBytes);
    EXPECT_TRUE(workspace.ok());
    const auto used = static_cast<std::size_t>(choice.kernel.workspace_bytes);
    std::memset(workspace->get(), kPoison, used + kGuardBytes);
    ThreadPool pool(threads);
    choice.kernel.run(choice.kernel.params.data(),
                      {.operands = pointers.data(), .workspace = workspace->get(), .pool = &pool});
    EXPECT_EQ(errors, 0);
    for (std::size_t i = 0; i < kGuardBytes; ++i) {
      EXPECT_EQ((*workspace)[used + i], std::byte{kPoison}) << "byte " << i << " behind workspace";
    }
    std::vector<Tensor> results;
    for (const auto& out : outs) {
      results.push_back(out->Read());
      EXPECT_TRUE(out->PaddingIsUntouched()) << "output " << results.size() - 1;
    }
    return results;
  }

  Target target_;
  SampleGraph made_;
  std::vector<Tensor> expected_;
  std::vector<Operand> inputs_, outputs_;
  std::vector<std::optional<DimVector>> contents_;
};

void ExpectNear(const Tensor& actual, const Tensor& expected, double tolerance) {
  ASSERT_EQ(actual.shape(), expected.shape());
  const std::vector<double> got = ToDoubles(actual), want = ToDoubles(expected);
  double largest = 0;
  for (double value : want) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  const double allowed = IsFloating(expected.dtype()) ? tolerance * std::max(largest, 1e-30)
                                                      : std::floor(tolerance * largest);
  for (std::size_t i = 0; i < want.size(); ++i) {
    const bool equal = got[i] == want[i] || (std::isnan(got[i]) && std::isnan(want[i]));
    ASSERT_TRUE(equal || std::abs(got[i] - want[i]) <= allowed)
        << "element " << i << " of " << want.size() << ": " << got[i] << ", reference " << want[i];
  }
}

bool SameBits(const Tensor& a, const Tensor& b) {
  return std::memcmp(a.raw(), b.raw(), static_cast<std::size_t>(a.bytes())) == 0;
}

TEST_P(KernelTest, EveryCandidateGivesWhatTheReferenceGives) {
  for (const Operand& operand : inputs_) {
    if (operand.present && !IsPlain(operand.dtype)) GTEST_SKIP() << "no kernels for this type";
  }
  for (const KernelChoice& choice : Lower(nullptr)) {
    SCOPED_TRACE(choice.name);
    auto packed = AllocateAligned(choice.packed_bytes + kGuardBytes);
    ASSERT_TRUE(packed.ok());
    std::memset(packed->get(), kPoison,
                static_cast<std::size_t>(choice.packed_bytes + kGuardBytes));
    if (choice.pack) choice.pack(packed->get());
    const std::vector<Tensor> results = RunChoice(choice, packed->get(), 1);
    for (std::size_t i = 0; i < results.size(); ++i) {
      SCOPED_TRACE(i);
      ExpectNear(results[i], expected_[i], GetParam().sample.tolerance);
    }
    // Any number of threads, and a binding that asked for this algorithm, give the same bits.
    const std::vector<Tensor> threaded = RunChoice(choice, packed->get(), 3);
    const std::vector<KernelChoice> again = Lower(&choice.algorithm);
    ASSERT_EQ(again.size(), 1u) << "asked for one algorithm";
    EXPECT_EQ(again[0].algorithm, choice.algorithm);
    const std::vector<Tensor> rebound = RunChoice(again[0], packed->get(), 1);
    for (std::size_t i = 0; i < results.size(); ++i) {
      EXPECT_TRUE(SameBits(results[i], threaded[i])) << "output " << i << " with three threads";
      EXPECT_TRUE(SameBits(results[i], rebound[i])) << "output " << i << " bound again";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, KernelTest, testing::ValuesIn(KernelCases()), TestName);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(KernelTest);

}  // namespace
}  // namespace plumb::ops
