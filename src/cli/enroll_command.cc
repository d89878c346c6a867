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
#include "pipeline/enrolment.h"

namespace plumb::cli {
namespace {

namespace fs = std::filesystem;

struct EnrollCommand {
  std::string gallery, name, people, pipeline;
  std::vector<std::string> images;
  bool skip_bad = false;
};

StatusOr<pipeline::Gallery> LoadOrBegin(const std::string& path) {
  StatusOr<pipeline::Gallery> gallery = pipeline::Gallery::Load(path);
  if (absl::IsNotFound(gallery.status())) return pipeline::Gallery();
  return gallery;
}

bool SameFile(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return a == b || fs::equivalent(a, b, ignored);
}

StatusOr<std::vector<pipeline::Person>> ReadPeople(const EnrollCommand& command) {
  if (!command.people.empty()) {
    if (!command.name.empty() || !command.images.empty()) {
      return UsageError("--people names everybody: leave --name and IMAGE out");
    }
    return pipeline::ListPeople(command.people);
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
  return std::vector<pipeline::Person>{{command.name, command.images}};
}

std::string Counted(std::size_t count, const char* one, const char* many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

void Tell(const char* what, const std::string& message) {
  std::fprintf(stderr, "plumb: %s: %s\n", what, message.c_str());
}

// What was done, once it is saved.
void Print(const pipeline::Enrolment& enrolment, const std::string& path) {
  for (const auto& [name, photographs] : enrolment.known_before()) {
    std::printf(
        "%s: known by %s before, %d more\n", name.c_str(),
        Counted(static_cast<std::size_t>(photographs.before), "photograph", "photographs").c_str(),
        photographs.more);
  }
  std::printf("%s: %s of %s added, %s in it\n", path.c_str(),
              Counted(enrolment.photographs(), "photograph", "photographs").c_str(),
              Counted(enrolment.people(), "person", "people").c_str(),
              Counted(enrolment.gallery().entries().size(), "person", "people").c_str());
}

Status Execute(const EnrollCommand& command) {
  PLUMB_ASSIGN_OR_RETURN(const std::vector<pipeline::Person> people, ReadPeople(command));
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
  pipeline::Enrolment enrolment(*enroller, std::move(gallery), command.skip_bad, Tell);
  for (const pipeline::Person& person : people) PLUMB_RETURN_IF_ERROR(enrolment.Add(person));
  PLUMB_RETURN_IF_ERROR(enrolment.Save(command.gallery));
  Print(enrolment, command.gallery);
  return OkStatus();
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
