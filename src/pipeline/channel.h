// Channels join stages. Messages can be serialised (message.h), so that a channel may lead through
// a broker; the one here stays in the process.
#pragma once

#include <cstdint>
#include <memory>

#include "pipeline/message.h"

namespace plumb::pipeline {

// Thread-safe; any number of senders and receivers. A sender that finds it full waits: that is how
// a slow stage holds back those before it.
class Channel {
 public:
  virtual ~Channel() = default;

  // Waits while the channel is full. False when it was cancelled: the message is lost.
  virtual bool Send(Message message) = 0;
  // Waits for a message. False at the end: every sender has closed and nothing is left, or it was
  // cancelled.
  virtual bool Receive(Message* message) = 0;
  // The same without waiting; false when nothing is there at this moment.
  virtual bool TryReceive(Message* message) = 0;

  // One of the senders is done.
  virtual void CloseSender() = 0;
  // Everybody who waits returns, nothing more goes through.
  virtual void Cancel() = 0;

  virtual std::int64_t depth() const = 0;  // messages in it
};

struct ChannelOptions {
  std::int64_t capacity = 4;  // messages, at least 1
  int senders = 1;            // how many CloseSender() calls end it
  // Messages are received in the order of their traces, which begin at 0 and leave none out. A
  // message that is `capacity` or more ahead of the next one waits outside, so memory stays
  // bounded; the next one must then come from another sender, never from behind the one that waits.
  bool ordered = false;
};

std::unique_ptr<Channel> MakeLocalChannel(const ChannelOptions& options);

}  // namespace plumb::pipeline
