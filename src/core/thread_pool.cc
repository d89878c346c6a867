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
constexpr std::int64_t kClaimsPerThread = 16;

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

// One call of ParallelFor. The fields below `state` are written by the caller while no helper can
// join, and published by the store that grants permits.
struct alignas(64) Slot {
  // Bits 0-11: helpers that may still join; 12-23: helpers at work; bit 31: the caller sleeps.
  static constexpr std::uint32_t kPermits = 0xFFF;
  static constexpr std::uint32_t kActiveOne = 1 << 12;
  static constexpr std::uint32_t kActive = 0xFFF << 12;
  static constexpr std::uint32_t kCallerSleeps = 1u << 31;

  std::atomic<bool> owned = false;
  std::atomic<std::uint32_t> state = 0;
  FunctionRef<void(std::int64_t)>* fn = nullptr;
  std::int64_t tasks = 0;
  std::int64_t claim = 1;  // tasks taken at once
  alignas(64) std::atomic<std::int64_t> next = 0;

  void RunTasks() {
    while (true) {
      const std::int64_t begin = next.fetch_add(claim, std::memory_order_relaxed);
      if (begin >= tasks) return;
      const std::int64_t end = std::min(begin + claim, tasks);
      for (std::int64_t task = begin; task < end; ++task) (*fn)(task);
    }
  }

  // Helps if there is room; says whether it did.
  bool Help() {
    std::uint32_t seen = state.load(std::memory_order_acquire);
    do {
      if ((seen & kPermits) == 0) return false;
    } while (!state.compare_exchange_weak(seen, seen - 1 + kActiveOne, std::memory_order_acq_rel,
                                          std::memory_order_acquire));
    RunTasks();
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

  void WorkerLoop() {
    inside_parallel_for = true;
    while (true) {
      // In this order: an epoch read here is either the one before the last wake-up, and then
      // differs below, or `stopping` is seen too.
      const std::uint32_t seen = epoch.load();
      if (stopping.load()) return;
      bool helped = false;
      for (Slot& slot : slots) helped |= slot.Help();
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
        workers.emplace_back([this] { WorkerLoop(); });
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
  impl_->StartWorkers(std::min(threads - 1, kMaxHelpers));
}

ThreadPool::~ThreadPool() {
  impl_->stopping.store(true);
  impl_->WakeWorkers(INT_MAX);
  for (std::thread& worker : impl_->workers) worker.join();
}

int ThreadPool::threads() const { return static_cast<int>(impl_->workers.size()) + 1; }

void ThreadPool::ParallelFor(std::int64_t tasks, FunctionRef<void(std::int64_t)> fn,
                             int max_threads) {
  const std::int64_t limit = max_threads <= 0 ? threads() : std::min(max_threads, threads());
  const int helpers = static_cast<int>(std::min(limit, tasks)) - 1;
  const bool nested = inside_parallel_for;
  Slot* slot = helpers >= 1 && !nested ? impl_->TakeSlot() : nullptr;
  inside_parallel_for = true;
  if (slot == nullptr) {
    for (std::int64_t task = 0; task < tasks; ++task) fn(task);
  } else {
    slot->fn = &fn;
    slot->tasks = tasks;
    slot->claim = std::max<std::int64_t>(1, tasks / ((helpers + 1) * kClaimsPerThread));
    slot->next.store(0, std::memory_order_relaxed);
    slot->state.store(static_cast<std::uint32_t>(helpers), std::memory_order_release);
    impl_->WakeWorkers(helpers);
    slot->RunTasks();
    slot->Close();
    slot->owned.store(false, std::memory_order_release);
  }
  inside_parallel_for = nested;
}

}  // namespace plumb
