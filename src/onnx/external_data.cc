#include "onnx/external_data.h"

#include <filesystem>

#include "onnx/tensor_decode.h"

namespace plumb::onnx {
namespace {

namespace fs = std::filesystem;

bool IsBelow(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

StatusOr<std::string> ExternalData::Resolve(const std::string& location) const {
  const std::string label = absl::StrCat("external data '", location, "'");
  if (model_path_.empty()) {
    return InvalidArgument(label, ": a model read from memory has no folder to look in");
  }
  const fs::path given(location);
  bool climbs = location.empty() || given.is_absolute() || location.find('\0') != std::string::npos;
  for (const fs::path& part : given) climbs = climbs || part == "..";
  if (climbs) {
    return InvalidArgument(label, ": must be a path below the model's folder, without '..'");
  }
  std::error_code error;
  const fs::path model = fs::absolute(model_path_, error);
  const fs::path folder = fs::canonical(model.parent_path(), error);
  if (error) return NotFound(label, ": the model's folder cannot be resolved");
  const fs::path file = fs::canonical(folder / given, error);
  if (error) return NotFound(label, ": no such file in '", folder.string(), "'");
  const fs::path linked_folder = fs::canonical(model, error).parent_path();
  if (!IsBelow(file, folder) && (error || !IsBelow(file, linked_folder))) {
    return InvalidArgument(label, ": a symbolic link leads out of the model's folder");
  }
  return file.string();
}

StatusOr<Tensor> ExternalData::Load(const Place& place, DType dtype, const Shape& shape) {
  std::shared_ptr<const MappedFile>& file = files_[place.location];
  if (file == nullptr) {
    PLUMB_ASSIGN_OR_RETURN(const std::string path, Resolve(place.location));
    PLUMB_ASSIGN_OR_RETURN(file, MappedFile::Open(path));
    if (opened_ != nullptr) {
      opened_->push_back({(fs::path(model_path_).parent_path() / place.location).string(), file});
    }
  }
  if (dtype == DType::kString) return InvalidArgument("strings cannot be external data");
  const std::int64_t needed = StorageBytes(dtype, NumElements(shape));
  const std::int64_t length = place.length.value_or(needed);
  if (place.offset < 0 || length < 0 || place.offset > file->size() ||
      length > file->size() - place.offset) {
    return InvalidArgument("external data '", place.location, "': bytes ", place.offset, " to ",
                           absl::StrCat(place.offset, " + ", length), " of a file of ",
                           file->size());
  }
  const auto bytes = file->bytes().subspan(static_cast<std::size_t>(place.offset),
                                           static_cast<std::size_t>(length));
  return DecodeRaw(dtype, shape, bytes, file);
}

}  // namespace plumb::onnx
