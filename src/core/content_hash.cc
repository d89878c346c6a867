#include "core/content_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

namespace plumb {
namespace {

constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u, kOther = 0xd6e8feb86659fd93u;
constexpr std::size_t kLanes = 8;
constexpr std::size_t kWord = sizeof(std::uint64_t);

// Invertible in either argument. Either multiplication spreads what the other leaves in a few bits,
// so that no few bits of a later word undo a change of a few bits.
std::uint64_t Take(std::uint64_t lane, std::uint64_t word) {
  return std::rotl(lane ^ (word * kOther), 31) * kOdd;
}

std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
  return x ^ (x >> 33);
}

}  // namespace

std::uint64_t ContentHash(std::span<const std::byte> bytes) {
  std::array<std::uint64_t, kLanes> lanes;
  for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = Mix(lane + 1);
  std::array<std::uint64_t, kLanes> words;
  const std::size_t whole = bytes.size() / sizeof(words) * sizeof(words);
  for (std::size_t at = 0; at < whole; at += sizeof(words)) {
    std::memcpy(words.data(), bytes.data() + at, sizeof(words));
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = Take(lanes[lane], words[lane]);
  }
  words = {};
  if (whole < bytes.size()) {
    std::memcpy(words.data(), bytes.data() + whole, bytes.size() - whole);
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = Take(lanes[lane], words[lane]);
  }
  std::uint64_t hash = Mix(bytes.size());
  for (const std::uint64_t lane : lanes) hash = Mix(Take(hash, lane));
  return hash;
}

std::uint64_t ContentHashInPieces(std::span<const std::byte> bytes, ThreadPool* pool) {
  std::vector<std::uint64_t> hashes((bytes.size() + kHashPiece - 1) / kHashPiece);
  const auto hash_piece = [&](std::int64_t piece) {
    const std::size_t begin = static_cast<std::size_t>(piece) * kHashPiece;
    hashes[static_cast<std::size_t>(piece)] =
        ContentHash(bytes.subspan(begin, std::min(kHashPiece, bytes.size() - begin)));
  };
  const auto pieces = static_cast<std::int64_t>(hashes.size());
  if (pool != nullptr) {
    pool->ParallelFor(pieces, hash_piece);
  } else {
    for (std::int64_t piece = 0; piece < pieces; ++piece) hash_piece(piece);
  }
  return ContentHash(std::as_bytes(std::span(hashes)));
}

}  // namespace plumb
