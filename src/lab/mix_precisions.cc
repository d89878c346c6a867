#include "lab/mix_precisions.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "lab/bench.h"
#include "lab/mix_models.h"

namespace plumb::lab {
namespace {

constexpr std::int64_t kSensitivitySamples = 2;  // of a layer alone; whole models see all samples
constexpr int kTimingTurns = 5;
constexpr std::size_t kTakenBack = 32;  // layers that are tried narrower in the end, at most

// What a layer becomes when it is widened, and what that buys.
struct Widening {
  std::size_t layer = 0;
  DType to = DType::kFloat32;
  double ms_per_error = 0;  // added time over the square of the error that goes
};

class Mixer {
 public:
  Mixer(MixModels models, const MixOptions& options, const SampleRunner& runner)
      : options_(options), runner_(runner), models_(std::move(models)), layers_(models_.layers()) {}

  StatusOr<Mix> Run() {
    PLUMB_RETURN_IF_ERROR(MeasureSinglePrecisions());
    PLUMB_RETURN_IF_ERROR(FindMix());
    PLUMB_RETURN_IF_ERROR(TimeCandidates());
    return Choose();
  }

 private:
  struct Candidate {
    MixCandidate figures;
    Precisions precisions;
    Graph graph;
  };

  // --- what is measured -------------------------------------------------------------------------
  Status MeasureSinglePrecisions() {
    for (const auto& [name, type] :
         {std::pair{"fp32", DType::kFloat32}, std::pair{"bf16", DType::kBFloat16},
          std::pair{"int8", DType::kInt8}}) {
      const Precisions precisions = models_.All(type);
      if (type != DType::kFloat32 && precisions == models_.All(DType::kFloat32)) continue;
      Candidate candidate{{name, 0, 0}, precisions, {}};
      PLUMB_ASSIGN_OR_RETURN(candidate.graph, models_.GraphOf(precisions));
      PLUMB_ASSIGN_OR_RETURN(const MixModels::Errors errors,
                             models_.ErrorsOf(candidate.graph, runner_.samples.count, name));
      candidate.figures.error = errors.largest;
      rms_[type] = errors.rms;
      PLUMB_RETURN_IF_ERROR(models_.TimeLayers(candidate.graph, type));
      candidates_.push_back(std::move(candidate));
    }
    return OkStatus();
  }

  // The error that each layer makes alone, where it is worth asking for.
  Status MeasureSensitivities(DType type) {
    const std::int64_t samples = std::min(runner_.samples.count, kSensitivitySamples);
    const std::string what = type == DType::kInt8 ? "int8 layers" : "bf16 layers";
    const auto count = static_cast<std::int64_t>(layers_.size());
    for (std::int64_t i = 0; i < count; ++i) {
      MixedLayer& layer = layers_[static_cast<std::size_t>(i)];
      if (runner_.progress) runner_.progress(what, i, count);
      LayerForm& form = layer.form(type);
      if (!form.possible || layer.fp32.ms <= form.ms) continue;
      Precisions alone = models_.All(DType::kFloat32);
      alone[static_cast<std::size_t>(i)] = type;
      PLUMB_ASSIGN_OR_RETURN(const Graph graph, models_.GraphOf(alone));
      PLUMB_ASSIGN_OR_RETURN(const MixModels::Errors errors, models_.ErrorsOf(graph, samples, ""));
      form.error = errors.rms;
    }
    if (runner_.progress) runner_.progress(what, count, count);
    return OkStatus();
  }

  // The sum of their squares is what the whole model was seen to lose.
  void SpreadError(DType type) {
    double layers = 0;
    for (const MixedLayer& layer : layers_) layers += layer.form(type).possible ? 1 : 0;
    for (MixedLayer& layer : layers_) {
      if (layers > 0) layer.form(type).error = rms_[type] / std::sqrt(layers);
    }
  }

  double ErrorOf(std::string_view name) const {
    for (const Candidate& candidate : candidates_) {
      if (candidate.figures.name == name) return candidate.figures.error;
    }
    return 0;
  }

