#include "engine/tuning_database.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/file_io.h"
#include "core/hash.h"

namespace plumb::engine {
namespace {

// Changes whenever kernels change so that what was measured before says nothing any more.
constexpr int kKernelVersion = 3;
constexpr std::int64_t kMaxFileBytes = 8 << 20;
constexpr std::size_t kKeyDigits = 16;

std::string CheckOf(std::string_view line) { return absl::StrFormat("%016x", Fnv1a(line)); }

bool ParseSeconds(const std::string& text, double* seconds) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *seconds);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(*seconds) &&
         *seconds >= 0;
}

std::string LineOf(const std::string& key, const TunedKernel& kernel) {
  const std::string line = absl::StrCat(key, "\t", AnswerText(kernel));
  return absl::StrCat(line, "\t", CheckOf(line), "\n");
}

// False: not a line that LineOf wrote.
bool ParseLine(const std::string& text, std::string* key, TunedKernel* kernel) {
  const std::size_t tab = text.rfind('\t');
  if (tab == std::string::npos || text.substr(tab + 1) != CheckOf({text.data(), tab})) return false;
  const std::vector<std::string> fields = absl::StrSplit(text.substr(0, tab), '\t');
  if (fields.size() != 5 || fields[0].size() != kKeyDigits || fields[2].empty()) return false;
  *key = fields[0];
  kernel->name = fields[2];
  kernel->next = fields[4];
  return ParseSeconds(fields[1], &kernel->seconds) &&
         ParseSeconds(fields[3], &kernel->next_seconds);
}

}  // namespace

std::string AnswerText(const std::optional<TunedKernel>& kernel) {
  if (!kernel) return "";
  return absl::StrFormat("%.4g\t%s\t%.4g\t%s", kernel->seconds, kernel->name, kernel->next_seconds,
                         kernel->next);
}

TuningDatabase::TuningDatabase(std::string path) : path_(std::move(path)) { ReadInto(path_); }

std::shared_ptr<TuningDatabase> TuningDatabase::Open(const Target& target) {
  const StatusOr<std::string> folder = CacheDirectory();
  return std::make_shared<TuningDatabase>(folder.ok() ? PathFor(*folder, target) : std::string());
}

std::string TuningDatabase::PathFor(const std::string& cache_folder, const Target& target) {
  const std::string what = absl::StrCat(
      kKernelVersion, "\n", target.processor, "\n", Str(IsaName(target.isa)), target.avx_vnni,
      target.avx512_vnni, target.avx512_bf16, target.amx_bf16, target.amx_int8, "\n",
      target.l1_bytes, " ", target.l2_bytes, " ", target.l3_bytes);
  return absl::StrFormat("%s/tuning/%016x.txt", cache_folder, Fnv1a(what));
}

// What is there already is newer than what the file says.
void TuningDatabase::ReadInto(const std::string& path) {
  const StatusOr<std::string> text = ReadFile(path, kMaxFileBytes);
  if (!text.ok()) return;
  std::vector<std::string> read;
  for (const auto line : absl::StrSplit(*text, '\n')) {
    std::string key;
    TunedKernel kernel;
    if (!ParseLine(std::string(line), &key, &kernel)) continue;
    if (kernels_.emplace(key, std::move(kernel)).second) read.push_back(key);
  }
  order_.insert(order_.begin(), read.begin(), read.end());
}

std::optional<TunedKernel> TuningDatabase::Find(const std::string& key) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = kernels_.find(key);
  if (found == kernels_.end()) return std::nullopt;
  return found->second;
}

void TuningDatabase::Insert(const std::string& key, TunedKernel kernel) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool is_new = kernels_.insert_or_assign(key, std::move(kernel)).second;
  if (!is_new) order_.erase(std::find(order_.begin(), order_.end(), key));
  order_.push_back(key);
}

std::size_t TuningDatabase::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return kernels_.size();
}

Status TuningDatabase::Save() {
  if (path_.empty()) return CacheDirectory().status();
  const std::lock_guard<std::mutex> lock(mutex_);
  ReadInto(path_);
  const std::size_t too_many = order_.size() - std::min(order_.size(), kMaxEntries);
  for (std::size_t i = 0; i < too_many; ++i) kernels_.erase(order_[i]);
  order_.erase(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(too_many));
  std::string text;
  for (const std::string& key : order_) text += LineOf(key, kernels_.at(key));
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path_.substr(0, path_.rfind('/'))));
  return WriteFileAtomically(path_, text);
}

}  // namespace plumb::engine
