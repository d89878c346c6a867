// Uses the installed headers and libraries as a program outside the tree does.
#include <cstdio>

#include "pipeline/pipeline_file.h"

int main(int argc, char** argv) {
  const auto spec = plumb::pipeline::LoadPipelineFile(argc > 1 ? argv[1] : "pipeline.yaml");
  if (!spec.ok()) {
    std::fprintf(stderr, "%s\n", spec.status().ToString().c_str());
    return 1;
  }
  std::printf("%zu stages\n", spec->stages.size());
  return 0;
}
