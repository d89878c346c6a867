// One pool of worker threads per process; the caller of ParallelFor takes part.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace plumb {

// A non-owning reference to a callable; valid while the callable lives.
template <typename Signature>
class FunctionRef;
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  template <typename Fn,
            typename = std::enable_if_t<!std::is_same_v<std::decay_t<Fn>, FunctionRef>>>
  FunctionRef(Fn&& fn)  // NOLINT(google-explicit-constructor)
      : object_(const_cast<void*>(static_cast<const void*>(&fn))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<Fn>*>(object))(args...);
        }) {}
  R operator()(Args... args) const { return call_(object_, args...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

// Thread-safe: several threads may call ParallelFor at once; each call finishes with the help of
// whatever workers are free, and never waits for work of another call. Workers spin briefly, then
// sleep. No allocation in a call.
//
// A thread has the same share of as many tasks in every call that has the pool to itself: what a
// layer wrote lies near the core that reads it in the next one. Who is through with his own takes
// half of what another has not begun.
class ThreadPool {
 public:
  // `threads` counts the caller: 1 makes no worker. PLUMB_CHECKs threads >= 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  // Calls fn(task) once for each task in [0, tasks), on the caller and at most max_threads - 1
  // workers (0: all). Returns when all are done. What a task computes must not depend on which
  // thread runs it. fn must not throw. Nested calls run on the calling thread.
  void ParallelFor(std::int64_t tasks, FunctionRef<void(std::int64_t)> fn, int max_threads = 0);

  // The same with fn(begin, end, lane) for ranges of tasks that cover [0, tasks): few large ones,
  // so that neighbouring tasks can share what they read. Of the ranges of one call that run at the
  // same time none has the same lane, which is below max_threads and threads().
  void ParallelForRanges(std::int64_t tasks, FunctionRef<void(std::int64_t, std::int64_t, int)> fn,
                         int max_threads = 0);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumb
