// The figures of a run as text: a table of stages, then latency, throughput, AI share and tax, and
// the gain of a faster AI part; or one JSON object a line for scripts.
#pragma once

#include <string>

#include "measure/analysis.h"

namespace plumb::measure {

// Factors that tables show: 2, 4, 8, 16, infinity.
std::vector<double> AiFactors();

std::string AnalysisTable(const Analysis& analysis);

// {"stage":...} for each stage, {"run":...} once, {"ai_factor":...} for each factor.
std::string AnalysisJson(const Analysis& analysis);

}  // namespace plumb::measure
