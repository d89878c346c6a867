#include "ops/einsum_equation.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "core/shape.h"

namespace plumb::ops {
namespace {

// A term as keys: letters as themselves, the k-th dimension from the right of "..." as -1 - k.
using Keys = std::vector<int>;

struct Term {
  Keys before, after;
  bool ellipsis = false;
};

StatusOr<Term> ParseTerm(std::string_view text) {
  Term term;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ') continue;
    if (c == '.') {
      if (text.substr(i, 3) != "..." || term.ellipsis) {
        return InvalidArgument("term '", Str(text), "' has a stray '.', expected '...' once");
      }
      term.ellipsis = true;
      i += 2;
      continue;
    }
    if (!std::isalpha(static_cast<unsigned char>(c))) {
      return InvalidArgument("term '", Str(text), "' has '", std::string(1, c),
                             "', expected letters and '...'");
    }
    (term.ellipsis ? term.after : term.before).push_back(c);
  }
  return term;
}

// With `broadcast` dimensions in place of "...".
Keys Expanded(const Term& term, int broadcast) {
  Keys keys = term.before;
  if (term.ellipsis) {
    for (int k = broadcast - 1; k >= 0; --k) keys.push_back(-1 - k);
  }
  keys.insert(keys.end(), term.after.begin(), term.after.end());
  return keys;
}

std::vector<std::string_view> SplitTerms(std::string_view text) {
  std::vector<std::string_view> terms;
  while (true) {
    const std::size_t comma = text.find(',');
    terms.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return terms;
    text.remove_prefix(comma + 1);
  }
}

Keys ImplicitResult(const std::vector<Keys>& operands, int broadcast) {
  std::map<int, int> count;
  for (const Keys& keys : operands) {
    for (const int key : keys) ++count[key];
  }
  Keys result;
  for (int k = broadcast - 1; k >= 0; --k) result.push_back(-1 - k);
  for (const auto& [key, times] : count) {
    if (key >= 0 && times == 1) result.push_back(key);
  }
  return result;
}

}  // namespace

StatusOr<EinsumEquation> ParseEinsum(std::string_view equation, const std::vector<int>& ranks) {
  const std::size_t arrow = equation.find("->");
  const std::vector<std::string_view> texts = SplitTerms(equation.substr(0, arrow));
  if (texts.size() != ranks.size()) {
    return InvalidArgument("equation '", Str(equation), "' has ", texts.size(),
                           " terms, expected one for each of ", ranks.size(), " inputs");
  }
  std::vector<Keys> operands;
  int broadcast = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(const Term term, ParseTerm(texts[i]));
    const int named = static_cast<int>(term.before.size() + term.after.size());
    const int extra = ranks[i] - named;
    if (extra < 0 || (extra > 0 && !term.ellipsis)) {
      return InvalidArgument("term '", Str(texts[i]), "' names ", named, " dimensions, input ", i,
                             " has ", ranks[i]);
    }
    operands.push_back(Expanded(term, extra));
    broadcast = std::max(broadcast, extra);
  }
  Keys result;
  if (arrow == std::string_view::npos) {
    result = ImplicitResult(operands, broadcast);
  } else {
    PLUMB_ASSIGN_OR_RETURN(const Term term, ParseTerm(equation.substr(arrow + 2)));
    result = Expanded(term, broadcast);
  }
  std::map<int, int> numbers;
  std::set<int> known;
  for (const Keys& keys : operands) known.insert(keys.begin(), keys.end());
  EinsumEquation parsed;
  for (const int key : result) {
    if (!known.contains(key) || numbers.contains(key)) {
      return InvalidArgument("equation '", Str(equation), "' has a result with label '",
                             std::string(1, static_cast<char>(key)), "' ",
                             known.contains(key) ? "twice" : "that no input has");
    }
    numbers.emplace(key, static_cast<int>(numbers.size()));
  }
  parsed.result_rank = static_cast<int>(result.size());
  for (const Keys& keys : operands) {
    std::vector<int> labels;
    for (const int key : keys) {
      labels.push_back(numbers.emplace(key, static_cast<int>(numbers.size())).first->second);
    }
    parsed.operands.push_back(std::move(labels));
  }
  parsed.labels = static_cast<int>(numbers.size());
  if (parsed.labels > kMaxRank) {
    return Unimplemented("equation '", Str(equation), "' has ", parsed.labels, " labels; at most ",
                         kMaxRank, " are supported");
  }
  return parsed;
}

}  // namespace plumb::ops
