// Attributes of a node: named constants that belong to the operator, not to the data.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/status.h"
#include "core/tensor.h"

namespace plumb {

using Attr = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                          std::vector<float>, std::vector<std::string>, Tensor>;

std::string_view AttrTypeName(const Attr& attr);  // "int", "float", "string", "ints", ...
bool SameAttr(const Attr& a, const Attr& b);      // same type and value; tensors byte by byte

// A small map ordered by name.
class AttrMap {
 public:
  const Attr* Find(std::string_view name) const;  // null when absent
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  void Set(std::string_view name, Attr value);
  void Erase(std::string_view name);

  // The value, or `otherwise` when absent. The types were checked against the OpDef, so a wrong
  // type here is PLUMB_CHECKed, unless faults are collected.
  std::int64_t Int(std::string_view name, std::int64_t otherwise) const;
  float Float(std::string_view name, float otherwise) const;
  std::string String(std::string_view name, std::string_view otherwise) const;
  std::vector<std::int64_t> Ints(std::string_view name,
                                 std::vector<std::int64_t> otherwise = {}) const;
  std::vector<float> Floats(std::string_view name) const;
  std::vector<std::string> Strings(std::string_view name) const;
  Tensor TensorValue(std::string_view name) const;  // undefined when absent
  bool SameAs(const AttrMap& other) const;

  // For attributes that no schema has checked, as those of old operator sets: from here on a getter
  // that meets another type returns `otherwise`, and the first such fault is written to the result:
  // "attribute 'axes' has type floats, expected ints".
  std::shared_ptr<const std::string> CollectFaults();
  void StopCollectingFaults() { fault_ = nullptr; }

  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }

 private:
  // Null when absent, or of another type while faults are collected.
  template <typename T>
  const T* Typed(std::string_view name) const;

  std::vector<std::pair<std::string, Attr>> entries_;
  std::shared_ptr<std::string> fault_;  // null: not collected
};

}  // namespace plumb
