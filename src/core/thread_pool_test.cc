#include "core/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include "core/clock.h"

namespace {
std::atomic<std::int64_t> allocations = 0;
}  // namespace

// Counts what the whole binary allocates; one test looks at the difference.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace plumb {
namespace {

using ::testing::Each;

// Holds a core for a while, as a task that computes does.
void Work(std::int64_t nanos) {
  const std::int64_t end = NowNanos() + nanos;
  while (NowNanos() < end) {
  }
}

TEST(ThreadPoolTest, RunsEveryTaskOnce) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (std::int64_t tasks : {0, 1, 2, 7, 64, 1000, 10'007}) {
      std::vector<std::atomic<int>> counts(static_cast<std::size_t>(tasks));
      pool.ParallelFor(tasks, [&](std::int64_t task) {
        counts[static_cast<std::size_t>(task)].fetch_add(1, std::memory_order_relaxed);
      });
      EXPECT_TRUE(std::ranges::all_of(counts, [](const auto& count) { return count.load() == 1; }))
          << threads << " threads, " << tasks << " tasks";
    }
  }
}

TEST(ThreadPoolTest, RangesCoverEveryTaskOnce) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (std::int64_t tasks : {0, 1, 2, 7, 64, 10'007}) {
      std::vector<std::atomic<int>> counts(static_cast<std::size_t>(tasks));
      pool.ParallelForRanges(tasks, [&](std::int64_t begin, std::int64_t end, int) {
        EXPECT_LT(begin, end);
        for (std::int64_t i = begin; i < end; ++i) counts[static_cast<std::size_t>(i)].fetch_add(1);
      });
      EXPECT_TRUE(std::ranges::all_of(counts, [](const auto& count) { return count.load() == 1; }))
          << threads << " threads, " << tasks << " tasks";
    }
    // More tasks than a share counts, in ranges: far fewer calls.
    const std::int64_t many = (std::int64_t{1} << 40) + 12'345;
    std::atomic<std::int64_t> sum = 0;
    pool.ParallelForRanges(
        many, [&](std::int64_t begin, std::int64_t end, int) { sum.fetch_add(end - begin); });
    EXPECT_EQ(sum.load(), many);
  }
}

TEST(ThreadPoolTest, ALaneBelongsToOneCallAtATime) {
  ThreadPool pool(6);
  for (int limit : {0, 2, 3}) {
    std::vector<std::atomic<int>> inside(6);
    std::atomic<int> shared = 0;
    std::atomic<int> highest = 0;
    pool.ParallelForRanges(
        500,
        [&](std::int64_t, std::int64_t, int lane) {
          if (inside[static_cast<std::size_t>(lane)].fetch_add(1) != 0) shared.fetch_add(1);
          int seen = highest.load();
          while (lane > seen && !highest.compare_exchange_weak(seen, lane)) {
          }
          Work(5'000);
          inside[static_cast<std::size_t>(lane)].fetch_sub(1);
        },
        limit);
    EXPECT_EQ(shared.load(), 0);
    EXPECT_LT(highest.load(), limit == 0 ? 6 : limit);
  }
}

TEST(ThreadPoolTest, TasksStayWithTheirThread) {
  ThreadPool pool(2);
  const std::thread::id caller = std::this_thread::get_id();
  for (int round = 0; round < 20; ++round) {
    // Each half waits for the other one to have begun.
    std::atomic<int> begun = 0;
    std::thread::id ran[4];
    pool.ParallelFor(4, [&](std::int64_t task) {
      if (task % 2 == 0) begun.fetch_add(1);
      while (begun.load() < 2) std::this_thread::yield();
      ran[task] = std::this_thread::get_id();
    });
    EXPECT_EQ(ran[0], caller);
    EXPECT_NE(ran[2], caller);
  }
}

TEST(ThreadPoolTest, ResultsOfTasksAreVisibleToTheCaller) {
  ThreadPool pool(4);
  for (int round = 0; round < 200; ++round) {
    std::vector<int> values(64, 0);  // plain memory: the pool orders the writes
    pool.ParallelFor(64,
                     [&](std::int64_t task) { values[static_cast<std::size_t>(task)] = round; });
    EXPECT_THAT(values, Each(round));
  }
}

TEST(ThreadPoolTest, TwoThreadsWorkAtTheSameTime) {
  ThreadPool pool(2);
  // Each of the two tasks waits for the other one to have begun.
  std::atomic<int> begun = 0;
  pool.ParallelFor(2, [&](std::int64_t) {
    begun.fetch_add(1);
    const std::int64_t give_up = NowNanos() + 20'000'000'000;
    while (begun.load() < 2 && NowNanos() < give_up) std::this_thread::yield();
  });
  EXPECT_EQ(begun.load(), 2);
}

TEST(ThreadPoolTest, SleepingWorkersWakeUp) {
  ThreadPool pool(3);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // well past the spinning
    std::atomic<int> begun = 0;
    pool.ParallelFor(3, [&](std::int64_t) {
      begun.fetch_add(1);
      const std::int64_t give_up = NowNanos() + 20'000'000'000;
      while (begun.load() < 3 && NowNanos() < give_up) std::this_thread::yield();
    });
    ASSERT_EQ(begun.load(), 3);
  }
}

