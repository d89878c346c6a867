// plumb enroll: adds known faces to a gallery.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "pipeline/application.h"
#include "pipeline/enroller.h"

namespace plumb::cli {
namespace {

namespace fs = std::filesystem;

struct EnrollCommand {
  std::string gallery, name, people, pipeline;
  std::vector<std::string> images;
  bool skip_bad = false;
};

struct Person {
  std::string name;
  std::vector<std::string> images;
};

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

// A folder with a folder of photographs for each person, named after them.
StatusOr<std::vector<Person>> ListPeople(const std::string& folder) {
  std::error_code error;
  std::vector<Person> people;
  for (const std::string& path : SortedEntries(folder, true, &error)) {
    people.push_back({fs::path(path).filename().string(), SortedEntries(path, false, &error)});
  }
  if (error) return InvalidArgument("cannot read the folder '", folder, "': ", error.message());
  if (people.empty()) {
    return InvalidArgument("no folder in '", folder,
                           "': expected one for each person, with photographs in it");
  }
  return people;
}

StatusOr<pipeline::Gallery> LoadOrBegin(const std::string& path) {
  StatusOr<pipeline::Gallery> gallery = pipeline::Gallery::Load(path);
  if (absl::IsNotFound(gallery.status())) return pipeline::Gallery();
  return gallery;
}

bool SameFile(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return a == b || fs::equivalent(a, b, ignored);
}

StatusOr<std::vector<Person>> ReadPeople(const EnrollCommand& command) {
  if (!command.people.empty()) {
    if (!command.name.empty() || !command.images.empty()) {
      return UsageError("--people names everybody: leave --name and IMAGE out");
    }
    return ListPeople(command.people);
  }
  if (command.name.empty() || command.images.empty()) {
    return UsageError("expected --name NAME and at least one IMAGE, or --people FOLDER");
  }
  for (auto it = command.images.begin(); it != command.images.end(); ++it) {
    const auto same = [&](const std::string& other) { return SameFile(*it, other); };
    if (std::any_of(command.images.begin(), it, same)) {
      return UsageError("'" + *it + "' is given twice: it would count twice");
    }
  }
  return std::vector<Person>{{command.name, command.images}};
}

std::string Counted(std::size_t count, const char* one, const char* many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// Puts people into a gallery, photograph by photograph.
class Enrolment {
 public:
  Enrolment(pipeline::Enroller& enroller, pipeline::Gallery gallery, bool skip_bad)
      : enroller_(enroller), gallery_(std::move(gallery)), skip_bad_(skip_bad) {}

  Status Add(const Person& person) {
    const int before = PhotographsOf(person.name);
    for (const std::string& image : person.images) {
      const Status added = AddPhotograph(person.name, image);
      if (!added.ok() && !skip_bad_) return added;
      if (!added.ok()) Tell("skipped", std::string(added.message()));
    }
    const int more = PhotographsOf(person.name) - before;
    photographs_ += static_cast<std::size_t>(more);
    people_ += more > 0 ? 1 : 0;
    if (more == 0) Tell("warning", "no photograph of '" + person.name + "' could be used");
    if (more > 0 && before > 0) {
      absl::StrAppend(&known_before_, person.name, ": known by ",
                      Counted(static_cast<std::size_t>(before), "photograph", "photographs"),
                      " before, ", more, " more\n");
    }
    return OkStatus();
  }

  Status Save(const std::string& path) const {
    if (photographs_ == 0) {
      return InvalidArgument("nobody was enrolled, '", path, "' is left as it was");
    }
    PLUMB_RETURN_IF_ERROR(gallery_.Save(path));
    std::printf("%s%s: %s of %s added, %s in it\n", known_before_.c_str(), path.c_str(),
                Counted(photographs_, "photograph", "photographs").c_str(),
                Counted(people_, "person", "people").c_str(),
                Counted(gallery_.entries().size(), "person", "people").c_str());
    return OkStatus();
  }

 private:
  static void Tell(const char* what, const std::string& message) {
    std::fprintf(stderr, "plumb: %s: %s\n", what, message.c_str());
  }

  int PhotographsOf(const std::string& name) const {
    for (const pipeline::GalleryEntry& entry : gallery_.entries()) {
      if (entry.name == name) return entry.photographs;
    }
    return 0;
  }

  Status AddPhotograph(const std::string& name, const std::string& image) {
    PLUMB_ASSIGN_OR_RETURN(const pipeline::PhotographedFace face, enroller_.Embed(image));
    if (face.faces > 1) {
      Tell("warning", absl::StrCat("'", image, "' shows ", face.faces,
                                   " faces: the largest was taken for '", name, "'"));
    }
    return gallery_.Add(name, static_cast<int>(face.unit.size()), face.unit);
  }

  pipeline::Enroller& enroller_;
  pipeline::Gallery gallery_;
  const bool skip_bad_;
  std::size_t photographs_ = 0, people_ = 0;
  std::string known_before_;  // lines on those who got more photographs, told once they are saved
};

Status Execute(const EnrollCommand& command) {
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Person> people, ReadPeople(command));
  std::string file = command.pipeline;
  if (file.empty()) {
    PLUMB_ASSIGN_OR_RETURN(file, pipeline::FindFacesPipeline());
  }
  PLUMB_ASSIGN_OR_RETURN(const pipeline::PipelineSpec spec, pipeline::LoadPipelineFile(file));
  PLUMB_ASSIGN_OR_RETURN(pipeline::Gallery gallery, LoadOrBegin(command.gallery));
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  ThreadPool pool(target.cores);
  PLUMB_ASSIGN_OR_RETURN(const std::unique_ptr<pipeline::Enroller> enroller,
                         pipeline::Enroller::Create(spec, target, &pool));
  Enrolment enrolment(*enroller, std::move(gallery), command.skip_bad);
  for (const Person& person : people) PLUMB_RETURN_IF_ERROR(enrolment.Add(person));
  return enrolment.Save(command.gallery);
}

}  // namespace

void AddEnroll(CLI::App& app, Action* action) {
  auto command = std::make_shared<EnrollCommand>();
  CLI::App* sub = app.add_subcommand("enroll", "Add known faces to a gallery");
  sub->add_option("GALLERY", command->gallery, "gallery file; made when it is missing")->required();
  sub->add_option("IMAGE", command->images,
                  "photographs of one person; where one shows several, the largest face");
  sub->add_option(
         "--name", command->name,
         "whose photographs these are; photographs of a name that is known are added to it")
      ->check([](const std::string& name) {
        const bool blank = name.find_first_not_of(" \t\r\n") == std::string::npos;
        return std::string(blank ? "expected a name, got nothing" : "");
      });
  sub->add_option("--people", command->people,
                  "folder with a folder of photographs for each person, named after them");
  sub->add_option("--pipeline", command->pipeline,
                  "pipeline file whose stages make the vectors (default: apps/faces/faces.yaml)");
  sub->add_flag(
      "--skip-bad", command->skip_bad,
      "leave out photographs that cannot be read or show no face; an error when none is left");
  sub->footer("Example: plumb enroll gallery.json --name Ada ada1.jpg ada2.jpg");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
