// Fourier transforms of square tiles of images, and what each instruction set offers to fft.cc.
//
// Two tiles with the same channels lie together as the real and the imaginary part of one complex
// tile, a vector of channels to each pixel. Kernels are real: the transform of the pair times that
// of a kernel is the transform of the pair of results, whose parts are the two tiles again. Kernels
// need half of the frequencies, F(-f) being the conjugate of F(f): positions are visited as pairs
// of a frequency and its negative.
//
// A transform leaves frequencies where its passes put them (radix 4 or 8, decimation in frequency);
// the inverse takes them from there. No scaling: kernels hold the factor.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

inline constexpr int kMaxFftSize = 64;

// How a size is passed through: frequency pass1 * (i % pass2) + i / pass2 lies at position i.
struct FftSize {
  int size, pass1, pass2;
};
inline constexpr FftSize kFftSizes[] = {{16, 4, 4}, {32, 8, 4}, {64, 8, 8}};
inline constexpr int kFftSizeCount = 3;

// The frequency at a position, and where a frequency lies.
constexpr int FftFrequency(const FftSize& s, int position) {
  return s.pass1 * (position % s.pass2) + position / s.pass2;
}
constexpr int FftPosition(const FftSize& s, int frequency) {
  return frequency % s.pass1 * s.pass2 + frequency / s.pass1;
}
constexpr int FftNegative(const FftSize& s, int position) {
  return FftPosition(s, (s.size - FftFrequency(s, position)) % s.size);
}
// Pairs of positions (row, column), (negative row, negative column), each once.
constexpr int64_t FftPairs(int size) { return int64_t{size} * size / 2 + 2; }
// Pixels of a row of a complex tile: one is left over, so that columns spread over the cache.
constexpr int64_t FftPitch(int size) { return size + 1; }
constexpr int64_t FftFloats(int size, int lanes) { return FftPitch(size) * size * 2 * lanes; }

// One tile of an image into one part of a complex tile.
struct FftLoad {
  const float* src;  // row 0, column 0, first channel
  int64_t row, pixel, channel;
  int64_t top, left;      // of the tile; may lie outside
  int64_t height, width;  // of the image; a height of 0 gives zeros
  int channels;           // at most a vector
  int size;
  float* tile;
  bool imaginary;
};

// One part of a complex tile to an image: max(low, min(high, x + bias + residual)).
struct FftStore {
  const float* tile;
  int size;
  bool imaginary;
  int64_t rows, columns;  // inside the image
  float* dst;             // of the first pixel
  int64_t dst_row, dst_pixel;
  const float* residual;  // or null
  int64_t residual_row, residual_pixel;
  const float* bias;  // a whole vector, or null
  int channels;
  float low, high;
};

// A complex tile and rows 2i, 2i + 1 of each plane: what lies at a position, and the conjugate of
// what lies at the negative one.
struct FftPlanes {
  float* tile;
  int form;       // of kFftSizes
  float* planes;  // plane 0, first row, first channel
  int64_t plane;  // floats between planes
  int64_t row;
  int64_t part;  // floats between real, imaginary (and negated imaginary) parts of a row
  int channels;  // at most a vector
};

struct FftTable {
  int lanes;
  void (*load)(const FftLoad&) noexcept;
  void (*store)(const FftStore&) noexcept;
  void (*forward)(int form, float* tile) noexcept;
  void (*inverse)(int form, float* tile) noexcept;
  void (*scatter)(const FftPlanes&) noexcept;  // tile to planes, three parts
  void (*gather)(const FftPlanes&) noexcept;   // planes to tile, two parts
  // tile times kernel, [pairs][2][lanes].
  void (*multiply)(int form, float* tile, const float* kernel) noexcept;
};

extern const FftTable kFftScalar;
extern const FftTable kFftAvx2;
extern const FftTable kFftAvx512;

}  // namespace plumb::kernels
