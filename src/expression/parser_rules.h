// The parser of the language, by recursive descent: one method a rule of the grammar. Private to the parser's files:
// parser.cpp (programs, operators), parser_terms.cpp (terms), parser_structures.cpp (objects, definitions, patterns).
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "expression/lexer.h"
#include "expression/parser.h"

namespace gantry::expression {

constexpr std::size_t parameters_max = 64;

// Binding strength of binary operators, weakest first.
enum Strength : int { weakest = 1, assigning, either, both, comparing, adding, multiplying };
struct BinaryOperator;

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens) : text_(text), tokens_(std::move(tokens)) {}

  std::variant<NodePointer, CompileError> program();
  std::variant<NodePointer, CompileError> definitions();

 private:
  // Counts open recursion, so that hostile text can't exhaust the stack.
  struct Level {
    explicit Level(Parser& parser) : parser_(parser) { ++parser_.level_; }
    ~Level() { --parser_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    Parser& parser_;
  };

  const Token& peek(std::size_t ahead = 0) const {
    std::size_t index = std::min(at_ + ahead, tokens_.size() - 1);
    return tokens_[index];
  }
  Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool at_symbol(std::string_view symbol) const { return peek().kind == TokenKind::symbol && peek().text == symbol; }
  bool at_keyword(std::string_view word) const { return peek().kind == TokenKind::keyword && peek().text == word; }
  bool accept(std::string_view text);
  bool expect(std::string_view text, std::string_view where);

  NodePointer fail(std::size_t offset, std::string message);
  NodePointer unexpected(const std::string& expected);

  NodePointer node(Kind kind, std::size_t offset);
  // Null when a child is missing because of an earlier error, or when the tree gets too high.
  template <class... Children>
  NodePointer node(Kind kind, std::size_t offset, Children... children) {
    auto made = node(kind, offset);
    bool complete = (add(*made, std::move(children)) && ...);
    return complete ? std::move(made) : nullptr;
  }
  bool add(Node& parent, NodePointer child);
  NodePointer literal(Value value, std::size_t offset);

  // parser.cpp
  void refuse_modules();
  NodePointer definitions_only();
  NodePointer with_definition(std::unique_ptr<Function> function, std::size_t offset, NodePointer body);
  NodePointer pipe();
  NodePointer comma();
  NodePointer binding();
  const BinaryOperator* binary_operator() const;
  NodePointer expression(int strength_min);
  NodePointer operand();
  NodePointer negated(NodePointer inner, std::size_t offset);
  NodePointer try_expression();
  NodePointer try_operand();

  // parser_terms.cpp
  NodePointer postfix();
  NodePointer field(NodePointer target, NodePointer key, std::size_t offset);
  NodePointer bracket(NodePointer target);
  NodePointer optional_step(NodePointer step, std::size_t offset);
  NodePointer bound_ahead(NodePointer key, const char* name, NodePointer& use);
  NodePointer term();
  NodePointer variable();
  NodePointer symbol_term();
  NodePointer keyword_term();
  NodePointer conditional(std::size_t offset);
  NodePointer fold(Kind kind, std::size_t offset);
  NodePointer call();
  NodePointer format_term();
  NodePointer text();

  // parser_structures.cpp
  NodePointer object(std::size_t offset);
  bool member(Node& made);
  bool add_short_member(Node& made, NodePointer key, std::size_t offset);
  NodePointer member_value();
  bool key_is_possible(const Node& key);
  std::unique_ptr<Function> definition();
  NodePointer bound_parameter(const Parameter& parameter, NodePointer body);
  std::vector<Pattern> patterns();
  Pattern pattern();
  Pattern::Entry pattern_entry();

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::uint32_t level_ = 0;
  bool failed_ = false;
  CompileError error_;
};

}  // namespace gantry::expression
