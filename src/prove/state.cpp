#include "prove/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>

#include "value/json.h"

namespace gantry::prove {
namespace {

// Calls `visit` with each place that holds a value.
template <class Frames, class Visit>
void visit_frames(Frames& frames, const Visit& visit) {
  for (auto& frame : frames) {
    visit(frame.raw_input);
    visit(frame.input);
    visit(frame.value);
    visit(frame.items);
    visit(frame.extension_value);
    visit(frame.extension_output);
    visit(frame.conclusion_value);
    visit(frame.outer_context);
    visit(frame.outer_workflow_input);
    for (auto& each : frame.outputs) visit(each);
    for (auto& each : frame.outer_variables) visit(each);
  }
}
template <class State, class Visit>
void visit_values(State& state, const Visit& visit) {
  visit_frames(state.frames, visit);
  visit(state.context);
  visit(state.value);
  visit(state.workflow_input);
  for (auto& each : state.variables) visit(each);
}

class Renamer {
 public:
  std::string text(TermPointer term) {
    if (term == nullptr) return "-";
    if (!term->has_symbols) return fmt::format("#{}", term->id);
    if (const auto found = seen_.find(term); found != seen_.end()) return fmt::format("@{}", found->second);
    if (term->kind == Term::Kind::symbol) {
      seen_.emplace(term, seen_.size());
      return fmt::format("s{:x}{}{}", term->types, term->may_be_nan ? "!" : "", label_text(term->label));
    }
    std::string text = fmt::format("{}{}:{}(", static_cast<int>(term->kind), term->name, term->index);
    for (const std::string& key : term->keys) text += fmt::format("{}:{},", key.size(), key);
    for (TermPointer part : term->parts) text += this->text(part) + ",";
    seen_.emplace(term, seen_.size());
    return text + ")";
  }
  bool knows(TermPointer term) const {
    if (term->kind == Term::Kind::symbol) return seen_.count(term) > 0;
    return std::all_of(term->parts.begin(), term->parts.end(), [&](TermPointer part) { return knows(part); });
  }

 private:
  static std::string label_text(Label label) {
    if (label.is_default()) return "";
    const LabelContent& content = label.content();
    std::string text = fmt::format("[{}{}", static_cast<int>(content.integrity), static_cast<int>(content.secrecy));
    for (const std::string& each : content.compartments) text += "," + each;
    return text + "]";
  }
  std::unordered_map<TermPointer, std::size_t> seen_;
};

bool touches(TermPointer term, const std::set<TermPointer>& symbols) {
  if (term == nullptr || !term->has_symbols) return false;
  if (symbols.count(term) > 0) return true;
  return std::any_of(term->parts.begin(), term->parts.end(), [&](TermPointer part) { return touches(part, symbols); });
}

// Those that say something about values that the state still has, be it by way of others.
void forget_the_past(ProofState& state) {
  std::set<TermPointer> alive;
  visit_values(state, [&](TermPointer term) { add_symbols(term, alive); });
  std::vector<Constraint> kept, open = state.condition.constraints();
  for (bool grows = true; grows;) {
    grows = false;
    std::vector<Constraint> rest;
    for (const Constraint& one : open) {
      if (!touches(one.left, alive) && !touches(one.right, alive)) {
        rest.push_back(one);
        continue;
      }
      add_symbols(one.left, alive);
      add_symbols(one.right, alive);
      kept.push_back(one);
      grows = true;
    }
    open = std::move(rest);
  }
  if (kept.size() == state.condition.constraints().size()) return;
  // In the order in which they were found out.
  std::vector<Constraint> ordered;
  for (const Constraint& one : state.condition.constraints())
    if (std::find(kept.begin(), kept.end(), one) != kept.end()) ordered.push_back(one);
  state.condition.keep_only(ordered);
}

std::string constraint_text(Renamer& names, const Constraint& one) {
  return fmt::format("{}{}{:x}{};{}", static_cast<int>(one.kind), one.positive ? "+" : "-", one.mask,
                     names.text(one.left), names.text(one.right));
}

}  // namespace

std::string control_text(const ProofState& state) {
  std::string text = fmt::format("{}{}{}{}", static_cast<int>(state.signal), state.count, state.excused ? "e" : ".",
                                 static_cast<const void*>(state.workflow));
  for (const ProofFrame& frame : state.frames) {
    text += fmt::format("/{}:{}{}p{}{}{}r{}i{}{}", static_cast<const void*>(frame.task), static_cast<int>(frame.phase),
                        static_cast<int>(frame.wait), frame.position, frame.caught ? "c" : "", frame.denied ? "d" : "",
                        frame.retries, frame.iteration, frame.extended ? "x" : "");
    for (std::size_t each : frame.chosen) text += fmt::format("{},", each);
    if (frame.extended) text += fmt::format("a{}p{}", frame.at, frame.extension_position);
    if (frame.runs_inner || frame.branch > 0)
      text += fmt::format("b{}{}{}{}o{}", frame.branch, frame.runs_inner ? "r" : "", frame.broken ? "b" : "",
                          static_cast<int>(frame.conclusion), frame.outputs.size());
    text += fmt::format("v{}", frame.outer_variables.size());
  }
  return text + fmt::format("v{}", state.variables.size());
}

std::string canonical_text(ProofState& state) {
  forget_the_past(state);
  std::string text = control_text(state);
  Renamer names;
  visit_values(state, [&](TermPointer term) { text += names.text(term) + " "; });
  // Constraints whose symbols all have names by now, in the order of their texts, so that the order in which they were
  // found out does not matter; then the others, in their order.
  std::vector<std::string> known;
  std::vector<const Constraint*> rest;
  for (const Constraint& one : state.condition.constraints()) {
    if (names.knows(one.left) && (one.right == nullptr || names.knows(one.right))) {
      Renamer copy = names;
      known.push_back(constraint_text(copy, one));
    } else {
      rest.push_back(&one);
    }
  }
  std::sort(known.begin(), known.end());
  for (const std::string& one : known) text += one + "|";
  for (const Constraint* one : rest) text += constraint_text(names, *one) + "|";
  return text;
}

namespace {

class Generaliser {
 public:
  explicit Generaliser(Terms& terms) : terms_(terms) {}

