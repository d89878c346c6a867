// A checksum at the speed of memory, to notice damage. Not against an adversary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/thread_pool.h"

namespace plumb {

// A change that stays within one 8-byte word is always noticed: each word goes into its lane, and
// each lane into the result, by functions that can be undone. Others go unnoticed with a chance of
// about 2^-64.
std::uint64_t ContentHash(std::span<const std::byte> bytes);

// ContentHash of the ContentHashes of pieces of so many bytes (the last may be shorter), on all
// threads of the pool (null: on this one).
inline constexpr std::size_t kHashPiece = 2 << 20;
std::uint64_t ContentHashInPieces(std::span<const std::byte> bytes, ThreadPool* pool);

}  // namespace plumb
