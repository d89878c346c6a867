#include "ops/attention_patterns.h"

#include <deque>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace plumb::ops {
namespace {

// Where exporters scale: nowhere, the scores, the queries, the keys, or both by a root.
struct Scaling {
  std::string_view name, inputs, scale, queries, keys, scores;
};
constexpr Scaling kScalings[] = {
    {"queries and keys times", ", c, d", "  scale = Mul(c, d)\n", "  q = Mul(Q, c)\n",
     "  k = Mul(K, d)\n", ""},
    {"queries and keys over", ", c, d",
     "  cd = Mul(c, d)\n  one = const f32[] {1}\n  scale = Div(one, cd)\n", "  q = Div(Q, c)\n",
     "  k = Div(K, d)\n", ""},
    {"queries times", ", scale", "", "  q = Mul(Q, scale)\n", "", ""},
    {"queries over", ", c", "  one = const f32[] {1}\n  scale = Div(one, c)\n", "  q = Div(Q, c)\n",
     "", ""},
    {"keys times", ", scale", "", "", "  k = Mul(K, scale)\n", ""},
    {"keys over", ", c", "  one = const f32[] {1}\n  scale = Div(one, c)\n", "",
     "  k = Div(K, c)\n", ""},
    {"scores times", ", scale", "", "", "", "  scaled = Mul(scores, scale)\n"},
    {"scores over", ", c", "  one = const f32[] {1}\n  scale = Div(one, c)\n", "", "",
     "  scaled = Div(scores, c)\n"},
    {"no scale", "", "", "", "", ""},
};

std::string PatternText(const Scaling& scaling, bool masked) {
  const bool computed = !scaling.scale.empty();
  const std::string_view scores = scaling.scores.empty() ? "scores" : "scaled";
  return absl::StrCat("graph attention(Q, K, V", masked ? ", mask" : "", Str(scaling.inputs),
                      ") -> (y", computed ? ", scale" : "", ") {\n", Str(scaling.scale),
                      Str(scaling.queries), Str(scaling.keys), "  scores = MatMul(",
                      scaling.queries.empty() ? "Q" : "q", ", ", scaling.keys.empty() ? "K" : "k",
                      ")\n", Str(scaling.scores),
                      masked ? absl::StrCat("  masked = Add(", Str(scores), ", mask)\n") : "",
                      "  weights = Softmax(", masked ? "masked" : Str(scores), ") {axis = -1}\n",
                      "  y = MatMul(weights, V)\n}");
}

}  // namespace

std::vector<Pattern> AttentionPatterns() {
  static const std::deque<std::string> texts = [] {
    std::deque<std::string> all;
    for (const Scaling& scaling : kScalings) {
      for (const bool masked : {true, false}) all.push_back(PatternText(scaling, masked));
    }
    return all;
  }();
  std::vector<Pattern> patterns;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    patterns.push_back({kScalings[i / 2].name, texts[i]});
  }
  return patterns;
}

}  // namespace plumb::ops
