// A bounded queue, and a reorder buffer of the same size.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "core/check.h"
#include "pipeline/channel.h"

namespace plumb::pipeline {
namespace {

class LocalChannel : public Channel {
 public:
  explicit LocalChannel(const ChannelOptions& options)
      : capacity_(options.capacity), senders_(options.senders) {
    PLUMB_CHECK(capacity_ >= 1 && senders_ >= 1, capacity_, " messages, ", senders_, " senders");
  }

  bool Send(Message message) override {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return cancelled_ || HasRoom(message); });
    if (cancelled_) return false;
    Put(std::move(message));
    ++depth_;
    // An ordered channel may have become ready, or have room for another sender: wake all who wait.
    ready_.notify_all();
    return true;
  }

  bool Receive(Message* message) override {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return cancelled_ || IsReady() || senders_ == 0; });
    return TakeLocked(message);
  }

  bool TryReceive(Message* message) override {
    std::unique_lock lock(mutex_);
    return TakeLocked(message);
  }

  void CloseSender() override {
    std::lock_guard lock(mutex_);
    PLUMB_CHECK(senders_ > 0, "more closed than there are");
    --senders_;
    ready_.notify_all();
  }

  void Cancel() override {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    room_.notify_all();
    ready_.notify_all();
  }

  std::int64_t depth() const override {
    std::lock_guard lock(mutex_);
    return depth_;
  }

 protected:
  virtual bool HasRoom(const Message& message) const = 0;
  virtual bool IsReady() const = 0;
  virtual void Put(Message message) = 0;
  virtual Message Take() = 0;

  const std::int64_t capacity_;
  std::int64_t depth_ = 0;

 private:
  bool TakeLocked(Message* message) {
    if (cancelled_ || !IsReady()) return false;
    *message = Take();
    --depth_;
    room_.notify_all();
    return true;
  }

  mutable std::mutex mutex_;
  std::condition_variable room_, ready_;
  int senders_;
  bool cancelled_ = false;
};

class FifoChannel : public LocalChannel {
 public:
  using LocalChannel::LocalChannel;

 private:
  bool HasRoom(const Message&) const override { return depth_ < capacity_; }
  bool IsReady() const override { return !queue_.empty(); }
  void Put(Message message) override { queue_.push_back(std::move(message)); }
  Message Take() override {
    Message message = std::move(queue_.front());
    queue_.pop_front();
    return message;
  }

  std::deque<Message> queue_;
};

// Slot t % capacity holds the message of trace t; only traces from next_ to next_ + capacity - 1
// are let in.
class OrderedChannel : public LocalChannel {
 public:
  explicit OrderedChannel(const ChannelOptions& options)
      : LocalChannel(options), slots_(static_cast<std::size_t>(options.capacity)) {}

 private:
  std::optional<Message>& SlotOf(std::uint64_t trace) { return slots_[trace % slots_.size()]; }

  bool HasRoom(const Message& message) const override {
    return message.trace < next_ + slots_.size();
  }
  bool IsReady() const override { return slots_[next_ % slots_.size()].has_value(); }
  void Put(Message message) override {
    PLUMB_CHECK(message.trace >= next_ && !SlotOf(message.trace), "trace ", message.trace,
                " was sent twice");
    SlotOf(message.trace) = std::move(message);
  }
  Message Take() override {
    std::optional<Message>& slot = SlotOf(next_++);
    Message message = std::move(*slot);
    slot.reset();
    return message;
  }

  std::vector<std::optional<Message>> slots_;
  std::uint64_t next_ = 0;
};

}  // namespace

std::unique_ptr<Channel> MakeLocalChannel(const ChannelOptions& options) {
  if (options.ordered) return std::make_unique<OrderedChannel>(options);
  return std::make_unique<FifoChannel>(options);
}

}  // namespace plumb::pipeline
