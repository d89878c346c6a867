#include "onnx/export.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/file_io.h"
#include "onnx/element_type.h"
#include "onnx/graph_writer.h"
#include "onnx/tensor_message.h"

namespace plumb::onnx {
namespace {

constexpr std::int64_t kMaxMessageBytes = (std::int64_t{1} << 31) - 1;
constexpr std::int64_t kDataAlignment = 64;  // so that mapped weights can be used in place
constexpr std::int64_t kMinExternalBytes = 1024;

std::int64_t ConstantBytes(const Graph& graph) {
  std::int64_t bytes = 0;
  for (ValueId id = 0; id < graph.num_values(); ++id) {
    if (graph.IsConstant(id)) bytes += graph.value(id).constant.bytes();
  }
  for (const State& state : graph.states()) bytes += state.initial.bytes();
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    for (const Subgraph& subgraph : graph.node(id).subgraphs)
      bytes += ConstantBytes(*subgraph.body);
  }
  return bytes;
}

StatusOr<std::string> Serialized(const onnxpb::ModelProto& model) {
  if (model.ByteSizeLong() > static_cast<std::size_t>(kMaxMessageBytes)) {
    return ResourceExhausted("the model is larger than 2 GiB; weights must go to external data");
  }
  return model.SerializeAsString();
}

// Appends tensors to a temporary file, which takes its place when all is written.
class DataFile {
 public:
  explicit DataFile(std::string path)
      : path_(std::move(path)),
        temporary_(path_ + ".tmp"),
        file_(std::fopen(temporary_.c_str(), "wb")) {
    if (file_ == nullptr) Fail();
  }
  ~DataFile() {
    if (file_ != nullptr) std::fclose(file_);
    if (!done_) std::remove(temporary_.c_str());
  }
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  // Returns the offset.
  std::int64_t Append(const Tensor& tensor) {
    static constexpr char kZeros[kDataAlignment] = {};
    const std::int64_t gap = (kDataAlignment - size_ % kDataAlignment) % kDataAlignment;
    Put(kZeros, gap);
    const std::int64_t offset = size_;
    Put(tensor.raw(), tensor.bytes());
    return offset;
  }

  Status Finish() {
    if (file_ != nullptr) {
      if (std::fclose(file_) != 0) Fail();
      file_ = nullptr;
    }
    if (status_.ok() && std::rename(temporary_.c_str(), path_.c_str()) != 0) Fail();
    done_ = status_.ok();
    return status_;
  }

 private:
  void Put(const void* data, std::int64_t bytes) {
    const auto count = static_cast<std::size_t>(bytes);
    if (!status_.ok() || count == 0) return;
    if (std::fwrite(data, 1, count, file_) != count) Fail();
    size_ += bytes;
  }
  void Fail() {
    if (status_.ok()) {
      status_ = Unavailable("cannot write '", path_, "': ", std::strerror(errno));
    }
  }

  std::string path_, temporary_;
  std::FILE* file_;
  std::int64_t size_ = 0;
  bool done_ = false;
  Status status_;
};

Status ExportWithData(const Graph& graph, const std::string& path) {
  const std::string data_path = path + ".data";
  const std::string location = std::filesystem::path(data_path).filename().string();
  DataFile data(data_path);
  GraphWriter writer(
      [&](const Tensor& tensor, const std::string& name, onnxpb::TensorProto* message) {
        if (tensor.dtype() == DType::kString || tensor.bytes() < kMinExternalBytes) {
          FillTensor(tensor, name, message);
          return;
        }
        message->set_name(name);
        message->set_data_type(CodeOfDType(tensor.dtype()));
        for (std::int64_t size : tensor.shape()) message->add_dims(size);
        message->set_data_location(1);
        const auto add = [message](const std::string& key, const std::string& value) {
          onnxpb::StringStringEntryProto* entry = message->add_external_data();
          entry->set_key(key);
          entry->set_value(value);
        };
        add("location", location);
        add("offset", absl::StrCat(data.Append(tensor)));
        add("length", absl::StrCat(tensor.bytes()));
      });
  onnxpb::ModelProto model;
  PLUMB_RETURN_IF_ERROR(writer.Write(graph, &model));
  PLUMB_ASSIGN_OR_RETURN(const std::string bytes, Serialized(model));
  PLUMB_RETURN_IF_ERROR(data.Finish());
  return WriteFileAtomically(path, bytes);
}

}  // namespace

StatusOr<std::string> ExportBytes(const Graph& graph) {
  if (ConstantBytes(graph) > kMaxMessageBytes) {
    return ResourceExhausted("the model is larger than 2 GiB; weights must go to external data");
  }
  GraphWriter writer(FillTensor);
  onnxpb::ModelProto model;
  PLUMB_RETURN_IF_ERROR(writer.Write(graph, &model));
  return Serialized(model);
}

Status ExportFile(const Graph& graph, const std::string& path, const ExportOptions& options) {
  if (ConstantBytes(graph) > options.max_inline_bytes) return ExportWithData(graph, path);
  PLUMB_ASSIGN_OR_RETURN(const std::string bytes, ExportBytes(graph));
  return WriteFileAtomically(path, bytes);
}

}  // namespace plumb::onnx
