// plumb inspect: what a model is and how it is planned; with --cpu, what this machine can do.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/table.h"
#include "core/clock.h"
#include "core/format.h"
#include "kernels/peak/bandwidth.h"
#include "kernels/peak/peak.h"
#include "onnx/import.h"
#include "ops/ops.h"

namespace plumb::cli {
namespace {

struct InspectCommand {
  ModelOptions model;
  bool cpu = false;
  std::string not_for_cpu;  // the first option that --cpu has no use for
  Format format = Format::kTable;
};

Status InspectCpu(Format format) {
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  std::vector<Row> rows;
  const auto add = [&](const std::string& what, int threads, double value, const char* unit) {
    Row row;
    row["ceiling"] = what;
    row["threads"] = threads;
    row["value"] = value;
    row["unit"] = unit;
    rows.push_back(row);
  };
  if (format == Format::kTable) {
    std::printf("%s, %d usable cores, %s\n", target.processor.c_str(), target.cores,
                Str(IsaName(target.isa)).c_str());
    std::printf("caches: L1 %s, L2 %s per core, L3 %s\n\n", FormatBytes(target.l1_bytes).c_str(),
                FormatBytes(target.l2_bytes).c_str(), FormatBytes(target.l3_bytes).c_str());
  }
  for (Isa isa : AvailableIsas()) {
    if (isa > target.isa) continue;
    add("fma fp32 " + Str(IsaName(isa)), 1, kernels::MeasureFmaPeak(isa, 0.05), "GFLOP/s");
  }
  ThreadPool pool(target.cores);
  for (const kernels::Bandwidth& b : kernels::MeasureBandwidth(target, &pool)) {
    const std::string level = kernels::LevelName(b.level);
    add("read " + level, b.threads, b.read * 1e-9, "GB/s");
    add("write " + level, b.threads, b.write * 1e-9, "GB/s");
    add("copy " + level, b.threads, b.copy * 1e-9, "GB/s");
  }
  std::fputs(FormatRows(rows, format).c_str(), stdout);
  return OkStatus();
}

// Totals over a graph as the file has it, before any pass.
struct ModelFacts {
  double params = 0;
  double macs = 0;
  std::map<std::string, int> operators;
  int nodes = 0;
};

ModelFacts FactsOf(const Graph& graph) {
  ModelFacts facts;
  for (ValueId v = 0; v < graph.num_values(); ++v) {
    if (graph.IsConstant(v) && IsFloating(graph.value(v).constant.dtype())) {
      facts.params += static_cast<double>(graph.value(v).constant.num_elements());
    }
  }
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (graph.node(id).erased) continue;
    ++facts.operators[std::string(graph.node(id).op->name)];
    ++facts.nodes;
  }
  return facts;
}

Row Summary(const InspectCommand& command, LoadedModel& loaded, const ModelFacts& facts,
            const engine::Segment& segment) {
  double macs = 0;
  for (const engine::StepInfo& step : segment.steps) macs += step.cost.macs;
  const Graph& graph = loaded.graph();
  const auto values = [&graph](const std::vector<ValueId>& ids) {
    Row list = Row::array();
    for (ValueId v : ids) {
      list.push_back(
          {{"name", graph.value(v).name}, {"type", lab::TypeText(graph, graph.value(v).info)}});
    }
    return list;
  };
  Row row;
  row["model"] = command.model.path;
  row["inputs"] = values(graph.inputs());
  row["outputs"] = values(graph.outputs());
  row["operators"] = facts.operators;
  row["nodes"] = facts.nodes;
  row["params"] = facts.params;
  row["macs"] = macs;
  row["steps"] = segment.steps.size();
  row["arena_bytes"] = segment.program.arena_bytes;
  row["peak_live_bytes"] = segment.peak_live_bytes;
  row["packed_bytes"] = loaded.model->packed_bytes();
  row["constant_bytes"] = loaded.model->constant_bytes();
  row["movement_bytes_before"] = segment.movement_bytes_before;
  row["movement_bytes"] = segment.movement_bytes;
  row["reorder_bytes"] = segment.reorder_bytes;
  return row;
}

std::vector<Row> StepRows(const engine::Segment& segment) {
  std::vector<Row> rows;
  for (const engine::StepInfo& step : segment.steps) {
    Row row;
    row["step"] = step.name;
    row["operator"] = step.op;
    row["shape"] = step.shape;
    row["mmacs"] = step.cost.macs * 1e-6;
    row["moved_kb"] = step.moved_bytes / 1024;
    row["algorithm"] = step.algorithm;
    row["why"] = step.why;
    rows.push_back(row);
  }
  return rows;
}

// Milliseconds that planning takes for a shape the model was not planned for yet (the batch one
// larger), kernels being chosen and weights packed. Nothing when the model has no open batch.
std::optional<double> ReplanMs(LoadedModel& loaded, std::vector<Shape> shapes) {
  const Graph& graph = loaded.graph();
  bool open = false;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto& dims = graph.value(graph.inputs()[i]).info.dims;
    if (!dims || dims->empty() || (*dims)[0].is_constant()) continue;
    shapes[i][0] += 1;
    open = true;
  }
  const std::int64_t begin = NowNanos();
  if (!open || !loaded.session->Prepare(shapes).ok()) return std::nullopt;
  return static_cast<double>(NowNanos() - begin) * 1e-6;
}

