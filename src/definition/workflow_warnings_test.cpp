// What can run but can't be meant: found when the workflow is checked, never a reason to refuse it.
#include <gmock/gmock.h>

#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> warnings_of(const SourceFiles& files) {
  std::vector<std::string> lines;
  for (const std::string& line : format_all(loaded(files)->warnings)) {
    const std::string path = "workflows/w.yaml:";
    lines.push_back(line.rfind(path, 0) == 0 ? line.substr(path.size()) : line);
  }
  return lines;
}

// "3:5: warning: message" for each of the workflow with these tasks, which start in line 3.
std::vector<std::string> task_warnings(const std::string& tasks) {
  return warnings_of({{"workflows/w.yaml", workflow_text(tasks)}});
}

TEST(UnreachableTasks, AreFoundAfterWhatAlwaysGoesElsewhere) {
  EXPECT_THAT(
      task_warnings(R"(  - a: {set: {x: 1}, then: c}
  - b: {set: {x: 2}}
  - c: {do: [{d: {set: {x: 1}, then: exit}}, {e: {set: {x: 1}}}]}
  - f: {do: [{g: {raise: {error: {type: t, status: 400}}}}, {h: {set: {x: 1}}}]}
  - i: {set: {x: 1}}
  - j: {set: {x: 1}}
)"),
      ElementsAre("4:5: warning: task 'b' can't be reached: 'a' before it goes to 'c', and no 'then' names it",
                  "5:47: warning: task 'e' can't be reached: 'd' before it leaves the list, and no 'then' names it",
                  "6:62: warning: task 'h' can't be reached: 'g' before it raises an error, and no 'then' names it",
                  "7:5: warning: task 'i' can't be reached: 'f' before it never completes, and no 'then' names it"));
}

TEST(UnreachableTasks, AreFoundAfterASwitchThatLeavesNoCaseOpen) {
  EXPECT_THAT(
      task_warnings(R"(  - a: {switch: [{one: {when: .x, then: c}}, {rest: {then: end}}]}
  - b: {set: {x: 1}}
  - c: {set: {x: 1}, then: end}
  - d: {set: {x: 1}}
)"),
      ElementsAre("4:5: warning: task 'b' can't be reached: 'a' before it goes elsewhere in every case, and no "
                  "'then' names it",
                  "6:5: warning: task 'd' can't be reached: 'c' before it ends the workflow, and no 'then' names it"));
}

TEST(UnreachableTasks, AreFoundInsideLoopsBranchesAndHandlers) {
  const std::string dead = "[{a: {set: {x: 1}, then: end}}, {b: {set: {x: 1}}}]";
  for (const std::string& around : {"for: {in: .x}, do: " + dead, "try: " + dead + ", catch: {}",
                                    "try: [{c: {set: {x: 1}}}], catch: {do: " + dead + "}",
                                    "listen: {to: {any: []}}, foreach: {do: " + dead + "}", "fork: {branches: [{one: {do: " + dead + "}}, {two: {set: {x: 1}}}]}"})
    EXPECT_THAT(task_warnings("  - t: {" + around + "}\n"), ElementsAre(HasSubstr("task 'b' can't be reached")))
        << around;
}

TEST(UnreachableTasks, AreNeverReportedWhereSomeRunGetsThere) {
  for (const char* tasks : {
           "  - a: {if: .x, set: {x: 1}, then: end}\n  - b: {set: {x: 1}}\n",
           "  - a: {if: .x, raise: {error: {type: t, status: 400}}}\n  - b: {set: {x: 1}}\n",
           "  - a: {switch: [{one: {when: .x, then: end}}]}\n  - b: {set: {x: 1}}\n",
           "  - a: {switch: [{one: {then: continue}}], then: c}\n  - b: {set: {x: 1}}\n  - c: {set: {x: 1}}\n",
           "  - a: {set: {x: 1}, then: c}\n  - b: {set: {x: 1}, then: end}\n  - c: {switch: [{back: {when: .x, then: "
           "b}}]}\n",
           "  - a: {try: [{r: {raise: {error: {type: t, status: 400}}}}], catch: {}}\n  - b: {set: {x: 1}}\n",
           "  - a: {try: [{r: {set: {x: 1}}}], catch: {then: c}, then: end}\n  - b: {set: {x: 1}, then: end}\n  - c: "
           "{set: "
           "{x: 1}, then: b}\n",
           "  - a: {for: {in: .x}, do: [{r: {raise: {error: {type: t, status: 400}}}}]}\n  - b: {set: {x: 1}}\n",
           "  - a: {do: [{r: {set: {x: 1}, then: exit}}]}\n  - b: {set: {x: 1}}\n",
           "  - a: {fork: {branches: [{one: {set: {x: 1}}}, {two: {set: {x: 1}}}]}}\n  - b: {set: {x: 1}}\n",
       })
    EXPECT_THAT(task_warnings(tasks), IsEmpty()) << tasks;
}

