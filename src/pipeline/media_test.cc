// Reading and writing through the media module, with files made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/file_io.h"
#include "pipeline/media_library.h"
#include "pipeline/pipeline_file.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

std::string Text(const Status& status) { return std::string(status.message()); }

class MediaTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plumb_media_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  // A picture in the PPM format whose red is the column and green the row.
  std::string WritePpm(const std::string& name, int width, int height) {
    std::string text = absl::StrCat("P6\n", width, " ", height, "\n255\n");
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        text += static_cast<char>(x);
        text += static_cast<char>(y);
        text += static_cast<char>(9);
      }
    }
    EXPECT_TRUE(WriteFileAtomically(Path(name), text).ok());
    return Path(name);
  }

  // Frame i of the video is a grey of 10 * i with a white corner at the top left.
  std::string WriteVideo(const std::string& name, int frames, int width = 64, int height = 48) {
    const MediaApi* api = *MediaFunctions();
    char message[kMediaMessageBytes] = "";
    void* writer = api->create(Path(name).c_str(), width, height, 30, message);
    EXPECT_NE(writer, nullptr) << message;
    for (int i = 0; i < frames; ++i) {
      std::string grey(static_cast<std::size_t>(3 * width * height), static_cast<char>(10 * i));
      constexpr std::size_t kCorner = 16;
      for (std::size_t y = 0; y < kCorner; ++y) {
        grey.replace(3 * y * static_cast<std::size_t>(width), 3 * kCorner, 3 * kCorner, '\xff');
      }
      EXPECT_EQ(api->write_rgb(writer, reinterpret_cast<const std::uint8_t*>(grey.data()),
                               3 * width, message),
                1)
          << message;
    }
    EXPECT_EQ(api->finish(writer, message), 1) << message;
    return Path(name);
  }

  struct ReadResult {
    std::vector<Message> messages;
    std::vector<std::string> bad;
    Status status;
  };

  // Everything that a media stage gives.
  ReadResult ReadAll(const std::string& source, const std::string& more = "") {
    ReadResult result;
    const auto spec =
        ParsePipeline(absl::StrCat("pipeline: p\nstages:\n  v: {stage: media, source: \"", source,
                                   "\"", more, "}\n"),
                      "p.yaml", "");
    result.status = spec.status();
    if (!spec.ok()) return result;
    auto made = MakeSource(*spec, 0);
    result.status = made.ok() ? (*made)->Start(StageContext()) : made.status();
    while (result.status.ok()) {
      Message message;
      const StatusOr<bool> found = (*made)->Next(&message);
      if (found.ok() && !*found) break;
      if (found.ok()) {
        result.messages.push_back(std::move(message));
      } else if (IsBadItem(found.status()) && result.bad.size() < 200) {
        result.bad.push_back(message.origin + ": " + Text(found.status()));
      } else {
        result.status = found.status();
      }
    }
    return result;
  }

  std::string folder_;
};

TEST_F(MediaTest, AVideoComesBackFrameByFrame) {
  const ReadResult read = ReadAll(WriteVideo("a.mp4", 12));
  ASSERT_TRUE(read.status.ok()) << read.status;
  ASSERT_EQ(read.messages.size(), 12u);
  for (std::size_t i = 0; i < 12; ++i) {
    const Message& message = read.messages[i];
    EXPECT_EQ(message.frame, static_cast<std::int64_t>(i));
    EXPECT_NEAR(message.seconds, static_cast<double>(i) / 30, 1e-3);
    EXPECT_EQ(message.origin, Path("a.mp4"));
    const Image& image = **message.Get<Image>("image");
    EXPECT_EQ(image.width, 64);
    EXPECT_EQ(image.height, 48);
    EXPECT_NEAR(image.pixels[500], 10 * i, 6) << i;
  }
}

