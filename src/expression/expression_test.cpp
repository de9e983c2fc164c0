#include "expression/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <regex>
#include <thread>

#include "base/sanitizer.h"
#include "value/json.h"

namespace gantry::expression {
namespace {

using ::testing::HasSubstr;

Value json(std::string_view text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Value();
}

// All outputs as JSON, one per line; an error as its last line.
std::string run(std::string_view text, std::string_view input = "null", Limits limits = {}) {
  auto program = compile(text);
  if (auto* error = std::get_if<CompileError>(&program)) return "compile error: " + error->message;
  Evaluation evaluation;
  evaluation.limits = limits;
  std::string shown;
  Status status = evaluate_each(*std::get<0>(program), json(input), evaluation, [&shown](const Value& value) {
    shown += (shown.empty() ? "" : "\n") + print_json(value);
    return true;
  });
  if (!status)
    shown += (shown.empty() ? "" : "\n") + std::string(name_of(status.error().code)) + ": " + status.error().message;
  return shown;
}

CompileError compile_error(std::string_view text, std::vector<std::string> variables = {}) {
  auto program = compile(text, variables);
  auto* error = std::get_if<CompileError>(&program);
  EXPECT_NE(error, nullptr) << text;
  return error ? *error : CompileError{};
}

TEST(Expression, BindsVariablesInTheOrderGiven) {
  std::vector<std::string> names{"context", "input"};
  auto program = compile("$input.a + $context", names);
  ASSERT_EQ(program.index(), 0u);
  std::vector<Value> arguments{Value(40), json(R"({"a":2})")};
  Evaluation evaluation;
  evaluation.arguments = arguments;
  EXPECT_EQ(print_json(*evaluate_first(*std::get<0>(program), Value(), evaluation)), "42");
}

TEST(Expression, DoesAsJqOfTodayWhereOldOnesDidOtherwise) {
  EXPECT_EQ(run("\"gICA\"|@base64d"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(run("\"4oI=\", \"wYA=\", \"7aCA\", \"YeKCrGI=\" | @base64d | explode | tojson"),
            "\"[65533]\"\n\"[65533,65533]\"\n\"[65533]\"\n\"[97,8364,98]\"");
  EXPECT_EQ(run("transpose", "{}"), "[]");
  EXPECT_EQ(run("transpose", R"({"a":[1,2],"b":[3]})"), "[[1,3],[2,null]]");
  EXPECT_EQ(run("index(\"a\")", R"({"a":1})"), "invalid_argument: Cannot index number with number (0)");
  EXPECT_EQ(run("index(\"a\"), rindex(\"a\")", R"({"a":[1,2]})"), "1\n2");
  EXPECT_EQ(run("index(\"a\"), rindex(\"a\")"), "null\nnull");
  EXPECT_EQ(run("path(add[0]?)", "[]"), "invalid_argument: Invalid path expression near attempt to access element 0 of null");
  EXPECT_EQ(run("[path(.a?, .[]?, .[0]?, (.a | .b?))], [path((add[0])?)]", R"({"a":1})"), R"([["a"],["a"]])" "\n[]");
  EXPECT_EQ(run("-infinite % 3, -. * \"ab\", -.[0]? // 7", "1"), "-2\nnull\n7");
}

TEST(Expression, TellsWhichVariablesAreRead) {
  std::vector<std::string> names{"context", "input", "secrets"};
  auto program = compile("{c: $context, x: (1 as $input | $input)}", names);
  EXPECT_THAT(reads_of(*std::get<0>(program)).variables, ::testing::ElementsAre("context"));
}

TEST(Expression, RefusesTheWrongNumberOfArguments) {
  std::vector<std::string> names{"a"};
  auto program = compile("$a", names);
  EXPECT_FALSE(evaluate_first(*std::get<0>(program), Value(), {}));
}

TEST(Expression, GivesTheFirstOfManyAndRefusesNone) {
  EXPECT_EQ(print_json(*evaluate_first(*std::get<0>(compile("range(10)")), Value(), {})), "0");
  auto none = evaluate_first(*std::get<0>(compile("empty")), Value(), {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "the expression gave no value");
}

TEST(Expression, AQuestionMarkBehindAStepIsAboutThatStepOnly) {
  const std::vector<std::array<std::string, 3>> cases = {
      {"[.[].a?]", R"([1,{"a":2}])", "[2]"},
      {"[.[][0]?]", "[[1],2,[3]]", "[1,3]"},
      {"[.[][]?]", "[[1],2,[3,4]]", "[1,3,4]"},
      {"[.[][1:]?]", "[[1,2],5,[3,4]]", "[[2],[4]]"},
      {"[.a[].b?]", R"({"a":[{"b":1},2,{"b":3}]})", "[1,3]"},
      {"del(.[].a?)", R"([{"a":1},5,{"a":2}])", "[{},5,{}]"},
      {"(.[].a?) |= . + 1", R"([{"a":1},5,{"a":2}])", R"([{"a":2},5,{"a":3}])"},
      {"[path(.[].a?)]", R"([{"a":1},{}])", R"([[0,"a"],[1,"a"]])"},
      {R"(try .a.b? catch "raised")", "true", R"("raised")"},
      {R"(try ((1 | error("q")).a?) catch .)", "null", R"("q")"},
      {R"(try [.[error("x")]?] catch .)", "[1]", R"("x")"},
      {"[.[.k]?]", R"({"k":"z","z":5})", "[5]"},
      {"[.[(0,1):(3,4)]?]", "[0,1,2,3,4]", "[[0,1,2],[0,1,2,3],[1,2],[1,2,3]]"},
  };
  for (const auto& [text, input, expected] : cases) {
    auto program = compile(text);
    ASSERT_TRUE(std::holds_alternative<ProgramPointer>(program)) << text;
    const auto value = evaluate_first(*std::get<0>(program), *parse_json(input), {});
    ASSERT_TRUE(value.ok()) << text << ": " << value.error().message;
    EXPECT_EQ(print_json(*value), expected) << text;
  }
}

TEST(Expression, ComparesOnlyWhatIsThereWhereThatIsAskedFor) {
  const auto answer = [](std::string_view text) {
    auto program = compile(text, {}, Comparisons::of_values);
    auto value = evaluate_only(*std::get<0>(program), *parse_json(R"({"a":1,"n":null,"l":[1,2]})"), {});
    return value.ok() ? print_json(*value) : "error";
  };
  for (const char* text :
       {".a <= 250", ".n == null", ".a != null", ".b? == null", "(.b // 0) < 1", ".a as $x | $x == 1"})
    EXPECT_EQ(answer(text), "true") << text;
  for (const char* text :
       {".b <= 250", "250 >= .b", R"(.b != "untrusted")", ". as {b: $x} | $x <= 5", R"(getpath(["b"]) < 5)",
        ".l[7] <= 5", "any(.n; . == 1)", "def f: . < 3; .b | f", ".l[] > 0", "empty"})
    EXPECT_EQ(answer(text), "error") << text;
  EXPECT_EQ(answer(".b? <= 250"), "true") << "the author says that it may be missing";
}

TEST(Expression, WhereNullIsRefusedNothingIsComputedOfItAndNothingCatchesThat) {
  const char* facts = R"({"a":1,"n":null,"note":"x","rows":[{"p":5},{}],"nulls":[1,null],"o":{"a":1,"n":null}})";
  const auto answer = [&](std::string_view text) {
    auto program = compile(text, {}, Comparisons::of_values);
    if (!std::holds_alternative<ProgramPointer>(program)) return std::get<CompileError>(program).message;
    auto value = evaluate_only(*std::get<0>(program), *parse_json(facts), {});
    return value.ok() ? print_json(*value) : "error";
  };
  for (const char* computed :
       {".a + .b", ".b + .a", ".n + .n", "[.rows[].p] | add", ".rows | map(.p) | add", "add(.rows[].p)", ".nulls | max", ".nulls | min",
        ".nulls | sort | length", ".nulls | unique | length", ".rows | max_by(.p) | .p", ".rows | sort_by(.p) | length",
        ".rows | group_by(.p) | length", "reduce .rows[] as $row (0; . + $row.p)", "last(foreach .rows[] as $row (0; . + $row.p))",
        ".b | length", "(.x | .y) | length", ".b | tostring", ".b | tojson", "\"\\(.b)\"", ".b | @text", ".nulls | @csv", ".nulls | join(\",\")",
        "[\"evil\"] as $bad | .b as $x | $bad | index($x)", ".nulls | index(7)", "[\"evil\"] | contains([null, null][:1])",
        ".b | in({})", "-.b", ".a += .b | .a", ".a as $a | .b |= $a + . | .b", ".b | ascii_downcase", ".b | todate", ".b | ltrimstr(\"x\")",
        "[.a, .b] == [1, 2]", "{x: .b} != {x: 5}", "def sum: add; .nulls | sum", ".o | map(. + 1)", "pow(.b; 2)", ".b | keys | length"}) {
    EXPECT_EQ(answer(computed), "error") << computed;
    for (const char* catching : {"(%) // 0", "(%)? // 0", "try (%) catch 0", "[(%)?] | length", "isempty((%)?)", "first((%), 0) // 0"}) {
      const std::string program = std::regex_replace(catching, std::regex("%"), std::regex_replace(computed, std::regex("\\$"), "$$$$"));
      EXPECT_EQ(answer(program), "error") << program;
    }
  }
  for (const auto& [asked, expected] : std::vector<std::pair<const char*, const char*>>{
           {"(.b // 0) + 1", "1"}, {".b? | length", "0"}, {"if .b == null then 0 else .b + 1 end", "0"}, {".rows | map(.p // 0) | add", "5"},
           {".rows | map(.p | values) | add", "5"}, {"[.rows[].p | numbers] | max", "5"}, {".b | type", "\"null\""}, {".b | not", "true"},
           {".o | has(\"b\")", "false"}, {"[.rows[] | select(.p == null)] | length", "1"}, {".nulls | length", "2"}, {".b as $x | [$x] | length", "1"},
           {"[.rows[] | .p != null] | all", "false"}, {"[] | add", "null"}, {".note | length", "1"}, {".nulls == [1, null]", "true"},
           {"try error(\"x\") catch .", "\"x\""}, {"(.note | tonumber)? // 7", "7"}, {"now == 0", "true"}, {".a + 1 | . * 2", "4"}})
    EXPECT_EQ(answer(asked), expected) << asked;
}

TEST(Expression, KeepsIntegersExact) {
  EXPECT_EQ(run(". + 1", "9007199254740993"), "9007199254740994");
  EXPECT_EQ(run(".[0] * .[1]", "[3037000500,3037000499]"), "9223372033963249500");
  EXPECT_EQ(run("9223372036854775807 + 1"), "9223372036854776000");
  EXPECT_EQ(run("-9223372036854775807 - 1"), "-9223372036854775808");
  EXPECT_EQ(run("[9007199254740993, 9007199254740992] | max"), "9007199254740993");
}

TEST(Expression, FollowsThePrecedenceOfJq) {
  EXPECT_EQ(run("1 + 2 * 3 - 4 / 2"), "5");
  EXPECT_EQ(run("1 as $x | 2 as $y | [$x, $y]"), "[1,2]");
  EXPECT_EQ(run("1 + 2 as $x | -$x"), "-3");
  EXPECT_EQ(run("[.a?//2]", "{}"), "[2]");
  EXPECT_EQ(run("(.a = 5) | .a // 1", "{}"), "5");
  EXPECT_THAT(run("1 == 1 == 1"), HasSubstr("compile error"));
}

TEST(Expression, KeepsVariablesOfClosuresApart) {
  EXPECT_EQ(run("def twice(f): f | f; [1 | twice(. as $x | ., $x)]"), "[1,1,1,1]");
  EXPECT_EQ(run("[2 | recurse(if . > 0 then (. as $x | . - 1, $x - 2) else empty end)]"), "[2,1,0,-1,0]");
  EXPECT_EQ(run("def f(g): def h: [g]; h; 3 as $x | f($x, (4 as $x | $x), $x)"), "[3,4,3]");
}

TEST(Expression, RunsLongLoopsOfTheBuiltinGenerators) {
  EXPECT_EQ(run("last(limit(100000; 0 | recurse(. + 1)))"), "99999");
  EXPECT_EQ(run("0 | until(. >= 300000; . + 1)"), "300000");
  EXPECT_EQ(run("[0 | while(. < 200000; . + 1)] | length"), "200000");
  EXPECT_EQ(run("reduce range(200000) as $i (0; . + $i)"), "19999900000");
  EXPECT_EQ(run("reduce range(50000) as $i ([]; . + [$i]) | length"), "50000");
  EXPECT_EQ(run("[limit(5; repeat(1))]"), "[1,1,1,1,1]");
  EXPECT_EQ(run("first(range(1; 1e9))"), "1");
}

TEST(Expression, StopsRunawaysAtTheirLimit) {
  Limits limits;
  limits.steps_max = 1'000'000;
  limits.memory_bytes_max = 16u << 20;
  if (has_thread_sanitizer) limits.depth_max = 1'000;  // its own list of calls ends at 65,536 functions
  auto stopped = [&limits](std::string_view text) { return run(text, "null", limits); };
  EXPECT_THAT(stopped("def f: f; f"), HasSubstr("exhausted"));
  EXPECT_THAT(stopped("def f: 1 + f; f"), HasSubstr("exhausted"));
  EXPECT_THAT(stopped("def f: [f]; f"), HasSubstr("exhausted"));
  EXPECT_THAT(stopped("def f(g): f(g | g); f(.)"), HasSubstr("exhausted"));
  EXPECT_THAT(stopped("last(range(1e12))"), HasSubstr("steps"));
  EXPECT_THAT(stopped("repeat(empty)"), HasSubstr("steps"));
  EXPECT_THAT(stopped("try last(repeat(1)) catch 5"), HasSubstr("exhausted"));
  EXPECT_THAT(stopped("reduce range(1e6) as $i ([]; [.])"), HasSubstr("levels"));
  EXPECT_THAT(stopped("reduce range(1e6) as $i (null; {a: ., b: [$i]})"), HasSubstr("exhausted"));
  EXPECT_THAT(stopped("reduce range(60) as $i (\"x\"; . + .)"), HasSubstr("bytes"));
  EXPECT_THAT(stopped("[recurse(.)]"), HasSubstr("exhausted"));
  EXPECT_THAT(stopped("range(1e9) as $x | [$x] | empty"), HasSubstr("exhausted"));
  Limits few_steps;
  few_steps.steps_max = 5;
  EXPECT_EQ(run("last(range(10))", "null", few_steps),
            "exhausted: the expression took more than 5 steps, which is the limit");
}

TEST(Expression, RecursesDeeplyWithinItsLimit) {
  // For the thread sanitizer see above; the other one takes half a minute for 9,000 levels.
  const std::string levels = has_thread_sanitizer ? "1000" : has_address_sanitizer ? "3000" : "9000";
  EXPECT_EQ(run("def f: if . == 0 then 0 else (. - 1 | f) + 1 end; " + levels + " | f"), levels);
  EXPECT_EQ(run("reduce range(" + levels + ") as $i (null; [.]) | [recurse] | length - 1"), levels);
}

TEST(Expression, ReportsWhereAndWhatInCompileErrors) {
  EXPECT_EQ(compile_error(".a | lenght").offset, 5u);
  EXPECT_THAT(compile_error(".a | lenght").message, HasSubstr("did you mean 'length'?"));
  EXPECT_THAT(compile_error("$contxt.a", {"context", "input"}).message, HasSubstr("did you mean $context?"));
  EXPECT_THAT(compile_error("range(1;2;3;4)").message, HasSubstr("'range' takes 1 or 2 or 3 arguments"));
  EXPECT_THAT(compile_error(".a +").message, HasSubstr("the end of the program"));
  EXPECT_THAT(compile_error("[1, 2").message, HasSubstr("']'"));
  EXPECT_EQ(compile_error("1 | @bas64").offset, 4u);
  EXPECT_THAT(compile_error("\"abc").message, HasSubstr("no end"));
}

TEST(Expression, RefusesWhatReachesOutside) {
  for (const char* text :
       {"env", "$ENV", "input", "inputs", "input_filename", "halt", "halt_error", "get_search_list",
        "import \"a\" as a; .", "include \"a\"; .", "modulemeta", "$__prog_args", "stderr", "input_line_number"})
    EXPECT_FALSE(compile_error(text).message.empty()) << text;
  EXPECT_THAT(compile_error("env.HOME").message, HasSubstr("environment"));
}

TEST(Expression, RefusesProgramsThatAreTooLargeOrTooDeep) {
  EXPECT_THAT(compile_error(std::string(70'000, ' ')).message, HasSubstr("65536"));
  for (const char* piece :
       {"(", "[", "{a:", "-", "if . then ", "try ", "\"\\(", ".[", "def f: ", "1 + (", "reduce . as $x ("}) {
    std::string text;
    while (text.size() + 16 < 60'000) text += piece;
    EXPECT_THAT(compile_error(text).message, HasSubstr("deep")) << piece;
  }
  for (const char* piece : {".|", "1+", ". as $x|", "def f: 1;", "1//"}) {
    std::string text;
    while (text.size() + 16 < 60'000) text += piece;
    EXPECT_THAT(compile_error(text + "1").message, HasSubstr("deep")) << piece;
  }
  EXPECT_THAT(compile_error(". as " + std::string(50'000, '[')).message, HasSubstr("deep"));
  std::string text = ".";
  while (text.size() < 60'000) text += "?.a[]";
  EXPECT_THAT(compile_error(text).message, HasSubstr("deep"));
  text = "1";
  while (text.size() < 60'000) text += ",1";
  EXPECT_EQ(compile(text).index(), 0u);
}

TEST(Expression, GivesTheTimeItWasGiven) {
  Evaluation evaluation;
  evaluation.now = Timestamp(std::chrono::microseconds(1'425'599'507'250'000));
  EXPECT_EQ(print_json(*evaluate_first(*std::get<0>(compile("now")), Value(), evaluation)), "1425599507.25");
  EXPECT_EQ(print_json(*evaluate_first(*std::get<0>(compile("now | todate")), Value(), evaluation)),
            "\"2015-03-05T23:51:47Z\"");
}

TEST(Expression, BoundsRegularExpressions) {
  EXPECT_THAT(run(R"jq(test("^(a+)+$"))jq", "\"" + std::string(60, 'a') + "b\""), HasSubstr("Regex failure"));
  EXPECT_THAT(run(R"jq(test("("))jq", "\"a\""), HasSubstr("is not a valid regex"));
  EXPECT_EQ(run(R"jq([match("é";"g").offset])jq", R"("aéüé")"), "[1,3]");
  EXPECT_EQ(run(R"jq([scan("\\d+")])jq", R"("a1b22")"), R"(["1","22"])");
  EXPECT_EQ(run(R"jq(gsub("(?<l>[a-z])(?<d>\\d)"; "\(.d)\(.l)"))jq", R"("a1b2")"), R"("1a2b")");
}

TEST(Expression, TrySeesOnlyErrorsOfItsBody) {
  EXPECT_EQ(run("try error(\"x\") catch ."), "\"x\"");
  EXPECT_EQ(run("(try 1 catch 2) | error(\"out\")"), "invalid_argument: out");
  EXPECT_EQ(run("[.[] | try if . > 2 then error else . end catch \"big\"]", "[1,2,3]"), R"([1,2,"big"])");
  EXPECT_EQ(run("error({a: 1})"), "invalid_argument: object ({\"a\":1}) was raised as an error");
  EXPECT_EQ(run("try error({a: 1}) catch .a"), "1");
  EXPECT_EQ(run("error(\"x\") // 1"), "invalid_argument: x");
  EXPECT_EQ(run(".a? // 1", "[]"), "1");
  EXPECT_EQ(run("(1, null, 2) // 3"), "1\n2");
}

TEST(Expression, AssignsThroughPaths) {
  EXPECT_EQ(run(".a[1:3] |= map(. * 2)", R"({"a":[1,2,3,4]})"), R"({"a":[1,4,6,4]})");
  EXPECT_EQ(run("(.. | numbers) += 1", R"([1,{"a":2}])"), R"([2,{"a":3}])");
  EXPECT_EQ(run("del(.a, .b[0])", R"({"a":1,"b":[1,2],"c":3})"), R"({"b":[2],"c":3})");
  EXPECT_EQ(run("to_entries", R"({"b":1,"a":2})"), R"([{"key":"b","value":1},{"key":"a","value":2}])");
  EXPECT_EQ(run("paths", R"({"a":[1]})"), "[\"a\"]\n[\"a\",0]");
  EXPECT_EQ(run("path(first(.a, .b))"), "[\"a\"]");
  EXPECT_EQ(run("limit(1; .[]) |= 9", "[1,2]"), "[9,2]");
  EXPECT_EQ(run("reduce .b as $k (.; .a[$k] = 1)", R"({"b":"x"})"), R"({"b":"x","a":{"x":1}})");
}

TEST(Expression, LeavesTheInputAsItWas) {
  Value input = json(R"({"a":[1,2,{"b":3}]})");
  auto program = std::get<0>(compile("reduce range(3) as $i (.; .a[2].b += 1 | .a += [$i]) | .a |= map(1)"));
  EXPECT_TRUE(evaluate_first(*program, input, {}));
  EXPECT_EQ(print_json(input), R"({"a":[1,2,{"b":3}]})");
}

TEST(Expression, IsUsedByManyThreadsAtOnce) {
  auto program = std::get<0>(compile(R"jq([.[] | select(test("^a")) | ascii_upcase] | INDEX(.) | keys)jq"));
  Value input = json(R"(["ab","b","ac"])");
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        auto value = evaluate_first(*program, input, {});
        if (value && print_json(*value) == R"(["AB","AC"])") ++right;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 800);
}

TEST(Expression, NanIsLessThanNan) {
  EXPECT_EQ(run("[nan < nan, nan <= nan, nan > nan, nan >= nan, nan == nan]"), "[true,true,false,false,false]");
  EXPECT_EQ(run("[nan < 1, nan < -infinite, 1 < nan]"), "[true,true,false]");
  EXPECT_EQ(run("[[nan, 2] < [nan, 1], {a: nan} < {a: nan}]"), "[true,true]");
  EXPECT_EQ(run("[nan, 1, nan] | [(unique | length), (group_by(.) | length), (sort | .[2])]"), "[3,3,1]");
  EXPECT_EQ(run("[{a: nan, b: 1}, {a: nan, b: 2}] | [min_by(.a).b, max_by(.a).b]"), "[2,1]");
}

}  // namespace
}  // namespace gantry::expression
