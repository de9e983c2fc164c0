// Objects, definitions of functions, and patterns.
#include "expression/parser_rules.h"

namespace gantry::expression {

NodePointer Parser::object(std::size_t offset) {
  auto made = node(Kind::object, offset);
  while (!accept("}")) {
    if (!member(*made)) return nullptr;
    if (accept(",")) continue;
    if (!expect("}", "or ',' after the member")) return nullptr;
    break;
  }
  return made;
}

bool Parser::member(Node& made) {
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
bool Parser::add_short_member(Node& made, NodePointer key, std::size_t offset) {
  if (key->kind == Kind::literal) {
    auto value = field(node(Kind::identity, offset), literal(key->constant, offset), offset);
    return add(made, std::move(key)) && add(made, std::move(value));
  }
  return add(made, std::move(key)) && add(made, node(Kind::member_of_key, offset));
}

NodePointer Parser::member_value() {
  std::size_t offset = peek().offset;
  NodePointer value = expression(weakest);
  if (!value || !accept("|")) return value;
  Level level(*this);
  if (level_ > program_depth_max) return fail(offset, "the program is nested too deeply; at most 1000 levels");
  return node(Kind::pipe, offset, std::move(value), member_value());
}

bool Parser::key_is_possible(const Node& key) {
  if (key.kind != Kind::literal || key.constant.is_string()) return true;
  fail(key.offset, std::string("found a ") + key.constant.kind_name() + " as the key of an object; expected a string");
  return false;
}

std::unique_ptr<Function> Parser::definition() {
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
NodePointer Parser::bound_parameter(const Parameter& parameter, NodePointer body) {
  std::size_t offset = body->offset;
  auto source = node(Kind::call_function, offset);
  source->name = parameter.name;
  auto made = node(Kind::bind, offset, std::move(source), std::move(body));
  if (!made) return nullptr;
  made->patterns.emplace_back();
  made->patterns.back().name = parameter.name;
  return made;
}

std::vector<Pattern> Parser::patterns() {
  std::vector<Pattern> alternatives;
  do alternatives.push_back(pattern());
  while (!failed_ && accept("?//"));
  return alternatives;
}

Pattern Parser::pattern() {
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

Pattern::Entry Parser::pattern_entry() {
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

}  // namespace gantry::expression
