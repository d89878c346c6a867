#include "pipeline/enrolment.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> SortedEntries(const std::string& folder, bool folders,
                                       std::error_code* error) {
  std::vector<std::string> paths;
  for (fs::directory_iterator it(folder, *error), end; !*error && it != end; it.increment(*error)) {
    std::error_code ignored;
    const bool hidden = it->path().filename().string().starts_with(".");
    if (!hidden && it->is_directory(ignored) == folders) paths.push_back(it->path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

StatusOr<std::vector<Person>> ListPeople(const std::string& folder) {
  const auto cannot_read = [](const std::string& path, const std::error_code& error) {
    return InvalidArgument("cannot read the folder '", path, "': ", error.message());
  };
  std::error_code error;
  const std::vector<std::string> folders = SortedEntries(folder, true, &error);
  if (error) return cannot_read(folder, error);
  std::vector<Person> people;
  for (const std::string& path : folders) {
    people.push_back({fs::path(path).filename().string(), SortedEntries(path, false, &error)});
    if (error) return cannot_read(path, error);
  }
  if (people.empty()) {
    return InvalidArgument("no folder in '", folder,
                           "': expected one for each person, with photographs in it");
  }
  return people;
}

Status Enrolment::Add(const Person& person) {
  const int before = PhotographsOf(person.name);
  for (const std::string& image : person.images) {
    const Status added = AddPhotograph(person.name, image);
    if (!added.ok() && !skip_bad_) return added;
    if (!added.ok()) tell_("skipped", std::string(added.message()));
  }
  const int more = PhotographsOf(person.name) - before;
  photographs_ += static_cast<std::size_t>(more);
  people_ += more > 0 ? 1 : 0;
  if (more == 0) tell_("warning", "no photograph of '" + person.name + "' could be used");
  if (more > 0 && before > 0) known_before_.emplace_back(person.name, Photographs{before, more});
  return OkStatus();
}

Status Enrolment::Save(const std::string& path) const {
  if (photographs_ == 0) {
    return InvalidArgument("nobody was enrolled, '", path, "' is left as it was");
  }
  return gallery_.Save(path);
}

int Enrolment::PhotographsOf(const std::string& name) const {
  for (const GalleryEntry& entry : gallery_.entries()) {
    if (entry.name == name) return entry.photographs;
  }
  return 0;
}

Status Enrolment::AddPhotograph(const std::string& name, const std::string& image) {
  PLUMB_ASSIGN_OR_RETURN(const PhotographedFace face, enroller_.Embed(image));
  if (face.faces > 1) {
    tell_("warning", absl::StrCat("'", image, "' shows ", face.faces,
                                  " faces: the largest was taken for '", name, "'"));
  }
  return gallery_.Add(name, static_cast<int>(face.unit.size()), face.unit);
}

}  // namespace plumb::pipeline
