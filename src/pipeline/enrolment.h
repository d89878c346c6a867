// Puts people into a gallery, photograph by photograph.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/status.h"
#include "pipeline/enroller.h"
#include "pipeline/gallery.h"

namespace plumb::pipeline {

struct Person {
  std::string name;
  std::vector<std::string> images;  // paths of photographs
};

// A folder with a folder of photographs for each person, named after them. Errors name the folder.
StatusOr<std::vector<Person>> ListPeople(const std::string& folder);

class Enrolment {
 public:
  // What a user should know meanwhile: ("warning" or "skipped", a sentence).
  using Tell = std::function<void(const char* what, const std::string& message)>;
  struct Photographs {
    int before = 0, more = 0;
  };

  // skip_bad: photographs that cannot be used are told and left out. `enroller` outlives this.
  Enrolment(Enroller& enroller, Gallery gallery, bool skip_bad, Tell tell)
      : enroller_(enroller),
        gallery_(std::move(gallery)),
        skip_bad_(skip_bad),
        tell_(std::move(tell)) {}

  Status Add(const Person& person);
  // An error when nobody was added: the file is left as it was.
  Status Save(const std::string& path) const;

  std::size_t photographs() const { return photographs_; }  // added
  std::size_t people() const { return people_; }            // who got some
  const Gallery& gallery() const { return gallery_; }
  // Those of them whom the gallery knew, with their names.
  const std::vector<std::pair<std::string, Photographs>>& known_before() const {
    return known_before_;
  }

 private:
  int PhotographsOf(const std::string& name) const;
  Status AddPhotograph(const std::string& name, const std::string& image);

  Enroller& enroller_;
  Gallery gallery_;
  const bool skip_bad_;
  const Tell tell_;
  std::size_t photographs_ = 0, people_ = 0;
  std::vector<std::pair<std::string, Photographs>> known_before_;
};

}  // namespace plumb::pipeline
