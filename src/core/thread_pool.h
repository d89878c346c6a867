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
// sleep. No allocation in ParallelFor.
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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumb
