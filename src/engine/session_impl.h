// What a Session holds and does. Runs of a model that is one segment without state, on the caller's
// memory, are in session.cc; segment_run.cc runs everything else: several segments, the nodes
// between them that no plan can hold, states, profiles.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/arena_pool.h"
#include "engine/input_check.h"
#include "engine/plan_cache.h"
#include "engine/session.h"

namespace plumb::engine {

struct Session::Impl {
  std::shared_ptr<Model> model;
  ThreadPool* pool;
  PlanCache cache;
  ArenaPool arenas;
  std::mutex state_mutex;
  std::map<std::string, Tensor> states;
  std::mutex body_mutex;
  std::map<std::pair<NodeId, int>, std::unique_ptr<Session>> bodies;
  std::vector<ValueId> sources;  // inputs, captures, state reads: what a run begins with

  using Environment = std::vector<Tensor>;  // by value; undefined where nothing is known

  Impl(std::shared_ptr<Model> m, ThreadPool* p) : model(std::move(m)), pool(p) {
    const Graph& graph = model->graph();
    sources = graph.inputs();
    sources.insert(sources.end(), graph.captures().begin(), graph.captures().end());
    for (const State& state : graph.states()) {
      sources.push_back(state.read);
      states[state.name] = state.initial;
    }
  }

  bool whole(const Segment& segment) const { return segment.end == model->order().size(); }
  // The program alone computes everything: no string among the outputs, which no arena holds.
  bool complete(const Segment& segment) const {
    return whole(segment) && segment.outputs.size() ==
                                 model->graph().outputs().size() + model->graph().states().size();
  }

  // session.cc
  StatusOr<std::shared_ptr<const Segment>> WholePlan(std::span<const InputType> types);
  Status RunWhole(const Segment& segment, const RunOptions& options,
                  std::span<const TensorView> inputs, std::span<const TensorView> outputs);

  // segment_run.cc
  StatusOr<std::shared_ptr<const Segment>> MakePlan(std::size_t begin,
                                                    std::span<const ValueId> available,
                                                    std::span<const InputType> types,
                                                    const Environment* elements);
  StatusOr<std::vector<Tensor>> RunGeneral(std::vector<Tensor> inputs, const RunOptions& options);
  StatusOr<std::shared_ptr<const Segment>> PlanFrom(std::size_t begin, const Environment& env);
  Status RunSegment(const std::shared_ptr<const Segment>& segment, const RunOptions& options,
                    Environment* env);
  Status RunHostNode(NodeId id, const RunOptions& options, Environment* env);
  Session& Body(NodeId id, int index, std::shared_ptr<Model> body);
  std::vector<ValueId> AvailableAt(std::size_t begin, const Environment& env) const;
  void Record(const std::shared_ptr<const Segment>& segment, std::span<const std::int64_t> times,
              StepProfile* profile) const;
};

// Kernels know no names: the step that ended a run is named here. Host steps name themselves.
Status NameStep(const Status& status, const Segment& segment, int failed);

}  // namespace plumb::engine
