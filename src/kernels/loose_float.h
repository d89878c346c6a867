// A float at any address: the weights of a mapped file lie as they were written.
#pragma once

namespace plumb::kernels {

// Written out in declarations: `auto` would drop what makes it loose.
using LooseFloat __attribute__((aligned(1))) = float;

}  // namespace plumb::kernels
