// Nothing about a labelled value gets out without its label: a program is run twice on inputs that differ in one labelled
// value only. Wherever the two outputs differ, both must carry the label there. Timing, and whether something failed,
// are not followed (docs/reference/expressions.md): in a program that catches errors it is enough when the output after
// the error carries it.
#include <gtest/gtest.h>

#include <random>

#include "base/sanitizer.h"
#include "expression/expression.h"
#include "value/json.h"

namespace gantry::expression {
namespace {

Label hidden_label() {
  return Label::of({Integrity::untrusted, Secrecy::secret, {"vault"}, {"board"}});
}
bool is_secret(Label label) {
  return join(label, hidden_label()) == label;
}

Value input_with(const Value& hidden) {
  return Value::object({{"x", hidden.labelled(hidden_label())},
                        {"open", Value(3)},
                        {"text", Value("plain text 7")},
                        {"list", Value::array({Value(1), hidden.labelled(hidden_label()), Value(5)})},
                        {"rows", Value::array({Value::object({{"k", hidden.labelled(hidden_label())}, {"v", Value("one")}}),
                                               Value::object({{"k", Value(2)}, {"v", Value("two")}})})},
                        {"box", Value::object({{"in", hidden.labelled(hidden_label())}, {"out", Value(true)}})}});
}

// The places where the two differ and the label is missing, as text; empty when there are none.
std::string leak(const Value& left, const Value& right, Label outer_left, Label outer_right, const std::string& place,
                 bool one_is_enough) {
  const Label a = join(outer_left, left.label()), b = join(outer_right, right.label());
  if (is_secret(a) && is_secret(b)) return {};
  if (one_is_enough && (is_secret(a) || is_secret(b))) return {};
  if (left.is_object() && right.is_object() && left.size() == right.size()) {
    bool same_keys = true;
    for (std::size_t i = 0; i < left.size(); ++i)
      same_keys = same_keys && left.members()[i].key == right.members()[i].key;
    if (same_keys) {
      for (std::size_t i = 0; i < left.size(); ++i) {
        const std::string found = leak(left.members()[i].value, right.members()[i].value, a, b,
                                       place + "/" + std::string(left.members()[i].key.view()), one_is_enough);
        if (!found.empty()) return found;
      }
      return {};
    }
  } else if (left.is_array() && right.is_array() && left.size() == right.size()) {
    for (std::size_t i = 0; i < left.size(); ++i) {
      const std::string found = leak(left.items()[i], right.items()[i], a, b, place + "/" + std::to_string(i), one_is_enough);
      if (!found.empty()) return found;
    }
    return {};
  }
  if (left == right && left.kind() == right.kind()) return {};
  return "at '" + place + "': " + print_json(left) + " and " + print_json(right);
}

std::vector<Value> hidden_values() {
  return {Value(0), Value(1), Value(4), Value(9), Value("plain"), Value("a,b"), Value(""), Value(), Value(true),
          Value(false), Value::array({Value(1), Value(2)}), Value::object({{"a", Value(1)}}),
          Value("eyJhIjoxfQ=="), Value("2026-11-28T06:00:00Z"), Value("7")};
}

constexpr Limits small{.steps_max = 50'000, .memory_bytes_max = 4u << 20, .depth_max = 500, .outputs_max = 100};

// Lists and objects that differ in their shape alone as well: how long, how deep, by which keys.
std::vector<Value> hidden_shapes() {
  const auto list = [](std::vector<Value> items) { return Value::array(std::move(items)); };
  return {Value(), Value("ab"), Value(2), list({}), list({Value(1)}), list({Value(1), Value(1), Value(1)}), list({list({})}),
          list({list({Value(1)}), list({Value(2), Value(3)})}), list({list({list({Value(1), Value(2)})})}),
          list({Value("a"), Value("b")}), Value::object({{"a", Value(1)}}), Value::object({{"b", Value(1)}, {"a", list({Value(2)})}}),
          list({Value::object({{"key", Value("a")}, {"value", Value(1)}})}), list({list({list({Value(0)}), Value(1)}), list({list({Value(0)})})})};
}

// What leaks out of any of the program's outputs.
std::string leak_of(const std::string& text, const std::vector<Value>& hidden_choices = hidden_values()) {
  auto compiled = compile(text);
  if (compiled.index() != 0) return "does not compile: " + std::get<1>(compiled).message;
  const bool catches = text.find("catch") != std::string::npos || text.find('?') != std::string::npos;
  std::vector<Result<Value>> outputs;
  for (const Value& hidden : hidden_choices)
    outputs.push_back(evaluate_first(*std::get<0>(compiled), input_with(hidden), {.limits = small}));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (std::size_t j = i + 1; j < outputs.size(); ++j) {
      if (!outputs[i] || !outputs[j]) continue;
      const std::string found = leak(*outputs[i], *outputs[j], Label(), Label(), "", catches);
      if (!found.empty()) return found;
    }
  }
  return {};
}

TEST(ExpressionLabelProperty, NoTrickWashesALabelOff) {
  for (const char* program : {
           "if .x then 1 else 2 end", "[.x] | length", "{a: .x} | tojson", ".x | tojson | fromjson", ".x | tostring | explode",
           ".x | tostring | [splits(\"\")] | length", ".x | tostring | ltrimstr(\"p\")", "[.x | numbers] | length",
           "[.list[] | select(. == 4)] | length", "first(.list[] | select(. == 4), 0)", "[limit(2; .list[])] | length",
           ". as {x: $y} | $y", "reduce .list[] as $i (0; if $i == 4 then . + 1 else . end)",
           "[foreach .list[] as $i (0; . + 1; if $i == 9 then . else empty end)]", ".x as $x | {} | .[$x | tostring] = 1",
           ".x as $x | {} | .[$x | tostring] = 1 | keys", ".x as $x | {a: 1, \"4\": 2} | has($x | tostring)",
           ".x as $x | {a: 1, \"4\": 2}[$x | tostring]", ".x as $x | [1, 2, 3, 4, 5] | index($x)", "[paths] | length",
           "[.. | numbers] | length", "[.box | .. | scalars] | length", "path(..) | length", "[path(.box | .in | select(. == 4))]",
           "try error(.x) catch .", "try (if .x == 4 then error(\"a\") else 1 end) catch 2", "try (.x | keys | length) catch 0",
           "(.x | tonumber? // 5)", ".x // \"none\"", "(.x == 4) and true", "(.x == 4) or false", "(.x | not)", "[.x, 1] | sort",
           "[.x, 1] | sort | .[0]", ".rows | sort_by(.k) | map(.v)", ".rows | group_by(.k) | map(length)", ".rows | unique_by(.k) | length",
           ".rows | min_by(.k) | .v", ".rows | max_by(.k).v", ".rows | map(select(.k == 4)) | length", ".rows | any(.k == 4)",
           ".rows | all(.[]; .k == 2)", ".rows | INDEX(.k) | keys | length", ".rows | map({(.k | tostring): .v}) | add",
           ".rows | from_entries? // {}", ".rows | map({key: (.k | tostring), value: .v}) | from_entries | keys", ".box | to_entries | map(.value)",
           ".box | with_entries(select(.value == 4))", ".box | map_values(select(. == 4))", ".box | del(.[] | select(. == 4))",
           ".box | delpaths([[\"in\"]])", "getpath([\"x\"])", "[getpath([\"box\", \"in\"])] | .[0]", "to_entries | .[0].value",
           "\"\\(.x)\"", "@base64 \"\\(.x)\"", ".x | @base64", ".x | tostring | try @base64d catch \"\"", "@json \"\\(.x)\"", "@sh \"\\(.x | scalars)\"",
           "[.x | scalars] | @csv", ".x | tostring | @uri", ".x | tostring | test(\"a\")", ".x | tostring | [match(\".\"; \"g\").string]",
           ".x | tostring | capture(\"(?<c>.)\")?.c // 0", ".x | tostring | gsub(\"[a-z]\"; \"_\")", ".text | test(\"plain\")",
           ".x as $x | .text | test($x | tostring)", ".x as $x | .text | split($x | tostring) | length", ".x as $x | .text | startswith($x | tostring)",
           ".x as $x | .text | sub($x | tostring; \"\")", "range(.x | numbers // 0)", "[range(.x | numbers // 0)] | length",
           "[limit((.x | numbers // 0); 1, 2, 3, 4)]", "[.x | numbers | until(. > 6; . + 1)]", "[.x | numbers | while(. < 6; . + 2)] | length",
           "[.x | numbers | repeat(. + 1; . > 9)?] | length", "[.x | recurse(if type == \"number\" and . < 3 then . + 1 else empty end)] | length",
           "label $l | if .x == 4 then 1, break $l else 2 end", "[label $l | .list[] | if . == 4 then break $l else 1 end]", "isempty(.list[] | select(. == 4))",
           "[.x | walk(if type == \"number\" then 1 else . end)]", "input_line_number? // .x", "[.x | tostream] | length", "fromstream([[0], .x], [[0]])",
           "[truncate_stream(1; [.x | tostream])?] | length", "[.x | splits(\",\")?]", "[.list | combinations(1)?] | length", "[[.x], [1]] | transpose | length",
           "[.x] | flatten", "[.x] | flatten | length", "[.x] | implode? // \"\"", "[.x] | add", ".x | length? // 0", ".x | type", ".x | ascii_downcase? // 1",
           "[.x, 4] | unique | length", "[.x] | inside([4, 1])", "[4, 1] | contains([$__loc__.line])", ".x | IN(4, 9)", "[.x] | index(4)", ".x as [$a] ?// $a | $a",
           ".list[.open - 2]", ".x as $x | .list[$x]? // 0", ".x as $x | .list[0:($x | numbers // 0)] | length", "splits(\"a\")? // .x",
           "limit(1; .list[] | select(. == 9))", "last(.list[] | select(. != 4))", "nth(1; .list[])", "[.list[] | if . == 4 then empty else 1 end]",
           "pick(.x)", "pick(.box.in) | .box", ".x |= 1 | .x", "(.list[] | select(. == 4)) |= 100 | .list | length", "(.list[] | select(. == 4)) = 100 | .list",
           ".list |= map(select(. != 4)) | .list | length", "del(.list[] | select(. == 4)) | .list | length", ".open += .x", ".open as $o | .x | . == $o",
           "(.x | strptime(\"%Y-%m-%dT%H:%M:%SZ\")? // 0)", "(.x | fromdate? // 0)", "now * 0 + (.x | numbers // 0)", "splits(.x | tostring; \"g\")? // 1",
           "ltrimstr(.x)? // .", "getpath([.x | tostring])", "try getpath([.x]) catch 1", "env? // 1", "$__prog_args? // 1", "halt? // 1",
           "[.x] | @json", "[.x] | tojson | length", "abs? // (.x | numbers | abs)", "toarray? // [.x]", "have_literal_numbers", "ltrimstr(\"x\")", "[.x] | min",
           "have_decnum // .x", "[splits(\"x\")?] | length", "@html \"\\(.x)\"", "@text \"\\(.x)\"", "(.x | tostring) as $k | {($k): 1} | to_entries[0].key", "{(.x | tostring): 1} | has(\"4\")",
           "[.[]?] | length", "map_values(1)", "[.[] | type]", "[.x | .a? | 1] | length", "[.x | .[0]? | 1]", "[(.x | .[{}])? | 1] | length", "[(.x as [$a] | 1)?]", "(.x as {a: $a} | 1)? // 0",
           "[.x | .[0:1]? | 1]", "[.x | (.a = 1)? | 1]", "[.x | (.[0] = 1)? | 1] | length", "[.x | del(.a)? | 1]", "[.x as $x | [1] | .[$x]? | 1]", "[.x | getpath([\"a\"])? | 1]",
           "[.x | (.[\"a\"] |= 1)? | 1]", "[.x | delpaths([[0]])? | 1]", "[.x as $x | {} | .[$x]? | 1]", "[.x | .a?.b? | 1]", "[.x | to_entries? | 1]", "del(.x) | length", "to_entries | map(.key)", "reduce (.x | tostring | explode[]) as $c (0; . + 1)"}) {
    const std::string found = leak_of(program);
    if (found.starts_with("does not compile")) continue;  // some names are refused here; the others must not leak
    EXPECT_EQ(found, "") << program;
  }
}

// Calls of one function: as many arguments as it takes, each in turn what the others are not.
std::vector<std::string> calls_of(const std::string& name, std::size_t arity) {
  if (arity == 0) return {name};
  std::vector<std::string> calls;
  for (const char* given : {".", "$x", "1", "\"a\"", "[0]", ".[0]", ".[0]?", "[$x]"}) {
    for (std::size_t at = 0; at < arity; ++at) {
      std::string call = name + "(";
      for (std::size_t i = 0; i < arity; ++i) call += std::string(i == 0 ? "" : "; ") + (i == at ? given : ".");
      calls.push_back(call + ")");
    }
  }
  return calls;
}

TEST(ExpressionLabelProperty, NoFunctionLeaksTheShapeOfWhatItIsGiven) {
  const auto listed = evaluate_first(*std::get<0>(compile("builtins")), Value(), {.limits = small});
  ASSERT_TRUE(listed && listed->size() > 150);
  std::size_t tried = 0;
  for (const Value& each : listed->items()) {
    const std::string_view named = each.as_string();
    if (named == "nan/0") continue;  // equals nothing, so it is never the same twice
    const std::size_t slash = named.rfind('/');
    for (const std::string& call : calls_of(std::string(named.substr(0, slash)), std::stoul(std::string(named.substr(slash + 1))))) {
      for (const char* given : {"$x", "[$x]", "[[$x]]", "{a: $x}", "[$x, [1]]", "[[1, 2], $x]", "{a: [1], b: $x}", "\"aba\"", "[3, 1, 2]"}) {
        if (has_sanitizer && tried++ % 16 != 0) continue;
        const std::string program = std::string(".x as $x | ") + given + " | " + call;
        EXPECT_EQ(leak_of(program, hidden_shapes()), "") << program;
      }
    }
  }
}

// Programs put together at random from parts that read, choose, loop, and hide.
class ProgramMaker {
 public:
  explicit ProgramMaker(std::uint32_t seed) : random_(seed) {}

