#include "core/thread_pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <system_error>
#include <thread>
#include <vector>

#include "core/check.h"
#include "core/clock.h"

namespace plumb {
namespace {

// Longer than the gap between two layers of a network, shorter than a user of the core notices.
constexpr std::int64_t kSpinNanos = 30'000;
constexpr int kSlots = 32;  // calls that can have helpers at the same time
constexpr int kMaxHelpers = 4095;
// Of a call; a unit of more tasks than these is several.
constexpr std::int64_t kMostUnits = std::int64_t{1} << 31;

// True on workers and in callers while their tasks run: calls from there run in place.
thread_local bool inside_parallel_for = false;

void FutexWait(std::atomic<std::uint32_t>& word, std::uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}
void FutexWake(std::atomic<std::uint32_t>& word, int count) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Spins until done() or until the time for spinning is over; says whether done() held.
template <typename Done>
bool SpinUntil(Done done) {
  const std::int64_t give_up = NowNanos() + kSpinNanos;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      Pause();
    }
  } while (NowNanos() < give_up);
  return done();
}

// The units that a thread is to do and nobody has begun: the first one in the low half, the end in
// the high one. Taken from the front by its thread, from the back by others.
struct alignas(64) Share {
  std::atomic<std::uint64_t> range = 0;

  static std::uint64_t Pack(std::int64_t begin, std::int64_t end) {
    return static_cast<std::uint64_t>(begin) | static_cast<std::uint64_t>(end) << 32;
  }

  // Half of what is there, at least one unit; false when nothing is left.
  bool Take(bool front, std::int64_t* begin, std::int64_t* end) {
    std::uint64_t seen = range.load(std::memory_order_relaxed);
    std::uint64_t left = 0;
    do {
      const auto first = static_cast<std::int64_t>(seen & 0xFFFFFFFF);
      const auto last = static_cast<std::int64_t>(seen >> 32);
      if (first >= last) return false;
      const std::int64_t half = (last - first + 1) / 2;
      *begin = front ? first : last - half;
      *end = *begin + half;
      left = front ? Pack(*end, last) : Pack(first, *begin);
    } while (!range.compare_exchange_weak(seen, left, std::memory_order_relaxed));
    return true;
  }
};

// One call of ParallelForRanges. The fields below `state` are written by the caller while no helper
// can join, and published by the store that grants permits.
struct alignas(64) Slot {
  // Bits 0-11: helpers that may still join; 12-23: helpers at work; bit 31: the caller sleeps.
  static constexpr std::uint32_t kPermits = 0xFFF;
  static constexpr std::uint32_t kActiveOne = 1 << 12;
  static constexpr std::uint32_t kActive = 0xFFF << 12;
  static constexpr std::uint32_t kCallerSleeps = 1u << 31;

  std::atomic<bool> owned = false;
  std::atomic<std::uint32_t> state = 0;
  FunctionRef<void(std::int64_t, std::int64_t, int)>* fn = nullptr;
  std::int64_t tasks = 0;
  std::int64_t unit = 1;  // tasks that are taken together
  int parts = 0;          // shares in use
  Share* shares = nullptr;

  void Divide(std::int64_t count, int threads) {
    tasks = count;
    unit = (count + kMostUnits - 1) / kMostUnits;
    parts = threads;
    const std::int64_t units = (count + unit - 1) / unit;
    for (int i = 0; i < parts; ++i) {
      const std::uint64_t share = Share::Pack(units * i / parts, units * (i + 1) / parts);
      shares[i].range.store(share, std::memory_order_relaxed);
    }
  }

  // First the share of `thread`, then what the others have left.
  void RunTasks(int thread, int lane) {
    for (int i = 0; i < parts; ++i) {
      Share& share = shares[(thread + i) % parts];
      std::int64_t begin = 0, end = 0;
      while (share.Take(i == 0, &begin, &end)) {
        (*fn)(begin * unit, std::min(end * unit, tasks), lane);
      }
    }
  }

  // Helps if there is room; says whether it did.
  bool Help(int thread) {
    std::uint32_t seen = state.load(std::memory_order_acquire);
    do {
      if ((seen & kPermits) == 0) return false;
    } while (!state.compare_exchange_weak(seen, seen - 1 + kActiveOne, std::memory_order_acq_rel,
                                          std::memory_order_acquire));
    RunTasks(thread, static_cast<int>(seen & kPermits));
    const std::uint32_t before = state.fetch_sub(kActiveOne, std::memory_order_acq_rel);
    if ((before & kActive) == kActiveOne && (before & kCallerSleeps) != 0) FutexWake(state, 1);
    return true;
  }

