// The models that a mix of precisions is chosen from: what each computes, and how long it takes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lab/calibrate.h"
#include "lab/mix_precisions.h"

namespace plumb::lab {

using Precisions = std::vector<DType>;  // by layer

class MixModels {
 public:
  // Calibrates, and runs the samples in fp32. `options` and `runner` outlive it.
  static StatusOr<MixModels> Make(const Graph& graph, const MixOptions& options,
                                  const SampleRunner& runner);

  std::vector<MixedLayer>& layers() { return layers_; }
  const std::vector<MixedLayer>& layers() const { return layers_; }
  Graph& fp32() { return model_.graph; }
  std::vector<std::string> OutputsWithoutFloats() const;

  // The type for every layer that has a form in it, fp32 for the rest.
  Precisions All(DType type) const;
  // The graph with its layers in these precisions.
  StatusOr<Graph> GraphOf(const Precisions& precisions) const;

  struct Errors {
    double largest = 0;  // max |narrow - fp32| / max |fp32|, of the worst sample
    double rms = 0;
  };
  // Over the first samples, of the output that is farthest off. Outputs whose sizes depend on data
  // and part count as infinitely far. `what` is for the progress; "": none.
  StatusOr<Errors> ErrorsOf(const Graph& graph, std::int64_t samples, std::string_view what) const;

  // Milliseconds of a run, median.
  StatusOr<double> TimeOf(const Graph& graph) const;
  // Fills the times of the layers' forms from a model that is all of this type. A layer that is
  // part of another step has none: it stays fp32.
  Status TimeLayers(const Graph& graph, DType type);

  StatusOr<std::vector<Shape>> Shapes() const;  // of the inputs of a sample

 private:
  MixModels(const MixOptions& options, const SampleRunner& runner)
      : options_(options), runner_(runner) {}
  Status RunReference();
  StatusOr<std::vector<Tensor>> ExpectedOf(std::int64_t sample) const;  // in fp32
  void ListLayers();

  const MixOptions& options_;
  const SampleRunner& runner_;
  CalibratedModel model_;
  std::unique_ptr<engine::Session> reference_;
  std::vector<std::vector<Tensor>> expected_;  // of the first samples
  std::vector<MixedLayer> layers_;
};

}  // namespace plumb::lab
