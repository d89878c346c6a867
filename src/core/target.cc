#include "core/target.h"

#include <cstdlib>

#include "core/check.h"
#include "core/processor.h"
#include "core/system_limits.h"

namespace plumb {
namespace {

Isa HighestIsa() {
  const Processor& processor = ThisProcessor();
  if (processor.avx512) return Isa::kAvx512;
  return processor.avx2 ? Isa::kAvx2 : Isa::kScalar;
}

bool HasAmx() { return ThisProcessor().amx_bf16 || ThisProcessor().amx_int8; }

Target FullTarget() {
  const Processor& processor = ThisProcessor();
  Target target;
  target.isa = HighestIsa();
  target.avx_vnni = processor.avx_vnni;
  target.avx512_vnni = processor.avx512_vnni;
  target.avx512_bf16 = processor.avx512_bf16;
  target.amx_bf16 = processor.amx_bf16;
  target.amx_int8 = processor.amx_int8;
  if (processor.l1_bytes > 0) target.l1_bytes = processor.l1_bytes;
  if (processor.l2_bytes > 0) target.l2_bytes = processor.l2_bytes;
  if (processor.l3_bytes > 0) target.l3_bytes = processor.l3_bytes;
  target.cores = UsableCores();
  target.processor = processor.name;
  return target;
}

Target Lowered(Target target, Isa isa) {
  target.isa = isa;
  target.amx_bf16 = false;
  target.amx_int8 = false;
  if (isa < Isa::kAvx512) {
    target.avx512_vnni = false;
    target.avx512_bf16 = false;
  }
  if (isa < Isa::kAvx2) target.avx_vnni = false;
  return target;
}

std::string AvailableNames() {
  std::string names;
  for (Isa isa : AvailableIsas()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", Str(IsaName(isa)));
  }
  if (HasAmx()) names += ", amx";
  return names;
}

Status NotAvailable(const std::string& name) {
  return Unimplemented("PLUMB_ISA=", name, ": this machine has no ", name,
                       "; available: ", AvailableNames());
}

}  // namespace

std::string_view IsaName(Isa isa) {
  switch (isa) {
    case Isa::kScalar: return "scalar";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
  }
  PLUMB_CHECK(false, "instruction set ", static_cast<int>(isa));
  return {};
}

int Target::vector_floats() const { return isa == Isa::kAvx512 ? 16 : isa == Isa::kAvx2 ? 8 : 1; }

std::vector<Isa> AvailableIsas() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (isa <= HighestIsa()) isas.push_back(isa);
  }
  return isas;
}

Target TargetFor(Isa isa) {
  PLUMB_CHECK(isa <= HighestIsa(), Str(IsaName(isa)), " is not available");
  return Lowered(FullTarget(), isa);
}

StatusOr<Target> HostTarget() {
  const char* variable = std::getenv("PLUMB_ISA");
  if (variable == nullptr || *variable == '\0') return FullTarget();
  const std::string name = variable;
  for (Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (name != IsaName(isa)) continue;
    if (isa > HighestIsa()) return NotAvailable(name);
    return TargetFor(isa);
  }
  if (name == "amx" && HasAmx()) return FullTarget();
  if (name == "amx" || name == "neon") return NotAvailable(name);
  return InvalidArgument("PLUMB_ISA=", name,
                         ": unknown instruction set; available: ", AvailableNames());
}

}  // namespace plumb
