#include "engine/background_tuner.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include "engine/tune.h"

namespace plumb::engine {
namespace {

struct Watched {
  std::shared_ptr<Model> model;
  std::size_t seen = 0;  // problems that were there when it was last tuned
};

}  // namespace

struct BackgroundTuner::Impl {
  explicit Impl(std::shared_ptr<TuningDatabase> all) : database(std::move(all)) {}

  void Note(const Status& error) {
    if (error.ok()) return;
    const std::lock_guard<std::mutex> lock(mutex);
    status = error;
  }

  void Work() {
    // The least share of a core. Not SCHED_IDLE: whoever waits for this thread on a machine that is
    // never idle would wait for ever.
    constexpr int kLowest = 19;
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kLowest);
    constexpr std::chrono::milliseconds kPause{200};
    std::unique_lock<std::mutex> lock(mutex);
    while (!wake.wait_for(lock, kPause, [this] { return stop.load(); })) {
      const std::vector<Watched> all = watched;
      lock.unlock();
      for (std::size_t i = 0; i < all.size() && !stop; ++i) TuneOne(i, all[i]);
      lock.lock();
    }
  }

  void TuneOne(std::size_t index, const Watched& one) {
    const std::size_t problems = one.model->problems().size();
    if (problems == one.seen) return;
    TuneOptions options;
    options.cancel = &stop;
    options.measure.max_bytes = std::int64_t{256} << 20;  // it runs beside the models themselves
    int fresh = 0;
    options.progress = [&](const TunedNode& node) {
      if (node.known) return;
      ++fresh;
      ++measured;
    };
    Note(TuneModel(*one.model, database.get(), options).status());
    if (fresh > 0) Note(database->Save());
    const std::lock_guard<std::mutex> lock(mutex);
    watched[index].seen = problems;
  }

  const std::shared_ptr<TuningDatabase> database;
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<Watched> watched;  // only grows
  Status status;
  std::atomic<bool> stop{false};
  std::atomic<int> measured{0};
  std::thread thread;
};

BackgroundTuner::BackgroundTuner(std::shared_ptr<TuningDatabase> database)
    : impl_(std::make_unique<Impl>(std::move(database))) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Work(); });
}

BackgroundTuner::~BackgroundTuner() { (void)Stop(); }

Status BackgroundTuner::Stop() {
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    impl_->stop = true;
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
  return status();
}

void BackgroundTuner::Add(std::shared_ptr<Model> model) {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->watched.push_back({std::move(model), 0});
}

int BackgroundTuner::measured() const { return impl_->measured; }

Status BackgroundTuner::status() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->status;
}

}  // namespace plumb::engine
