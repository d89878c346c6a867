// A gallery: known people with an int8 vector each, in a file of JSON.
//
// A person's vector is the normalised mean of the normalised vectors of all photographs, times 254,
// rounded, in [-127, 127]. The sums are kept, so that photographs can be added later.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/status.h"

namespace plumb::pipeline {

// What a unit vector is multiplied with to become int8; larger components than 1/2 are clipped.
inline constexpr float kVectorScale = 254;

struct GalleryEntry {
  std::string name;
  int photographs = 0;
  std::vector<float> sum;           // of unit vectors
  std::vector<std::int8_t> vector;  // [dims]
};

// Scales to unit length; a vector of length zero stays as it is.
void Normalise(std::span<float> vector);
// A unit vector as int8.
std::vector<std::int8_t> Quantise(std::span<const float> unit);

class Gallery {
 public:
  // Errors name the file and what is wrong with it.
  static StatusOr<Gallery> Load(const std::string& path);
  // The text of such a file.
  static StatusOr<Gallery> Parse(const std::string& text);
  // Replaces the file as a whole or not at all.
  Status Save(const std::string& path) const;

  // Adds photographs of a person: unit vectors [count, dims]. An error when dims differ from what
  // is there.
  Status Add(const std::string& name, int dims, std::span<const float> unit_vectors);

  struct Nearest {
    int index = -1;  // -1: the gallery is empty
    float similarity = 0;
  };
  // By cosine. vector: [dims()].
  Nearest Find(std::span<const std::int8_t> vector) const;

  int dims() const { return dims_; }  // 0 while empty
  const std::vector<GalleryEntry>& entries() const { return entries_; }

 private:
  void AddVector(const GalleryEntry& entry);

  int dims_ = 0;
  std::vector<GalleryEntry> entries_;
  std::vector<std::int8_t> vectors_;  // [entries, dims]
  std::vector<float> inverse_norms_;  // [entries]
};

}  // namespace plumb::pipeline