  // --- the search -------------------------------------------------------------------------------
  // The types that a mix may use. Where neighbours differ, values are converted between them and
  // steps fuse less, which the times of layers do not show: mixes of fewer types are tried too.
  using Types = std::vector<DType>;

  DType WidestOf(std::size_t i, const Types& types) const {
    for (const DType type : {DType::kFloat32, DType::kBFloat16}) {
      if (std::ranges::find(types, type) != types.end() && layers_[i].form(type).possible) {
        return type;
      }
    }
    return DType::kFloat32;  // a layer without a form in any of them
  }

  Precisions Fastest(const Types& types) const {
    Precisions precisions;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      DType best = WidestOf(i, types);
      for (const DType type : types) {
        const LayerForm& form = layers_[i].form(type);
        if (form.possible && form.ms < layers_[i].form(best).ms) best = type;
      }
      precisions.push_back(best);
    }
    return precisions;
  }

  // The wider precision that takes least time for the error it spares.
  Widening Cheapest(std::size_t i, DType from, DType widest) const {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const auto to = [&](DType type) {
      const LayerForm &narrow = layers_[i].form(from), &wide = layers_[i].form(type);
      const double gain = narrow.error * narrow.error - wide.error * wide.error;
      return Widening{i, type, gain > 0 ? (wide.ms - narrow.ms) / gain : kInfinity};
    };
    const Widening all_the_way = to(widest);
    const bool between = from == DType::kInt8 && widest == DType::kFloat32;
    if (!between || !layers_[i].bf16.possible) return all_the_way;
    const Widening half = to(DType::kBFloat16);
    return half.ms_per_error < all_the_way.ms_per_error ? half : all_the_way;
  }

  // Every step of the way from the fastest precisions to the widest, those that buy most error for
  // their time first.
  std::vector<Widening> Widenings(const Precisions& fastest, const Types& types) const {
    std::vector<Widening> all;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const DType widest = WidestOf(i, types);
      for (DType from = fastest[i]; from != widest; from = all.back().to) {
        all.push_back(Cheapest(i, from, widest));
      }
    }
    std::ranges::stable_sort(all, {}, &Widening::ms_per_error);
    return all;
  }

  // Says nothing of its progress: the search does.
  StatusOr<Candidate> TryMix(const Precisions& precisions) const {
    Candidate candidate{{"mix", 0, 0}, precisions, {}};
    PLUMB_ASSIGN_OR_RETURN(candidate.graph, models_.GraphOf(precisions));
    PLUMB_ASSIGN_OR_RETURN(const MixModels::Errors errors,
                           models_.ErrorsOf(candidate.graph, runner_.samples.count, ""));
    candidate.figures.error = errors.largest;
    return candidate;
  }

  // What is one precision throughout has been measured.
  void Keep(Candidate candidate) {
    const bool known = std::ranges::any_of(candidates_, [&](const Candidate& other) {
      return other.precisions == candidate.precisions;
    });
    if (!known) candidates_.push_back(std::move(candidate));
  }

  Status FindMix() {
    if (layers_.empty()) return OkStatus();
    const Types all = {DType::kInt8, DType::kBFloat16, DType::kFloat32};
    PLUMB_ASSIGN_OR_RETURN(const Candidate candidate, TryMix(Fastest(all)));
    const bool met = candidate.figures.error <= options_.max_error;
    if (!met) PLUMB_RETURN_IF_ERROR(MeasureErrorsOfLayers());
    std::optional<Candidate> best;
    Types types_of_best;
    for (const Types& types :
         {all, Types{DType::kInt8, DType::kBFloat16}, Types{DType::kInt8, DType::kFloat32},
          Types{DType::kBFloat16, DType::kFloat32}}) {
      std::optional<Candidate> found;
      if (met) {
        PLUMB_ASSIGN_OR_RETURN(found, TryMix(Fastest(types)));
        if (found->figures.error > options_.max_error) continue;
      } else {
        PLUMB_ASSIGN_OR_RETURN(found, Search(types));
        if (!found) continue;
      }
      PLUMB_ASSIGN_OR_RETURN(found->figures.ms, models_.TimeOf(found->graph));
      if (best && best->figures.ms <= found->figures.ms) continue;
      best = std::move(found);
      types_of_best = types;
    }
    if (!best) return OkStatus();
    if (met) {
      Keep(*std::move(best));
      return OkStatus();
    }
    PLUMB_ASSIGN_OR_RETURN(Candidate narrower, NarrowAgain(types_of_best, *best));
    PLUMB_ASSIGN_OR_RETURN(narrower.figures.ms, models_.TimeOf(narrower.graph));
    Keep(narrower.figures.ms < best->figures.ms ? std::move(narrower) : *std::move(best));
    return OkStatus();
  }

