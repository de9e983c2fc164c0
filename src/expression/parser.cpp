#include "expression/parser.h"

#include <algorithm>

#include "expression/lexer.h"
#include "value/number.h"

namespace gantry::expression {
namespace {

// Binding strength of binary operators, weakest first.
enum Strength : int { weakest = 1, assigning, either, both, comparing, adding, multiplying };

struct BinaryOperator {
  std::string_view symbol;
  int strength;
  char associates;  // 'l'eft, 'r'ight, 'n'ot
  Kind kind;
  Operation operation;
};

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

constexpr std::size_t parameters_max = 64;

// jq also takes ".5" and "1.".
Value number_value(std::string text) {
  if (text.front() == '.') text.insert(0, 1, '0');
  std::size_t point = text.find('.');
  if (point != std::string::npos && (point + 1 == text.size() || text[point + 1] < '0' || text[point + 1] > '9'))
    text.erase(point, 1);
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  if (text.front() < '0' || text.front() > '9') text.insert(0, 1, '0');
  return number_from_literal(text);
}

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens) : text_(text), tokens_(std::move(tokens)) {}

  std::variant<NodePointer, CompileError> program() {
    refuse_modules();
    NodePointer root = failed_ ? nullptr : pipe();
    if (root && peek().kind != TokenKind::end) root = unexpected("the end of the program or an operator");
    if (!root) return error_;
    return root;
  }

  std::variant<NodePointer, CompileError> definitions() {
    NodePointer root = definitions_only();
    if (!root) return error_;
    return root;
  }

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
  bool accept(std::string_view text) {
    if (!at_symbol(text) && !at_keyword(text)) return false;
    take();
    return true;
  }
  bool expect(std::string_view text, std::string_view where) {
    if (accept(text)) return true;
    unexpected("'" + std::string(text) + "' " + std::string(where));
    return false;
  }

  NodePointer fail(std::size_t offset, std::string message) {
    if (!failed_) {
      failed_ = true;
      error_ = {offset, std::move(message)};
    }
    return nullptr;
  }
  NodePointer unexpected(const std::string& expected) {
    return fail(peek().offset, "found " + describe(peek()) + "; expected " + expected);
  }

  NodePointer node(Kind kind, std::size_t offset) {
    auto made = std::make_unique<Node>();
    made->kind = kind;
    made->offset = offset;
    return made;
  }
  // Null when a child is missing because of an earlier error, or when the tree gets too high.
  template <class... Children>
  NodePointer node(Kind kind, std::size_t offset, Children... children) {
    auto made = node(kind, offset);
    bool complete = (add(*made, std::move(children)) && ...);
    return complete ? std::move(made) : nullptr;
  }
  bool add(Node& parent, NodePointer child) {
    if (!child) return false;
    parent.height = std::max(parent.height, child->height + 1);
    parent.children.push_back(std::move(child));
    if (parent.height <= program_depth_max) return true;
    fail(parent.offset, "the program is nested too deeply; at most 1000 levels");
    return false;
  }
  NodePointer literal(Value value, std::size_t offset) {
    auto made = node(Kind::literal, offset);
    made->constant = std::move(value);
    return made;
  }

  void refuse_modules() {
    for (std::string_view word : {"import", "include", "module"})
      if (at_keyword(word))
        fail(peek().offset, "'" + std::string(word) + "' is not available: an expression has no modules");
  }

  NodePointer definitions_only() {
    if (peek().kind == TokenKind::end) return node(Kind::identity, peek().offset);
    std::size_t offset = peek().offset;
    if (!at_keyword("def")) return unexpected("'def'");
    auto function = definition();
    if (!function) return nullptr;
    return with_definition(std::move(function), offset, definitions_only());
  }

  NodePointer with_definition(std::unique_ptr<Function> function, std::size_t offset, NodePointer body) {
    auto made = node(Kind::define, offset, std::move(body));
    if (!made) return nullptr;
    made->height = std::max(made->height, function->body->height + 1);
    made->definition = std::move(function);
    return made;
  }

