#include <algorithm>
#include <cstdio>

#include "cli/inspect.h"
#include "core/format.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "kernels/peak/bandwidth.h"
#include "kernels/peak/peak.h"

namespace plumb::cli {
namespace {

// Instruction sets up to the one that is used, and the extensions beside them.
std::vector<std::string> InstructionSets(const Target& target) {
  std::vector<std::string> names;
  for (Isa isa : AvailableIsas()) {
    if (isa <= target.isa) names.emplace_back(IsaName(isa));
  }
  const std::pair<bool, const char*> extensions[] = {{target.avx_vnni, "avx_vnni"},
                                                     {target.avx512_vnni, "avx512_vnni"},
                                                     {target.avx512_bf16, "avx512_bf16"},
                                                     {target.amx_bf16, "amx_bf16"},
                                                     {target.amx_int8, "amx_int8"}};
  for (const auto& [there, name] : extensions) {
    if (there) names.emplace_back(name);
  }
  return names;
}

Row ProcessorRow(const Target& target) {
  Row row;
  row["processor"] = target.processor;
  row["cores"] = target.cores;
  row["isa"] = std::string(IsaName(target.isa));
  row["instruction_sets"] = InstructionSets(target);
  row["l1_bytes"] = target.l1_bytes;
  row["l2_bytes"] = target.l2_bytes;
  row["l3_bytes"] = target.l3_bytes;
  return row;
}

void PrintProcessor(const Target& target) {
  std::string sets;
  for (const std::string& name : InstructionSets(target)) {
    sets += (sets.empty() ? "" : " ") + name;
  }
  std::printf("%s, %d usable cores\n", target.processor.c_str(), target.cores);
  std::printf("instruction sets: %s\n", sets.c_str());
  std::printf("caches: L1 %s, L2 %s per core, L3 %s\n\n", FormatBytes(target.l1_bytes).c_str(),
              FormatBytes(target.l2_bytes).c_str(), FormatBytes(target.l3_bytes).c_str());
}

std::vector<Row> CeilingRows(const Target& target) {
  std::vector<Row> rows;
  const auto add = [&](const std::string& what, int threads, double value, const char* unit) {
    Row row;
    row["ceiling"] = what;
    row["threads"] = threads;
    row["value"] = value;
    row["unit"] = unit;
    rows.push_back(row);
  };
  ThreadPool pool(target.cores);
  const std::vector<kernels::Peak> peaks = kernels::PeaksOf(target);
  for (int threads = 1; threads <= target.cores; threads += std::max(1, target.cores - 1)) {
    for (const kernels::Peak& peak : peaks) {
      const bool integers = std::string_view(peak.type) == "int8";
      add(peak.name, threads, kernels::MeasurePeak(peak, &pool, threads, 0.05) * 1e-9,
          integers ? "GOP/s" : "GFLOP/s");
    }
  }
  for (const kernels::Bandwidth& b : kernels::MeasureBandwidth(target, &pool)) {
    const std::string level = kernels::LevelName(b.level);
    add("read " + level, b.threads, b.read * 1e-9, "GB/s");
    add("write " + level, b.threads, b.write * 1e-9, "GB/s");
    add("copy " + level, b.threads, b.copy * 1e-9, "GB/s");
  }
  return rows;
}

}  // namespace

Status InspectCpu(Format format) {
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  if (format == Format::kTable) {
    PrintProcessor(target);
  } else {
    std::fputs(FormatRows({ProcessorRow(target)}, format).c_str(), stdout);
  }
  std::fputs(FormatRows(CeilingRows(target), format).c_str(), stdout);
  return OkStatus();
}

}  // namespace plumb::cli
