#include "core/content_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace plumb {
namespace {

std::vector<std::byte> Bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 % 251);
  return bytes;
}

TEST(ContentHashTest, EveryBitCounts) {
  for (const std::size_t size : {1u, 8u, 63u, 64u, 65u, 200u}) {
    std::vector<std::byte> bytes = Bytes(size);
    std::set<std::uint64_t> seen = {ContentHash(bytes)};
    for (std::byte& byte : bytes) {
      for (int bit = 0; bit < 8; ++bit) {
        const std::byte before = byte;
        byte ^= static_cast<std::byte>(1 << bit);
        EXPECT_TRUE(seen.insert(ContentHash(bytes)).second);
        byte = before;
      }
    }
  }
}

TEST(ContentHashTest, LengthCountsWhereBytesAreZero) {
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size < 200; ++size) {
    EXPECT_TRUE(seen.insert(ContentHash(std::vector<std::byte>(size))).second) << size;
  }
}

TEST(ContentHashTest, OrderCounts) {
  std::vector<std::byte> bytes = Bytes(256);
  const std::uint64_t before = ContentHash(bytes);
  std::swap(bytes[0], bytes[64]);
  EXPECT_NE(ContentHash(bytes), before);
}

TEST(ContentHashTest, PiecesAreTheSameForAnyNumberOfThreads) {
  ThreadPool pool(3);
  for (const std::size_t size : {std::size_t{0}, kHashPiece - 1, kHashPiece, 3 * kHashPiece + 5}) {
    std::vector<std::byte> bytes = Bytes(size);
    const std::uint64_t hash = ContentHashInPieces(bytes, nullptr);
    EXPECT_EQ(ContentHashInPieces(bytes, &pool), hash);
    if (size == 0) continue;
    bytes.back() ^= std::byte{1};
    EXPECT_NE(ContentHashInPieces(bytes, &pool), hash);
  }
}

}  // namespace
}  // namespace plumb
