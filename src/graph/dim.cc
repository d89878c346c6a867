#include "graph/dim.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include "core/check.h"
#include "graph/text_name.h"

namespace plumb {
namespace {

using Wide = std::optional<std::int64_t>;

Wide CheckedAdd(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? Wide() : Wide(sum);
}
Wide CheckedMultiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? Wide() : Wide(product);
}

std::optional<Dim> MakeDim(int symbol, Wide scale, Wide offset) {
  if (!scale || !offset) return std::nullopt;
  return Dim::Symbol(symbol, *scale, *offset);
}

}  // namespace

int SymbolTable::Intern(std::string_view name) {
  const auto [it, added] = ids_.try_emplace(std::string(name), size());
  if (added) names_.emplace_back(name);
  return it->second;
}

int SymbolTable::Fresh() {
  std::string name;
  do {
    name = absl::StrCat("?", next_fresh_++);
  } while (ids_.contains(name));
  return Intern(name);
}

const std::string& SymbolTable::Name(int symbol) const {
  PLUMB_CHECK(symbol >= 0 && symbol < size(), "symbol ", symbol, " of ", size());
  return names_[static_cast<std::size_t>(symbol)];
}

Dim Dim::Symbol(int symbol, std::int64_t scale, std::int64_t offset) {
  Dim dim(offset);
  if (scale != 0) {
    dim.symbol_ = symbol;
    dim.scale_ = scale;
  }
  return dim;
}

Dim Dim::Anonymous() {
  static std::atomic<std::uint32_t> next{0};
  constexpr std::uint32_t kSpan = std::uint32_t{1} << 30;
  return Symbol(kFirstAnonymous + static_cast<int>(next.fetch_add(1) % (kSpan - 1)));
}

std::int64_t Dim::value() const {
  PLUMB_CHECK(is_constant(), "dimension depends on symbol ", symbol_);
  return offset_;
}

std::optional<Dim> Dim::Add(const Dim& a, const Dim& b) {
  if (!a.is_constant() && !b.is_constant() && a.symbol_ != b.symbol_) return std::nullopt;
  return MakeDim(std::max(a.symbol_, b.symbol_), CheckedAdd(a.scale_, b.scale_),
                 CheckedAdd(a.offset_, b.offset_));
}

std::optional<Dim> Dim::Subtract(const Dim& a, const Dim& b) {
  const std::optional<Dim> minus_b = Multiply(b, Dim(-1));
  return minus_b ? Add(a, *minus_b) : std::nullopt;
}

std::optional<Dim> Dim::Multiply(const Dim& a, const Dim& b) {
  if (!a.is_constant() && !b.is_constant()) return std::nullopt;
  const Dim& factor = a.is_constant() ? a : b;
  const Dim& other = a.is_constant() ? b : a;
  return MakeDim(other.symbol_, CheckedMultiply(other.scale_, factor.offset_),
                 CheckedMultiply(other.offset_, factor.offset_));
}

std::optional<Dim> Dim::DivideExactly(const Dim& a, const Dim& b) {
  if (!b.is_constant()) return a == b ? std::optional<Dim>(Dim(1)) : std::nullopt;
  if (b.offset_ == 0) return std::nullopt;
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  if (b.offset_ == -1 && (a.scale_ == kLowest || a.offset_ == kLowest)) return std::nullopt;
  if (a.scale_ % b.offset_ != 0 || a.offset_ % b.offset_ != 0) return std::nullopt;
  return Symbol(a.symbol_, a.scale_ / b.offset_, a.offset_ / b.offset_);
}

std::optional<std::int64_t> Dim::Evaluate(std::span<const std::int64_t> bindings) const {
  if (is_constant()) return offset_;
  const auto index = static_cast<std::size_t>(symbol_);
  if (index >= bindings.size() || bindings[index] < 0) return std::nullopt;
  const Wide scaled = CheckedMultiply(scale_, bindings[index]);
  return scaled ? CheckedAdd(*scaled, offset_) : std::nullopt;
}

std::string Dim::ToString(const SymbolTable& symbols) const {
  if (is_constant()) return absl::StrCat(offset_);
  std::string text = scale_ == 1 ? "" : absl::StrCat(scale_, "*");
  text += symbol_ < symbols.size() ? QuotedSymbol(symbols.Name(symbol_)) : "?";
  if (offset_ != 0) absl::StrAppend(&text, offset_ > 0 ? "+" : "", offset_);
  return text;
}

std::optional<Shape> ConcreteShape(std::span<const Dim> dims) {
  if (dims.size() > kMaxRank) return std::nullopt;
  Shape shape;
  for (const Dim& dim : dims) {
    if (!dim.is_constant()) return std::nullopt;
    shape.Append(dim.value());
  }
  return shape;
}

DimVector ToDims(const Shape& shape) { return DimVector(shape.begin(), shape.end()); }

}  // namespace plumb
