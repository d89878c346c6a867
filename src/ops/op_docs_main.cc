// plumb_op_docs: prints docs/OPERATORS.md.
#include <cstdio>

#include "ops/operator_docs.h"
#include "ops/ops.h"

int main() {
  const std::string text = plumb::ops::OperatorDocs(plumb::ops::AllOps());
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
