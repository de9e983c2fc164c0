#include "expression/input_members.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "value/json.h"

namespace gantry::expression {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ProgramPointer compiled(const std::string& text) {
  auto result = compile(text);
  const auto* program = std::get_if<ProgramPointer>(&result);
  return program != nullptr ? *program : nullptr;
}

std::optional<std::set<std::string>> members_of(const std::string& text) {
  return input_members(*compiled(text));
}

TEST(InputMembers, AreThoseThatAreNamed) {
  EXPECT_THAT(*members_of("1"), IsEmpty());
  EXPECT_THAT(*members_of(".a.b.c"), ElementsAre("a"));
  EXPECT_THAT(*members_of(".a <= 250 and .b.x == \"t\" or (.c | not)"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*members_of(".a as $x | .b[$x] // .c[]?"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*members_of("if .a then .b else .c end"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*members_of("def f: .a; f + .b"), ElementsAre("a", "b"));
  EXPECT_THAT(*members_of("[.a[] | keys]"), ElementsAre("a")) << "the keys of what is in it";
}

TEST(InputMembers, AreNotKnownWhereTheWholeIsLookedAt) {
  for (const char* text :
       {".", "keys", ". as $x | $x.a", "if .a then .b end", "has(\"a\")", ".[\"a\", .b]", ".[]", "..", "map(.a)", "select(.a)", "to_entries",
        "{a}", ". as {$a} | $a", "getpath([\"a\"])", "def f: .; f", "def f(x): x; f(keys)", "[paths]", "del(.a)", ".a = 1", ".a |= 1",
        "reduce .a as $x (.; 1)", "first(.a)", "try error catch .", "with_entries(.)", "@json", "any", "length", "-."})
    EXPECT_FALSE(members_of(text).has_value()) << text;
}

// What the program says, or what went wrong.
std::string outcome_of(const Program& program, const Value& input) {
  const auto output = evaluate_first(program, input, {});
  return output ? print_json(*output) : output.error().message;
}

// Each way in which two programs can be put together.
std::vector<std::string> put_together(const std::string& a, const std::string& b) {
  std::vector<std::string> all;
  for (const char* way : {"({}) | ({})", "[({}), ({})]", "if ({}) then ({}) else 0 end", "if ({}) then ({}) end", "({}) as $v | [$v, ({})]",
                          "({}) // ({})", "try ({}) catch ({})", "[reduce ({}) as $v (0; ({}))]", "[foreach ({}) as $v (.; ({}))]",
                          "def f: ({}); ({}) | f", "def f(g): g | ({}); f({})", "def f($v): [$v, ({})]; f({})", "({}) and ({})", "[{{k: ({}), l: ({})}}]",
                          "\"\\({})\" + \"\\({})\"", "[path({})] + [({})]", "[limit(1; ({}))] + [({})]", "label $out | ({}) | (({}), break $out)"})
    all.push_back(fmt::format(fmt::runtime(way), a, b));
  return all;
}

TEST(InputMembers, WithTheseOnlyAProgramSaysTheSame) {
  const Value whole = *parse_json(R"({"a":{"b":1,"c":[1,"x"]},"d":[3,{"a":2}],"e":"text","f":true,"g":null})");
  constexpr const char* atoms[] = {".", ".a", ".a.b", ".d[1]", ".d[]", ".e", ".f", ".g", "keys", "length", "type", "1", "has(\"a\")", ".[\"f\"]",
                                   "select(.f)", "map_values(type)", "to_entries", "[.[]?]", ".e | length", "{a, d}", "del(.a)", "any", ".d[.a.b]", ".d[0:1]"};
  int known = 0;
  for (const char* a : atoms) {
    for (const char* b : atoms) {
      for (const std::string& text : put_together(a, b)) {
        const ProgramPointer program = compiled(text);
        ASSERT_NE(program, nullptr) << text;
        const auto members = input_members(*program);
        if (!members) continue;
        ++known;
        std::vector<Member> only;
        for (const Member& member : whole.members())
          if (members->contains(std::string(member.key.view()))) only.push_back(member);
        ASSERT_EQ(outcome_of(*program, Value::object(std::move(only))), outcome_of(*program, whole)) << text;
      }
    }
  }
  EXPECT_GT(known, 1'000);
}

}  // namespace
}  // namespace gantry::expression
