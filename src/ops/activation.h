// Activations in the epilogue of fused operators: attributes `activation`, `activation_alpha`,
// `activation_beta` (graph/op_def.h names them).
#pragma once

#include <vector>

#include "graph/op_def.h"
#include "kernels/kernel.h"

namespace plumb::ops {

// The three attributes, for schemas.
std::vector<AttrDef> ActivationAttrs();

// The activation of a node; bias and residual are left unset. Errors: an unknown name.
StatusOr<kernels::Epilogue> ReadActivation(const AttrMap& attrs);

// y = activation(x), the definition of right.
double Activate(const kernels::Epilogue& epilogue, double x);

}  // namespace plumb::ops
