#include "onnx/import.h"

#include "core/mapped_file.h"
#include "onnx/importer.h"
#include "onnx/model_scan.h"

namespace plumb::onnx {
namespace {

StatusOr<Graph> ImportFrom(std::span<const std::byte> bytes, const OpTable& ops,
                           std::shared_ptr<const void> owner, const std::string& path,
                           const ImportOptions& options) {
  if (bytes.empty()) return InvalidArgument("is empty");
  PLUMB_ASSIGN_OR_RETURN(ScannedMessage scanned, ScanMessage(MessageKind::kModel, bytes));
  onnxpb::ModelProto model;
  if (!model.ParseFromString(scanned.structure)) {
    return InvalidArgument("is not an ONNX model: malformed or nested too deep");
  }
  Importer importer(
      ops, {std::move(scanned.payloads), std::move(owner), ExternalData(path, options.files)},
      options);
  return importer.Import(model);
}

StatusOr<Graph> WithName(StatusOr<Graph> graph, const std::string& name) {
  if (graph.ok()) return graph;
  return Annotate(graph.status(), "model '" + name + "'");
}

}  // namespace

StatusOr<Graph> ImportFile(const std::string& path, const OpTable& ops,
                           const ImportOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  if (options.files != nullptr) options.files->push_back({path, file});
  const std::span<const std::byte> bytes = file->bytes();
  return WithName(ImportFrom(bytes, ops, std::move(file), path, options), path);
}

StatusOr<Graph> ImportBytes(std::span<const std::byte> bytes, const OpTable& ops,
                            const std::string& name, const ImportOptions& options) {
  return WithName(ImportFrom(bytes, ops, nullptr, "", options), name);
}

}  // namespace plumb::onnx
