#include "cli/tensor_files.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/file_io.h"
#include "core/hash.h"
#include "core/npy.h"
#include "onnx/tensor_proto.h"

namespace plumb::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr char kForm[] = R"(expected {"type": "str", "shape": [2], "data": ["a", "b"]})";

StatusOr<Tensor> StringsOf(const Json& json) {
  const bool form = json.is_object() && json.value("type", Json()) == "str" &&
                    json.value("shape", Json()).is_array() && json.value("data", Json()).is_array();
  if (!form) return InvalidArgument("holds no strings: ", kForm);
  std::vector<std::int64_t> sizes;
  for (const Json& size : json["shape"]) {
    if (!size.is_number_integer()) return InvalidArgument("has a size that is no number: ", kForm);
    sizes.push_back(size.get<std::int64_t>());
  }
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(sizes));
  if (json["data"].size() != static_cast<std::size_t>(NumElements(shape))) {
    return InvalidArgument("has ", json["data"].size(), " strings, its shape ", shape.ToString(),
                           " asks for ", NumElements(shape));
  }
  Tensor tensor = Tensor::Zeros(DType::kString, shape);
  std::span<std::string> strings = tensor.mutable_data<std::string>();
  for (std::size_t i = 0; i < strings.size(); ++i) {
    const Json& element = json["data"][i];
    if (!element.is_string()) return InvalidArgument("element ", i, " is no string: ", kForm);
    strings[i] = element.get<std::string>();
  }
  return tensor;
}

StatusOr<Tensor> ReadStrings(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  StatusOr<Tensor> tensor = StringsOf(Json::parse(text, nullptr, /*allow_exceptions=*/false));
  if (tensor.ok()) return tensor;
  return Annotate(tensor.status(), absl::StrCat("'", path, "'"));
}

Status WriteStrings(const std::string& path, const Tensor& tensor) {
  Json json;
  json["type"] = "str";
  json["shape"] = Json::array();
  for (std::int64_t size : tensor.shape()) json["shape"].push_back(size);
  json["data"] = Json::array();
  for (const std::string& text : tensor.data<std::string>()) json["data"].push_back(text);
  try {
    return WriteFileAtomically(path, json.dump() + "\n");
  } catch (const Json::exception&) {
    return InvalidArgument("'", path, "': a string is not UTF-8, and JSON holds no other");
  }
}

}  // namespace

StatusOr<Tensor> ReadTensor(const std::string& path) {
  if (path.ends_with(".json")) return ReadStrings(path);
  if (!path.ends_with(".pb")) return ReadNpy(path);
  PLUMB_ASSIGN_OR_RETURN(onnx::NamedTensor named, onnx::ReadTensorFile(path));
  return named.tensor;
}

std::string OutputFile(const std::string& directory, const std::string& name, DType dtype) {
  std::string file = name;
  std::replace(file.begin(), file.end(), '/', '_');
  return directory + "/" + file + (dtype == DType::kString ? ".json" : ".npy");
}

Status WriteTensor(const std::string& path, const Tensor& tensor) {
  return tensor.dtype() == DType::kString ? WriteStrings(path, tensor) : WriteNpy(path, tensor);
}

std::string TensorDigest(const Tensor& tensor) {
  std::uint64_t hash = Fnv1a(tensor.shape().ToString());
  const auto add = [&](std::string_view bytes) { hash = Fnv1a(bytes, hash); };
  if (tensor.dtype() == DType::kString) {
    for (const std::string& text : tensor.data<std::string>()) add(text + '\0');
  } else {
    add({static_cast<const char*>(tensor.raw()), static_cast<std::size_t>(tensor.bytes())});
  }
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace plumb::cli
