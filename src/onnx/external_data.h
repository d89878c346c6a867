// Weights in files beside the model. Private to this room.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mapped_file.h"
#include "core/tensor.h"

namespace plumb::onnx {

// Maps each file once. Locations are relative to the model's folder and never leave it, neither
// with
// ".." nor through a symbolic link (a link into the folder that the model file itself links to is
// fine: that is how content-addressed caches lay models out).
class ExternalData {
 public:
  // An empty path: the model came from memory and has no folder. `opened`, where not null, is given
  // the files.
  explicit ExternalData(std::string model_path, std::vector<SourceFile>* opened = nullptr)
      : model_path_(std::move(model_path)), opened_(opened) {}

  struct Place {
    std::string location;
    std::int64_t offset = 0;
    std::optional<std::int64_t> length;
  };
  StatusOr<Tensor> Load(const Place& place, DType dtype, const Shape& shape);

 private:
  StatusOr<std::string> Resolve(const std::string& location) const;

  std::string model_path_;
  std::vector<SourceFile>* opened_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;  // by location
};

}  // namespace plumb::onnx
