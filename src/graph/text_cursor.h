// Reads tokens one after the other, and the constants among them. Private to this room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "graph/text_lexer.h"

namespace plumb {

class TokenCursor {
 public:
  // Literals that write no elements out may take `generated_bytes` in all.
  explicit TokenCursor(std::vector<Token> tokens, std::int64_t generated_bytes = 0)
      : tokens_(std::move(tokens)), generated_bytes_(generated_bytes) {}

  const Token& Peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& Previous() const { return tokens_[at_ == 0 ? 0 : at_ - 1]; }
  Token Take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }

  bool AtSymbol(std::string_view text) const {
    return Peek().kind == Token::kSymbol && Peek().text == text;
  }
  bool AtWord(std::string_view word) const {
    return Peek().kind == Token::kName && Peek().text == word;
  }
  bool TakeSymbol(std::string_view text);
  bool TakeWord(std::string_view word);
  Status Expect(std::string_view symbol);
  // A bare or quoted name; `what` is told in the error.
  StatusOr<std::string> Name(std::string_view what);
  StatusOr<std::int64_t> Integer(std::string_view what);
  Status Error(const std::string& message) const { return ErrorAt(Peek(), message); }

  // "{1, 2}", "zeros", "seed(7)" or hex "0a".
  StatusOr<Tensor> Literal(DType dtype, const Shape& shape);

 private:
  StatusOr<Tensor> Generated(DType dtype, const Shape& shape, const Token& start);
  StatusOr<Tensor> Elements(DType dtype, const Shape& shape);
  StatusOr<Tensor> Hex(DType dtype, const Shape& shape);
  Status Seeded(Tensor& tensor);

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::int64_t generated_bytes_;  // that are left
};

// The literal of a tensor, as Literal reads it; a digest beyond max_elements unless `full`.
std::string LiteralText(const Tensor& tensor, std::int64_t max_elements, bool full);
std::string FloatText(float value);  // always with a point, an exponent, inf or nan
// Reads a whole number token; false when it is not one of type T.
bool ReadNumber(const std::string& text, std::int64_t& value);
bool ReadNumber(const std::string& text, float& value);

}  // namespace plumb
