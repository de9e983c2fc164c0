// Invariants in policy files: what is read, and what is said of mistakes.
#include "definition/invariant.h"

#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

constexpr const char* tool_file = R"(tool: tos
version: 1.0.0
driver: echo
operations:
  release: {class: write}
)";

auto load(const std::string& invariants) {
  return load_project({{"tools/tos.yaml", tool_file},
                       {"workflows/a.yaml", "document: {dsl: '1.0.3', namespace: t, name: a, version: 1.0.0}\ndo: [{x: {set: {y: 1}}}]\n"},
                       {"policies/p.yaml", "policy: p\nversion: 1.0.0\ninvariants:\n" + invariants +
                                               "rules:\n  - {id: reads, classes: [read], verdict: allow}\n"}});
}

// The messages of the problems that the policy has.
std::vector<std::string> messages_of(const std::string& invariants) {
  auto loaded = load(invariants);
  std::vector<std::string> messages;
  if (const auto* problems = std::get_if<Problems>(&loaded))
    for (const Problem& problem : *problems) messages.push_back(format(problem));
  return messages;
}

std::string sentence_of(const std::string& invariants) {
  auto loaded = load(invariants);
  if (std::holds_alternative<Problems>(loaded)) return format(std::get<Problems>(loaded).front());
  return invariants_of(*std::get<ProjectPointer>(loaded)).at(0).invariant.sentence();
}

TEST(Invariant, IsReadAndSaidInWords) {
  EXPECT_EQ(sentence_of("  - {id: a, never: tos.release}\n"), "never tos.release");
  EXPECT_EQ(sentence_of("  - {id: a, never: {tools: [tos.*], classes: [write]}, moreThan: 2, workflows: [t/a]}\n"),
            "never tos.* of class write in t/a more than 2 times");
  EXPECT_EQ(sentence_of("  - {id: a, never: '*', unless: [tos.release, {approvers: 2}]}\n"),
            "never * unless tos.release is done or 2 people approve it");
  EXPECT_EQ(sentence_of("  - {id: a, never: tos.release, unless: {done: tos.release, result: .ok}}\n"),
            "never tos.release unless tos.release is done with .ok");
}

TEST(Invariant, MistakesHaveTheirPlace) {
  using ::testing::ElementsAre;
  using ::testing::HasSubstr;
  EXPECT_THAT(messages_of("  - {id: a}\n"), ElementsAre(HasSubstr("never")));
  EXPECT_THAT(messages_of("  - {id: a, never: tos.relaese}\n"),
              ElementsAre(HasSubstr("p.yaml:4:20: tool 'tos' has no operation 'relaese'; did you mean 'release'?")));
  EXPECT_THAT(messages_of("  - {id: a, never: tos.release, unless: {done: tos.*}}\n"),
              ElementsAre(HasSubstr("TOOL.OPERATION")));
  EXPECT_THAT(messages_of("  - {id: a, never: tos.release, unless: {result: .a}}\n"),
              ElementsAre(HasSubstr("expected one of 'done', 'decided', 'approval' and 'approvers'")));
  EXPECT_THAT(messages_of("  - {id: a, never: tos.release, unless: {decided: what}}\n"),
              ElementsAre(HasSubstr("no decision 'what'")));
  EXPECT_THAT(messages_of("  - {id: a, never: []}\n"), ElementsAre(HasSubstr("an empty list")));
  EXPECT_THAT(messages_of("  - {id: a, never: '*'}\n  - {id: a, never: '*'}\n"),
              ElementsAre(HasSubstr("invariant 'a' is there already, in line 4")));
  EXPECT_THAT(messages_of("  - {id: a, never: '*', sometimes: true}\n"), ElementsAre(HasSubstr("sometimes")));
  EXPECT_THAT(messages_of("  - {id: a, never: '*', workflows: [port]}\n"), ElementsAre(HasSubstr("NAMESPACE/NAME")));
  EXPECT_THAT(messages_of("  - {id: a, never: '*', workflows: [t/b]}\n"),
              ElementsAre(HasSubstr("p.yaml:4:5: invariant 'a': no workflow t/b; did you mean 't/a'?")));
}

}  // namespace
}  // namespace gantry::definition
