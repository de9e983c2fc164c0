#include "prove/label_expression.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "expression/inspect.h"
#include "expression/template.h"

namespace gantry::prove {
namespace {

using expression::Arity;
using expression::Kind;
using expression::Node;

// Which of the program's variables are named anywhere in it, also in the functions that it calls.
class Mentioned {
 public:
  void look(const Node* node) {
    if (node == nullptr) return;
    if (node->kind == Kind::argument) slots.insert(node->slot);
    for (const auto& child : node->children) look(child.get());
    for (const expression::Pattern& pattern : node->patterns) look(pattern);
    if (node->definition) look(node->definition->body.get());
    if (node->function != nullptr && seen_.insert(node->function).second) look(node->function->body.get());
  }
  std::set<std::uint32_t> slots;

 private:
  void look(const expression::Pattern& pattern) {
    for (const expression::Pattern::Entry& entry : pattern.entries) {
      look(entry.key.get());
      look(entry.pattern);
    }
  }
  std::set<const expression::Function*> seen_;
};

class Labels {
 public:
  Labels(const Node& root, std::span<const LabelShape> arguments, const LabelShape& dot)
      : arguments_(arguments), base_(dot.deep()) {
    Mentioned mentioned;
    mentioned.look(&root);
    for (const std::uint32_t slot : mentioned.slots)
      base_ = join(base_, slot < arguments.size() ? arguments[slot].deep() : Label::unknown());
  }

  LabelShape run(const Node& root, const LabelShape& dot) {
    LabelShape shape = node(root, {.dot = dot, .slots = {}});
    return shape.within(decided_);
  }

 private:
  struct Frame {
    LabelShape dot;
    std::vector<std::optional<LabelShape>> slots;  // of `as $x`, where it is known
  };

  // Whatever the expression can get at, all at once.
  LabelShape everything() const { return LabelShape::all(base_); }

  LabelShape decided(const LabelShape& shape, Label by) {
    decided_ = join(decided_, by);
    return shape.within(by);
  }

  // A value made of all its parts.
  LabelShape of_all(const Node& what, const Frame& frame) {
    Label label;
    for (const auto& child : what.children)
      if (child) label = join(label, node(*child, frame).deep());
    return LabelShape::all(label);
  }

  LabelShape pipe(const Node& what, const Frame& frame) {
    const Node& left = *what.children[0];
    Frame inner = frame;
    inner.dot = node(left, frame);
    const LabelShape shape = node(*what.children[1], inner);
    return left.arity == Arity::one ? shape : decided(shape, inner.dot.deep());
  }

  LabelShape object(const Node& what, const Frame& frame) {
    LabelShape made;
    Label of_any_member;
    for (std::size_t i = 0; i + 1 < what.children.size(); i += 2) {
      const Node& key = *what.children[i];
      const Node& value = *what.children[i + 1];
      const bool is_named = key.kind == Kind::literal && key.constant.is_string();
      if (!is_named && value.kind == Kind::member_of_key) return everything();
      // What is decided within a member that is always there is that member's alone.
      const Label before = std::exchange(decided_, Label());
      LabelShape shape = value.kind == Kind::member_of_key ? frame.dot.field(key.constant.as_string())
                                                           : node(value, frame);
      shape = shape.within(decided_);
      decided_ = value.arity == Arity::one ? before : join(join(before, decided_), shape.deep());
      if (is_named) {
        made.fields[std::string(key.constant.as_string())] = std::make_shared<const LabelShape>(shape);
        continue;
      }
      made.node = join(made.node, node(key, frame).deep());
      of_any_member = join(of_any_member, shape.deep());
    }
    if (of_any_member.is_default()) return made;
    made.rest = of_any_member;
    for (auto& [name, shape] : made.fields)
      shape = std::make_shared<const LabelShape>(gantry::prove::join(*shape, LabelShape::all(of_any_member)));
    return made;
  }

  LabelShape bind(const Node& what, const Frame& frame) {
    const LabelShape source = node(*what.children[0], frame);
    if (what.children[0]->arity != Arity::one) decided_ = join(decided_, source.deep());
    Frame inner = frame;
    for (const expression::Pattern& pattern : what.patterns) {
      if (pattern.kind != expression::Pattern::Kind::variable || what.patterns.size() != 1) continue;
      if (inner.slots.size() <= pattern.slot) inner.slots.resize(pattern.slot + 1);
      inner.slots[pattern.slot] = source;
    }
    return node(*what.children[1], inner);
  }