TEST(ThreadPoolTest, MaxThreadsIsKept) {
  ThreadPool pool(8);
  for (int limit : {1, 2, 3}) {
    std::atomic<int> now = 0;
    std::atomic<int> most = 0;
    pool.ParallelFor(
        64,
        [&](std::int64_t) {
          const int running = now.fetch_add(1) + 1;
          int seen = most.load();
          while (running > seen && !most.compare_exchange_weak(seen, running)) {
          }
          Work(20'000);
          now.fetch_sub(1);
        },
        limit);
    EXPECT_LE(most.load(), limit);
  }
}

TEST(ThreadPoolTest, NestedCallsRunInPlace) {
  ThreadPool pool(4);
  std::atomic<int> inner = 0;
  std::atomic<int> moved = 0;
  pool.ParallelFor(8, [&](std::int64_t) {
    const std::thread::id outer_thread = std::this_thread::get_id();
    pool.ParallelFor(5, [&](std::int64_t) {
      inner.fetch_add(1);
      if (std::this_thread::get_id() != outer_thread) moved.fetch_add(1);
    });
  });
  EXPECT_EQ(inner.load(), 40);
  EXPECT_EQ(moved.load(), 0);
}

TEST(ThreadPoolTest, ManyCallersAtOnce) {
  ThreadPool pool(3);
  std::atomic<std::int64_t> sum = 0;
  std::vector<std::thread> callers;
  // More callers than the pool has room to help: the rest work alone.
  for (int caller = 0; caller < 40; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        pool.ParallelFor(17, [&](std::int64_t task) { sum.fetch_add(task); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 40 * 50 * (16 * 17 / 2));
}

TEST(ThreadPoolTest, ACallNeverWaitsForTheTasksOfAnother) {
  ThreadPool pool(2);
  std::atomic<bool> blocked = false;
  std::atomic<bool> release = false;
  // The blocker keeps its own thread and the worker busy until the other call is through.
  std::thread blocker([&] {
    pool.ParallelFor(2, [&](std::int64_t) {
      blocked.store(true);
      while (!release.load()) std::this_thread::yield();
    });
  });
  while (!blocked.load()) std::this_thread::yield();
  std::atomic<int> done = 0;
  for (int round = 0; round < 10; ++round) {
    pool.ParallelFor(4, [&](std::int64_t) { done.fetch_add(1); });
  }
  EXPECT_EQ(done.load(), 40);
  release.store(true);
  blocker.join();
}

TEST(ThreadPoolTest, CallsAllocateNothing) {
  ThreadPool pool(2);
  std::atomic<std::int64_t> sum = 0;
  const auto work = [&](std::int64_t task) { sum.fetch_add(task, std::memory_order_relaxed); };
  pool.ParallelFor(100, work);
  const std::int64_t before = allocations.load();
  for (int round = 0; round < 100; ++round) pool.ParallelFor(100, work);
  EXPECT_EQ(allocations.load(), before);
}

TEST(ThreadPoolTest, WorkersLeaveSignalsToTheProgram) {
  ThreadPool pool(2);
  std::atomic<int> begun = 0;
  std::atomic<int> blocked = 0;
  const std::thread::id caller = std::this_thread::get_id();
  pool.ParallelFor(2, [&](std::int64_t) {
    begun.fetch_add(1);
    while (begun.load() < 2) std::this_thread::yield();
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    if (std::this_thread::get_id() != caller && sigismember(&mask, SIGINT) == 1) {
      blocked.fetch_add(1);
    }
  });
  EXPECT_EQ(blocked.load(), 1);
}

TEST(ThreadPoolTest, PoolsComeAndGo) {
  for (int round = 0; round < 100; ++round) {
    ThreadPool pool(4);
    std::atomic<int> sum = 0;
    if (round % 2 == 0) pool.ParallelFor(8, [&](std::int64_t) { sum.fetch_add(1); });
    EXPECT_EQ(sum.load(), round % 2 == 0 ? 8 : 0);
  }
  EXPECT_DEATH(ThreadPool(0), "0 threads");
}

}  // namespace
}  // namespace plumb
