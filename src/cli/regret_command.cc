// plumb regret: how good the choice of kernels is on this machine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>

#include <unistd.h>

#include "cli/command.h"
#include "cli/number_check.h"
#include "cli/table.h"
#include "core/target.h"
#include "lab/search_regret.h"

namespace plumb::cli {
namespace {

struct RegretCommand {
  lab::RegretOptions options;
  bool each = false;
  Format format = Format::kTable;
};

Row Summary(const char* choice, const std::vector<double>& regrets) {
  Row row;
  row["choice"] = choice;
  row["problems"] = regrets.size();
  row["median"] = lab::QuantileOf(regrets, 0.5);
  row["p95"] = lab::QuantileOf(regrets, 0.95);
  row["worst"] = *std::max_element(regrets.begin(), regrets.end());
  return row;
}

Row RowOf(const lab::RegretFigures& figures) {
  Row row;
  row["problem"] = figures.problem;
  row["kernels"] = figures.candidates;
  row["fastest"] = figures.fastest;
  row["ms"] = figures.fastest_seconds * 1e3;
  row["predicted"] = figures.predicted;
  row["predicted_regret"] = figures.predicted_regret;
  row["tuned"] = figures.tuned;
  row["tuned_regret"] = figures.tuned_regret;
  return row;
}

Status Execute(const RegretCommand& command) {
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  const bool shown = isatty(STDERR_FILENO) == 1;
  const auto progress = [&](int done) {
    if (!shown) return;
    std::fprintf(stderr, "\r\033[K%d of %d problems", done, command.options.problems);
    if (done == command.options.problems) std::fprintf(stderr, "\r\033[K");
    std::fflush(stderr);
  };
  PLUMB_ASSIGN_OR_RETURN(const std::vector<lab::RegretFigures> figures,
                         lab::MeasureRegret(target, command.options, progress));
  std::vector<Row> rows;
  std::vector<double> predicted, tuned;
  for (const lab::RegretFigures& one : figures) {
    rows.push_back(RowOf(one));
    predicted.push_back(one.predicted_regret);
    tuned.push_back(one.tuned_regret);
  }
  if (command.each) {
    std::fputs(FormatRows(rows, command.format).c_str(), stdout);
    if (command.format == Format::kTable) std::fputs("\n", stdout);
  }
  const std::vector<Row> summary = {Summary("predicted", predicted), Summary("tuned", tuned)};
  std::fputs(FormatRows(summary, command.format).c_str(), stdout);
  return OkStatus();
}

}  // namespace

void AddRegret(CLI::App& app, Action* action) {
  auto command = std::make_shared<RegretCommand>();
  lab::RegretOptions& options = command->options;
  CLI::App* sub = app.add_subcommand("regret", "How good the choice of kernels is on this machine");
  sub->add_option("--problems", options.problems,
                  "convolutions and matrix products to draw (default 200)")
      ->check(WholeNumber(1, 100000));
  sub->add_option("--seed", options.seed, "that they are drawn from (default 1)")
      ->check(WholeNumber(0, std::numeric_limits<std::int64_t>::max()));
  sub->add_option("--seconds", options.seconds,
                  "for timing all kernels of one problem (default 0.1)")
      ->check(NumberBetween(0, 60));
  sub->add_flag("--each", command->each, "a row for every problem too");
  DeclareFormat(sub, &command->format);
  sub->footer(
      "Regret: the time of what was chosen over that of the fastest kernel there is, the two "
      "timed\n"
      "in turns, on one thread; `predicted` is the cost model's choice, `tuned` that of `plumb "
      "tune`.\n"
      "Example: plumb regret --problems 200 --seed 7 --each");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
