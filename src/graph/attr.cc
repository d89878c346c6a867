#include "graph/attr.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/check.h"

namespace plumb {
namespace {

constexpr std::array<std::string_view, 7> kTypeNames = {"int",    "float",   "string", "ints",
                                                        "floats", "strings", "tensor"};

bool SameTensor(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
  if (!a.defined() || a.raw() == b.raw()) return true;
  if (a.dtype() == DType::kString) {
    return std::ranges::equal(a.data<std::string>(), b.data<std::string>());
  }
  const auto bytes = static_cast<std::size_t>(a.bytes());
  return bytes == 0 || std::memcmp(a.raw(), b.raw(), bytes) == 0;
}

}  // namespace

std::string_view AttrTypeName(const Attr& attr) { return kTypeNames[attr.index()]; }

bool SameAttr(const Attr& a, const Attr& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&b]<typename T>(const T& left) {
        const T& right = std::get<T>(b);
        if constexpr (std::is_same_v<T, Tensor>) {
          return SameTensor(left, right);
        } else if constexpr (std::is_same_v<T, float>) {
          return std::memcmp(&left, &right, sizeof(float)) == 0;
        } else {
          return left == right;
        }
      },
      a);
}

const Attr* AttrMap::Find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return &value;
  }
  return nullptr;
}

void AttrMap::Set(std::string_view name, Attr value) {
  auto at = std::ranges::lower_bound(
      entries_, name, {}, [](const auto& entry) { return std::string_view(entry.first); });
  if (at != entries_.end() && at->first == name) {
    at->second = std::move(value);
  } else {
    entries_.emplace(at, std::string(name), std::move(value));
  }
}

void AttrMap::Erase(std::string_view name) {
  std::erase_if(entries_, [name](const auto& entry) { return entry.first == name; });
}

std::shared_ptr<const std::string> AttrMap::CollectFaults() {
  fault_ = std::make_shared<std::string>();
  return fault_;
}

template <typename T>
const T* AttrMap::Typed(std::string_view name) const {
  const Attr* attr = Find(name);
  if (attr == nullptr) return nullptr;
  const T* value = std::get_if<T>(attr);
  if (value != nullptr) return value;
  const std::string fault =
      absl::StrCat("attribute '", Str(name), "' has type ", Str(AttrTypeName(*attr)), ", expected ",
                   Str(AttrTypeName(Attr(T()))));
  PLUMB_CHECK(fault_ != nullptr, fault);
  if (fault_->empty()) *fault_ = fault;
  return nullptr;
}

std::int64_t AttrMap::Int(std::string_view name, std::int64_t otherwise) const {
  const auto* value = Typed<std::int64_t>(name);
  return value != nullptr ? *value : otherwise;
}

float AttrMap::Float(std::string_view name, float otherwise) const {
  const auto* value = Typed<float>(name);
  return value != nullptr ? *value : otherwise;
}

std::string AttrMap::String(std::string_view name, std::string_view otherwise) const {
  const auto* value = Typed<std::string>(name);
  return value != nullptr ? *value : std::string(otherwise);
}

std::vector<std::int64_t> AttrMap::Ints(std::string_view name,
                                        std::vector<std::int64_t> otherwise) const {
  const auto* value = Typed<std::vector<std::int64_t>>(name);
  if (value != nullptr) return *value;
  return otherwise;
}

std::vector<float> AttrMap::Floats(std::string_view name) const {
  const auto* value = Typed<std::vector<float>>(name);
  return value != nullptr ? *value : std::vector<float>();
}

std::vector<std::string> AttrMap::Strings(std::string_view name) const {
  const auto* value = Typed<std::vector<std::string>>(name);
  return value != nullptr ? *value : std::vector<std::string>();
}

Tensor AttrMap::TensorValue(std::string_view name) const {
  const auto* value = Typed<Tensor>(name);
  return value != nullptr ? *value : Tensor();
}

bool AttrMap::SameAs(const AttrMap& other) const {
  return std::ranges::equal(entries_, other.entries_, [](const auto& a, const auto& b) {
    return a.first == b.first && SameAttr(a.second, b.second);
  });
}

}  // namespace plumb
