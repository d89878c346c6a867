#include "pipeline/channel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "core/random.h"

namespace plumb::pipeline {
namespace {

Message Numbered(std::uint64_t trace) {
  Message message;
  message.trace = trace;
  return message;
}

std::vector<std::uint64_t> ReceiveAll(Channel& channel) {
  std::vector<std::uint64_t> traces;
  Message message;
  while (channel.Receive(&message)) traces.push_back(message.trace);
  return traces;
}

TEST(ChannelTest, MessagesComeInTheOrderInWhichTheyWereSent) {
  const auto channel = MakeLocalChannel({.capacity = 3});
  std::thread sender([&] {
    for (std::uint64_t i = 0; i < 100; ++i) EXPECT_TRUE(channel->Send(Numbered(i)));
    channel->CloseSender();
  });
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 100; ++i) expected.push_back(i);
  EXPECT_EQ(ReceiveAll(*channel), expected);
  sender.join();
}

TEST(ChannelTest, AFullChannelHoldsTheSenderBack) {
  const auto channel = MakeLocalChannel({.capacity = 2});
  std::atomic<int> sent{0};
  std::thread sender([&] {
    for (std::uint64_t i = 0; i < 50; ++i) {
      channel->Send(Numbered(i));
      ++sent;
    }
    channel->CloseSender();
  });
  Message message;
  for (int received = 0; channel->Receive(&message); ++received) {
    EXPECT_LE(channel->depth(), 2);
    EXPECT_LE(sent, received + 1 + 2 + 1);  // this one, those in the channel, the one under way
  }
  sender.join();
  EXPECT_EQ(sent, 50);
}

TEST(ChannelTest, EndsWhenEverySenderHasClosedAndNothingIsLeft) {
  const auto channel = MakeLocalChannel({.capacity = 4, .senders = 2});
  channel->Send(Numbered(1));
  channel->CloseSender();
  channel->Send(Numbered(2));
  channel->CloseSender();
  EXPECT_EQ(ReceiveAll(*channel), (std::vector<std::uint64_t>{1, 2}));
  Message message;
  EXPECT_FALSE(channel->Receive(&message));
}

TEST(ChannelTest, CancellingWakesSendersAndReceivers) {
  const auto full = MakeLocalChannel({.capacity = 1});
  full->Send(Numbered(0));
  std::thread sender([&] { EXPECT_FALSE(full->Send(Numbered(1))); });
  const auto empty = MakeLocalChannel({.capacity = 1});
  std::thread receiver([&] {
    Message message;
    EXPECT_FALSE(empty->Receive(&message));
  });
  full->Cancel();
  empty->Cancel();
  sender.join();
  receiver.join();
  Message message;
  EXPECT_FALSE(full->Receive(&message));
  EXPECT_FALSE(full->Send(Numbered(2)));
}

TEST(ChannelTest, TryReceiveDoesNotWait) {
  const auto channel = MakeLocalChannel({.capacity = 2});
  Message message;
  EXPECT_FALSE(channel->TryReceive(&message));
  channel->Send(Numbered(7));
  EXPECT_TRUE(channel->TryReceive(&message));
  EXPECT_EQ(message.trace, 7u);
}

TEST(OrderedChannelTest, RestoresTheOrderThatSeveralSendersLose) {
  constexpr std::uint64_t kMessages = 2000;
  constexpr int kSenders = 4;
  const auto channel = MakeLocalChannel({.capacity = 5, .senders = kSenders, .ordered = true});
  std::atomic<std::uint64_t> next{0};
  std::vector<std::thread> senders;
  for (int s = 0; s < kSenders; ++s) {
    senders.emplace_back([&, s] {
      Random random(static_cast<std::uint64_t>(s));
      for (std::uint64_t i = next++; i < kMessages; i = next++) {
        if (random.Uniform(0, 3) == 0) std::this_thread::yield();
        EXPECT_TRUE(channel->Send(Numbered(i)));
      }
      channel->CloseSender();
    });
  }
  const std::vector<std::uint64_t> received = ReceiveAll(*channel);
  for (std::thread& sender : senders) sender.join();
  ASSERT_EQ(received.size(), kMessages);
  for (std::uint64_t i = 0; i < kMessages; ++i) EXPECT_EQ(received[i], i);
}

TEST(OrderedChannelTest, AMessageFarAheadWaitsOutsideSoThatMemoryStaysBounded) {
  const auto channel = MakeLocalChannel({.capacity = 2, .senders = 2, .ordered = true});
  EXPECT_TRUE(channel->Send(Numbered(1)));
  std::atomic<bool> is_in{false};
  std::thread ahead([&] {
    EXPECT_TRUE(channel->Send(Numbered(2)));
    is_in = true;
  });
  Message message;
  EXPECT_FALSE(channel->TryReceive(&message));  // 0 is missing
  EXPECT_FALSE(is_in);
  EXPECT_TRUE(channel->Send(Numbered(0)));
  for (std::uint64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(channel->Receive(&message));
    EXPECT_EQ(message.trace, i);
  }
  ahead.join();
  EXPECT_TRUE(is_in);
}

}  // namespace
}  // namespace plumb::pipeline