  // Lets nobody join any more and waits for those at work.
  void Close() {
    state.fetch_and(~kPermits, std::memory_order_acq_rel);
    auto idle = [this] { return (state.load(std::memory_order_acquire) & kActive) == 0; };
    if (SpinUntil(idle)) return;
    std::uint32_t seen = state.fetch_or(kCallerSleeps, std::memory_order_acq_rel) | kCallerSleeps;
    while ((seen & kActive) != 0) {
      FutexWait(state, seen);
      seen = state.load(std::memory_order_acquire);
    }
  }
};

}  // namespace

struct ThreadPool::Impl {
  std::array<Slot, kSlots> slots;
  std::vector<Share> shares;                         // of each slot as many as there are threads
  alignas(64) std::atomic<std::uint32_t> epoch = 0;  // counts published calls; workers sleep on it
  std::atomic<int> sleepers = 0;
  std::atomic<bool> stopping = false;
  std::vector<std::thread> workers;

  Slot* TakeSlot() {
    for (Slot& slot : slots) {
      if (!slot.owned.load(std::memory_order_relaxed) &&
          !slot.owned.exchange(true, std::memory_order_acquire)) {
        return &slot;
      }
    }
    return nullptr;
  }

  void WakeWorkers(int wanted) {
    // Sequentially consistent with WorkerLoop: either this sees the sleeper or it sees the epoch.
    epoch.fetch_add(1);
    const int asleep = sleepers.load();
    if (asleep > 0) FutexWake(epoch, std::min(wanted, asleep));
  }

  // The caller is thread 0 of its call.
  void WorkerLoop(int thread) {
    inside_parallel_for = true;
    while (true) {
      // In this order: an epoch read here is either the one before the last wake-up, and then
      // differs below, or `stopping` is seen too.
      const std::uint32_t seen = epoch.load();
      if (stopping.load()) return;
      bool helped = false;
      for (Slot& slot : slots) helped |= slot.Help(thread);
      if (helped) continue;
      if (SpinUntil([&] { return epoch.load(std::memory_order_acquire) != seen; })) continue;
      sleepers.fetch_add(1);
      FutexWait(epoch, seen);
      sleepers.fetch_sub(1);
    }
  }

  void StartWorkers(int count) {
    // Signals are for the threads of the program, not for workers.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    workers.reserve(static_cast<std::size_t>(count));
    try {
      for (int i = 0; i < count; ++i) {
        workers.emplace_back([this, i] { WorkerLoop(i + 1); });
        pthread_setname_np(workers.back().native_handle(), "plumb-worker");
      }
    } catch (const std::system_error&) {
      // A machine that is out of threads runs with those it has.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
  PLUMB_CHECK(threads >= 1, threads, " threads");
  const int helpers = std::min(threads - 1, kMaxHelpers);
  const auto each = static_cast<std::size_t>(helpers) + 1;
  impl_->shares = std::vector<Share>(each * kSlots);
  for (std::size_t i = 0; i < kSlots; ++i) impl_->slots[i].shares = &impl_->shares[i * each];
  impl_->StartWorkers(helpers);
}

ThreadPool::~ThreadPool() {
  impl_->stopping.store(true);
  impl_->WakeWorkers(INT_MAX);
  for (std::thread& worker : impl_->workers) worker.join();
}

int ThreadPool::threads() const { return static_cast<int>(impl_->workers.size()) + 1; }

void ThreadPool::ParallelForRanges(std::int64_t tasks,
                                   FunctionRef<void(std::int64_t, std::int64_t, int)> fn,
                                   int max_threads) {
  if (tasks <= 0) return;
  const std::int64_t limit = max_threads <= 0 ? threads() : std::min(max_threads, threads());
  const int helpers = static_cast<int>(std::min(limit, tasks)) - 1;
  const bool nested = inside_parallel_for;
  Slot* slot = helpers >= 1 && !nested ? impl_->TakeSlot() : nullptr;
  inside_parallel_for = true;
  if (slot == nullptr) {
    fn(0, tasks, 0);
  } else {
    slot->fn = &fn;
    slot->Divide(tasks, helpers + 1);
    slot->state.store(static_cast<std::uint32_t>(helpers), std::memory_order_release);
    impl_->WakeWorkers(helpers);
    slot->RunTasks(0, 0);
    slot->Close();
    slot->owned.store(false, std::memory_order_release);
  }
  inside_parallel_for = nested;
}

void ThreadPool::ParallelFor(std::int64_t tasks, FunctionRef<void(std::int64_t)> fn,
                             int max_threads) {
  ParallelForRanges(
      tasks,
      [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t task = begin; task < end; ++task) fn(task);
      },
      max_threads);
}

}  // namespace plumb
