// Turns pictures upright: which way up a picture is stored, as EXIF or a display matrix says.
#pragma once

#include <cstdint>

namespace plumb::pipeline::media {

// Column x and row y of the stored picture go to column y, row x where `transposed`, then left and
// right, top and bottom change places where mirrored. All eight orientations of EXIF.
struct Orientation {
  bool transposed = false, mirrored_x = false, mirrored_y = false;

  bool upright() const { return !transposed && !mirrored_x && !mirrored_y; }
};

// Of FFmpeg's display matrix [a b u; c d v; x y w], which takes a stored point (p, q) to
// (a p + c q + x, b p + d q + y). Other turns than by quarters become the nearest of these.
Orientation OrientationOfMatrix(const std::int32_t matrix[9]);
// Of the tag "Orientation" of EXIF, 1 to 8; any other value is upright.
Orientation OrientationOfExif(int tag);

// src: [height, width] of interleaved RGB; dst: the same upright, [width, height] where transposed.
void TurnUpright(Orientation orientation, const std::uint8_t* src, std::int64_t src_row_bytes,
                 int width, int height, std::uint8_t* dst, std::int64_t dst_row_bytes);

}  // namespace plumb::pipeline::media
