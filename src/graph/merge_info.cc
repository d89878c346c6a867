#include "graph/merge_info.h"

#include <algorithm>

#include "graph/verifier.h"

namespace plumb {
namespace {

bool IsMadeUp(const Dim& dim, const SymbolTable& symbols) {
  return !dim.is_constant() && dim.symbol() < symbols.size() &&
         symbols.Name(dim.symbol()).starts_with('?');
}

std::string DimsText(const DimVector& dims, const SymbolTable& symbols) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ",", dims[i].ToString(symbols));
  }
  return text + "]";
}

}  // namespace

Dim SymbolNamer::Name(const Dim& dim, const Dim* stated) {
  if (!dim.is_anonymous()) return dim;
  auto it = std::ranges::find(named_, dim.symbol(), &std::pair<int, Dim>::first);
  if (it == named_.end()) {
    const bool plain = dim.scale() == 1 && dim.offset() == 0;
    const bool reuse = plain && stated != nullptr && !stated->is_anonymous();
    named_.emplace_back(dim.symbol(), reuse ? *stated : Dim::Symbol(symbols_.Fresh()));
    it = named_.end() - 1;
  }
  const std::optional<Dim> scaled = Dim::Multiply(it->second, Dim(dim.scale()));
  const std::optional<Dim> moved = scaled ? Dim::Add(*scaled, Dim(dim.offset())) : std::nullopt;
  return moved ? *moved : Dim::Symbol(symbols_.Fresh());
}

StatusOr<ValueInfo> MergeInfo(const ValueInfo& stated, ValueInfo inferred, Statements statements,
                              SymbolTable& symbols, SymbolNamer* namer) {
  const bool trusted = statements == Statements::kTrusted;
  SymbolNamer own(symbols);
  if (namer == nullptr) namer = &own;
  if (inferred.dtype == DType::kUndefined) inferred.dtype = stated.dtype;
  if (trusted && stated.dtype != DType::kUndefined && stated.dtype != inferred.dtype) {
    return InvalidArgument("has type ", Str(DTypeName(inferred.dtype)), ", but ",
                           Str(DTypeName(stated.dtype)), " is stated");
  }
  if (!inferred.dims) {
    if (trusted) inferred.dims = stated.dims;
  } else {
    const bool same_rank = stated.dims && stated.dims->size() == inferred.dims->size();
    bool contradiction = trusted && stated.dims && !same_rank;
    for (std::size_t i = 0; i < inferred.dims->size(); ++i) {
      Dim& dim = (*inferred.dims)[i];
      const Dim* before = same_rank ? &(*stated.dims)[i] : nullptr;
      if (before != nullptr && !trusted && !IsMadeUp(*before, symbols)) before = nullptr;
      dim = namer->Name(dim, before);
      contradiction = contradiction || (trusted && before != nullptr && before->is_constant() &&
                                        dim.is_constant() && dim != *before);
    }
    if (contradiction) {
      return InvalidArgument("has shape ", DimsText(*inferred.dims, symbols), ", but ",
                             DimsText(*stated.dims, symbols), " is stated");
    }
  }
  if (inferred.content) {
    for (Dim& element : *inferred.content) element = namer->Name(element, nullptr);
  }
  PLUMB_RETURN_IF_ERROR(CheckInfo(inferred));
  return inferred;
}

}  // namespace plumb