TEST_F(MediaTest, PicturesOfOddSizesKeepEveryPixel) {
  for (const auto& [width, height] : {std::pair(1, 1), {5, 3}, {31, 17}, {1, 200}}) {
    const auto image = ReadPicture(WritePpm("odd.ppm", width, height));
    ASSERT_TRUE(image.ok()) << image.status();
    ASSERT_EQ(image->width, width);
    ASSERT_EQ(image->height, height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::uint8_t* pixel = image->pixels.get() + y * image->row_bytes + 3 * x;
        ASSERT_EQ(pixel[0], x);
        ASSERT_EQ(pixel[1], y);
        ASSERT_EQ(pixel[2], 9);
      }
    }
  }
}

TEST_F(MediaTest, AFolderIsReadInTheOrderOfItsNamesAndABadFileIsSkipped) {
  WritePpm("b.ppm", 4, 4);
  WritePpm("a.ppm", 8, 8);
  WritePpm("d.ppm", 2, 2);
  ASSERT_TRUE(WriteFileAtomically(Path("c.jpg"), "no picture").ok());
  ASSERT_TRUE(WriteFileAtomically(Path("notes.txt"), "not looked at").ok());
  const ReadResult read = ReadAll(folder_);
  ASSERT_TRUE(read.status.ok()) << read.status;
  ASSERT_EQ(read.messages.size(), 3u);
  EXPECT_EQ((*read.messages[0].Get<Image>("image"))->width, 8);
  EXPECT_EQ((*read.messages[1].Get<Image>("image"))->width, 4);
  EXPECT_EQ((*read.messages[2].Get<Image>("image"))->width, 2);
  EXPECT_EQ(read.messages[1].frame, 1);
  EXPECT_EQ(read.messages[2].frame, 3);  // the bad one has a number too
  EXPECT_EQ(read.messages[2].origin, Path("d.ppm"));
  ASSERT_EQ(read.bad.size(), 1u);
  EXPECT_EQ(read.bad[0], Path("c.jpg") +
                             ": a packet cannot be decoded: Invalid data found when "
                             "processing input (No JPEG data found in image)");
}

// Where column x, row y of a stored picture stands when it is shown, by the definition of EXIF:
// each orientation says which sides the stored row 0 and column 0 are.
std::pair<int, int> Shown(int orientation, int x, int y, int width, int height) {
  const int left = x, top = y, right = width - 1 - x, bottom = height - 1 - y;
  switch (orientation) {
    case 1: return {left, top};
    case 2: return {right, top};
    case 3: return {right, bottom};
    case 4: return {left, bottom};
    case 5: return {top, left};
    case 6: return {bottom, left};
    case 7: return {bottom, right};
    default: return {top, right};
  }
}

void ExpectTurned(const Image& stored, const Image& shown, int orientation) {
  ASSERT_EQ(shown.width, orientation < 5 ? stored.width : stored.height) << orientation;
  ASSERT_EQ(shown.height, orientation < 5 ? stored.height : stored.width) << orientation;
  for (int y = 0; y < stored.height; ++y) {
    for (int x = 0; x < stored.width; ++x) {
      const auto [to_x, to_y] = Shown(orientation, x, y, stored.width, stored.height);
      ASSERT_EQ(std::memcmp(stored.pixels.get() + y * stored.row_bytes + 3 * x,
                            shown.pixels.get() + to_y * shown.row_bytes + 3 * to_x, 3),
                0)
          << orientation << ": " << x << ", " << y;
    }
  }
}

// A little-endian directory with one entry: tag 0x0112, a short.
std::string ExifOf(int orientation) {
  std::string exif("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18);
  exif += static_cast<char>(orientation);
  return exif + std::string(7, '\0');
}

TEST_F(MediaTest, PhotographsAreTurnedUprightByTheirExif) {
  const std::string jpeg = *ReadFile(PLUMB_SOURCE_DIR "/apps/faces/data/enrol/test7_000/0.jpg");
  const auto stored = ReadPicture(PLUMB_SOURCE_DIR "/apps/faces/data/enrol/test7_000/0.jpg");
  ASSERT_TRUE(stored.ok()) << stored.status();
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string segment = std::string("\xff\xe1\0\x22\x45xif\0\0", 10) + ExifOf(orientation);
    ASSERT_TRUE(
        WriteFileAtomically(Path("turned.jpg"), jpeg.substr(0, 2) + segment + jpeg.substr(2)).ok());
    const auto shown = ReadPicture(Path("turned.jpg"));
    ASSERT_TRUE(shown.ok()) << shown.status();
    ExpectTurned(*stored, *shown, orientation);
  }
}

