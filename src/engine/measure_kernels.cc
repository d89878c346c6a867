#include "engine/measure_kernels.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/arena.h"
#include "core/check.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "engine/search.h"

namespace plumb::engine {
namespace {

// Memory that an operand of any strides fits into; `first` is where its element 0 is.
struct OperandMemory {
  AlignedBytes bytes;
  void* first = nullptr;
};

struct Extent {
  std::int64_t before = 0, after = 0;  // elements in front of element 0, and from it on
};

Extent ExtentOf(const ops::Operand& operand) {
  Extent extent{0, 1};
  for (int axis = 0; axis < operand.shape.rank(); ++axis) {
    const std::int64_t reach = std::max<std::int64_t>(0, operand.shape[axis] - 1);
    const std::int64_t step = reach * operand.strides[axis];
    (step < 0 ? extent.before : extent.after) += std::abs(step);
  }
  return extent;
}

std::int64_t BytesOf(const ops::Operand& operand) {
  const Extent extent = ExtentOf(operand);
  return StorageBytes(operand.dtype, extent.before + extent.after) + kMemoryAlignment;
}

// Normal numbers from a short list: filling takes about as long as a call.
void Fill(DType dtype, std::byte* bytes, std::int64_t elements) {
  constexpr std::int64_t kPeriod = 4099;
  Random random(1);
  std::vector<float> numbers(kPeriod);
  for (float& number : numbers) number = static_cast<float>(random.NextNormal());
  const auto fill = [&](auto* to, auto convert) {
    for (std::int64_t i = 0; i < elements; ++i) {
      to[i] = convert(numbers[static_cast<std::size_t>(i % kPeriod)]);
    }
  };
  if (dtype == DType::kFloat32) {
    fill(reinterpret_cast<float*>(bytes), [](float x) { return x; });
  } else if (dtype == DType::kBFloat16) {
    fill(reinterpret_cast<BFloat16*>(bytes), [](float x) { return BFloat16(x); });
  } else {
    const float zero = dtype == DType::kUInt8 ? 128.0f : 0.0f;
    fill(bytes, [zero](float x) {
      return static_cast<std::byte>(static_cast<int>(zero + std::clamp(x * 30, -120.0f, 120.0f)));
    });
  }
}

bool IsMeasurable(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kBFloat16 || dtype == DType::kInt8 ||
         dtype == DType::kUInt8;
}

StatusOr<OperandMemory> MakeMemory(const ops::Operand& operand) {
  OperandMemory memory;
  PLUMB_ASSIGN_OR_RETURN(memory.bytes, AllocateAligned(BytesOf(operand)));
  const Extent extent = ExtentOf(operand);
  if (IsMeasurable(operand.dtype)) {
    Fill(operand.dtype, memory.bytes.get(), extent.before + extent.after);
  }
  memory.first = memory.bytes.get() + StorageBytes(operand.dtype, extent.before);
  return memory;
}

// What calls of all candidates share.
struct Operands {
  std::vector<OperandMemory> inputs, outputs;
};

class Candidate {
 public:
  // `choice` and `operands` outlive this.
  static StatusOr<Candidate> Make(const KernelProblem& problem, const ops::KernelChoice& choice,
                                  const Operands& operands) {
    Candidate candidate;
    candidate.kernel_ = &choice.kernel;
    PLUMB_ASSIGN_OR_RETURN(candidate.packed_, AllocateAligned(choice.packed_bytes));
    if (choice.pack) choice.pack(candidate.packed_.get());
    PLUMB_ASSIGN_OR_RETURN(candidate.workspace_, AllocateAligned(choice.kernel.workspace_bytes));
    for (const ops::OperandRef& ref : choice.operands) {
      PLUMB_ASSIGN_OR_RETURN(void* const pointer, candidate.Pointer(problem, ref, operands));
      candidate.operands_.push_back(pointer);
    }
    return candidate;
  }

  // Nanoseconds of `calls` calls.
  std::int64_t Run(int calls, ThreadPool* pool) const {
    const kernels::Call call{operands_.data(), workspace_.get(), pool};
    const std::int64_t begin = NowNanos();
    for (int i = 0; i < calls; ++i) kernel_->run(kernel_->params.data(), call);
    return NowNanos() - begin;
  }

 private:
  StatusOr<void*> Pointer(const KernelProblem& problem, const ops::OperandRef& ref,
                          const Operands& operands) const {
    const auto index = static_cast<std::size_t>(ref.index);
    switch (ref.kind) {
      case ops::OperandRef::kNull: return static_cast<void*>(nullptr);
      case ops::OperandRef::kErrors: break;
      case ops::OperandRef::kPacked: return static_cast<void*>(packed_.get() + ref.index);
      case ops::OperandRef::kOutput: return operands.outputs[index].first;
      case ops::OperandRef::kInput: {
        const ops::Operand& input = problem.inputs[index];
        if (input.constant != nullptr) return const_cast<void*>(input.constant->raw());
        if (IsMeasurable(input.dtype)) return operands.inputs[index].first;
        break;
      }
    }
    return Unimplemented("elements of an operand decide what is done: not timed");
  }