void PrintTable(const InspectCommand& command, LoadedModel& loaded, const ModelFacts& facts,
                const engine::Segment& segment, std::optional<double> replan_ms) {
  const Graph& graph = loaded.graph();
  std::printf("model    %s\n", command.model.path.c_str());
  for (ValueId v : graph.inputs()) {
    std::printf("input    %s %s\n", graph.value(v).name.c_str(),
                lab::TypeText(graph, graph.value(v).info).c_str());
  }
  for (ValueId v : graph.outputs()) {
    std::printf("output   %s %s\n", graph.value(v).name.c_str(),
                lab::TypeText(graph, graph.value(v).info).c_str());
  }
  double macs = 0;
  for (const engine::StepInfo& step : segment.steps) macs += step.cost.macs;
  std::printf("params   %s\n", FormatCount(facts.params).c_str());
  std::printf("macs     %s (these shapes)\n", FormatCount(macs).c_str());
  std::string operators;
  for (const auto& [name, count] : facts.operators) {
    operators += (operators.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  }
  std::printf("nodes    %d: %s\n", facts.nodes, operators.c_str());
  if (replan_ms) std::printf("replan   %.3f ms for another batch size\n", *replan_ms);
  std::printf("\nplan     %zu steps for the shapes", segment.steps.size());
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    std::printf(" %s",
                ConcreteShape(*segment.infos[static_cast<std::size_t>(graph.inputs()[i])].dims)
                    ->ToString()
                    .c_str());
  }
  std::printf("\nmemory   arena %s, live at most %s; packed weights %s, constants %s\n",
              FormatBytes(segment.program.arena_bytes).c_str(),
              FormatBytes(segment.peak_live_bytes).c_str(),
              FormatBytes(loaded.model->packed_bytes()).c_str(),
              FormatBytes(loaded.model->constant_bytes()).c_str());
  std::printf(
      "movement %s if every operator of data movement copied, %s as planned; "
      "memory order changes %s\n\n",
      FormatBytes(static_cast<std::int64_t>(segment.movement_bytes_before)).c_str(),
      FormatBytes(static_cast<std::int64_t>(segment.movement_bytes)).c_str(),
      FormatBytes(static_cast<std::int64_t>(segment.reorder_bytes)).c_str());
  std::fputs(FormatRows(StepRows(segment), Format::kTable).c_str(), stdout);
  const auto& order = loaded.model->order();
  if (segment.end < order.size()) {
    const Node& node = graph.node(order[segment.end]);
    std::printf("\nthe rest is planned after node '%s' (%s) has run\n", node.name.c_str(),
                Str(node.op->name).c_str());
  }
}

Status Execute(const InspectCommand& command) {
  if (!command.not_for_cpu.empty()) {
    return UsageError("--cpu measures this machine, " + command.not_for_cpu +
                      " is not for it: leave one of them out");
  }
  if (command.cpu) return InspectCpu(command.format);
  if (command.model.path.empty()) return UsageError("expected MODEL, or --cpu for this machine");
  PLUMB_ASSIGN_OR_RETURN(const Graph file, onnx::ImportFile(command.model.path, ops::AllOps()));
  const ModelFacts facts = FactsOf(file);
  PLUMB_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(command.model));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> shapes,
                         command.model.InputShapes(loaded.graph()));
  PLUMB_ASSIGN_OR_RETURN(const std::shared_ptr<const engine::Segment> segment,
                         loaded.session->FirstSegment(shapes));
  const std::optional<double> replan_ms = ReplanMs(loaded, shapes);
  if (command.format == Format::kJson) {
    std::vector<Row> rows = StepRows(*segment);
    Row summary = Summary(command, loaded, facts, *segment);
    if (replan_ms) summary["replan_ms"] = *replan_ms;
    rows.insert(rows.begin(), summary);
    std::fputs(FormatRows(rows, command.format).c_str(), stdout);
    return OkStatus();
  }
  PrintTable(command, loaded, facts, *segment, replan_ms);
  return OkStatus();
}

}  // namespace

void AddInspect(CLI::App& app, Action* action) {
  auto command = std::make_shared<InspectCommand>();
  CLI::App* sub = app.add_subcommand(
      "inspect", "A model's inputs, operators, plan and memory; --cpu: the machine's ceilings");
  command->model.Declare(sub);
  sub->get_option("MODEL")->required(false);
  command->model.DeclareBatch(sub);
  sub->add_flag("--cpu", command->cpu, "measure this machine instead (a few seconds)");
  DeclareFormat(sub, &command->format);
  sub->footer("Example: plumb inspect shufflenet.onnx");
  sub->callback([command, action, sub] {
    for (const CLI::Option* option : sub->get_options()) {
      const std::string name = option->get_name();
      if (command->cpu && command->not_for_cpu.empty() && option->count() > 0 && name != "--cpu" &&
          name != "--format") {
        command->not_for_cpu = name;
      }
    }
    *action = [command] { return Execute(*command); };
  });
}

}  // namespace plumb::cli