  std::string make(int depth) {
    if (depth == 0) return pick({".x", ".open", ".list", ".rows", ".box", ".text", ".", "1", "\"a\"", "[]", "null", ".box.in", ".list[1]"});
    const auto sub = [&] { return make(depth - 1); };
    switch (random_() % 22) {
      case 0: return "(" + sub() + " | " + tail() + ")";
      case 1: return "[" + sub() + ", " + sub() + "]";
      case 2: return "{a: " + sub() + ", b: " + sub() + "}";
      case 3: return "(if " + sub() + " then " + sub() + " else " + sub() + " end)";
      case 4: return "(" + sub() + " // " + sub() + ")";
      case 5: return "(" + sub() + " == " + sub() + ")";
      case 6: return "[" + sub() + " | .[]? | select(. == " + sub() + ")]";
      case 7: return "(try " + sub() + " catch " + sub() + ")";
      case 8: return "(" + sub() + " as $v | " + pick({"$v", "[$v, 1]", "{k: $v}", "($v | tostring)", ".open + 1"}) + ")";
      case 9: return "(reduce (" + sub() + " | .[]?) as $i (0; if $i == " + sub() + " then . + 1 else . end))";
      case 10: return "([" + sub() + " | .[]?] | length)";
      case 11: return "(first((" + sub() + " | .[]? | select(. == " + sub() + ")), 0))";
      case 12: return "([limit(2; " + sub() + " | .[]?)])";
      case 13: return "(\"<\\(" + sub() + ")>\")";
      case 14: return "(" + sub() + " | tojson | fromjson)";
      case 15: return "(" + sub() + " and " + sub() + ")";
      case 16: return "(" + sub() + " | try (if . == 4 then error(\"e\") else 0 end) catch 1)";
      case 17: return "([" + sub() + ", " + sub() + "] | sort)";
      case 18: return "(" + sub() + " | try map_values(select(. == " + sub() + ")) catch 0)";
      case 19: return "([foreach (" + sub() + " | .[]?) as $i (0; . + 1; select($i == 4))])";
      case 20: return "(label $f | " + sub() + " | if . == 4 then break $f else . end)";
      default: return "(" + sub() + " | " + pick({"not", "type", "length? // 0", "keys? // []", "tostring", "to_entries? // []", "[.[]?]", "add? // 0"}) + ")";
    }
  }

 private:
  std::string tail() {
    return pick({"tostring", "type", "tojson", "[.]", "{v: .}", "length? // 0", "not", "[.. | numbers] | length", "[paths] | length", "@base64? // 0",
                 "map(. == 4)? // []", "any? // false", "first? // 0", "last? // 0", "sort? // []", "unique? // []", "min? // 0", "flatten? // []",
                 "(tonumber? // 0)", "test(\"a\")? // false", "ascii_upcase? // \"\"", "del(.[0])? // 0", "has(0)? // false", "index(4)? // 0"});
  }
  std::string pick(std::initializer_list<const char*> choices) { return *(choices.begin() + random_() % choices.size()); }

  std::mt19937 random_;
};

TEST(ExpressionLabelProperty, NoProgramMadeAtRandomLeaks) {
  ProgramMaker maker(20261128);
  for (int i = 0; i < (has_sanitizer ? 400 : 2'000); ++i) {
    const std::string program = maker.make(1 + i % 4);
    EXPECT_EQ(leak_of(program), "") << program;
  }
}

}  // namespace
}  // namespace gantry::expression
