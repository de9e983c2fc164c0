// Terms: what stands between operators, with what may follow it.
#include <algorithm>

#include "expression/parser_rules.h"
#include "value/number.h"

namespace gantry::expression {
namespace {

// jq also takes ".5" and "1.".
Value number_value(std::string_view literal) {
  std::string text(literal);
  if (text.front() == '.') text.insert(0, 1, '0');
  std::size_t point = text.find('.');
  if (point != std::string::npos && (point + 1 == text.size() || text[point + 1] < '0' || text[point + 1] > '9'))
    text.erase(point, 1);
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  if (text.front() < '0' || text.front() > '9') text.insert(0, 1, '0');
  return number_from_literal(text);
}

}  // namespace

NodePointer Parser::postfix() {
  if (at_keyword("try")) return try_expression();
  NodePointer made = term();
  bool is_step = false;  // what was read last is a field, an index, a slice or []
  while (made) {
    std::size_t offset = peek().offset;
    const bool after_step = std::exchange(is_step, true);
    if (peek().kind == TokenKind::field) {
      made = field(std::move(made), literal(Value(take().text), offset), offset);
    } else if (at_symbol("[")) {
      made = bracket(std::move(made));
    } else if (at_symbol(".") && (peek(1).kind == TokenKind::text_start || peek(1).kind == TokenKind::format ||
                                  (peek(1).kind == TokenKind::symbol && peek(1).text == "["))) {
      take();
      made = at_symbol("[") ? bracket(std::move(made)) : field(std::move(made), text(), offset);
    } else if (at_symbol("?") || at_symbol("?//") || at_symbol("?//=")) {
      if (!accept("?")) tokens_[at_].text.erase(0, 1);
      made = after_step ? optional_step(std::move(made), offset) : node(Kind::try_catch, offset, std::move(made));
      is_step = false;
    } else {
      break;
    }
  }
  return made;
}

// `TERM.a?`: where the last step fails there is no value; what TERM itself or the key raises is raised. So it is read
// as `TERM | .a?`, and a key that has to be evaluated on TERM's own input is bound before: `KEY as $key | TERM |
// .[$key]?`.
NodePointer Parser::optional_step(NodePointer step, std::size_t offset) {
  NodePointer target = std::exchange(step->children[0], node(Kind::identity, offset));
  NodePointer bind_from, bind_upto;
  const auto is_literal = [&](std::size_t child) { return step->children[child]->kind == Kind::literal; };
  if (step->children.size() > 1 && !is_literal(1))
    bind_from = bound_ahead(std::move(step->children[1]), "key of an optional step", step->children[1]);
  if (step->children.size() > 2 && !is_literal(2))
    bind_upto = bound_ahead(std::move(step->children[2]), "end of an optional slice", step->children[2]);
  if (failed_) return nullptr;
  NodePointer made = node(Kind::try_catch, offset, std::move(step));
  if (target->kind != Kind::identity) made = node(Kind::pipe, offset, std::move(target), std::move(made));
  for (NodePointer* bind : {&bind_upto, &bind_from}) {
    if (*bind == nullptr) continue;
    if (!made || !add(**bind, std::move(made))) return nullptr;
    made = std::move(*bind);
  }
  return made;
}

// `KEY as $name | ...` without its body; `use` becomes `$name`. No program can write such a name.
NodePointer Parser::bound_ahead(NodePointer key, const char* name, NodePointer& use) {
  const std::size_t offset = key->offset;
  use = node(Kind::variable, offset);
  use->name = name;
  NodePointer bind = node(Kind::bind, offset, std::move(key));
  if (!bind) return nullptr;
  Pattern pattern;
  pattern.name = name;
  pattern.offset = offset;
  bind->patterns.push_back(std::move(pattern));
  return bind;
}

NodePointer Parser::field(NodePointer target, NodePointer key, std::size_t offset) {
  if (!key) return nullptr;
  if (key->kind != Kind::literal || !key->constant.is_string())
    return node(Kind::index, offset, std::move(target), std::move(key));
  auto made = node(Kind::field, offset, std::move(target));
  if (made) made->constant = key->constant;
  return made;
}

NodePointer Parser::bracket(NodePointer target) {
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

NodePointer Parser::term() {
  Level level(*this);
  std::size_t offset = peek().offset;
  if (level_ > program_depth_max) return fail(offset, "the program is nested too deeply; at most 1000 levels");
  switch (peek().kind) {
    case TokenKind::number:
      return literal(number_value(take().text), offset);
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
NodePointer Parser::variable() {
  auto made = node(Kind::variable, peek().offset);
  made->name = take().text;
  if (made->name != "__loc__") return made;
  auto before = text_.substr(0, made->offset);
  made->slot = static_cast<std::uint32_t>(1 + std::count(before.begin(), before.end(), '\n'));
  return made;
}

NodePointer Parser::symbol_term() {
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

NodePointer Parser::keyword_term() {
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

NodePointer Parser::conditional(std::size_t offset) {
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

NodePointer Parser::fold(Kind kind, std::size_t offset) {
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

NodePointer Parser::call() {
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

NodePointer Parser::format_term() {
  if (peek(1).kind == TokenKind::text_start) return text();
  auto made = node(Kind::format, peek().offset);
  made->constant = Value(take().text.substr(1));
  return made;
}

// A string, perhaps with a format before it and holes in it.
NodePointer Parser::text() {
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

}  // namespace gantry::expression
