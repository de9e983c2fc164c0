#include "expression/template.h"

#include "value/pointer.h"

namespace gantry::expression {
namespace {

constexpr std::size_t template_depth_max = 1000;
constexpr std::string_view blank_characters = " \t\r\n";

}  // namespace

std::optional<Embedded> embedded_expression(std::string_view text) {
  std::size_t first = text.find_first_not_of(blank_characters);
  if (first == std::string_view::npos || text.substr(first, 2) != "${") return std::nullopt;
  std::size_t last = text.find_last_not_of(blank_characters);
  if (text[last] != '}' || last < first + 2) return std::nullopt;
  return Embedded{text.substr(first + 2, last - first - 2), first + 2};
}

// A part of the template that has expressions in it; parts without are `literal`.
struct Template::Node {
  enum class Kind : std::uint8_t { literal, expression, array, object };
  Kind kind = Kind::literal;
  Value literal;
  ProgramPointer program;
  std::string pointer;
  std::vector<std::string> keys;  // of an object
  std::vector<Node> children;

  static std::optional<TemplateError> compile(const Value& source, const std::string& pointer,
                                              std::span<const std::string> variables, std::size_t depth, Node& node);
  static Result<Value> evaluate(const Node& node, const Value& input, const Evaluation& evaluation);
};

std::optional<TemplateError> Template::Node::compile(const Value& source, const std::string& pointer,
                                                     std::span<const std::string> variables, std::size_t depth,
                                                     Node& node) {
  if (depth > template_depth_max)
    return TemplateError{pointer, 0, "the template is nested too deeply; at most 1000 levels"};
  node.literal = source;
  if (source.is_string()) {
    auto embedded = embedded_expression(source.as_string());
    if (!embedded) return std::nullopt;
    auto compiled = expression::compile(embedded->text, variables);
    if (auto* error = std::get_if<CompileError>(&compiled))
      return TemplateError{pointer, embedded->offset + error->offset, error->message};
    node.kind = Kind::expression;
    node.program = std::get<0>(compiled);
    node.pointer = pointer;
    return std::nullopt;
  }
  auto child = [&](std::string key, const Value& value, const std::string& token) -> std::optional<TemplateError> {
    node.keys.push_back(std::move(key));
    node.children.emplace_back();
    return compile(value, pointer + "/" + token, variables, depth + 1, node.children.back());
  };
  if (source.is_array()) {
    for (std::size_t i = 0; i < source.size(); ++i)
      if (auto error = child({}, source.items()[i], std::to_string(i))) return error;
  } else if (source.is_object()) {
    for (const Member& member : source.members())
      if (auto error =
              child(std::string(member.key.view()), member.value, pointer_token(std::string(member.key.view()))))
        return error;
  }
  for (const Node& made : node.children)
    if (made.kind != Kind::literal) node.kind = source.is_array() ? Kind::array : Kind::object;
  if (node.kind == Kind::literal) node.children.clear();
  return std::nullopt;
}

Result<Value> Template::Node::evaluate(const Node& node, const Value& input, const Evaluation& evaluation) {
  switch (node.kind) {
    case Kind::literal:
      return node.literal;
    case Kind::expression: {
      auto value = evaluate_first(*node.program, input, evaluation);
      if (!value && !node.pointer.empty())
        return Error{value.error().code, "at " + node.pointer + ": " + value.error().message};
      return value;
    }
    case Kind::array: {
      std::vector<Value> items;
      items.reserve(node.children.size());
      for (const Node& child : node.children) items.push_back(TRY(evaluate(child, input, evaluation)));
      return Value::array(std::move(items)).labelled(node.literal.label());
    }
    case Kind::object: {
      std::vector<Member> members;
      members.reserve(node.children.size());
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        auto value = TRY(evaluate(node.children[i], input, evaluation));
        members.push_back({Text(node.keys[i]), std::move(value)});
      }
      return Value::object(std::move(members)).labelled(node.literal.label());
    }
  }
  return node.literal;
}

std::variant<Template, TemplateError> Template::compile(const Value& source, std::span<const std::string> variables) {
  Template made;
  made.source_ = source;
  auto node = std::make_shared<Node>();
  if (auto error = Node::compile(source, "", variables, 0, *node)) return *std::move(error);
  if (node->kind != Node::Kind::literal) made.node_ = std::move(node);
  return made;
}

Result<Value> Template::evaluate(const Value& input, const Evaluation& evaluation) const {
  if (!node_) return source_;
  return Node::evaluate(*node_, input, evaluation);
}

}  // namespace gantry::expression