TEST(EmptyVariables, AreNamedWhereTheyAreRead) {
  EXPECT_THAT(
      task_warnings(R"x(  - a:
      if: $input.go and ($output == null)
      input: {from: "${ {all: ., old: $input} }"}
      set: {x: "${ .a | $output.b }", inputs: "${ $input }"}
      output: {as: "${ $output }"}
      export: {as: "${ $output + $input }"}
)x"),
      ElementsAre("4:11: warning: $input is always null here: it holds the input that 'input.from' gives; the raw "
                  "input is '.'",
                  "4:26: warning: $output is always null here: it holds the task's output, in 'export.as' only",
                  "5:39: warning: $input is always null here: it holds the input that 'input.from' gives; the raw "
                  "input is '.'",
                  "6:25: warning: $output is always null here: it holds the task's output, in 'export.as' only",
                  "7:24: warning: $output is always null here: it holds the task's output, in 'export.as' only"));
}

TEST(EmptyVariables, OfTheWorkflowAreItsTask) {
  EXPECT_THAT(warnings_of({{"workflows/w.yaml", R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
output: {as: "${ $task.name }"}
do: [{a: {set: {x: "${ $task.name }"}}}]
)"}}),
              ElementsAre("2:18: warning: $task is always null here: there is no task around it"));
}

TEST(EmptyVariables, ThatAreNotBoundAtAllAreErrorsWithAHint) {
  EXPECT_THAT(
      task_problems(R"(  - a: {set: {x: "${ $error }"}}
  - b: {set: {x: "${ $item }"}}
  - c: {for: {in: .x, each: box}, do: [{d: {set: {x: "${ $bux }"}}}]}
  - e: {set: {x: "${ $contxt }"}}
  - f: {set: {x: "${ $zz }"}}
)"),
      ElementsAre("3:22: expression: $error is not defined; it is bound inside 'catch' only",
                  "4:22: expression: $item is not defined; it is bound inside a 'for' that gives its variables no "
                  "other names",
                  "5:58: expression: $bux is not defined; did you mean $box?",
                  "6:22: expression: $contxt is not defined; did you mean $context?",
                  "7:22: expression: $zz is not defined; known: context, input, output, secrets, task, workflow, "
                  "runtime, authorization"));
}

TEST(LiteralsThatMissTheirSchema, AreFoundInOutputsAndExports) {
  EXPECT_THAT(
      task_warnings(
          R"(  - a: {set: {x: one}, output: {schema: {document: {properties: {x: {type: integer}}}}}}
  - b: {set: {x: "${ .x }", y: 1}, output: {schema: {document: {properties: {x: {type: integer}}}}}}
  - c: {set: {x: 1}, output: {schema: {document: {required: [z]}}, as: {y: "${ .x }"}}}
  - d: {set: {x: 1}, export: {schema: {document: {properties: {y: {type: string}}}}, as: {y: 5}}}
  - e: {set: {x: one}, output: {schema: {document: {properties: {x: {type: integer}}}}, as: '{x: 1}'}}
)"),
      ElementsAre(HasSubstr("3:18: warning: /x: "), HasSubstr("5:72: warning: "), HasSubstr("6:94: warning: /y: ")));
}

TEST(LiteralsThatMissTheirSchema, AreFoundInWhatATaskHandsToTheNext) {
  const std::string wants = "input: {schema: {document: {required: [kg], properties: {kg: {type: integer}}}}}";
  EXPECT_THAT(task_warnings("  - a: {set: {kg: heavy}}\n  - b: {set: {x: 1}, " + wants + "}\n"),
              ElementsAre(HasSubstr("3:19: warning: the input.schema of task 'b' refuses this: /kg: ")));
  EXPECT_THAT(task_warnings("  - a: {set: {weight: 5}}\n  - b: {set: {x: 1}, " + wants + "}\n"),
              ElementsAre(HasSubstr("3:14: warning: the input.schema of task 'b' refuses this: ")));
  // Not known, or not the only way to get there.
  EXPECT_THAT(task_warnings("  - a: {set: {kg: \"${ .kg }\"}}\n  - b: {set: {x: 1}, " + wants + "}\n"), IsEmpty());
  EXPECT_THAT(task_warnings("  - a: {if: .x, set: {kg: heavy}}\n  - b: {set: {x: 1}, " + wants + "}\n"), IsEmpty());
  EXPECT_THAT(task_warnings("  - a: {set: {kg: heavy}, output: {as: '{kg: 5}'}}\n  - b: {set: {x: 1}, " + wants + "}\n"),
              IsEmpty());
  EXPECT_THAT(task_warnings("  - a: {set: {kg: heavy}}\n  - b: {set: {x: 1}, " + wants + "}\n  - c: {if: .x, set: {kg: 5}, then: "
                            "b}\n"),
              IsEmpty());
}

TEST(LiteralsThatMissTheirSchema, AreFoundInCallsOfFunctions) {
  EXPECT_THAT(warnings_of({{"workflows/w.yaml", R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use:
  functions:
    greet: {input: {schema: {document: {required: [name], properties: {name: {type: string}}}}}, set: {t: "${ .name }"}}
do:
  - a: {call: greet, with: {name: 5}}
  - b: {call: greet, with: {nam: x}}
  - c: {call: greet, with: {name: "${ .n }"}}
  - d: {call: greet}
)"}}),
              ElementsAre(HasSubstr("6:35: warning: /name: "), HasSubstr("7:28: warning: ")));
}

TEST(LiteralsThatMissTheirSchema, AreFoundInWorkflowsThatAreRun) {
  const std::string child = R"(document: {dsl: '1.0.3', namespace: t, name: child, version: 1.0.0}
input: {schema: {document: {required: [berth], properties: {berth: {type: integer}}}}}
do: [{a: {set: {x: 1}}}]
)";
  EXPECT_THAT(warnings_of({{"workflows/w.yaml",
                            workflow_text(R"(  - a: {run: {workflow: {namespace: t, name: child, input: {berth: four}}}}
  - b: {run: {workflow: {namespace: t, name: child, input: {berth: "${ .b }"}}}}
  - c: {run: {workflow: {namespace: t, name: child, version: 1.0.0, input: {}}}}
  - d: {run: {workflow: {namespace: t, name: child}}}
)")},
                           {"workflows/child.yaml", child}}),
              ElementsAre(HasSubstr("3:68: warning: the input.schema of t/child:1.0.0 refuses this: /berth: "),
                          HasSubstr("5:76: warning: "),
                          "6:25: warning: without 'input' the workflow gets {}, which the input.schema of t/child:1.0.0 "
                          "refuses: at the top: expected the member 'berth' (/required)"));
}

TEST(LiteralsThatMissTheirSchema, AreFollowedThroughWhatPassesThemOn) {
  const std::string wants = "set: {x: 1}, input: {schema: {document: {required: [kg], properties: {kg: {type: integer}}}}}";
  const std::string set = "  - a: {set: {kg: heavy}}\n", last = "  - z: {" + wants + "}\n";
  for (const std::string between : {"  - b: {wait: PT1S}\n", "  - b: {switch: [{c: {when: .x, then: continue}}]}\n",
                                     "  - b: {do: [{c: {wait: PT1S}}]}\n", "  - b: {do: []}\n",
                                     "  - b: {if: .x, wait: PT1S}\n", "  - b: {for: {in: .l}, do: [{c: {wait: PT1S}}]}\n",
                                     "  - b: {try: [{c: {wait: PT1S}}], catch: {}}\n"})
    EXPECT_THAT(task_warnings(set + between + last),
                ElementsAre(HasSubstr("3:19: warning: the input.schema of task 'z' refuses this: /kg: ")))
        << between;
  for (const std::string between :
       {"  - b: {if: .x, set: {kg: 5}}\n", "  - b: {call: http, with: {method: get, endpoint: 'https://x/'}}\n",
        "  - b: {wait: PT1S, output: {as: .x}}\n", "  - b: {for: {in: .l}, do: [{c: {set: {kg: 5}}}]}\n",
        "  - b: {try: [{c: {set: {kg: 5}}}], catch: {}}\n", "  - b: {fork: {branches: [{c: {set: {kg: 5}}}]}}\n"})
    EXPECT_THAT(task_warnings(set + between + last), IsEmpty()) << between;
  // Into a list, out of one, and from several places that are all wrong.
  EXPECT_THAT(task_warnings(set + "  - b: {do: [{c: {" + wants + "}}]}\n"), ElementsAre(HasSubstr("of task 'c' refuses this: /kg")));
  EXPECT_THAT(task_warnings("  - b: {do: [{c: {set: {kg: heavy}}}]}\n" + last), ElementsAre(HasSubstr("3:29: warning: ")));
  EXPECT_THAT(task_warnings(set + "  - b: {if: .x, set: {kg: light}}\n" + last),
              ElementsAre(HasSubstr("3:19: warning: "), HasSubstr("4:27: warning: ")));
  EXPECT_THAT(task_warnings("  - a: {set: {x: 1}, output: {as: {kg: heavy}}}\n" + last), ElementsAre(HasSubstr("3:40: warning: ")));
  EXPECT_THAT(task_warnings(set + "  - b: {set: {kg: 5}, then: z}\n  - c: {set: {kg: light}}\n" + last),
              ElementsAre(HasSubstr("task 'c' can't be reached")));
}

TEST(LiteralsThatMissTheirSchema, AreFoundAtTheEndOfTheWorkflow) {
  EXPECT_THAT(warnings_of({{"workflows/w.yaml", R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
output: {schema: {document: {properties: {kg: {type: integer}}}}}
do:
  - a: {set: {kg: heavy}}
  - b: {wait: PT1S}
)"}}),
              ElementsAre(HasSubstr("4:19: warning: the output.schema of the workflow refuses this: /kg: ")));
}

TEST(EndlessLoops, AreFoundWhereNothingLeadsOut) {
  EXPECT_THAT(task_warnings("  - a: {set: {x: 1}, then: a}\n"),
              ElementsAre("3:5: warning: once the run is at task 'a' it never ends: it goes to itself, and no 'if', 'switch' "
                          "or 'end' leads out"));
  EXPECT_THAT(task_warnings("  - a: {set: {x: 1}, then: c}\n  - c: {set: {x: 1}, then: a}\n"),
              ElementsAre(HasSubstr("3:5: warning: once the run is at task 'a' it never ends: the tasks go round in a loop")));
  EXPECT_THAT(task_warnings("  - a: {do: [{b: {switch: [{c: {when: .x, then: b}}, {d: {then: b}}]}}]}\n"),
              ElementsAre(HasSubstr("3:15: warning: once the run is at task 'b'")));
  for (const std::string tasks :
       {"  - a: {if: .x, set: {x: 1}, then: a}\n", "  - a: {switch: [{b: {when: .x, then: a}}]}\n",
        "  - a: {wait: PT1S, then: a}\n", "  - a: {listen: {to: {any: []}}, then: a}\n",
        "  - a: {do: [{b: {if: .x, set: {x: 1}, then: end}}], then: a}\n",
        "  - a: {call: http, with: {method: get, endpoint: 'https://x/'}, then: a}\n",
        "  - a: {switch: [{b: {when: .x, then: c}}]}\n  - b: {set: {x: 1}, then: a}\n  - c: {set: {x: 1}}\n"})
    EXPECT_THAT(task_warnings(tasks), IsEmpty()) << tasks;
}

TEST(EndlessLoops, OfWorkflowsThatRunEachOtherAreFound) {
  EXPECT_THAT(warnings_of({{"workflows/w.yaml", workflow_text("  - a: {run: {workflow: {namespace: t, name: w}}}\n")}}),
              ElementsAre("3:5: warning: task 'a' runs this workflow again, in every run: that never ends"));
  const std::string child = "document: {dsl: '1.0.3', namespace: t, name: child, version: 1.0.0}\ndo:\n";
  const std::string run = "run: {workflow: {namespace: t, name: child}}", back = "run: {workflow: {namespace: t, name: w}}";
  EXPECT_THAT(warnings_of({{"workflows/w.yaml", workflow_text("  - a: {do: [{b: {" + run + "}}]}\n")},
                           {"workflows/child.yaml", child + "  - c: {set: {x: 1}}\n  - d: {" + back + "}\n"}}),
              ElementsAre("workflows/child.yaml:4:5: warning: task 'd' runs t/w:1.0.0, of which every run runs others without end",
                          "3:15: warning: task 'b' runs t/child:1.0.0, of which every run runs others without end"));
  for (const std::string& guarded :
       {"  - d: {if: .x, " + back + "}\n", "  - d: {for: {in: .x}, do: [{e: {" + back + "}}]}\n",
        "  - c: {switch: [{x: {when: .x, then: end}}]}\n  - d: {" + back + "}\n",
        "  - d: {try: [{e: {" + back + "}}], catch: {}}\n"})
    EXPECT_THAT(warnings_of({{"workflows/w.yaml", workflow_text("  - a: {" + run + "}\n")}, {"workflows/child.yaml", child + guarded}}),
                IsEmpty())
        << guarded;
}

TEST(Warnings, OfAHostileWorkflowComeSoon) {
  std::string tasks = "  - first: {set: {kg: heavy}}\n";
  const std::string wants = "input: {schema: {document: {properties: {kg: {type: integer}}}}}";
  for (int i = 0; i < 4'000; ++i) tasks += "  - t" + std::to_string(i) + ": {if: .x, wait: PT1S, then: first, " + wants + "}\n";
  std::string deep = "{set: {x: 1}}";
  for (int i = 0; i < 40; ++i) deep = "{do: [{a: " + deep + "}, {b: {if: .x, set: {x: 1}, then: a}}]}";
  EXPECT_THAT(task_warnings(tasks + "  - deep: " + deep + "\n"), testing::Not(IsEmpty()));
  std::string broken;
  for (int i = 0; i < 3'000; ++i) broken += "  - t" + std::to_string(i) + ": {set: {x: 1}, then: nowhere}\n";
  EXPECT_THAT(task_problems(broken), testing::Not(IsEmpty()));
}

TEST(Warnings, ComeWithTheErrorsWhenThereAreAny) {
  EXPECT_THAT(task_problems("  - a: {set: {x: 1}, then: end}\n  - b: {set: {x: 1}}\n  - c: {sett: 1}\n"),
              ElementsAre("4:5: warning: task 'b' can't be reached: 'a' before it ends the workflow, and no 'then' names it",
                          HasSubstr("5:9: unknown key 'sett'")));
  // What can't be read may go anywhere, and may hand on anything.
  EXPECT_THAT(task_problems("  - a: {set: {x: 1}, then: d_}\n  - b: {set: {x: 1}, then: end}\n  - d: {set: {x: 1}}\n"),
              ElementsAre(HasSubstr("3:28: no task 'd_' in this list; did you mean 'd'?")));
  EXPECT_THAT(task_problems("  - a: {set: {kg: heavy}}\n  - b: {call: nothing}\n  - c: {set: {x: 1}, input: {schema: {document: "
                            "{properties: {kg: {type: integer}}}}}}\n"),
              ElementsAre(HasSubstr("4:15: nothing called 'nothing'")));
  EXPECT_THAT(task_problems("  - a: {if: $input, set: {x: 1}}\n  - c: {sett: 1}\n"),
              ElementsAre(HasSubstr("3:13: warning: $input"), HasSubstr("4:9: unknown key 'sett'")));
}

}  // namespace
}  // namespace gantry::definition
