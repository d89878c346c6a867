// Where values are while a segment is planned: in memory with strides, or as regions of others that
// nobody has copied yet.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/region.h"
#include "engine/memory_plan.h"
#include "graph/graph.h"
#include "runtime/program.h"

namespace plumb::engine {

enum class Layout : std::uint8_t { kRowMajor, kChannelsLast };

// Element strides of a dense tensor in a layout. Channels-last needs rank 3 to 5 and puts axis 1
// innermost; other ranks are row-major.
Strides LayoutStrides(Layout layout, const Shape& shape);

// One piece of memory that steps read and write: an arena buffer, a constant, an input or output of
// the program.
struct Memory {
  runtime::Place place = runtime::Place::kNull;
  int index = 0;              // of constants, inputs or outputs
  std::int64_t bytes = 0;     // arena buffers
  int first = -1, last = -1;  // steps that touch it
  int holders = 0;            // values alive that are in it
};

struct Located {
  int memory = -1;          // index into Places::memories
  std::int64_t offset = 0;  // elements
  Strides strides;
};

struct ValuePlace {
  enum class Kind : std::uint8_t { kNone, kMemory, kRegions };
  Kind kind = Kind::kNone;
  bool reserved = false;        // placed before its producer was planned
  Located at;                   // kMemory
  std::vector<Region> regions;  // kRegions: sources are memories, destination packed row-major
  std::vector<Located> copies;  // other memory orders made for some consumer
};

// Book-keeping of one plan; a plain table with the rules of who holds what.
class Places {
 public:
  std::vector<Memory> memories;
  std::vector<ValuePlace> values;  // by ValueId

  explicit Places(int num_values) : values(static_cast<std::size_t>(num_values)) {}

  int AddMemory(runtime::Place place, int index, std::int64_t bytes = 0);
  // The value is (also) there; holds the memory.
  void PutInMemory(ValueId value, const Located& at);
  void PutInRegions(ValueId value, std::vector<Region> regions);
  void AddCopy(ValueId value, const Located& at);
  // Nobody reads the value any more.
  void Release(ValueId value);
  // `step` reads or writes the memory.
  void Touch(int memory, int step);

  ValuePlace& of(ValueId value) { return values[static_cast<std::size_t>(value)]; }

 private:
  void Hold(const ValuePlace& place, int change);
};

}  // namespace plumb::engine
