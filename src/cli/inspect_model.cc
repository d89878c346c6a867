#include <cstdio>
#include <optional>

#include "cli/inspect.h"
#include "core/format.h"
#include "engine/outline.h"
#include "lab/model_facts.h"
#include "onnx/import.h"
#include "ops/ops.h"

namespace plumb::cli {
namespace {

// Everything that is printed of a model.
struct Inspection {
  std::string path;
  LoadedModel loaded;
  lab::GraphFacts file;  // before any pass
  std::vector<Shape> shapes;
  engine::Outline outline;
  lab::PlanFacts plan;
  std::vector<lab::PlannedStep> steps;
  std::vector<lab::PlannedAtRun> at_run;
  std::optional<double> replan_ms;

  const Graph& graph() const { return loaded.graph(); }
};

StatusOr<Inspection> Inspect(const ModelOptions& options) {
  Inspection result;
  result.path = options.path;
  PLUMB_ASSIGN_OR_RETURN(const Graph file, onnx::ImportFile(options.path, ops::AllOps()));
  result.file = lab::FactsOf(file);
  PLUMB_ASSIGN_OR_RETURN(result.loaded, LoadModel(options));
  PLUMB_ASSIGN_OR_RETURN(result.shapes, options.InputShapes(result.graph()));
  PLUMB_ASSIGN_OR_RETURN(result.outline, engine::OutlineOf(result.loaded.model, result.shapes));
  result.plan = lab::FactsOf(result.outline, result.shapes);
  result.steps = lab::StepsOf(result.outline);
  result.at_run = lab::PlannedAtRunOf(result.outline);
  PLUMB_RETURN_IF_ERROR(result.loaded.session->Prepare(result.shapes));
  result.replan_ms = lab::ReplanMs(*result.loaded.session, result.shapes);
  return result;
}

Row ValueRows(const Graph& graph, const std::vector<ValueId>& values) {
  Row list = Row::array();
  for (ValueId v : values) {
    const Value& value = graph.value(v);
    list.push_back({{"name", value.name}, {"type", lab::TypeText(graph, value.info)}});
  }
  return list;
}

Row SummaryRow(const Inspection& model) {
  Row row;
  row["model"] = model.path;
  row["inputs"] = ValueRows(model.graph(), model.graph().inputs());
  row["outputs"] = ValueRows(model.graph(), model.graph().outputs());
  row["operators"] = model.file.operators;
  row["nodes"] = model.file.nodes;
  row["params"] = model.file.params;
  row["macs"] = model.plan.macs;
  row["steps"] = model.plan.steps;
  row["segments"] = model.plan.segments;
  row["planned_at_run"] = Row::array();
  for (const lab::PlannedAtRun& rest : model.at_run) {
    row["planned_at_run"].push_back(
        {{"body", rest.body}, {"after", rest.after}, {"nodes", rest.nodes}});
  }
  row["arena_bytes"] = model.plan.arena_bytes;
  row["peak_live_bytes"] = model.plan.peak_live_bytes;
  row["run_bytes"] = model.plan.run_bytes;
  row["packed_bytes"] = model.loaded.model->packed_bytes();
  row["constant_bytes"] = model.loaded.model->constant_bytes();
  row["movement_bytes_before"] = model.plan.movement_bytes_before;
  row["movement_bytes"] = model.plan.movement_bytes;
  row["reorder_bytes"] = model.plan.reorder_bytes;
  if (model.replan_ms) row["replan_ms"] = *model.replan_ms;
  return row;
}

std::vector<Row> StepRows(const Inspection& model) {
  std::vector<Row> rows;
  for (const auto& [body, info] : model.steps) {
    Row row;
    row["step"] = info.name;
    row["body"] = body;
    row["operator"] = info.op;
    row["shape"] = info.shape;
    row["macs"] = static_cast<std::int64_t>(info.cost.macs);
    row["moved_bytes"] = static_cast<std::int64_t>(info.moved_bytes);
    row["algorithm"] = info.algorithm;
    row["why"] = info.why;
    rows.push_back(row);
  }
  return rows;
}

// The same for people: a step of a body is named below it, counts have a unit.
std::vector<Row> StepTable(const Inspection& model) {
  std::vector<Row> rows = StepRows(model);
  for (Row& row : rows) {
    const std::string body = row["body"];
    if (!body.empty()) row["step"] = body + "/" + row["step"].get<std::string>();
    Row shown;
    for (const auto& [key, value] : row.items()) {
      if (key == "body") continue;
      if (key == "macs") {
        shown["mmacs"] = value.get<double>() * 1e-6;
      } else if (key == "moved_bytes") {
        shown["moved_kb"] = value.get<double>() / 1024;
      } else {
        shown[key] = value;
      }
    }
    row = shown;
  }
  return rows;
}

void PrintModel(const Inspection& model) {
  const Graph& graph = model.graph();
  std::printf("model    %s\n", model.path.c_str());
  const auto list = [&](const char* what, const std::vector<ValueId>& values) {
    for (ValueId v : values) {
      std::printf("%-8s %s %s\n", what, graph.value(v).name.c_str(),
                  lab::TypeText(graph, graph.value(v).info).c_str());
    }
  };
  list("input", graph.inputs());
  list("output", graph.outputs());
  std::printf("params   %s\n", FormatCount(static_cast<double>(model.file.params)).c_str());
  std::printf("macs     %s (these shapes%s)\n",
              FormatCount(static_cast<double>(model.plan.macs)).c_str(),
              model.outline.bodies.empty() ? "" : ", each body once");
  std::string operators;
  for (const auto& [name, count] : model.file.operators) {
    operators += (operators.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  }
  std::printf("nodes    %lld: %s\n", static_cast<long long>(model.file.nodes), operators.c_str());
  if (model.replan_ms) std::printf("replan   %.3f ms for another batch size\n", *model.replan_ms);
}

void PrintPlan(const Inspection& model) {
  const lab::PlanFacts& plan = model.plan;
  std::printf("\nplan     %lld steps", static_cast<long long>(plan.steps));
  if (plan.segments > 1) std::printf(" in %lld segments", static_cast<long long>(plan.segments));
  if (!model.shapes.empty()) std::printf(" for the shapes");
  for (const Shape& shape : model.shapes) std::printf(" %s", shape.ToString().c_str());
  std::printf(
      "\nmemory   %s for runs: arena %s, live at most %s; packed weights %s, constants %s\n",
      FormatBytes(plan.run_bytes).c_str(), FormatBytes(plan.arena_bytes).c_str(),
      FormatBytes(plan.peak_live_bytes).c_str(),
      FormatBytes(model.loaded.model->packed_bytes()).c_str(),
      FormatBytes(model.loaded.model->constant_bytes()).c_str());
  std::printf(
      "movement %s if every operator of data movement copied, %s as planned; "
      "memory order changes %s\n\n",
      FormatBytes(plan.movement_bytes_before).c_str(), FormatBytes(plan.movement_bytes).c_str(),
      FormatBytes(plan.reorder_bytes).c_str());
  std::fputs(FormatRows(StepTable(model), Format::kTable).c_str(), stdout);
  if (!model.at_run.empty()) std::printf("\n");
  for (const lab::PlannedAtRun& rest : model.at_run) {
    const std::string where = rest.body.empty() ? "" : " of " + rest.body;
    const std::string when =
        rest.after.empty() ? "a run enters it" : "node '" + rest.after + "' has run";
    std::printf("%lld %s%s planned when %s\n", static_cast<long long>(rest.nodes),
                rest.nodes == 1 ? "node" : "nodes",
                (where + (rest.nodes == 1 ? " is" : " are")).c_str(), when.c_str());
  }
}

}  // namespace

Status InspectModel(const ModelOptions& options, Format format) {
  PLUMB_ASSIGN_OR_RETURN(const Inspection model, Inspect(options));
  if (format == Format::kJson) {
    std::fputs(FormatRows({SummaryRow(model)}, format).c_str(), stdout);
    std::fputs(FormatRows(StepRows(model), format).c_str(), stdout);
    return OkStatus();
  }
  PrintModel(model);
  PrintPlan(model);
  return OkStatus();
}

}  // namespace plumb::cli
