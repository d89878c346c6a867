// Symbolic dimensions: a number, or scale * symbol + offset for a named symbol such as "N".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "core/shape.h"

namespace plumb {

// The names of the symbols of one graph and its subgraphs. Append-only.
class SymbolTable {
 public:
  int Intern(std::string_view name);  // the same id for the same name
  int Fresh();                        // a new symbol "?k": a size known only at run time
  const std::string& Name(int symbol) const;
  int size() const { return static_cast<int>(names_.size()); }

 private:
  std::vector<std::string> names_;
  absl::flat_hash_map<std::string, int> ids_;
  int next_fresh_ = 0;
};

// Symbols from here on stand for sizes that nobody has named yet; see Dim::Anonymous.
inline constexpr int kFirstAnonymous = 1 << 30;

class Dim {
 public:
  Dim() = default;
  Dim(std::int64_t value) : offset_(value) {}  // NOLINT(google-explicit-constructor)
  static Dim Symbol(int symbol, std::int64_t scale = 1, std::int64_t offset = 0);
  // A size known only at run time, equal to no other dimension. InferNode gives it a symbol of the
  // graph; it needs no table, so that plans infer without changing anything.
  static Dim Anonymous();

  bool is_constant() const { return symbol_ < 0; }
  bool is_anonymous() const { return symbol_ >= kFirstAnonymous; }
  std::int64_t value() const;  // PLUMB_CHECKs is_constant()
  int symbol() const { return symbol_; }
  std::int64_t scale() const { return scale_; }
  std::int64_t offset() const { return offset_; }
  bool operator==(const Dim& other) const = default;  // provably equal

  // Sum, difference, product, quotient where the result is again of this form.
  static std::optional<Dim> Add(const Dim& a, const Dim& b);
  static std::optional<Dim> Subtract(const Dim& a, const Dim& b);
  static std::optional<Dim> Multiply(const Dim& a, const Dim& b);
  static std::optional<Dim> DivideExactly(const Dim& a, const Dim& b);

  // Value under `bindings` (indexed by symbol; -1 is unbound), nullopt when its symbol is unbound.
  std::optional<std::int64_t> Evaluate(std::span<const std::int64_t> bindings) const;
  std::string ToString(const SymbolTable& symbols) const;  // "224", "N", "2*N+1"

 private:
  std::int64_t offset_ = 0;
  std::int64_t scale_ = 0;
  int symbol_ = -1;
};

using DimVector = absl::InlinedVector<Dim, 6>;

// All constant: as a Shape; otherwise nullopt.
std::optional<Shape> ConcreteShape(std::span<const Dim> dims);
DimVector ToDims(const Shape& shape);

}  // namespace plumb
