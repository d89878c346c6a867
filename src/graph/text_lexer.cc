#include "graph/text_lexer.h"

#include "graph/text_name.h"

namespace plumb {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  StatusOr<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    do {
      SkipSpace();
      token_ = {Token::kEnd, "", line_, static_cast<int>(at_ - line_start_) + 1};
      PLUMB_RETURN_IF_ERROR(Next());
      tokens.push_back(token_);
    } while (token_.kind != Token::kEnd);
    return tokens;
  }

 private:
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void SkipSpace() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
        if (at_ == text_.size()) return;
      }
      if (text_[at_] == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  Status Next() {
    if (at_ >= text_.size()) return OkStatus();
    const char c = Peek();
    if (c == '"') return String();
    if (c == '-' && Peek(1) == '>') {
      token_.kind = Token::kSymbol;
      token_.text = "->";
      at_ += 2;
      return OkStatus();
    }
    if (IsDigit(c) || c == '-' || c == '+') return Number();
    if (c == '?' || c == '$' || (IsNameCharacter(c) && c != '.')) {
      token_.kind = Token::kName;
      do {
        token_.text += text_[at_++];
      } while (IsNameCharacter(Peek()));
      return OkStatus();
    }
    if (std::string_view("(){}[],=:*").find(c) != std::string_view::npos) {
      token_.kind = Token::kSymbol;
      token_.text = c;
      ++at_;
      return OkStatus();
    }
    return ErrorAt(token_, absl::StrCat("unexpected character ", QuotedText(std::string(1, c))));
  }

  Status Number() {
    token_.kind = Token::kNumber;
    if (!IsDigit(Peek())) token_.text += text_[at_++];  // the sign
    while (IsNameCharacter(Peek()) || ((Peek() == '-' || Peek() == '+') && IsExponent())) {
      token_.text += text_[at_++];
    }
    if (token_.text.size() == 1 && !IsDigit(token_.text[0])) {
      return ErrorAt(token_, "a number is expected after its sign");
    }
    return OkStatus();
  }
  // A sign goes on with the number only after its 'e'.
  bool IsExponent() const {
    const char last = token_.text.empty() ? '\0' : token_.text.back();
    return (last == 'e' || last == 'E') && IsDigit(Peek(1));
  }

  Status String() {
    token_.kind = Token::kString;
    ++at_;
    while (Peek() != '"' || at_ >= text_.size()) {
      if (at_ >= text_.size() || Peek() == '\n')
        return ErrorAt(token_, "text without its end quote");
      char c = text_[at_++];
      if (c == '\\') {
        const char escape = Peek();
        ++at_;
        const int high = HexDigit(Peek());
        const int low = HexDigit(Peek(1));
        if (escape == 'n') {
          c = '\n';
        } else if (escape == '"' || escape == '\\') {
          c = escape;
        } else if (escape == 'x' && high >= 0 && low >= 0) {
          c = static_cast<char>(high * 16 + low);
          at_ += 2;
        } else {
          return ErrorAt(token_,
                         "unknown escape in text; expected \\\" \\\\ \\n or \\x and two digits");
        }
      }
      token_.text += c;
    }
    ++at_;
    return OkStatus();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  Token token_;
};

}  // namespace

StatusOr<std::vector<Token>> SplitIntoTokens(std::string_view text) { return Lexer(text).Run(); }

Status ErrorAt(const Token& token, const std::string& message) {
  return InvalidArgument("line ", token.line, ", column ", token.column, ": ", message);
}

}  // namespace plumb
