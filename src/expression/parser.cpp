#include "expression/parser.h"

#include <algorithm>

#include "expression/parser_rules.h"

namespace gantry::expression {

struct BinaryOperator {
  std::string_view symbol;
  int strength;
  char associates;  // 'l'eft, 'r'ight, 'n'ot
  Kind kind;
  Operation operation;
};

namespace {

constexpr BinaryOperator binary_operators[] = {
    {"//", weakest, 'r', Kind::alternative, Operation::add},
    {"=", assigning, 'n', Kind::assign, Operation::add},
    {"|=", assigning, 'n', Kind::modify, Operation::add},
    {"//=", assigning, 'n', Kind::alternative_assign, Operation::add},
    {"+=", assigning, 'n', Kind::modify_with, Operation::add},
    {"-=", assigning, 'n', Kind::modify_with, Operation::subtract},
    {"*=", assigning, 'n', Kind::modify_with, Operation::multiply},
    {"/=", assigning, 'n', Kind::modify_with, Operation::divide},
    {"%=", assigning, 'n', Kind::modify_with, Operation::modulo},
    {"or", either, 'l', Kind::logic_or, Operation::add},
    {"and", both, 'l', Kind::logic_and, Operation::add},
    {"==", comparing, 'n', Kind::binary, Operation::equal},
    {"!=", comparing, 'n', Kind::binary, Operation::not_equal},
    {"<", comparing, 'n', Kind::binary, Operation::less},
    {"<=", comparing, 'n', Kind::binary, Operation::less_equal},
    {">", comparing, 'n', Kind::binary, Operation::greater},
    {">=", comparing, 'n', Kind::binary, Operation::greater_equal},
    {"+", adding, 'l', Kind::binary, Operation::add},
    {"-", adding, 'l', Kind::binary, Operation::subtract},
    {"*", multiplying, 'l', Kind::binary, Operation::multiply},
    {"/", multiplying, 'l', Kind::binary, Operation::divide},
    {"%", multiplying, 'l', Kind::binary, Operation::modulo},
};

}  // namespace

std::variant<NodePointer, CompileError> Parser::program() {
  refuse_modules();
  NodePointer root = failed_ ? nullptr : pipe();
  if (root && peek().kind != TokenKind::end) root = unexpected("the end of the program or an operator");
  if (!root) return error_;
  return root;
}

std::variant<NodePointer, CompileError> Parser::definitions() {
  NodePointer root = definitions_only();
  if (!root) return error_;
  return root;
}

bool Parser::accept(std::string_view text) {
  if (!at_symbol(text) && !at_keyword(text)) return false;
  take();
  return true;
}

bool Parser::expect(std::string_view text, std::string_view where) {
  if (accept(text)) return true;
  unexpected("'" + std::string(text) + "' " + std::string(where));
  return false;
}

NodePointer Parser::fail(std::size_t offset, std::string message) {
  if (!failed_) {
    failed_ = true;
    error_ = {offset, std::move(message)};
  }
  return nullptr;
}

NodePointer Parser::unexpected(const std::string& expected) {
  return fail(peek().offset, "found " + describe(peek()) + "; expected " + expected);
}

NodePointer Parser::node(Kind kind, std::size_t offset) {
  auto made = std::make_unique<Node>();
  made->kind = kind;
  made->offset = offset;
  return made;
}

bool Parser::add(Node& parent, NodePointer child) {
  if (!child) return false;
  parent.height = std::max(parent.height, child->height + 1);
  parent.children.push_back(std::move(child));
  if (parent.height <= program_depth_max) return true;
  fail(parent.offset, "the program is nested too deeply; at most 1000 levels");
  return false;
}

NodePointer Parser::literal(Value value, std::size_t offset) {
  auto made = node(Kind::literal, offset);
  made->constant = std::move(value);
  return made;
}

void Parser::refuse_modules() {
  for (std::string_view word : {"import", "include", "module"})
    if (at_keyword(word))
      fail(peek().offset, "'" + std::string(word) + "' is not available: an expression has no modules");
}

NodePointer Parser::definitions_only() {
  if (peek().kind == TokenKind::end) return node(Kind::identity, peek().offset);
  std::size_t offset = peek().offset;
  if (!at_keyword("def")) return unexpected("'def'");
  auto function = definition();
  if (!function) return nullptr;
  return with_definition(std::move(function), offset, definitions_only());
}

NodePointer Parser::with_definition(std::unique_ptr<Function> function, std::size_t offset, NodePointer body) {
  auto made = node(Kind::define, offset, std::move(body));
  if (!made) return nullptr;
  made->height = std::max(made->height, function->body->height + 1);
  made->definition = std::move(function);
  return made;
}

NodePointer Parser::pipe() {
  Level level(*this);
  if (level_ > program_depth_max) return fail(peek().offset, "the program is nested too deeply; at most 1000 levels");
  std::size_t offset = peek().offset;
  if (at_keyword("def")) {
    auto function = definition();
    return function ? with_definition(std::move(function), offset, pipe()) : nullptr;
  }
  NodePointer left = comma();
  if (!left || !accept("|")) return left;
  return node(Kind::pipe, offset, std::move(left), pipe());
}

NodePointer Parser::comma() {
  std::size_t offset = peek().offset;
  NodePointer first = binding();
  if (!first || !at_symbol(",")) return first;
  auto list = node(Kind::comma, offset, std::move(first));
  while (list && accept(","))
    if (!add(*list, at_keyword("def") ? pipe() : binding())) return nullptr;
  return list;
}

// An expression, or `expression as $x | ...`, or `label $x | ...`.
NodePointer Parser::binding() {
  std::size_t offset = peek().offset;
  if (accept("label")) {
    if (peek().kind != TokenKind::variable) return unexpected("a label such as $out");
    std::string name = take().text;
    if (!expect("|", "after the label")) return nullptr;
    auto made = node(Kind::label, offset, pipe());
    if (made) made->name = std::move(name);
    return made;
  }
  NodePointer source = expression(weakest);
  if (!source || !accept("as")) return source;
  std::vector<Pattern> alternatives = patterns();
  if (failed_ || !expect("|", "after the pattern")) return nullptr;
  auto made = node(Kind::bind, offset, std::move(source), pipe());
  if (made) made->patterns = std::move(alternatives);
  return made;
}

const BinaryOperator* Parser::binary_operator() const {
  if (peek().kind != TokenKind::symbol && peek().kind != TokenKind::keyword) return nullptr;
  for (const BinaryOperator& candidate : binary_operators)
    if (peek().text == candidate.symbol) return &candidate;
  return nullptr;
}

NodePointer Parser::expression(int strength_min) {
  Level level(*this);
  if (level_ > 4 * program_depth_max)
    return fail(peek().offset, "the program is nested too deeply; at most 1000 levels");
  NodePointer left = operand();
  while (left) {
    const BinaryOperator* found = binary_operator();
    if (!found || found->strength < strength_min) break;
    std::size_t offset = take().offset;
    NodePointer right = expression(found->associates == 'r' ? found->strength : found->strength + 1);
    left = node(found->kind, offset, std::move(left), std::move(right));
    if (!left) return nullptr;
    left->operation = found->operation;
    const BinaryOperator* next = binary_operator();
    if (next && found->associates == 'n' && next->strength == found->strength)
      return fail(peek().offset,
                  "found " + describe(peek()) + " after another operator of its kind; put one of them in parentheses");
  }
  return left;
}

NodePointer Parser::operand() {
  std::size_t offset = peek().offset;
  if (!at_symbol("-")) return postfix();
  take();
  Level level(*this);
  if (level_ > program_depth_max) return fail(offset, "the program is nested too deeply; at most 1000 levels");
  NodePointer inner = at_symbol("-") ? operand() : postfix();
  return negated(std::move(inner), offset);
}

NodePointer Parser::negated(NodePointer inner, std::size_t offset) {
  if (inner && inner->kind == Kind::literal && inner->constant.is_number()) {
    double number = inner->constant.as_number();
    bool fits = inner->constant.is_integer() && inner->constant.as_integer() != 0;
    inner->constant = fits ? Value(-inner->constant.as_integer()) : Value(-number);
    return inner;
  }
  return node(Kind::negate, offset, std::move(inner));
}

NodePointer Parser::try_expression() {
  std::size_t offset = take().offset;
  NodePointer body = try_operand();
  if (!body || !accept("catch")) return node(Kind::try_catch, offset, std::move(body));
  return node(Kind::try_catch, offset, std::move(body), try_operand());
}

NodePointer Parser::try_operand() {
  Level level(*this);
  if (level_ > program_depth_max) return fail(peek().offset, "the program is nested too deeply; at most 1000 levels");
  if (!at_symbol("-")) return postfix();
  std::size_t offset = take().offset;
  return negated(try_operand(), offset);
}

namespace {

std::variant<NodePointer, CompileError> parse_with(std::string_view text, bool library) {
  auto tokens = tokenize(text);
  if (auto* error = std::get_if<CompileError>(&tokens)) return std::move(*error);
  Parser parser(text, std::move(std::get<0>(tokens)));
  return library ? parser.definitions() : parser.program();
}

}  // namespace

std::variant<NodePointer, CompileError> parse_program(std::string_view text) {
  if (text.size() > program_bytes_max)
    return CompileError{program_bytes_max,
                        "the program has " + std::to_string(text.size()) + " bytes; at most 65536 are allowed"};
  return parse_with(text, false);
}

std::variant<NodePointer, CompileError> parse_definitions(std::string_view text) {
  return parse_with(text, true);
}

}  // namespace gantry::expression