// A red pixel row above a blue one, 2x2, as WebP of the plain and of the extended format.
TEST_F(MediaTest, WebPIsTurnedUprightByItsExif) {
  const std::string pixels(
      "VP8L\x16\0\0\0\x2f\x01\x40\0\0\x0f\x10\xf3\xbf\xff\xf3\x1f\x0e\x14\x02\x08\x80\x82\x26\xa2"
      "\xff\x31",
      30);
  const auto read = [&](const std::string& chunks) {
    const std::string head("RIFF\0\0\0\0WEBP", 12);
    std::string file = head + chunks;
    file[4] = static_cast<char>(file.size() - 8);
    EXPECT_TRUE(WriteFileAtomically(Path("a.webp"), file).ok());
    return ReadPicture(Path("a.webp"));
  };
  const auto stored = read(pixels);
  ASSERT_TRUE(stored.ok()) << stored.status();
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string extended("VP8X\x0a\0\0\0\x08\0\0\0\x01\0\0\x01\0\0", 18);
    const auto shown =
        read(extended + pixels + std::string("EXIF\x1a\0\0\0", 8) + ExifOf(orientation));
    ASSERT_TRUE(shown.ok()) << shown.status();
    ExpectTurned(*stored, *shown, orientation);
  }
}

TEST_F(MediaTest, VideosAreTurnedUprightByTheirDisplayMatrix) {
  const std::string path = WriteVideo("a.mp4", 3);
  const std::string whole = *ReadFile(path);
  constexpr std::size_t kMatrixInHeader = 4 + 40;  // bytes after the beginning of "tkhd"
  const std::size_t matrix = whole.find("tkhd") + kMatrixInHeader;
  constexpr char kOne[] = "\0\1\0\0", kMinusOne[] = "\xff\xff\0\0", kZero[] = "\0\0\0\0";
  const ReadResult stored = ReadAll(path);
  const Image& first = **stored.messages.at(0).Get<Image>("image");
  ASSERT_GT(first.pixels[0], first.pixels[3 * 63] + 200);  // it can be seen which way up it is
  struct Turn {
    int exif;
    const char *a, *b, *c, *d;
  };
  for (const Turn& turn :
       {Turn{6, kZero, kOne, kMinusOne, kZero}, Turn{3, kMinusOne, kZero, kZero, kMinusOne},
        Turn{8, kZero, kMinusOne, kOne, kZero}}) {
    std::string turned = whole;
    turned.replace(matrix, 4, turn.a, 4).replace(matrix + 4, 4, turn.b, 4);
    turned.replace(matrix + 12, 4, turn.c, 4).replace(matrix + 16, 4, turn.d, 4);
    ASSERT_TRUE(WriteFileAtomically(Path("turned.mp4"), turned).ok());
    const ReadResult read = ReadAll(Path("turned.mp4"));
    ASSERT_TRUE(read.status.ok()) << read.status;
    ASSERT_EQ(read.messages.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      ExpectTurned(**stored.messages[i].Get<Image>("image"), **read.messages[i].Get<Image>("image"),
                   turn.exif);
    }
  }
}

