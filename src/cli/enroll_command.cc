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

Status Execute(const EnrollCommand& command) {
  std::vector<Person> people;
  if (!command.people.empty()) {
    if (!command.name.empty() || !command.images.empty()) {
      return UsageError("--people names everybody: leave --name and IMAGE out");
    }
    PLUMB_ASSIGN_OR_RETURN(people, ListPeople(command.people));
  } else {
    if (command.name.empty() || command.images.empty()) {
      return UsageError("expected --name NAME and at least one IMAGE, or --people FOLDER");
    }
    people.push_back({command.name, command.images});
  }
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
  int photographs = 0;
  for (const Person& person : people) {
    for (const std::string& image : person.images) {
      const StatusOr<std::vector<float>> vector = enroller->Embed(image);
      if (!vector.ok() && command.skip_bad) {
        std::fprintf(stderr, "plumb: skipped: %s\n",
                     std::string(vector.status().message()).c_str());
        continue;
      }
      PLUMB_RETURN_IF_ERROR(vector.status());
      PLUMB_RETURN_IF_ERROR(gallery.Add(person.name, static_cast<int>(vector->size()), *vector));
      ++photographs;
    }
  }
  PLUMB_RETURN_IF_ERROR(gallery.Save(command.gallery));
  std::printf("%s: %d photographs of %zu people added, %zu people in it\n", command.gallery.c_str(),
              photographs, people.size(), gallery.entries().size());
  return OkStatus();
}

}  // namespace

void AddEnroll(CLI::App& app, Action* action) {
  auto command = std::make_shared<EnrollCommand>();
  CLI::App* sub = app.add_subcommand("enroll", "Add known faces to a gallery");
  sub->add_option("GALLERY", command->gallery, "gallery file; made when it is missing")->required();
  sub->add_option("IMAGE", command->images, "photographs of one person");
  sub->add_option("--name", command->name, "whose photographs these are");
  sub->add_option("--people", command->people,
                  "folder with a folder of photographs for each person, named after them");
  sub->add_option("--pipeline", command->pipeline,
                  "pipeline file whose stages make the vectors (default: apps/faces/faces.yaml)");
  sub->add_flag("--skip-bad", command->skip_bad,
                "leave out photographs that cannot be read or show no face");
  sub->footer("Example: plumb enroll gallery.json --name Ada ada1.jpg ada2.jpg");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
