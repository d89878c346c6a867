// Uses the installed headers and libraries as a program outside the tree does.
#include <cstdio>

#include "core/target.h"
#include "core/tensor.h"

int main() {
  const plumb::StatusOr<plumb::Target> target = plumb::HostTarget();
  if (!target.ok()) {
    std::fprintf(stderr, "%s\n", target.status().ToString().c_str());
    return 1;
  }
  const plumb::Tensor tensor = plumb::Tensor::FromVector<float>({2}, {1, 2});
  std::printf("%s, tensor of %lld bytes\n", target->processor.c_str(),
              static_cast<long long>(tensor.bytes()));
  return tensor.bytes() == 8 ? 0 : 1;
}
