// Nodes that a hostile file could hold: samples with their shapes, types, values, attributes and
// inputs changed at random. Building and running them ends in a result or a status, never in an
// abort, a hang or memory without bounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <variant>

#include "core/random.h"
#include "graph/verifier.h"
#include "ops/interpreter.h"
#include "ops/ops.h"
#include "ops/sample_graph.h"

namespace plumb::ops {
namespace {

constexpr int kRounds = 60;  // per sample

// Small numbers around what is usual, and ones that overflow whatever they are added to.
std::int64_t OddNumber(plumb::Random& random) {
  constexpr std::int64_t kFar[] = {std::int64_t{1} << 40, std::int64_t{1} << 62,
                                   std::numeric_limits<std::int64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min()};
  return random.Uniform(0, 3) == 0 ? kFar[random.Uniform(0, 3)] : random.Uniform(-4, 9);
}

float OddFloat(plumb::Random& random) {
  constexpr float kOdd[] = {0,
                            -1,
                            0.5f,
                            3,
                            1e30f,
                            -1e30f,
                            std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()};
  return kOdd[random.Uniform(0, 7)];
}

DType AnyType(plumb::Random& random) {
  constexpr DType kTypes[] = {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kInt8,
                              DType::kUInt8,   DType::kInt32,   DType::kInt64,   DType::kBool};
  return kTypes[random.Uniform(0, 7)];
}

void ChangeShape(std::vector<std::int64_t>* shape, plumb::Random& random) {
  const std::int64_t kind = random.Uniform(0, 3);
  if (kind == 0 && !shape->empty()) {
    shape->pop_back();
  } else if (kind == 1 && shape->size() < static_cast<std::size_t>(kMaxRank)) {
    shape->push_back(random.Uniform(0, 2));
  } else if (!shape->empty()) {
    const auto last = static_cast<std::int64_t>(shape->size()) - 1;
    (*shape)[static_cast<std::size_t>(random.Uniform(0, last))] = random.Uniform(0, 5);
  }
}

void ChangeInput(SampleInput* input, plumb::Random& random) {
  switch (random.Uniform(0, 5)) {
    case 0: input->omitted = !input->omitted; break;
    case 1: input->dtype = AnyType(random); break;
    case 2: input->constant = !input->constant; break;
    case 3:
      for (double& value : input->values) {
        if (random.Uniform(0, 2) == 0) value = static_cast<double>(OddNumber(random));
      }
      break;
    default: ChangeShape(&input->shape, random); break;
  }
  std::int64_t count = 1;
  for (std::int64_t size : input->shape) count *= size;
  if (static_cast<std::int64_t>(input->values.size()) > count) {
    input->values.resize(static_cast<std::size_t>(count));
  }
  // Values must be those of the type for the tensor to be made at all.
  for (double& value : input->values) {
    if (input->dtype != DType::kInt64 && !IsFloating(input->dtype)) {
      value = std::clamp(value, 0.0, 127.0);
    } else if (input->dtype == DType::kInt64) {
      value = std::clamp(value, -0x1p62, 0x1p62);
    }
  }
  if (!IsSigned(input->dtype)) input->low = std::max(0.0, input->low);
  input->high = std::max(input->low, std::min(input->high, 100.0));
}

void ChangeAttr(const AttrDef& def, AttrMap* attrs, plumb::Random& random) {
  if (random.Uniform(0, 4) == 0) {
    attrs->Erase(def.name);
    return;
  }
  const auto list = [&](auto make) {
    std::vector<decltype(make())> values;
    for (std::int64_t i = random.Uniform(0, 4); i > 0; --i) values.push_back(make());
    return values;
  };
  switch (def.type) {
    case AttrType::kInt: attrs->Set(def.name, OddNumber(random)); break;
    case AttrType::kFloat: attrs->Set(def.name, OddFloat(random)); break;
    case AttrType::kString: attrs->Set(def.name, std::string("unheard of")); break;
    case AttrType::kInts: attrs->Set(def.name, list([&] { return OddNumber(random); })); break;
    case AttrType::kFloats: attrs->Set(def.name, list([&] { return OddFloat(random); })); break;
    case AttrType::kStrings: attrs->Set(def.name, list([] { return std::string("odd"); })); break;
    case AttrType::kTensor:
      attrs->Set(def.name, Tensor::Zeros(AnyType(random), Shape{random.Uniform(0, 2)}));
      break;
  }
}

Sample Changed(const OpDef& op, Sample sample, plumb::Random& random) {
  for (std::int64_t changes = random.Uniform(1, 3); changes > 0; --changes) {
    const std::int64_t kind = random.Uniform(0, 9);
    if (kind < 4 && !op.attrs.empty()) {
      const auto last = static_cast<std::int64_t>(op.attrs.size()) - 1;
      ChangeAttr(op.attrs[static_cast<std::size_t>(random.Uniform(0, last))], &sample.attrs,
                 random);
    } else if (kind == 4 && !sample.inputs.empty()) {
      sample.inputs.pop_back();
    } else if (kind == 5) {
      sample.inputs.push_back({.dtype = AnyType(random), .shape = {random.Uniform(0, 3)}});
    } else if (kind == 6) {
      sample.outputs = static_cast<int>(random.Uniform(1, 3));
    } else if (!sample.inputs.empty()) {
      const auto last = static_cast<std::int64_t>(sample.inputs.size()) - 1;
      ChangeInput(&sample.inputs[static_cast<std::size_t>(random.Uniform(0, last))], random);
    }
  }
  return sample;
}

class HostileTest : public testing::TestWithParam<const OpDef*> {};

TEST_P(HostileTest, ChangedSamplesEndInAResultOrAStatus) {
  const OpDef& op = *GetParam();
  std::uint64_t seed = 0;
  int ran = 0, refused = 0;
  for (const Sample& sample : op.samples()) {
    for (int round = 0; round < kRounds; ++round) {
      plumb::Random random(++seed);
      const Sample changed = Changed(op, sample, random);
      SampleOptions options;
      options.symbolic = round % 3 == 0;
      const auto made = MakeSampleGraph(op, changed, AllOps(), options);
      if (!made.ok()) {
        EXPECT_FALSE(made.status().message().empty());
        ++refused;
        continue;
      }
      const Status verified = Verify(made->graph);
      EXPECT_TRUE(verified.ok()) << "inference lets pass what the verifier refuses: " << verified;
      const auto outputs = Interpret(made->graph, made->inputs);
      ++(outputs.ok() ? ran : refused);
    }
  }
  EXPECT_GT(ran + refused, 0);
}

std::vector<const OpDef*> SampledOps() {
  std::vector<const OpDef*> ops;
  for (const OpDef* op : AllOps().all()) {
    if (!op->samples().empty()) ops.push_back(op);
  }
  return ops;
}

INSTANTIATE_TEST_SUITE_P(All, HostileTest, testing::ValuesIn(SampledOps()),
                         [](const testing::TestParamInfo<const OpDef*>& info) {
                           return std::string(info.param->domain) + std::string(info.param->name);
                         });

}  // namespace
}  // namespace plumb::ops
