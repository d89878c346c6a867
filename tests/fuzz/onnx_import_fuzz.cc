// Fuzz target: any bytes as a model end in a graph or a status. A graph that is accepted is
// exported and read back, so that the two sides agree on what is valid.
#include <cstdint>
#include <cstdlib>

#include "onnx/export.h"
#include "onnx/import.h"
#include "onnx/tensor_proto.h"
#include "ops/ops.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)plumb::onnx::ParseTensorProto(bytes);
  const auto graph = plumb::onnx::ImportBytes(bytes, plumb::ops::AllOps());
  if (!graph.ok()) return 0;
  const auto exported = plumb::onnx::ExportBytes(*graph);
  if (!exported.ok()) std::abort();
  const auto again = std::as_bytes(std::span(exported->data(), exported->size()));
  if (!plumb::onnx::ImportBytes(again, plumb::ops::AllOps()).ok()) std::abort();
  return 0;
}
