// Builtins that take expressions and gather their outputs into one value.
#include "expression/machine.h"
#include "expression/messages.h"
#include "expression/operators.h"
#include "expression/regex.h"
#include "expression/structure.h"

namespace gantry::expression {

// [generator, condition]
Got Machine::one_any_all(const Node& node, const Frame& frame, const Value& input, Value& output) {
  bool wanted = node.kind == Kind::any_of;
  bool found = false;
  std::uint64_t id = ++last_label_;
  Gathering gathering(*this);
  Label label;
  Flow flow = each(*node.children[0], frame, input, nullptr, [&](Value&& value, const Path*) {
    return each(*node.children[1], frame, value, nullptr, [&](Value&& verdict, const Path*) {
      label = join(label, verdict.label());
      if (verdict.is_truthy() != wanted) return Flow::proceed;
      found = true;
      return stop_here(id);
    });
  });
  if (flow == Flow::halt && !stopped_here(id)) return Got::failed;
  output = Value(found == wanted).labelled(join(label, gathering.label()));
  return Got::value;
}

Got Machine::one_is_empty(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Gathering gathering(*this);
  Value ignored;
  Got got = first_output(*node.children[0], frame, input, ignored);
  if (got == Got::failed) return got;
  output = Value(got == Got::none).labelled(join(ignored.label(), gathering.label()));
  return Got::value;
}

Got Machine::one_add(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Gathering gathering(*this);
  Value total;
  std::string text;  // of `total` while it is a string, so that many pieces take linear time
  bool is_text = false;
  Flow flow = each(*node.children[0], frame, input, nullptr, [&](Value&& value, const Path*) {
    if (node.refuses_null && value.is_null()) return halt(refuse_null(value.label()));
    if (is_text && value.is_string()) {
      text += value.as_string();
      total = std::move(total).labelled(value.label());
      return use_memory(value.as_string().size()) ? Flow::proceed : Flow::halt;
    }
    if (is_text) total = Value(text).labelled(total.label());
    Value sum;
    if (operate(*this, Operation::add, std::move(total), std::move(value), sum) != Got::value) return Flow::halt;
    total = std::move(sum);
    is_text = total.is_string();
    if (is_text) text = total.as_string();
    return Flow::proceed;
  });
  if (flow == Flow::halt) return Got::failed;
  if (is_text) total = Value(text).labelled(total.label());
  output = std::move(total).labelled(gathering.label());
  return Got::value;
}

Got Machine::one_map(const Node& node, const Frame& frame, const Value& input, Value& output) {
  std::vector<Value> items;
  Gathering gathering(*this);
  const Node& body = *node.children[0];
  auto keep = [&](Value&& value, const Path*) {
    if (!may_nest(value) || !use_memory(sizeof(Value))) return Flow::halt;
    items.push_back(std::move(value));
    return Flow::proceed;
  };
  Flow flow = iterate(input, nullptr, [&](Value&& item, const Path*) {
    if (body.arity == Arity::many) return each(body, frame, item, nullptr, keep);
    Value made;
    Got got = one(body, frame, item, made);
    if (got == Got::value) return keep(std::move(made), nullptr);
    return got == Got::none ? Flow::proceed : Flow::halt;
  });
  if (flow == Flow::halt) return Got::failed;
  output = Value::array(std::move(items)).labelled(join(input.label(), gathering.label()));
  return Got::value;
}

Got Machine::one_with_entries(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Value entries, mapped;
  if (to_entries(*this, input, entries) != Got::value) return Got::failed;
  if (one_map(node, frame, entries, mapped) != Got::value) return Got::failed;
  return from_entries(*this, mapped, output);
}

Got Machine::one_sorted(const Node& node, const Frame& frame, const Value& input, Value& output) {
  const Node& key = *node.children[0];
  std::vector<Value> keys;
  keys.reserve(input.size());
  Gathering gathering(*this);
  Flow flow = iterate(input, nullptr, [&](Value&& item, const Path*) {
    if (!use_memory(2 * sizeof(Value))) return Flow::halt;
    if (key.arity == Arity::one) {  // comparing the keys is comparing the arrays of one key each
      keys.emplace_back();
      if (one(key, frame, item, keys.back()) != Got::value) return Flow::halt;
      return node.refuses_null && keys.back().is_null() ? halt(refuse_null(keys.back().label())) : Flow::proceed;
    }
    std::vector<Value> several;
    Flow inner = each(key, frame, item, nullptr, [&](Value&& value, const Path*) {
      if (node.refuses_null && value.is_null()) return halt(refuse_null(value.label()));
      if (!use_memory(sizeof(Value))) return Flow::halt;
      several.push_back(std::move(value));
      return Flow::proceed;
    });
    keys.push_back(Value::array(std::move(several)));
    return inner;
  });
  if (flow == Flow::halt) return Got::failed;
  Ordering ordering = node.kind == Kind::sort_by     ? Ordering::sort
                      : node.kind == Kind::group_by  ? Ordering::group
                      : node.kind == Kind::unique_by ? Ordering::unique
                      : node.kind == Kind::min_by    ? Ordering::least
                                                     : Ordering::greatest;
  if (order(*this, input, keys, ordering, output) != Got::value) return Got::failed;
  output = std::move(output).labelled(gathering.label());
  return Got::value;
}

// [pattern, replacement, flags]
Flow Machine::each_substitute(const Node& node, const Frame& frame, const Value& input, Sink sink) {
  return each(*node.children[0], frame, input, nullptr, [&](Value&& pattern, const Path*) {
    if (node.children.size() < 3) return substitute(node, frame, input, pattern, Value(), sink);
    return each(*node.children[2], frame, input, nullptr,
                [&](Value&& flags, const Path*) { return substitute(node, frame, input, pattern, flags, sink); });
  });
}

// The n-th output is made of the n-th outputs of the replacement for each match.
Flow Machine::substitute(const Node& node, const Frame& frame, const Value& input, const Value& pattern,
                         const Value& flags, Sink sink) {
  std::vector<Match> matches;
  bool global = node.operation == Operation::add;
  if (find_matches(*this, input, pattern, flags, global, matches) != Got::value) return Flow::halt;
  Label label = join(input.label(), join(pattern.label(), flags.label()));
  std::string_view text = input.as_string();
  std::vector<std::string> results;
  std::size_t previous = 0;
  {
    Gathering gathering(*this);
    for (const Match& match : matches) {
      std::string_view gap = text.substr(previous, match.begin - previous);
      previous = match.end;
      std::size_t count = 0;
      Flow flow = each(
          *node.children[1], frame, captures_of(text, match).labelled(label), nullptr, [&](Value&& made, const Path*) {
            if (!made.is_string())
              return halt(
                  fail(kind_and_brief(Value(gap)) + " and " + kind_and_brief(made) + " cannot be added", about(made)));
            if (results.size() <= count) results.emplace_back();
            std::string& result = results[count++];
            label = join(label, made.label());
            result += gap;
            result += made.as_string();
            return use_memory(gap.size() + made.as_string().size()) ? Flow::proceed : Flow::halt;
          });
      if (flow == Flow::halt) return flow;
    }
    label = join(label, gathering.label());
  }
  if (results.empty()) return sink(input.labelled(label), nullptr);
  for (std::string& result : results) {
    result += text.substr(previous);
    if (!use_memory(result.size()) || sink(Value(result).labelled(label), nullptr) == Flow::halt) return Flow::halt;
  }
  return Flow::proceed;
}

}  // namespace gantry::expression
