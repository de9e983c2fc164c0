#include "expression/input_members.h"

#include <algorithm>

#include "expression/inspect.h"

namespace gantry::expression {
namespace {

class MemberReader {
 public:
  // `node` is evaluated with the program's input as its own. False: it may see anything.
  bool read(const Node& node) {
    switch (node.kind) {
      case Kind::literal:
      case Kind::argument:
      case Kind::variable:
      case Kind::call_parameter:  // the closure is read where it is given
        return true;
      case Kind::field:
        return read_field(node);
      case Kind::pipe:  // the right side sees what the left side gives
        return read(*node.children[0]);
      case Kind::conditional:  // without `else` the input passes
        return node.children.size() == 3 && node.children[2] != nullptr && read_all(node);
      case Kind::bind:
        return binds_names_only(node) && read_all(node);
      case Kind::call_function:
        return read_all(node) && read_body(*node.function);
      case Kind::negate:
      case Kind::binary:
      case Kind::logic_and:
      case Kind::logic_or:
      case Kind::alternative:
      case Kind::comma:
      case Kind::array:
      case Kind::text:
      case Kind::iterate:
      case Kind::index:
      case Kind::slice:
      case Kind::try_catch:
        return read_all(node);
      default:  // the input itself, or something that may be about it
        return false;
    }
  }

  std::set<std::string> take() { return std::move(members_); }

 private:
  bool read_all(const Node& node) {
    return std::all_of(node.children.begin(), node.children.end(),
                       [&](const NodePointer& child) { return child == nullptr || read(*child); });
  }

  bool read_field(const Node& node) {
    if (node.children[0]->kind != Kind::identity) return read_all(node);
    if (!node.constant.is_string()) return false;
    members_.emplace(node.constant.as_string());
    return true;
  }

  static bool binds_names_only(const Node& node) {
    return std::all_of(node.patterns.begin(), node.patterns.end(),
                       [](const Pattern& pattern) { return pattern.kind == Pattern::Kind::variable; });
  }

  bool read_body(const Function& function) {
    if (function.body == nullptr || functions_.size() >= functions_max) return false;
    return !functions_.insert(&function).second || read(*function.body);
  }

  static constexpr std::size_t functions_max = 100;
  std::set<std::string> members_;
  std::set<const Function*> functions_;  // read, or being read
};

}  // namespace

std::optional<std::set<std::string>> input_members(const Program& program) {
  MemberReader reader;
  if (!reader.read(root_of(program))) return std::nullopt;
  return reader.take();
}

}  // namespace gantry::expression