  LabelShape conditional(const Node& what, const Frame& frame) {
    const Label by = node(*what.children[0], frame).deep();
    const LabelShape then = node(*what.children[1], frame);
    const LabelShape otherwise = what.children[2] ? node(*what.children[2], frame) : frame.dot;
    return decided(gantry::prove::join(then, otherwise), by);
  }

  LabelShape node(const Node& what, const Frame& frame) {
    if (what.own_frame) return everything();
    switch (what.kind) {
      case Kind::identity:
        return frame.dot;
      case Kind::literal:
        return LabelShape::all(what.constant.deep_label());
      case Kind::argument:
        return what.slot < arguments_.size() ? arguments_[what.slot] : everything();
      case Kind::variable:
        if (what.hops == 0 && what.slot < frame.slots.size() && frame.slots[what.slot])
          return *frame.slots[what.slot];
        return everything();
      case Kind::field:
        return node(*what.children[0], frame).field(what.constant.as_string());
      case Kind::index: {
        const Node& key = *what.children[1];
        if (key.kind == Kind::literal && key.constant.is_string())
          return node(*what.children[0], frame).field(key.constant.as_string());
        return of_all(what, frame);
      }
      case Kind::pipe:
        return pipe(what, frame);
      case Kind::comma: {
        LabelShape shape;
        for (const auto& child : what.children) shape = gantry::prove::join(shape, node(*child, frame));
        return shape;
      }
      case Kind::binary:
        if (what.operation == expression::Operation::add)
          return gantry::prove::join(node(*what.children[0], frame), node(*what.children[1], frame));
        return of_all(what, frame);
      case Kind::logic_and:
      case Kind::logic_or:
      case Kind::negate:
      case Kind::text:
      case Kind::iterate:
      case Kind::slice:
        return of_all(what, frame);
      case Kind::array: {
        const LabelShape all = of_all(what, frame);
        return all.within(decided_);
      }
      case Kind::format:
        return LabelShape::all(frame.dot.deep());
      case Kind::call_native: {
        const LabelShape made = of_all(what, frame);
        return LabelShape::all(join(made.deep(), frame.dot.deep()));
      }
      case Kind::alternative: {
        const LabelShape left = node(*what.children[0], frame), right = node(*what.children[1], frame);
        return decided(gantry::prove::join(left, right), left.deep());
      }
      case Kind::conditional:
        return conditional(what, frame);
      case Kind::select:
        return decided(frame.dot, node(*what.children[0], frame).deep());
      case Kind::object:
        return object(what, frame);
      case Kind::bind:
        return bind(what, frame);
      case Kind::empty:
        return {};
      default:
        return everything();  // not followed
    }
  }

  std::span<const LabelShape> arguments_;
  Label base_;
  Label decided_;  // by all choices made so far
};

LabelShape of_structure(const Value& source, std::span<const std::string> names,
                        std::span<const LabelShape> arguments, const LabelShape& dot) {
  if (source.is_string()) {
    const auto embedded = expression::embedded_expression(source.as_string());
    if (!embedded) return {};
    const auto program = expression::compile(embedded->text, names);
    if (const auto* compiled = std::get_if<expression::ProgramPointer>(&program))
      return labels_of(expression::root_of(**compiled), arguments, dot);
    Label all = dot.deep();
    for (const LabelShape& argument : arguments) all = join(all, argument.deep());
    return LabelShape::all(all);
  }
  LabelShape made;
  if (source.is_array())
    for (const Value& item : source.items())
      made.rest = join(made.rest, of_structure(item, names, arguments, dot).deep());
  if (source.is_object())
    for (const Member& member : source.members())
      made.fields[std::string(member.key.view())] =
          std::make_shared<const LabelShape>(of_structure(member.value, names, arguments, dot));
  return made;
}

}  // namespace

LabelShape labels_of(const Node& root, std::span<const LabelShape> arguments, const LabelShape& dot) {
  return Labels(root, arguments, dot).run(root, dot);
}

LabelShape labels_of(const definition::Template& source, std::span<const std::string> names,
                     std::span<const LabelShape> arguments, const LabelShape& dot) {
  if (source.is_literal()) return LabelShape::all(source.source().deep_label());
  return of_structure(source.source(), names, arguments, dot);
}

}  // namespace gantry::prove
