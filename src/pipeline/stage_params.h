// The parameters of a stage as a pipeline file gives them, read with checks: each getter says what
// it expects, the first problem is kept, and Finish() also finds keys that nobody asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/status.h"

namespace plumb::pipeline {

// Where values come from: a pipeline file, or an option of a command line.
struct ParamOrigin {
  std::string name;    // begins messages: "faces.yaml", "--set match.threshold=0.5"
  std::string folder;  // what relative paths are relative to; empty: the working folder
  bool is_file = true;
};

// A piece of a pipeline file: a scalar, a list or a mapping, with the place where it stands.
struct ParamNode {
  enum class Form { kScalar, kList, kMap };
  // Not inline: a pair asks whether its types have one before the pair itself is complete.
  ParamNode();

  Form form = Form::kScalar;
  std::shared_ptr<const ParamOrigin> origin;  // never null in what was parsed
  int line = 0;                               // of a file, from 1
  std::string text;
  std::vector<ParamNode> items;
  std::vector<std::pair<std::string, ParamNode>> members;  // in the order of the file

  const ParamNode* Find(std::string_view key) const;
  ParamNode* Find(std::string_view key);
  // "faces.yaml:12", or the option.
  std::string Place() const;
};

// "'a'; did you mean 'b'?" when one of `known` is close to `word`, else "'a'; expected a, b or c".
std::string Suggest(std::string_view word, const std::vector<std::string>& known);

class StageParams {
 public:
  // `where` stands in every message behind the place: "faces.yaml:12: stage 'detect': ...". `node`
  // outlives this and is a map.
  StageParams(const ParamNode& node, std::string where);

  std::int64_t Int(std::string_view key, std::int64_t otherwise, std::int64_t low,
                   std::int64_t high);
  double Number(std::string_view key, double otherwise, double low, double high);
  bool Flag(std::string_view key, bool otherwise);
  std::string Text(std::string_view key, std::string_view otherwise);
  std::string RequiredText(std::string_view key);
  std::string Choice(std::string_view key, std::string_view otherwise,
                     const std::vector<std::string>& choices);
  // A path: absolute, or relative to the folder of its file; one of a command line is relative to
  // the working folder. Required.
  std::string Path(std::string_view key);
  // The path of a file that the stage writes: absolute, or relative to the output folder of the run
  // and inside of it. Required.
  std::string OutputPath(std::string_view key);
  // A number given by the key itself or, where the key KEY_file names a JSON file instead, by the
  // member `member` of that; exactly one of the two keys may stand.
  double NumberOrFile(std::string_view key, std::string_view member, double otherwise, double low,
                      double high);
  // One number stands for `count` equal ones; otherwise exactly `count` (0: any number) are
  // expected.
  std::vector<double> Numbers(std::string_view key, std::vector<double> otherwise,
                              std::size_t count);
  std::vector<std::string> Texts(std::string_view key);
  // The items of a list of mappings, each to be read and finished by the caller; `what` names them
  // in messages. Empty when the key is missing.
  std::vector<StageParams> List(std::string_view key, std::string_view what);
  bool Has(std::string_view key) const { return node_.Find(key) != nullptr; }

  // A problem that the caller found with the value of `key`.
  void Fail(std::string_view key, const std::string& problem);
  // A problem that a part of it had: a status of its own Finish().
  void FailWith(const Status& status);
  // The first problem of any getter, or a key that none has asked for.
  Status Finish();
  void Ignore(std::string_view key) { Asked(key); }

 private:
  const ParamNode* Asked(std::string_view key);
  const ParamNode* Scalar(std::string_view key);
  void FailAt(const ParamNode& node, const std::string& problem);
  double ToNumber(std::string_view key, const ParamNode& node);

  const ParamNode& node_;
  std::string where_;
  std::vector<std::string> asked_;
  Status status_;
};

}  // namespace plumb::pipeline
