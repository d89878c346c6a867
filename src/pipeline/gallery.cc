#include "pipeline/gallery.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace plumb::pipeline {
namespace {

float NormOf(std::span<const std::int8_t> vector) {
  std::int64_t squares = 0;
  for (std::int8_t v : vector) squares += std::int64_t{v} * v;
  return std::sqrt(static_cast<float>(squares));
}

}  // namespace

void Normalise(std::span<float> vector) {
  double squares = 0;
  for (float v : vector) squares += double{v} * v;
  if (!(squares > 0)) return;
  const float factor = static_cast<float>(1 / std::sqrt(squares));
  for (float& v : vector) v *= factor;
}

std::vector<std::int8_t> Quantise(std::span<const float> unit) {
  std::vector<std::int8_t> result(unit.size());
  for (std::size_t i = 0; i < unit.size(); ++i) {
    const float scaled = std::nearbyint(unit[i] * kVectorScale);
    // NaN becomes 0.
    result[i] =
        scaled == scaled ? static_cast<std::int8_t>(std::clamp(scaled, -127.0f, 127.0f)) : 0;
  }
  return result;
}

Status Gallery::Add(const std::string& name, int dims, std::span<const float> unit_vectors) {
  PLUMB_CHECK(dims >= 1 && unit_vectors.size() % static_cast<std::size_t>(dims) == 0, dims);
  if (dims_ != 0 && dims != dims_) {
    return InvalidArgument("the gallery has vectors of ", dims_, " values, these have ", dims,
                           ": they come from another model");
  }
  dims_ = dims;
  const std::size_t size = static_cast<std::size_t>(dims);
  auto entry = std::find_if(entries_.begin(), entries_.end(),
                            [&](const GalleryEntry& e) { return e.name == name; });
  if (entry == entries_.end()) {
    entries_.push_back({name, 0, std::vector<float>(size, 0.0f), {}});
    entry = entries_.end() - 1;
  }
  for (std::size_t i = 0; i < unit_vectors.size(); ++i) entry->sum[i % size] += unit_vectors[i];
  entry->photographs += static_cast<int>(unit_vectors.size() / size);
  std::vector<float> mean = entry->sum;
  Normalise(mean);
  entry->vector = Quantise(mean);
  vectors_.clear();
  inverse_norms_.clear();
  for (const GalleryEntry& e : entries_) AddVector(e);
  return OkStatus();
}

void Gallery::AddVector(const GalleryEntry& entry) {
  vectors_.insert(vectors_.end(), entry.vector.begin(), entry.vector.end());
  inverse_norms_.push_back(1 / std::max(NormOf(entry.vector), 1e-9f));
}

Gallery::Nearest Gallery::Find(std::span<const std::int8_t> vector) const {
  PLUMB_CHECK(entries_.empty() || static_cast<int>(vector.size()) == dims_, vector.size(),
              " values, the gallery has ", dims_);
  Nearest nearest;
  const float inverse_norm = 1 / std::max(NormOf(vector), 1e-9f);
  const std::int8_t* other = vectors_.data();
  for (std::size_t e = 0; e < entries_.size(); ++e, other += dims_) {
    std::int32_t dot = 0;
    for (int i = 0; i < dims_; ++i) {
      dot += std::int32_t{other[i]} * vector[static_cast<std::size_t>(i)];
    }
    const float similarity = static_cast<float>(dot) * inverse_norm * inverse_norms_[e];
    if (nearest.index < 0 || similarity > nearest.similarity) {
      nearest = {static_cast<int>(e), similarity};
    }
  }
  return nearest;
}

}  // namespace plumb::pipeline
