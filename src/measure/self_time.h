// Places spans in the tree that their parents make, and works out self times: a span's stretch less
// its children's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "measure/record.h"

namespace plumb::measure {

struct Interval {
  std::int64_t begin = 0, end = 0;
};

// The parts of `whole` that no child covers; children may overlap and stick out. Appends to
// `parts`.
void AppendUncovered(Interval whole, std::vector<Interval> children, std::vector<Interval>* parts);

// Length of the union. Reorders its argument.
std::int64_t UnionLength(std::vector<Interval>* intervals);

// A span with what follows from its place among the others. Index i is of span i of the run.
struct SpanPlace {
  std::int32_t parent = -1;
  NameId stage = 0;       // the nearest stage of the graph at or above it, or else its own `where`
  bool outermost = true;  // no span above belongs to the same stage
  std::int64_t self_ns = 0;
  std::int64_t wait_ns = 0;  // waiting in the span and below it
  std::int64_t cpu_ns =
      kUnset;  // without that of waiting children; kUnset when nothing was measured
  std::int32_t first_self = 0, last_self = 0;  // half-open range of SpanTree::self
};

struct SpanTree {
  std::vector<SpanPlace> places;
  std::vector<Interval> self;  // the stretches of self time

  std::span<const Interval> SelfOf(const SpanPlace& place) const {
    return {self.data() + place.first_self, self.data() + place.last_self};
  }
};

// Parents are looked up in the same trace first, then by an id that is unique in the run; spans
// whose parent is missing, or whose parents make a circle, stand at the top.
SpanTree LinkSpans(const Run& run);

}  // namespace plumb::measure
