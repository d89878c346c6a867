// A hash that is the same on every machine and in every run, for keys of files that outlive one.
#pragma once

#include <cstdint>
#include <string_view>

namespace plumb {

// FNV-1a of 64 bits (Fowler, Noll, Vo). Not against an adversary.
constexpr std::uint64_t Fnv1a(std::string_view bytes, std::uint64_t seed = 0xcbf29ce484222325u) {
  std::uint64_t hash = seed;
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  return hash;
}

}  // namespace plumb
