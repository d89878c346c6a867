#include "lab/error_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace plumb::lab {
namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();
}  // namespace

void ErrorSums::Add(const Tensor& approximate, const Tensor& real) {
  comparable = IsFloating(real.dtype()) && approximate.shape() == real.shape() && comparable;
  if (!comparable) return;
  const std::vector<double> a = ToDoubles(approximate), b = ToDoubles(real);
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) {
      if (!std::isfinite(b[i])) continue;
    } else if (!std::isfinite(a[i] - b[i])) {
      finite = false;
      continue;
    }
    const double difference = a[i] - b[i];
    largest_ = std::max(largest_, std::fabs(b[i]));
    error_ = std::max(error_, std::fabs(difference));
    squares_ += b[i] * b[i];
    error_squares_ += difference * difference;
  }
}

double ErrorSums::relative() const {
  if (!finite) return kInfinity;
  return error_ == 0 ? 0 : largest_ > 0 ? error_ / largest_ : kInfinity;
}

double ErrorSums::sqnr_db() const {
  if (!finite) return -kInfinity;
  return error_squares_ > 0 ? 10 * std::log10(squares_ / error_squares_) : kInfinity;
}

double ErrorSums::rms() const {
  if (!finite) return kInfinity;
  return error_squares_ == 0 ? 0 : squares_ > 0 ? std::sqrt(error_squares_ / squares_) : kInfinity;
}

}  // namespace plumb::lab
