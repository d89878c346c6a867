#include "pipeline/message.h"

#include <gtest/gtest.h>

#include <cstring>

namespace plumb::pipeline {
namespace {

std::string Text(const Status& status) { return std::string(status.message()); }

Message Full() {
  Message message;
  message.trace = 12;
  message.frame = 34;
  message.seconds = 1.5;
  message.origin = "a.mp4";
  message.due_ns = 5;
  message.ready_ns = 6;
  Image image;
  image.width = 2;
  image.height = 2;
  image.row_bytes = 8;  // padded rows
  image.pixels = std::make_shared<std::uint8_t[]>(16);
  for (int i = 0; i < 16; ++i)
    image.pixels[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i);
  message.Set("image", image);
  message.Set("input", Tensor::FromVector<float>(Shape{1, 3}, {1, 2, 3}));
  message.Set("placement", Placement{0.5, 0.25, 3, 4, 100, 200});
  Detection d;
  d.x0 = 1;
  d.y1 = 9;
  d.score = 0.5f;
  d.label = 3;
  d.name = "Ada";
  d.similarity = 0.75f;
  d.landmarks = {{1, 2}, {3, 4}};
  message.Set("detections", Detections{d, Detection()});
  message.Set("embeddings", Embeddings{2, {0.6f, 0.8f}, {127, -127}});
  message.Set("note", Note{"{\"a\":1}"});
  return message;
}

TEST(MessageTest, ComesBackFromBytesAsItWas) {
  const Message before = Full();
  const auto bytes = SerializeMessage(before);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto after = DeserializeMessage(*bytes);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->trace, 12u);
  EXPECT_EQ(after->frame, 34);
  EXPECT_EQ(after->seconds, 1.5);
  EXPECT_EQ(after->origin, "a.mp4");
  const Image& image = **after->Get<Image>("image");
  EXPECT_EQ(image.pixels[6], 8);  // second row
  EXPECT_EQ((*after->Get<Tensor>("input"))->data<float>()[2], 3);
  EXPECT_EQ((*after->Get<Placement>("placement"))->height, 200);
  const Detections& detections = **after->Get<Detections>("detections");
  ASSERT_EQ(detections.size(), 2u);
  EXPECT_EQ(detections[0].name, "Ada");
  EXPECT_EQ(detections[0].landmarks[1].y, 4);
  EXPECT_EQ(detections[0].similarity, 0.75f);
  EXPECT_EQ((*after->Get<Embeddings>("embeddings"))->values[1], -127);
  EXPECT_EQ((*after->Get<Note>("note"))->json, "{\"a\":1}");
  // Rows come back packed; a second trip changes nothing.
  EXPECT_EQ(*SerializeMessage(*after), *bytes);
}

TEST(MessageTest, CutBytesAreAnError) {
  const std::string bytes = *SerializeMessage(Full());
  EXPECT_EQ(Text(DeserializeMessage("x").status()), "these 1 bytes are no message of a pipeline");
  for (std::size_t length = 4; length < bytes.size(); ++length) {
    EXPECT_FALSE(DeserializeMessage(std::string_view(bytes).substr(0, length)).ok()) << length;
  }
  EXPECT_EQ(Text(DeserializeMessage(bytes + "x").status()),
            absl::StrCat("a message of ", bytes.size() + 1, " bytes is longer than it says"));
}

TEST(MessageTest, CutBytesOfAnEmptyListAreAnError) {
  Message message;
  message.Set("e", Embeddings{});
  const std::string bytes = *SerializeMessage(message);
  EXPECT_TRUE(DeserializeMessage(bytes).ok());
  for (std::size_t length = 4; length < bytes.size(); ++length) {
    EXPECT_FALSE(DeserializeMessage(std::string_view(bytes).substr(0, length)).ok()) << length;
  }
}

TEST(MessageTest, MutatedBytesNeitherCrashNorAskForMuchMemory) {
  const std::string bytes = *SerializeMessage(Full());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned char mask : {0x01, 0x80, 0xFF}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ mask);
      (void)DeserializeMessage(changed);
    }
  }
}

TEST(MessageTest, ABoolOfAnyByteBecomesOne) {
  Message message;
  message.Set("mask", Tensor::Zeros(DType::kBool, Shape{2}));
  std::string bytes = *SerializeMessage(message);
  bytes.back() = 7;  // of the last element
  const StatusOr<Message> after = DeserializeMessage(bytes);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(*static_cast<const std::uint8_t*>((*after->Get<Tensor>("mask"))->raw()), 0);
  EXPECT_EQ(static_cast<const std::uint8_t*>((*after->Get<Tensor>("mask"))->raw())[1], 1);
}

TEST(MessageTest, ErrorsSayWhatIsThereInstead) {
  const Message message = Full();
  EXPECT_EQ(Text(message.Get<Tensor>("image").status()), "'image' is an image, expected a tensor");
  EXPECT_EQ(Text(message.Get<Image>("picture").status()),
            "no 'picture' in the message, expected an image; there is image, input, placement, "
            "detections, embeddings, note");
  EXPECT_EQ(Text(Message().Get<Image>("image").status()),
            "no 'image' in the message, expected an image; there is nothing");
}

TEST(MessageTest, TextTensorsStayInTheProcess) {
  Message message;
  message.Set("words", Tensor::Zeros(DType::kString, Shape{1}));
  EXPECT_EQ(Text(SerializeMessage(message).status()),
            "'words' cannot leave the process: a tensor of str, expected one of numbers");
}

TEST(MessageTest, SetReplacesAndEraseRemoves) {
  Message message;
  message.Set("a", Note{"1"});
  message.Set("a", Note{"2"});
  EXPECT_EQ((*message.Get<Note>("a"))->json, "2");
  EXPECT_EQ(message.payloads().size(), 1u);
  message.Erase("a");
  EXPECT_EQ(message.Find("a"), nullptr);
}

}  // namespace
}  // namespace plumb::pipeline
