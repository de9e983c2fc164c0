#include "expression/arity.h"

namespace gantry::expression {
namespace {

Arity widest(const Node& node) {
  Arity arity = Arity::one;
  for (const NodePointer& child : node.children) arity = wider(arity, child->arity);
  return arity;
}

Arity optional_unless_many(Arity arity) {
  return wider(arity, Arity::optional);
}

void widen_by_keys(const Pattern& pattern, Arity& arity) {
  for (const Pattern::Entry& entry : pattern.entries) {
    if (entry.key) arity = wider(arity, entry.key->arity);
    if (entry.has_pattern) widen_by_keys(entry.pattern, arity);
  }
}

}  // namespace

Arity arity_of(const Node& node) {
  auto child = [&node](std::size_t i) { return node.children[i]->arity; };
  switch (node.kind) {
    case Kind::identity:
    case Kind::literal:
    case Kind::argument:
    case Kind::variable:
    case Kind::array:
    case Kind::format:
    case Kind::member_of_key:
    case Kind::modify:
    case Kind::map:
    case Kind::map_values:
    case Kind::any_of:
    case Kind::all_of:
    case Kind::is_empty:
    case Kind::add_of:
    case Kind::delete_of:
    case Kind::pick:
    case Kind::sort_by:
    case Kind::group_by:
    case Kind::unique_by:
    case Kind::min_by:
    case Kind::max_by:
    case Kind::with_entries:
    case Kind::debug:
      return Arity::one;
    case Kind::field:
    case Kind::index:
    case Kind::slice:
    case Kind::pipe:
    case Kind::negate:
    case Kind::binary:
    case Kind::logic_and:
    case Kind::logic_or:
    case Kind::conditional:
    case Kind::object:
    case Kind::text:
    case Kind::call_native:
    case Kind::get_path:
      return widest(node);
    case Kind::alternative:
      return child(0) == Arity::many ? Arity::many : child(1);
    case Kind::try_catch:
      return node.children.size() > 1 ? widest(node) : optional_unless_many(child(0));
    case Kind::reduce:
      return child(1);
    case Kind::bind: {
      Arity arity = widest(node);
      for (const Pattern& pattern : node.patterns) widen_by_keys(pattern, arity);
      return arity;
    }
    case Kind::label:
      return optional_unless_many(child(0));
    case Kind::break_to:
    case Kind::empty:
      return Arity::optional;
    case Kind::error_of:
    case Kind::path_of:
    case Kind::select:
      return optional_unless_many(widest(node));
    case Kind::first_of:
    case Kind::last_of:
      return Arity::optional;
    case Kind::nth_of:
      return optional_unless_many(child(0));
    case Kind::until:
      return widest(node) == Arity::one ? Arity::one : Arity::many;
    case Kind::walk:
      return child(0) == Arity::one ? Arity::one : Arity::many;
    case Kind::substitute:
      return widest(node) == Arity::one ? Arity::one : Arity::many;
    case Kind::assign:
    case Kind::modify_with:
    case Kind::alternative_assign:
      return child(1);
    case Kind::call_function:
      return node.function->body->arity;
    default:
      return Arity::many;
  }
}

void mark_last_use(Node& node) {
  if (node.kind == Kind::pipe) return mark_last_use(*node.children[0]);
  if (node.arity == Arity::many) return;
  switch (node.kind) {
    case Kind::identity:
    case Kind::call_native:
    case Kind::assign:
    case Kind::modify:
    case Kind::modify_with:
    case Kind::alternative_assign:
      node.consumes = true;
      break;
    case Kind::binary:
      node.consumes = node.children[0]->kind == Kind::identity;
      break;
    case Kind::conditional:
      mark_last_use(*node.children[1]);
      mark_last_use(*node.children[2]);
      break;
    case Kind::bind:
      if (node.patterns.size() == 1) mark_last_use(*node.children[1]);
      break;
    case Kind::try_catch:
      mark_last_use(*node.children[0]);
      break;
    default:
      break;
  }
}

}  // namespace gantry::expression
