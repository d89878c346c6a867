// What RNN, GRU and LSTM share: their inputs checked and taken apart, the walk over time in either
// direction, and the activation functions that their attributes name.
//   X [T, N, I], W [D, gates*H, I], R [D, gates*H, H], B [D, 2*gates*H] (of W, then of R),
//   sequence_lens [N], initial states [D, N, H]  ->  Y [T, D, N, H], last states [D, N, H]
// With layout = 1 batches come first: X [N, T, I], states [N, D, H], Y [N, T, D, H].
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

using Activate = std::function<double(double)>;

struct RecurrentForm {
  std::int64_t steps = 0, batch = 0, input = 0, hidden = 0;
  int directions = 1, gates = 1;
  bool reverse = false;      // of the only direction
  bool batch_first = false;  // layout = 1
  double clip = 0;           // of what goes into activations; 0: none
};

// Types and shapes of Y and of `states` last states.
Status InferRecurrent(InferContext& context, int gates, int states);

// One gate's weighted input for hidden unit j: x . W[gate, j] + h . R[gate, j], with or without the
// biases, which are zero where there is no B.
struct GateSums {
  std::span<const double> x, h;
  std::span<const double> w, r, b;  // of one direction
  const RecurrentForm* form = nullptr;
  double OfInput(int gate, std::int64_t j) const;   // x . W + bias of W
  double OfHidden(int gate, std::int64_t j) const;  // h . R + bias of R
  double Clipped(double sum) const;
};

// A step of one batch entry: reads the sums, updates the states in place (h first). `activations`
// are those of the direction.
using Cell = std::function<void(const GateSums& sums, int direction,
                                const std::vector<Activate>& activations,
                                std::span<const std::span<double>> states)>;

struct RecurrentNode {
  int gates = 1;
  int states = 1;                                     // h, and c of LSTM
  std::vector<std::string_view> default_activations;  // of one direction
  Cell cell;
};

// Inputs 0 to 4 are X, W, R, B, sequence_lens, then the initial states; outputs Y and last states.
Status RunRecurrent(ReferenceContext& context, const RecurrentNode& node);

Cost RecurrentCost(const ConcreteNode& node);

// The attributes that all three have, and the inputs and outputs up to the first state.
std::vector<AttrDef> RecurrentAttrs();

}  // namespace plumb::ops