  Status MeasureErrorsOfLayers() {
    PLUMB_RETURN_IF_ERROR(MeasureSensitivities(DType::kInt8));
    if (ErrorOf("bf16") > options_.max_error) return MeasureSensitivities(DType::kBFloat16);
    SpreadError(DType::kBFloat16);
    return OkStatus();
  }

  // The fewest steps from the fastest mix of these types after which the error that is measured
  // stays below the bound.
  StatusOr<std::optional<Candidate>> Search(const Types& types) const {
    const Precisions fastest = Fastest(types);
    const std::vector<Widening> steps = Widenings(fastest, types);
    std::size_t low = 0, high = steps.size();
    std::optional<Candidate> found;
    for (std::int64_t tried = 0; low <= high; ++tried) {
      if (runner_.progress) {
        runner_.progress("mixes", tried, tried + std::bit_width(high - low + 1));
      }
      const std::size_t middle = low + (high - low) / 2;
      Precisions precisions = fastest;
      for (std::size_t k = 0; k < middle; ++k) precisions[steps[k].layer] = steps[k].to;
      PLUMB_ASSIGN_OR_RETURN(Candidate candidate, TryMix(precisions));
      if (candidate.figures.error > options_.max_error) {
        low = middle + 1;
        continue;
      }
      found = std::move(candidate);
      if (middle == 0) break;
      high = middle - 1;
    }
    return found;
  }