  NodePointer pipe() {
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

  NodePointer comma() {
    std::size_t offset = peek().offset;
    NodePointer first = binding();
    if (!first || !at_symbol(",")) return first;
    auto list = node(Kind::comma, offset, std::move(first));
    while (list && accept(","))
      if (!add(*list, at_keyword("def") ? pipe() : binding())) return nullptr;
    return list;
  }

  // An expression, or `expression as $x | ...`, or `label $x | ...`.
  NodePointer binding() {
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

  const BinaryOperator* binary_operator() const {
    if (peek().kind != TokenKind::symbol && peek().kind != TokenKind::keyword) return nullptr;
    for (const BinaryOperator& candidate : binary_operators)
      if (peek().text == candidate.symbol) return &candidate;
    return nullptr;
  }

  NodePointer expression(int strength_min) {
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
        return fail(peek().offset, "found " + describe(peek()) +
                                       " after another operator of its kind; put one of them in parentheses");
    }
    return left;
  }

  NodePointer operand() {
    std::size_t offset = peek().offset;
    if (!at_symbol("-")) return postfix();
    take();
    Level level(*this);
    if (level_ > program_depth_max) return fail(offset, "the program is nested too deeply; at most 1000 levels");
    NodePointer inner = at_symbol("-") ? operand() : expression(multiplying);
    return negated(std::move(inner), offset);
  }

  NodePointer negated(NodePointer inner, std::size_t offset) {
    if (inner && inner->kind == Kind::literal && inner->constant.is_number()) {
      double number = inner->constant.as_number();
      bool fits = inner->constant.is_integer() && inner->constant.as_integer() != 0;
      inner->constant = fits ? Value(-inner->constant.as_integer()) : Value(-number);
      return inner;
    }
    return node(Kind::negate, offset, std::move(inner));
  }

  NodePointer try_expression() {
    std::size_t offset = take().offset;
    NodePointer body = try_operand();
    if (!body || !accept("catch")) return node(Kind::try_catch, offset, std::move(body));
    return node(Kind::try_catch, offset, std::move(body), try_operand());
  }

  NodePointer try_operand() {
    Level level(*this);
    if (level_ > program_depth_max) return fail(peek().offset, "the program is nested too deeply; at most 1000 levels");
    if (!at_symbol("-")) return postfix();
    std::size_t offset = take().offset;
    return negated(try_operand(), offset);
  }

  NodePointer postfix() {
    if (at_keyword("try")) return try_expression();
    NodePointer made = term();
    while (made) {
      std::size_t offset = peek().offset;
      if (peek().kind == TokenKind::field) {
        made = field(std::move(made), literal(Value(take().text), offset), offset);
      } else if (at_symbol("[")) {
        made = bracket(std::move(made));
      } else if (at_symbol(".") && (peek(1).kind == TokenKind::text_start || peek(1).kind == TokenKind::format ||
                                    (peek(1).kind == TokenKind::symbol && peek(1).text == "["))) {
        take();
        made = at_symbol("[") ? bracket(std::move(made)) : field(std::move(made), text(), offset);
      } else if (accept("?")) {
        made = node(Kind::try_catch, offset, std::move(made));
      } else if (at_symbol("?//") || at_symbol("?//=")) {
        tokens_[at_].text.erase(0, 1);
        made = node(Kind::try_catch, offset, std::move(made));
      } else {
        break;
      }
    }
    return made;
  }

  NodePointer field(NodePointer target, NodePointer key, std::size_t offset) {
    if (!key) return nullptr;
    if (key->kind != Kind::literal || !key->constant.is_string())
      return node(Kind::index, offset, std::move(target), std::move(key));
    auto made = node(Kind::field, offset, std::move(target));
    if (made) made->constant = key->constant;
    return made;
  }

  NodePointer bracket(NodePointer target) {
    std::size_t offset = take().offset;
    if (accept("]")) return node(Kind::iterate, offset, std::move(target));
    NodePointer from, upto;
    if (accept(":")) {
      from = literal(Value(), offset);
      upto = pipe();
    } else {
      from = pipe();
      if (!from) return nullptr;
      if (accept("]")) return field(std::move(target), std::move(from), offset);
      if (!expect(":", "or ']' in the index")) return nullptr;
      upto = at_symbol("]") ? literal(Value(), offset) : pipe();
    }
    if (!from || !upto || !expect("]", "at the end of the slice")) return nullptr;
    return node(Kind::slice, offset, std::move(target), std::move(from), std::move(upto));
  }

  NodePointer term() {
    Level level(*this);
    std::size_t offset = peek().offset;
    if (level_ > program_depth_max) return fail(offset, "the program is nested too deeply; at most 1000 levels");
    switch (peek().kind) {
      case TokenKind::number:
        return literal(number_value(std::move(take().text)), offset);
      case TokenKind::text_start:
        return text();
      case TokenKind::format:
        return format_term();
      case TokenKind::field: {
        auto target = node(Kind::identity, offset);
        return field(std::move(target), literal(Value(take().text), offset), offset);
      }
      case TokenKind::variable:
        return variable();
      case TokenKind::name:
        return call();
      case TokenKind::keyword:
        return keyword_term();
      case TokenKind::symbol:
        return symbol_term();
      default:
        return unexpected("an expression");
    }
  }

  // For $__loc__ the slot is its line.
  NodePointer variable() {
    auto made = node(Kind::variable, peek().offset);
    made->name = take().text;
    if (made->name != "__loc__") return made;
    auto before = text_.substr(0, made->offset);
    made->slot = static_cast<std::uint32_t>(1 + std::count(before.begin(), before.end(), '\n'));
    return made;
  }

  NodePointer symbol_term() {
    std::size_t offset = peek().offset;
    if (accept(".")) {
      if (peek().kind == TokenKind::text_start || peek().kind == TokenKind::format)
        return field(node(Kind::identity, offset), text(), offset);
      return node(Kind::identity, offset);
    }
    if (accept("..")) return node(Kind::recurse, offset);
    if (accept("(")) {
      NodePointer inner = pipe();
      if (!inner || !expect(")", "to close the parenthesis")) return nullptr;
      return inner;
    }
    if (accept("[")) {
      if (accept("]")) return node(Kind::array, offset);
      NodePointer inner = pipe();
      if (!inner || !expect("]", "to close the array")) return nullptr;
      return node(Kind::array, offset, std::move(inner));
    }
    if (accept("{")) return object(offset);
    if (at_symbol("$")) return unexpected("a variable name after '$'");
    return unexpected("an expression");
  }

  NodePointer keyword_term() {
    std::size_t offset = peek().offset;
    if (accept("if")) return conditional(offset);
    if (accept("reduce")) return fold(Kind::reduce, offset);
    if (accept("foreach")) return fold(Kind::foreach, offset);
    if (accept("break")) {
      if (peek().kind != TokenKind::variable) return unexpected("a label such as $out after 'break'");
      auto made = node(Kind::break_to, offset);
      made->name = take().text;
      return made;
    }
    refuse_modules();
    return unexpected("an expression");
  }

  NodePointer conditional(std::size_t offset) {
    NodePointer condition = pipe();
    if (!condition || !expect("then", "after the condition")) return nullptr;
    NodePointer then = pipe();
    if (!then) return nullptr;
    std::size_t next = peek().offset;
    NodePointer otherwise;
    if (accept("elif")) {
      Level level(*this);
      if (level_ > program_depth_max) return fail(next, "the program is nested too deeply; at most 1000 levels");
      otherwise = conditional(next);
      if (!otherwise) return nullptr;
      return node(Kind::conditional, offset, std::move(condition), std::move(then), std::move(otherwise));
    }
    if (accept("else")) {
      otherwise = pipe();
      if (!otherwise) return nullptr;
    } else {
      otherwise = node(Kind::identity, next);
    }
    if (!expect("end", "to close the 'if'")) return nullptr;
    return node(Kind::conditional, offset, std::move(condition), std::move(then), std::move(otherwise));
  }

  NodePointer fold(Kind kind, std::size_t offset) {
    NodePointer source = expression(weakest);
    if (!source || !expect("as", "after the source")) return nullptr;
    std::vector<Pattern> alternatives = patterns();
    if (failed_ || !expect("(", "after the pattern")) return nullptr;
    NodePointer initial = pipe();
    if (!initial || !expect(";", "after the initial value")) return nullptr;
    auto made = node(kind, offset, std::move(source), std::move(initial), pipe());
    if (made && kind == Kind::foreach && accept(";") && !add(*made, pipe())) return nullptr;
    if (!made || !expect(")", "at the end")) return nullptr;
    made->patterns = std::move(alternatives);
    return made;
  }

  NodePointer call() {
    std::size_t offset = peek().offset;
    std::string name = take().text;
    bool has_arguments = at_symbol("(");
    if (!has_arguments && name == "true") return literal(Value(true), offset);
    if (!has_arguments && name == "false") return literal(Value(false), offset);
    if (!has_arguments && name == "null") return literal(Value(), offset);
    auto made = node(Kind::call_function, offset);
    made->name = std::move(name);
    if (!has_arguments) return made;
    take();
    do {
      if (!add(*made, pipe())) return nullptr;
      if (made->children.size() > parameters_max) return fail(offset, "a call has at most 64 arguments");
    } while (accept(";"));
    return expect(")", "or ';' after the argument") ? std::move(made) : nullptr;
  }

  NodePointer format_term() {
    if (peek(1).kind == TokenKind::text_start) return text();
    auto made = node(Kind::format, peek().offset);
    made->constant = Value(take().text.substr(1));
    return made;
  }

  // A string, perhaps with a format before it and holes in it.
  NodePointer text() {
    std::size_t offset = peek().offset;
    std::string format = "text";
    if (peek().kind == TokenKind::format) format = take().text.substr(1);
    if (peek().kind != TokenKind::text_start) return unexpected("a string");
    take();
    auto made = node(Kind::text, offset);
    made->constant = Value(format);
    while (peek().kind != TokenKind::text_end) {
      std::size_t part = peek().offset;
      if (peek().kind == TokenKind::text) {
        if (!add(*made, literal(Value(take().text), part))) return nullptr;
        continue;
      }
      if (peek().kind != TokenKind::hole_start) return unexpected("the end of the string");
      take();
      NodePointer hole = pipe();
      if (!hole) return nullptr;
      if (peek().kind != TokenKind::hole_end) return unexpected("')' to close the \"\\(\" in the string");
      take();
      auto shown = node(Kind::format, part);
      shown->constant = Value(format);
      if (!add(*made, node(Kind::pipe, part, std::move(hole), std::move(shown)))) return nullptr;
    }
    take();
    if (made->children.empty()) return literal(Value(""), offset);
    if (made->children.size() == 1 && made->children[0]->kind == Kind::literal) return std::move(made->children[0]);
    return made;
  }

  NodePointer object(std::size_t offset) {
    auto made = node(Kind::object, offset);
    while (!accept("}")) {
      if (!member(*made)) return nullptr;
      if (accept(",")) continue;
      if (!expect("}", "or ',' after the member")) return nullptr;
      break;
    }
    return made;
  }

  bool member(Node& made) {
    std::size_t offset = peek().offset;
    NodePointer key, value;
    if (peek().kind == TokenKind::variable) {
      NodePointer named = variable();
      if (at_symbol(":")) {
        key = std::move(named);
      } else {
        key = literal(Value(named->name), offset);
        value = std::move(named);
      }
    } else if (peek().kind == TokenKind::name || peek().kind == TokenKind::keyword) {
      key = literal(Value(take().text), offset);
    } else if (peek().kind == TokenKind::text_start || peek().kind == TokenKind::format) {
      key = text();
    } else if (accept("(")) {
      key = pipe();
      if (!key || !expect(")", "after the key")) return false;
      if (!key_is_possible(*key)) return false;
      if (!at_symbol(":")) return unexpected("':' after the key"), false;
    } else {
      unexpected("a key: a name, a string, $name or an expression in parentheses");
      return false;
    }
    if (!key) return false;
    if (accept(":")) {
      value = member_value();
    } else if (!value) {
      return add_short_member(made, std::move(key), offset);
    }
    return add(made, std::move(key)) && add(made, std::move(value));
  }

  // {name} and {"a \(1) b"}: the member of that name of the input.
  bool add_short_member(Node& made, NodePointer key, std::size_t offset) {
    if (key->kind == Kind::literal) {
      auto value = field(node(Kind::identity, offset), literal(key->constant, offset), offset);
      return add(made, std::move(key)) && add(made, std::move(value));
    }
    return add(made, std::move(key)) && add(made, node(Kind::member_of_key, offset));
  }

  NodePointer member_value() {
    std::size_t offset = peek().offset;
    NodePointer value = expression(weakest);
    if (!value || !accept("|")) return value;
    Level level(*this);
    if (level_ > program_depth_max) return fail(offset, "the program is nested too deeply; at most 1000 levels");
    return node(Kind::pipe, offset, std::move(value), member_value());
  }

  bool key_is_possible(const Node& key) {
    if (key.kind != Kind::literal || key.constant.is_string()) return true;
    fail(key.offset,
         std::string("found a ") + key.constant.kind_name() + " as the key of an object; expected a string");
    return false;
  }

  std::unique_ptr<Function> definition() {
    take();
    auto function = std::make_unique<Function>();
    if (peek().kind != TokenKind::name && peek().kind != TokenKind::keyword)
      return unexpected("the name of a function"), nullptr;
    function->name = take().text;
    if (accept("(")) {
      do {
        if (peek().kind != TokenKind::variable && peek().kind != TokenKind::name && peek().kind != TokenKind::keyword)
          return unexpected("the name of a parameter"), nullptr;
        bool is_value = peek().kind == TokenKind::variable;
        function->parameters.push_back({take().text, is_value});
        if (function->parameters.size() > parameters_max)
          return fail(peek().offset, "a function has at most 64 parameters"), nullptr;
      } while (accept(";"));
      if (!expect(")", "or ';' after the parameter")) return nullptr;
    }
    if (!expect(":", "after the name of the function")) return nullptr;
    function->body = pipe();
    if (!function->body || !expect(";", "at the end of the function")) return nullptr;
    for (auto parameter = function->parameters.rbegin(); parameter != function->parameters.rend(); ++parameter)
      if (parameter->is_value) function->body = bound_parameter(*parameter, std::move(function->body));
    return function->body ? std::move(function) : nullptr;
  }

  // `def f($a): body` is `def f(a): a as $a | body`.
  NodePointer bound_parameter(const Parameter& parameter, NodePointer body) {
    std::size_t offset = body->offset;
    auto source = node(Kind::call_function, offset);
    source->name = parameter.name;
    auto made = node(Kind::bind, offset, std::move(source), std::move(body));
    if (!made) return nullptr;
    made->patterns.emplace_back();
    made->patterns.back().name = parameter.name;
    return made;
  }

  std::vector<Pattern> patterns() {
    std::vector<Pattern> alternatives;
    do alternatives.push_back(pattern());
    while (!failed_ && accept("?//"));
    return alternatives;
  }

  Pattern pattern() {
    Level level(*this);
    Pattern made;
    made.offset = peek().offset;
    if (level_ > program_depth_max) {
      fail(peek().offset, "the pattern is nested too deeply");
    } else if (peek().kind == TokenKind::variable) {
      made.name = take().text;
    } else if (accept("[")) {
      made.kind = Pattern::Kind::array;
      do {
        made.entries.emplace_back();
        made.entries.back().pattern = pattern();
      } while (!failed_ && accept(","));
      if (!failed_) expect("]", "or ',' in the array pattern");
    } else if (accept("{")) {
      made.kind = Pattern::Kind::object;
      do made.entries.push_back(pattern_entry());
      while (!failed_ && accept(","));
      if (!failed_) expect("}", "or ',' in the object pattern");
    } else {
      unexpected("a pattern: $name, [...] or {...}");
    }
    return made;
  }

  Pattern::Entry pattern_entry() {
    Pattern::Entry entry;
    std::size_t offset = peek().offset;
    if (peek().kind == TokenKind::variable) {
      entry.variable = take().text;
      entry.key = literal(Value(entry.variable), offset);
      entry.has_pattern = at_symbol(":");
    } else if (peek().kind == TokenKind::name || peek().kind == TokenKind::keyword) {
      entry.key = literal(Value(take().text), offset);
    } else if (peek().kind == TokenKind::text_start || peek().kind == TokenKind::format) {
      entry.key = text();
    } else if (accept("(")) {
      entry.key = pipe();
      if (entry.key) expect(")", "after the key");
      if (entry.key && !failed_) key_is_possible(*entry.key);
    } else {
      unexpected("a key in the object pattern");
    }
    if (!failed_ && entry.has_pattern && expect(":", "after the key")) entry.pattern = pattern();
    return entry;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::uint32_t level_ = 0;
  bool failed_ = false;
  CompileError error_;
};

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
