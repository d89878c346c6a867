#include "pipeline/media/orientation.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace plumb::pipeline::media {

Orientation OrientationOfMatrix(const std::int32_t matrix[9]) {
  const std::int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  if (std::abs(a) >= std::abs(b)) return {false, a < 0, d < 0};
  return {true, c < 0, b < 0};
}

Orientation OrientationOfExif(int tag) {
  switch (tag) {
    case 2: return {false, true, false};
    case 3: return {false, true, true};
    case 4: return {false, false, true};
    case 5: return {true, false, false};
    case 6: return {true, true, false};
    case 7: return {true, true, true};
    case 8: return {true, false, true};
    default: return {};
  }
}

void TurnUpright(Orientation orientation, const std::uint8_t* src, std::int64_t src_row_bytes,
                 int width, int height, std::uint8_t* dst, std::int64_t dst_row_bytes) {
  constexpr int kBlock = 32;  // pixels a side: the rows of a block stay in the nearest cache
  constexpr std::int64_t kPixel = 3;
  // One step to the right in the stored picture, one step down, and where its first pixel goes.
  const auto step = [](bool back, std::int64_t bytes) { return back ? -bytes : bytes; };
  const std::int64_t across = orientation.transposed ? step(orientation.mirrored_y, dst_row_bytes)
                                                     : step(orientation.mirrored_x, kPixel);
  const std::int64_t down = orientation.transposed ? step(orientation.mirrored_x, kPixel)
                                                   : step(orientation.mirrored_y, dst_row_bytes);
  std::uint8_t* const first = dst - std::min<std::int64_t>(0, across * (width - 1)) -
                              std::min<std::int64_t>(0, down * (height - 1));
  for (int top = 0; top < height; top += kBlock) {
    for (int left = 0; left < width; left += kBlock) {
      for (int y = top; y < std::min(height, top + kBlock); ++y) {
        const std::uint8_t* from = src + y * src_row_bytes + kPixel * left;
        std::uint8_t* to = first + y * down + left * across;
        for (int x = left; x < std::min(width, left + kBlock); ++x) {
          std::memcpy(to, from, kPixel);
          from += kPixel;
          to += across;
        }
      }
    }
  }
}

}  // namespace plumb::pipeline::media
