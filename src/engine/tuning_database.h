// What measuring found on this processor, remembered from run to run: for each problem the kernel
// that was fastest.
//
// One text file for each processor, feature set and version of the kernels; a line for each
// problem, with a checksum. It is a cache: lines that are damaged, and files that cannot be read,
// count as nothing known. Bounded; what was found first goes first.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/target.h"

namespace plumb::engine {

struct TunedKernel {
  std::string name;    // of the ops::KernelChoice
  double seconds = 0;  // of one call on one thread
  std::string next;    // the next best, "" where there was none
  double next_seconds = 0;
};

// The same text for what is the same in the file of a database; empty for nothing known.
std::string AnswerText(const std::optional<TunedKernel>& kernel);

// What a database was asked: the answers by problem.
using Consulted = std::map<std::string, std::string>;

// Thread-safe.
class TuningDatabase {
 public:
  static constexpr std::size_t kMaxEntries = 16384;

  // Reads what `path` holds. A file that is not there is an empty database.
  explicit TuningDatabase(std::string path);

  // That of the target in the folder of caches (CacheDirectory). Where there is no such folder it
  // is empty, and Save says why.
  static std::shared_ptr<TuningDatabase> Open(const Target& target);

  // The file for this target in the folder of caches: what is fast on one processor, or with one
  // set of instructions, says nothing about another.
  static std::string PathFor(const std::string& cache_folder, const Target& target);

  std::optional<TunedKernel> Find(const std::string& key) const;
  void Insert(const std::string& key, TunedKernel kernel);
  std::size_t size() const;

  // Writes the file anew, with what others put there meanwhile. Two that save at the same moment
  // may lose what one of them found. Errors name the path: no permission, no space.
  Status Save();

 private:
  void ReadInto(const std::string& path);

  std::string path_;
  mutable std::mutex mutex_;
  std::map<std::string, TunedKernel> kernels_;
  std::vector<std::string> order_;  // keys, the oldest first
};

}  // namespace plumb::engine
