#include "measure/record.h"

#include <array>

namespace plumb::measure {
namespace {

constexpr std::array<std::string_view, kKinds> kKindNames = {
    "ai", "pre", "post", "serialize", "io", "train", "load", "other", "wait"};

std::optional<double> NumberOf(const std::vector<std::pair<std::string, Setting>>& settings,
                               std::string_view name) {
  for (const auto& [key, value] : settings) {
    if (key == name && std::holds_alternative<double>(value)) return std::get<double>(value);
  }
  return std::nullopt;
}

}  // namespace

std::string_view KindName(Kind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

StatusOr<Kind> ParseKind(std::string_view name) {
  std::string known;
  for (int i = 0; i < kKinds; ++i) {
    const std::string_view candidate = kKindNames[static_cast<std::size_t>(i)];
    if (candidate == name) return static_cast<Kind>(i);
    absl::StrAppend(&known, i == 0 ? "" : ", ", Str(candidate));
  }
  return InvalidArgument("kind '", Str(name), "' is not known, expected one of ", known);
}

std::optional<double> RunHeader::MachineNumber(std::string_view name) const {
  return NumberOf(machine, name);
}

std::optional<double> RunHeader::SettingNumber(std::string_view name) const {
  return NumberOf(settings, name);
}

NameTable::NameTable() { Intern(""); }

NameId NameTable::Intern(std::string_view text) {
  const auto found = ids_.find(text);
  if (found != ids_.end()) return found->second;
  const NameId id = static_cast<NameId>(texts_.size());
  texts_.emplace_back(text);
  ids_.emplace(texts_.back(), id);
  return id;
}

}  // namespace plumb::measure