  TermPointer merge(TermPointer older, TermPointer newer) {
    if (older == newer) return older;
    if (older == nullptr || newer == nullptr) return older == nullptr ? newer : older;
    const auto key = std::pair(older, newer);
    if (const auto found = made_.find(key); found != made_.end()) return found->second;
    TermPointer made = merge_parts(older, newer);
    if (made == nullptr) {
      const auto types = static_cast<TypeMask>(older->types | newer->types);
      made = terms_.symbol("a value that changes from round to round", join(older->label, newer->label), types);
    }
    made_.emplace(key, made);
    return made;
  }

  // What both conditions say about the same joined values.
  Condition merge(const Condition& older, const Condition& newer) {
    std::map<TermPointer, std::vector<std::pair<TermPointer, TermPointer>>> by_older;
    for (const auto& [pair, made] : made_) by_older[pair.first].emplace_back(pair.second, made);
    Condition joined;
    for (const Constraint& one : older.constraints()) {
      if (std::find(newer.constraints().begin(), newer.constraints().end(), one) != newer.constraints().end())
        joined.add(one);
      if (one.kind == Constraint::Kind::types) {
        for (const auto& [other, made] : by_older[one.left])
          joined.restrict_types(made, static_cast<TypeMask>(one.mask | newer.types_of(other)));
        continue;
      }
      if (one.right != nullptr && one.right->has_symbols) continue;
      for (const auto& [other, made] : by_older[one.left]) {
        Constraint mapped = one;
        mapped.left = other;
        if (std::find(newer.constraints().begin(), newer.constraints().end(), mapped) == newer.constraints().end())
          continue;
        mapped.left = made;
        joined.add(mapped);
      }
    }
    return joined;
  }

 private:
  TermPointer merge_parts(TermPointer older, TermPointer newer) {
    const bool same_form = older->kind == newer->kind && older->keys == newer->keys &&
                           older->parts.size() == newer->parts.size() && older->name == newer->name &&
                           older->index == newer->index && !older->may_be_nan && !newer->may_be_nan;
    if (older->kind == Term::Kind::symbol || is_literal(older) || !same_form) return nullptr;
    std::vector<TermPointer> parts;
    for (std::size_t i = 0; i < older->parts.size(); ++i) parts.push_back(merge(older->parts[i], newer->parts[i]));
    switch (older->kind) {
      case Term::Kind::object: {
        std::vector<std::pair<std::string, TermPointer>> members;
        for (std::size_t i = 0; i < parts.size(); ++i) members.emplace_back(older->keys[i], parts[i]);
        return terms_.object(std::move(members));
      }
      case Term::Kind::array:
        return terms_.array(std::move(parts));
      default:
        return nullptr;
    }
  }

  Terms& terms_;
  std::map<std::pair<TermPointer, TermPointer>, TermPointer> made_;
};

}  // namespace

ProofState generalise(Terms& terms, const ProofState& older, const ProofState& newer) {
  ProofState made = newer;
  Generaliser generaliser(terms);
  std::vector<TermPointer> values;
  visit_values(older, [&](TermPointer term) { values.push_back(term); });
  std::size_t next = 0;
  visit_values(made, [&](TermPointer& term) { term = generaliser.merge(values[next++], term); });
  made.condition = generaliser.merge(older.condition, newer.condition);
  return made;
}

}  // namespace gantry::prove