  // Errors of layers add up only roughly: takes back widenings, those that cost most time first, as
  // long as the measured error allows it.
  StatusOr<Candidate> NarrowAgain(const Types& types, const Candidate& from) const {
    const Precisions fastest = Fastest(types);
    Candidate mix{from.figures, from.precisions, from.graph.Clone()};
    const auto saved = [&](std::size_t i) {
      return layers_[i].form(mix.precisions[i]).ms - layers_[i].form(fastest[i]).ms;
    };
    std::vector<std::size_t> wide;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if (mix.precisions[i] != fastest[i]) wide.push_back(i);
    }
    std::ranges::stable_sort(wide, std::ranges::greater(), saved);
    const std::size_t tries = std::min(wide.size(), kTakenBack);
    for (std::size_t k = 0; k < tries; ++k) {
      if (runner_.progress) {
        runner_.progress("narrower", static_cast<std::int64_t>(k),
                         static_cast<std::int64_t>(tries));
      }
      // All the way, or half of it.
      std::vector<DType> narrower = {fastest[wide[k]]};
      const bool half = types.size() == 3 && fastest[wide[k]] == DType::kInt8 &&
                        layers_[wide[k]].bf16.possible &&
                        mix.precisions[wide[k]] == DType::kFloat32 &&
                        layers_[wide[k]].bf16.ms < layers_[wide[k]].fp32.ms;
      if (half) narrower.push_back(DType::kBFloat16);
      for (const DType type : narrower) {
        Precisions precisions = mix.precisions;
        precisions[wide[k]] = type;
        PLUMB_ASSIGN_OR_RETURN(Candidate candidate, TryMix(precisions));
        if (candidate.figures.error > options_.max_error) continue;
        mix = std::move(candidate);
        break;
      }
    }
    if (runner_.progress && tries > 0) {
      runner_.progress("narrower", static_cast<std::int64_t>(tries),
                       static_cast<std::int64_t>(tries));
    }
    return mix;
  }

  // In turns, so that all meet the same disturbances.
  Status TimeCandidates() {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, models_.Shapes());
    std::vector<std::unique_ptr<engine::Session>> sessions;
    std::vector<std::vector<double>> ms(candidates_.size());
    for (const Candidate& candidate : candidates_) {
      PLUMB_ASSIGN_OR_RETURN(auto session, runner_.Compile(candidate.graph));
      sessions.push_back(std::move(session));
    }
    BenchOptions bench;
    bench.seconds = options_.seconds / kTimingTurns;
    for (int turn = 0; turn < kTimingTurns; ++turn) {
      if (runner_.progress) runner_.progress("times", turn, kTimingTurns);
      for (std::size_t i = 0; i < sessions.size(); ++i) {
        PLUMB_ASSIGN_OR_RETURN(const BenchResult result, RunBench(*sessions[i], shapes, bench));
        ms[i].push_back(result.Ms(0.5));
      }
    }
    if (runner_.progress) runner_.progress("times", kTimingTurns, kTimingTurns);
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      std::ranges::sort(ms[i]);
      candidates_[i].figures.ms = ms[i][ms[i].size() / 2];
    }
    return OkStatus();
  }

  Mix Choose() {
    Mix mix;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const MixCandidate& figures = candidates_[i].figures;
      mix.candidates.push_back(figures);
      const bool meets = i == 0 || figures.error <= options_.max_error;
      if (meets && figures.ms < mix.candidates[mix.chosen].ms) mix.chosen = i;
    }
    Candidate& chosen = candidates_[mix.chosen];
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      layers_[i].precision = chosen.precisions[i];
      layers_[i].why = WhyNotNarrower(layers_[i], chosen.figures.name);
    }
    mix.unbounded = models_.OutputsWithoutFloats();
    mix.graph = std::move(chosen.graph);
    mix.fp32 = std::move(models_.fp32());
    mix.layers = std::move(layers_);
    return mix;
  }

  static std::string Milliseconds(double ms) { return absl::StrFormat("%.3g ms", ms); }

  static std::string WhyNotNarrower(const MixedLayer& layer, const std::string& model) {
    if (layer.precision == DType::kInt8) return "";
    const LayerForm& here = layer.form(layer.precision);
    const auto why = [&](const char* name, const LayerForm& form) {
      if (!form.possible) return absl::StrCat("no form in ", name, ", or left out");
      if (form.ms >= here.ms) {
        return absl::StrCat(name, " takes ", Milliseconds(form.ms), ", this ",
                            Milliseconds(here.ms));
      }
      if (model != "mix") return absl::StrCat("no mix was faster than all of ", model);
      if (!std::isfinite(form.error)) return absl::StrCat("not all numbers stay so in ", name);
      return absl::StrFormat("%s would add %.2g to the error", name, form.error);
    };
    if (model == "fp32" && (layer.int8.possible || layer.bf16.possible)) {
      return "no narrower model met the bound and was faster";
    }
    std::string text = why("int8", layer.int8);
    if (layer.precision == DType::kFloat32) text += "; " + why("bf16", layer.bf16);
    return text;
  }

  const MixOptions& options_;
  const SampleRunner& runner_;
  MixModels models_;
  std::vector<MixedLayer>& layers_;
  std::map<DType, double> rms_;  // of the outputs of single precisions
  std::vector<Candidate> candidates_;
};

}  // namespace

LayerForm& MixedLayer::form(DType type) {
  return type == DType::kInt8 ? int8 : type == DType::kBFloat16 ? bf16 : fp32;
}
const LayerForm& MixedLayer::form(DType type) const {
  return type == DType::kInt8 ? int8 : type == DType::kBFloat16 ? bf16 : fp32;
}

StatusOr<Mix> MixPrecisions(const Graph& graph, const MixOptions& options,
                            const SampleRunner& runner) {
  PLUMB_ASSIGN_OR_RETURN(MixModels models, MixModels::Make(graph, options, runner));
  return Mixer(std::move(models), options, runner).Run();
}

}  // namespace plumb::lab