// A tag that the decoder does not know (296: the unit of resolution) is no damage.
TEST_F(MediaTest, ATiffWithATagThatIsNotKnownIsRead) {
  std::string tiff("II*\0\x08\0\0\0\x0a\0", 10);
  const auto entry = [&](int tag, int type, int count, int value) {
    for (const auto& [number, bytes] : {std::pair(tag, 2), {type, 2}, {count, 4}, {value, 4}}) {
      for (int b = 0; b < bytes; ++b) tiff += static_cast<char>(number >> (8 * b) & 0xFF);
    }
  };
  constexpr int kShort = 3, kLong = 4, kAfterTags = 10 + 10 * 12 + 4;
  entry(256, kShort, 1, 4);              // width
  entry(257, kShort, 1, 2);              // height
  entry(258, kShort, 3, kAfterTags);     // bits of each channel
  entry(259, kShort, 1, 1);              // not compressed
  entry(262, kShort, 1, 2);              // RGB
  entry(273, kLong, 1, kAfterTags + 6);  // where the pixels are
  entry(277, kShort, 1, 3);              // channels
  entry(278, kShort, 1, 2);              // rows in a strip
  entry(279, kLong, 1, 4 * 2 * 3);       // bytes of it
  entry(296, kShort, 1, 2);
  tiff += std::string("\0\0\0\0\x08\0\x08\0\x08\0", 10) + std::string(4 * 2 * 3, '\x55');
  ASSERT_TRUE(WriteFileAtomically(Path("a.tif"), tiff).ok());
  const auto image = ReadPicture(Path("a.tif"));
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->width, 4);
  EXPECT_EQ(image->pixels[0], 0x55);
}

TEST_F(MediaTest, FilesOfAFolderAreNumberedThroughAndTimedByFps) {
  WritePpm("a.ppm", 8, 8);
  WriteVideo("b.mp4", 5);
  WritePpm("c.ppm", 8, 8);
  const ReadResult read = ReadAll(folder_, ", rate: native, fps: 4");
  ASSERT_TRUE(read.status.ok()) << read.status;
  ASSERT_EQ(read.messages.size(), 7u);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(read.messages[i].frame, static_cast<std::int64_t>(i));
    EXPECT_DOUBLE_EQ(read.messages[i].seconds, static_cast<double>(i) / 4);
  }
}

TEST_F(MediaTest, PicturesHaveNoRateOfTheirOwn) {
  for (const std::string& source : {WritePpm("a.ppm", 8, 8), folder_}) {
    EXPECT_EQ(Text(ReadAll(source, ", rate: native").status),
              "'rate: native' needs a rate, and '" + source +
                  "' has none of its own: give one with 'fps', or use 'rate: fast'");
  }
}

TEST_F(MediaTest, LimitEndsTheSourceEarly) {
  EXPECT_EQ(ReadAll(WriteVideo("a.mp4", 10), ", limit: 4").messages.size(), 4u);
}

TEST_F(MediaTest, UnreadableMediaIsNamed) {
  EXPECT_EQ(Text(ReadAll(Path("none.mp4")).status),
            "cannot read '" + Path("none.mp4") + "': No such file or directory");
  ASSERT_TRUE(WriteFileAtomically(Path("text.mp4"), std::string(5000, 'x')).ok());
  EXPECT_EQ(Text(ReadAll(Path("text.mp4")).status),
            "cannot read '" + Path("text.mp4") +
                "': cannot open it as media: Invalid data found when processing input (moov atom "
                "not found)");
  ASSERT_TRUE(WriteFileAtomically(Path("empty.mp4"), "").ok());
  EXPECT_THAT(Text(ReadAll(Path("empty.mp4")).status),
              StartsWith("cannot read '" + Path("empty.mp4") + "': cannot open it as media: "));
  fs::create_directory(Path("empty"));
  EXPECT_EQ(Text(ReadAll(Path("empty")).status),
            "no picture and no video in the folder '" + Path("empty") +
                "': expected names that end in .jpg, .png, .mp4, ...");
}

// The container is Matroska: it can be read up to where it is cut.
TEST_F(MediaTest, ACutVideoGivesTheFramesThatAreThere) {
  const std::string whole = *ReadFile(WriteVideo("a.mkv", 30));
  for (double part : {0.5, 0.8, 0.95}) {
    const auto length = static_cast<std::size_t>(part * static_cast<double>(whole.size()));
    ASSERT_TRUE(WriteFileAtomically(Path("cut.mkv"), whole.substr(0, length)).ok());
    const ReadResult read = ReadAll(Path("cut.mkv"));
    EXPECT_LE(read.messages.size(), 30u);
    EXPECT_TRUE(read.status.ok() || Text(read.status).find("cut.mkv") != std::string::npos);
  }
}