  const kernels::BoundKernel* kernel_ = nullptr;
  AlignedBytes packed_, workspace_;
  std::vector<void*> operands_;
};

StatusOr<Operands> MakeOperands(const KernelProblem& problem) {
  Operands operands;
  for (const ops::Operand& input : problem.inputs) {
    operands.inputs.emplace_back();
    if (!input.present || input.constant != nullptr) continue;
    PLUMB_ASSIGN_OR_RETURN(operands.inputs.back(), MakeMemory(input));
  }
  for (const ops::Operand& output : problem.outputs) {
    operands.outputs.emplace_back();
    if (output.present) {
      PLUMB_ASSIGN_OR_RETURN(operands.outputs.back(), MakeMemory(output));
    }
  }
  return operands;
}

// Indices of the candidates worth a try, by rising prediction.
std::vector<std::size_t> Promising(std::span<const ops::KernelChoice> choices, const Target& target,
                                   const MeasureOptions& options, std::int64_t bytes) {
  std::vector<double> predicted;
  for (const ops::KernelChoice& choice : choices) {
    predicted.push_back(PredictSeconds(choice.estimate, target));
  }
  std::vector<std::size_t> rising(choices.size());
  std::iota(rising.begin(), rising.end(), std::size_t{0});
  std::stable_sort(rising.begin(), rising.end(),
                   [&](std::size_t a, std::size_t b) { return predicted[a] < predicted[b]; });
  std::vector<std::size_t> promising;
  for (const std::size_t i : rising) {
    bytes += choices[i].packed_bytes + choices[i].kernel.workspace_bytes;
    const bool hopeless = predicted[i] > options.prune * predicted[rising[0]];
    if (!promising.empty() && (hopeless || bytes > options.max_bytes)) break;
    promising.push_back(i);
  }
  return promising;
}

// Times of one candidate, per call.
struct Times {
  std::size_t choice = 0;
  int calls = 1;  // at once, where one is too short for the clock
  std::vector<double> seconds;

  double Quartile() const {
    std::vector<double> rising = seconds;
    std::sort(rising.begin(), rising.end());
    return rising[(rising.size() - 1) / 4];
  }
};

constexpr double kShortestTurn = 20e-6;  // seconds
constexpr std::size_t kMaxTurns = 200;
constexpr std::size_t kFewTurns = 3;

}  // namespace

StatusOr<KernelSeconds> MeasureKernels(const KernelProblem& problem,
                                       std::vector<ops::KernelChoice>& choices,
                                       const Target& target, const MeasureOptions& options) {
  PLUMB_CHECK(!choices.empty());
  std::int64_t bytes = 0;
  for (const auto* list : {&problem.inputs, &problem.outputs}) {
    for (const ops::Operand& operand : *list) bytes += operand.present ? BytesOf(operand) : 0;
  }
  if (bytes > options.max_bytes) {
    return Unimplemented("operands of ", bytes, " bytes: at most ", options.max_bytes,
                         " are measured");
  }
  const auto cancelled = [&] { return options.cancel != nullptr && options.cancel->load(); };
  PLUMB_ASSIGN_OR_RETURN(const Operands operands, MakeOperands(problem));
  ThreadPool pool(1);
  std::vector<Candidate> candidates;
  std::vector<Times> times;
  for (const std::size_t i : Promising(choices, target, options, bytes)) {
    PLUMB_ASSIGN_OR_RETURN(Candidate candidate, Candidate::Make(problem, choices[i], operands));
    candidates.push_back(std::move(candidate));
    times.push_back({i, 1, {}});
  }
  KernelSeconds seconds(choices.size(), -1);
  std::vector<std::size_t> running;
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    if (cancelled()) return absl::CancelledError("measuring was cancelled");
    candidates[c].Run(1, &pool);  // touches its memory
    const double once = static_cast<double>(candidates[c].Run(1, &pool)) * 1e-9;
    times[c].calls = static_cast<int>(std::clamp(kShortestTurn / std::max(once, 1e-9), 1.0, 1e4));
    times[c].seconds.push_back(once);
    running.push_back(c);
  }
  const std::int64_t end = NowNanos() + static_cast<std::int64_t>(options.seconds * 1e9);
  for (std::size_t turn = 1; turn < kMaxTurns && (turn <= kFewTurns || NowNanos() < end); ++turn) {
    for (const std::size_t c : running) {
      if (cancelled()) return absl::CancelledError("measuring was cancelled");
      const auto ns = static_cast<double>(candidates[c].Run(times[c].calls, &pool));
      if (turn == 1) times[c].seconds.clear();  // the first was a single call
      times[c].seconds.push_back(ns * 1e-9 / times[c].calls);
    }
    if (turn < kFewTurns) continue;
    double best = times[running[0]].Quartile();
    for (const std::size_t c : running) best = std::min(best, times[c].Quartile());
    std::erase_if(running,
                  [&](std::size_t c) { return times[c].Quartile() > options.drop * best; });
    if (running.size() < 2) break;
  }
  for (const Times& time : times) seconds[time.choice] = time.Quartile();
  return seconds;
}

std::size_t FastestOf(const KernelSeconds& seconds, std::size_t preferred) {
  constexpr double kAsGood = 1.01;
  std::size_t fastest = seconds.size();
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    if (seconds[i] < 0) continue;
    if (fastest == seconds.size() || seconds[i] < seconds[fastest]) fastest = i;
  }
  PLUMB_CHECK(fastest < seconds.size(), "nothing was timed");
  const bool as_good = seconds[preferred] >= 0 && seconds[preferred] <= kAsGood * seconds[fastest];
  return as_good ? preferred : fastest;
}

}  // namespace plumb::engine
