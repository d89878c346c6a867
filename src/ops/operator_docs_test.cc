#include "ops/operator_docs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ops/ops.h"

namespace plumb::ops {
namespace {

TEST(OperatorDocsTest, TheDocumentInTheTreeIsUpToDate) {
  std::ifstream file(PLUMB_SOURCE_DIR "/docs/OPERATORS.md");
  ASSERT_TRUE(file.is_open());
  std::stringstream content;
  content << file.rdbuf();
  EXPECT_TRUE(content.str() == OperatorDocs(AllOps()))
      << "docs/OPERATORS.md is not what the table says; run:\n"
         "  cmake --build build --target plumb_op_docs && build/plumb_op_docs > docs/OPERATORS.md";
}

}  // namespace
}  // namespace plumb::ops