TEST_F(MediaTest, AVideoThatIsCutShortSaysSo) {
  for (const char* name : {"a.mkv", "a.avi"}) {
    const std::string path = WriteVideo(name, 30), whole = *ReadFile(path);
    for (const bool cut : {false, true}) {
      ASSERT_TRUE(
          WriteFileAtomically(path, cut ? whole.substr(0, whole.size() * 4 / 5) : whole).ok());
      const auto file = MediaFile::Open(path, 1);
      ASSERT_TRUE(file.ok()) << file.status();
      BufferPool buffers(0);
      Message message;
      StatusOr<bool> found = true;
      while (!found.ok() || *found) found = (*file)->Next("image", buffers, &message);
      EXPECT_THAT((*file)->cut_short(), StartsWith(cut ? "it is cut short" : "")) << name;
      EXPECT_EQ((*file)->cut_short().empty(), !cut) << name;
    }
  }
}

TEST_F(MediaTest, DamagedVideosNeitherCrashNorHang) {
  const std::string whole = *ReadFile(WriteVideo("a.mkv", 30));
  for (std::size_t seed = 0; seed < 20; ++seed) {
    std::string damaged = whole;
    for (std::size_t k = 0; k < 40; ++k) {
      const std::size_t at = 200 + (seed * 7919 + k * k * 104729) % (whole.size() - 200);
      damaged[at] = static_cast<char>(damaged[at] + 77);
    }
    ASSERT_TRUE(WriteFileAtomically(Path("bad.mkv"), damaged).ok());
    EXPECT_LE(ReadAll(Path("bad.mkv")).messages.size(), 64u);
  }
}

TEST_F(MediaTest, OddVideosLoseTheirLastPixel) {
  const ReadResult read = ReadAll(WriteVideo("odd.mp4", 2, 33, 21));
  ASSERT_EQ(read.messages.size(), 2u);
  EXPECT_EQ((*read.messages[0].Get<Image>("image"))->width, 32);
  EXPECT_EQ((*read.messages[0].Get<Image>("image"))->height, 20);
}

TEST_F(MediaTest, NothingBehindAPictureIsRead) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const MediaApi* api = *MediaFunctions();
  for (const auto& [width, height] : {std::pair(64, 48), {1280, 720}, {34, 2}, {33, 21}}) {
    char message[kMediaMessageBytes] = "";
    void* writer = api->create(Path("edge.mp4").c_str(), width, height, 30, message);
    ASSERT_NE(writer, nullptr) << message;
    // The picture ends where a page begins that must not be touched.
    const std::size_t bytes =
        static_cast<std::size_t>(3 * width) * static_cast<std::size_t>(height);
    const std::size_t held = (bytes + page - 1) / page * page;
    void* memory =
        mmap(nullptr, held + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    auto* const end = static_cast<std::uint8_t*>(memory) + held;
    ASSERT_EQ(mprotect(end, page, PROT_NONE), 0);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(api->write_rgb(writer, end - bytes, 3 * width, message), 1) << message;
    }
    EXPECT_EQ(api->finish(writer, message), 1) << message;
    munmap(memory, held + page);
  }
}

TEST_F(MediaTest, WritingNeedsAContainerAndRoom) {
  const MediaApi* api = *MediaFunctions();
  char message[kMediaMessageBytes] = "";
  EXPECT_EQ(api->create(Path("a.nothing").c_str(), 64, 48, 30, message), nullptr);
  EXPECT_THAT(message, HasSubstr("no container for this ending (try .mp4, .mkv or .avi)"));
  EXPECT_EQ(api->create(Path("none/a.mp4").c_str(), 64, 48, 30, message), nullptr);
  EXPECT_THAT(message, HasSubstr("No such file or directory"));
  EXPECT_EQ(api->create(Path("a.mp4").c_str(), 1, 1, 30, message), nullptr);
  EXPECT_THAT(message, HasSubstr("too small"));
}

}  // namespace
}  // namespace plumb::pipeline
