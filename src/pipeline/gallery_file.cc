// The file of a gallery:
// {"plumb_gallery":1,"dims":128,"people":[{"name","photographs","vector":[int8...],"sum":[...]}]}
#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/file_io.h"
#include "measure/json_text.h"
#include "pipeline/gallery.h"

namespace plumb::pipeline {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr int kMaxDims = 4096;
constexpr std::int64_t kMaxFileBytes = std::int64_t{256} << 20;

// The numbers of a list of exactly `count`, each from low to high; empty when it is none.
template <typename T>
std::vector<T> Numbers(const Json& object, const char* key, int count, double low, double high) {
  std::vector<T> values;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array() ||
      found->size() != static_cast<std::size_t>(count)) {
    return {};
  }
  for (const Json& item : *found) {
    const double value = item.is_number() ? item.get<double>() : NAN;
    if (!(value >= low && value <= high)) return {};
    values.push_back(static_cast<T>(value));
  }
  return values;
}

StatusOr<GalleryEntry> ReadPerson(const Json& person, int dims, std::size_t number) {
  const std::string where = absl::StrCat("person ", number);
  if (!person.is_object() || !person.contains("name") || !person["name"].is_string()) {
    return InvalidArgument(where, " has no name");
  }
  GalleryEntry entry;
  entry.name = person["name"].get<std::string>();
  entry.vector = Numbers<std::int8_t>(person, "vector", dims, -127, 127);
  entry.sum = Numbers<float>(person, "sum", dims, -1e9, 1e9);
  if (entry.vector.empty() || entry.sum.empty()) {
    return InvalidArgument(where, " ('", entry.name, "') must have a vector and a sum of ", dims,
                           " numbers");
  }
  const auto photographs = person.find("photographs");
  if (photographs != person.end() && photographs->is_number_integer()) {
    entry.photographs = static_cast<int>(
        std::clamp<std::int64_t>(photographs->get<std::int64_t>(), 0, 1'000'000'000));
  }
  return entry;
}

}  // namespace

StatusOr<Gallery> Gallery::Parse(const std::string& text) {
  const Json root = Json::parse(text, nullptr, false);
  if (root.is_discarded()) {
    return InvalidArgument(
        "is empty or damaged: it is no JSON; restore it, or remove it and make it "
        "anew with `plumb enroll`");
  }
  if (!root.is_object() || !root.contains("plumb_gallery")) {
    return InvalidArgument("no gallery; `plumb enroll` makes one");
  }
  if (root["plumb_gallery"] != kFormat) {
    return InvalidArgument("gallery format ", root["plumb_gallery"].dump(),
                           " is not known; format ", kFormat, " is");
  }
  Gallery gallery;
  const auto people = root.find("people");
  if (people == root.end() || !people->is_array()) return InvalidArgument("'people' is missing");
  if (people->empty()) return gallery;
  const auto dims = root.find("dims");
  if (dims == root.end() || !dims->is_number_integer() || *dims < 1 || *dims > kMaxDims) {
    return InvalidArgument("'dims' must be a whole number from 1 to ", kMaxDims);
  }
  gallery.dims_ = dims->get<int>();
  for (const Json& person : *people) {
    PLUMB_ASSIGN_OR_RETURN(GalleryEntry entry,
                           ReadPerson(person, gallery.dims_, gallery.entries_.size() + 1));
    gallery.AddVector(entry);
    gallery.entries_.push_back(std::move(entry));
  }
  return gallery;
}

StatusOr<Gallery> Gallery::Load(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  StatusOr<Gallery> gallery = Parse(text);
  if (!gallery.ok()) return Annotate(gallery.status(), absl::StrCat("gallery '", path, "'"));
  return gallery;
}

Status Gallery::Save(const std::string& path) const {
  const auto list = [](const auto& values) {
    std::string text = "[";
    for (const auto value : values) {
      char digits[32];
      const auto end = std::to_chars(digits, digits + sizeof(digits), +value);
      if (text.size() > 1) text += ',';
      text.append(digits, end.ptr);
    }
    return text + "]";
  };
  std::string people;
  for (const GalleryEntry& entry : entries_) {
    people += people.empty() ? "\n" : ",\n";
    measure::JsonObject(&people)
        .Text("name", entry.name)
        .Int("photographs", entry.photographs)
        .Raw("vector", list(entry.vector))
        .Raw("sum", list(entry.sum))
        .Finish();
  }
  std::string text;
  measure::JsonObject(&text)
      .Int("plumb_gallery", kFormat)
      .Int("dims", dims_)
      .Raw("people", "[" + people + "]")
      .Finish();
  return WriteFileAtomically(path, text + "\n");
}

}  // namespace plumb::pipeline
