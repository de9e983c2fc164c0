// Small workflows with known verdicts. Many try to elicit a false "holds".
#include "prove/prove_fixture.h"

namespace gantry::prove::testing {
namespace {

struct Case {
  const char* name;
  const char* verdict;
  const char* workflow;
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

// The question is always: never tos.release unless customs.status is done with .cleared == true.
constexpr Case order_cases[] = {
    {"NothingIsReleased", "holds", "do:\n  - note: {call: tos.note}\n"},
    {"ReleaseWithoutAsking", "counter-example", "do:\n  - release: {call: tos.release}\n"},
    {"AskedButNotLookedAt", "counter-example",
     "do:\n  - status: {call: customs.status}\n  - release: {call: tos.release}\n"},
    {"LookedAtWithIf", "holds", R"(do:
  - status: {call: customs.status}
  - release: {if: .cleared == true, call: tos.release}
)"},
    {"LookedAtWithIfOfTheOpposite", "counter-example", R"(do:
  - status: {call: customs.status}
  - release: {if: .cleared != true, call: tos.release}
)"},
    {"TruthyIsNotTrue", "counter-example", R"(do:
  - status: {call: customs.status}
  - release: {if: .cleared, call: tos.release}
)"},
    {"NotNotCleared", "counter-example", R"(do:
  - status: {call: customs.status}
  - release: {if: '.cleared | not | not', call: tos.release}
)"},
    {"SwitchToRelease", "holds", R"(do:
  - status: {call: customs.status}
  - choose:
      switch:
        - cleared: {when: .cleared == true, then: release}
        - other: {then: end}
  - release: {call: tos.release}
)"},
    {"SwitchWithADefaultThatGoesOn", "counter-example", R"(do:
  - status: {call: customs.status}
  - choose:
      switch:
        - cleared: {when: .cleared == true, then: release}
        - other: {then: continue}
  - release: {call: tos.release}
)"},
    {"SwitchWithoutADefault", "counter-example", R"(do:
  - status: {call: customs.status}
  - choose:
      switch:
        - held: {when: .held == true, then: end}
  - release: {call: tos.release}
)"},
    {"ThroughTheContext", "holds", R"(do:
  - status: {call: customs.status, export: {as: '{ok: .cleared}'}}
  - note: {call: tos.note}
  - release: {if: $context.ok == true, call: tos.release}
)"},
    {"TheContextIsOverwritten", "counter-example", R"(do:
  - status: {call: customs.status, export: {as: '{ok: .cleared}'}}
  - other: {set: {cleared: true}, export: {as: '{ok: .cleared}'}}
  - release: {if: $context.ok == true, call: tos.release}
)"},
    {"TheContextFromTheInput", "counter-example", R"(do:
  - other: {set: {a: 1}, export: {as: $input}}
  - status: {if: $context.ask == true, call: customs.status}
  - release: {if: $context.ok == true, call: tos.release}
)"},
    {"TwoConditionsAreOne", "holds", R"(do:
  - status: {call: customs.status, export: {as: .}}
  - release: {if: '$context.cleared == true and $context.weight < 100', call: tos.release}
)"},
    {"OneOfTwoConditions", "counter-example", R"(do:
  - status: {call: customs.status, export: {as: .}}
  - release: {if: '$context.cleared == true or $context.weight < 100', call: tos.release}
)"},
    {"ArithmeticThatExcludes", "holds", R"(do:
  - status: {call: customs.status, export: {as: .}}
  - release: {if: '$context.days < 3 and $context.days > 5', call: tos.release}
)"},
    {"ArithmeticThatRoundingBreaks", "unknown", R"(do:
  - start: {set: {n: '${ .n }'}}
  - release: {if: '(.n | type) == "number" and .n + 1 <= .n', call: tos.release}
)"},
    {"JumpBackwards", "counter-example", R"(do:
  - choose:
      switch:
        - again: {when: .again == true, then: release}
        - other: {then: status}
  - status: {call: customs.status}
  - stop: {set: {a: 1}, then: end}
  - release: {call: tos.release}
)"},
    {"JumpBackwardsAfterClearance", "holds", R"(do:
  - status: {call: customs.status}
  - choose:
      switch:
        - cleared: {when: .cleared == true, then: release}
        - other: {then: status}
  - release: {call: tos.release, then: status}
)"},
    {"TheCatchReleases", "counter-example", R"(do:
  - attempt:
      try:
        - status: {call: customs.status}
        - check: {if: .cleared != true, raise: {error: {type: not-cleared, status: 400}}}
      catch:
        do:
          - note: {call: tos.note}
  - release: {call: tos.release}
)"},
    {"TheErrorGoesOut", "holds", R"(do:
  - status: {call: customs.status}
  - check: {if: .cleared != true, raise: {error: {type: not-cleared, status: 400}}}
  - release: {call: tos.release}
)"},
    {"OnlyCommunicationErrorsAreCaught", "holds", R"(do:
  - attempt:
      try:
        - status: {call: customs.status}
        - check: {if: .cleared != true, raise: {error: {type: not-cleared, status: 400}}}
      catch:
        errors: {with: {type: communication}}
        do:
          - stop: {set: {a: 1}, then: end}
  - release: {call: tos.release}
)"},
    {"TheCatchOfAnErrorGoesOn", "counter-example", R"(do:
  - attempt:
      try:
        - status: {call: customs.status}
        - check: {if: .cleared != true, raise: {error: {type: not-cleared, status: 400}}}
      catch:
        errors: {with: {status: 503}}
        do:
          - note: {set: {a: 1}}
  - release: {call: tos.release}
)"},
    {"RetryUntilCleared", "holds", R"(do:
  - attempt:
      try:
        - status: {call: customs.status}
        - check: {if: .cleared != true, raise: {error: {type: not-cleared, status: 400}}}
      catch:
        retry: {delay: {seconds: 1}, limit: {attempt: {count: 3}}}
  - release: {call: tos.release}
)"},
    {"RetryThenGiveUpAndGoOn", "counter-example", R"(do:
  - attempt:
      try:
        - status: {call: customs.status}
        - check: {if: .cleared != true, raise: {error: {type: not-cleared, status: 400}}}
      catch:
        retry: {delay: {seconds: 1}, limit: {attempt: {count: 1}}}
        do:
          - note: {set: {a: 1}}
  - release: {call: tos.release}
)"},
    {"ForkRace", "counter-example", R"(do:
  - both:
      fork:
        branches:
          - status: {call: customs.status}
          - release: {call: tos.release}
)"},
    {"ForkThenRelease", "holds", R"(do:
  - both:
      fork:
        branches:
          - status: {call: customs.status}
          - note: {call: tos.note}
  - release: {if: '.[0].cleared == true', call: tos.release}
)"},
    {"CompetingForkWonByTheOther", "counter-example", R"(do:
  - both:
      fork:
        compete: true
        branches:
          - status: {do: [{ask: {call: customs.status}}, {check: {if: .cleared != true, raise: {error: {type: no, status: 400}}}}]}
          - note: {call: tos.note}
  - release: {call: tos.release}
)"},
    {"ATaskTimesOutAndIsCaught", "counter-example", R"(do:
  - attempt:
      try:
        - status:
            timeout: {after: PT1M}
            do:
              - ask: {call: customs.status}
              - check: {if: .cleared != true, raise: {error: {type: no, status: 400}}}
      catch:
        errors: {with: {type: timeout}}
        do:
          - note: {set: {a: 1}}
  - release: {call: tos.release}
)"},
    {"ThenEndSkipsTheRest", "holds", R"(do:
  - stop: {set: {a: 1}, then: end}
  - release: {call: tos.release}
)"},
    {"ThenExitLeavesOnlyTheList", "counter-example", R"(do:
  - inner:
      do:
        - out: {set: {a: 1}, then: exit}
        - status: {call: customs.status}
  - release: {call: tos.release}
)"},
    {"ASkippedTaskIgnoresItsThen", "counter-example", R"(do:
  - stop: {if: .hold == true, set: {a: 1}, then: end}
  - release: {call: tos.release}
)"},
    {"LoopOverEachStatus", "counter-example", R"(do:
  - each:
      for: {each: box, in: .boxes}
      do:
        - status: {call: customs.status}
  - release: {call: tos.release}
)"},
    {"LoopWithWhileThatReleases", "counter-example", R"(do:
  - each:
      for: {each: box, in: .boxes}
      while: $box != null
      do:
        - release: {call: tos.release}
)"},
    {"LoopOverNothing", "holds", R"(do:
  - each:
      for: {each: box, in: '[]'}
      do:
        - release: {call: tos.release}
)"},
    {"LoopKeepsWhatItFound", "holds", R"(do:
  - start: {set: {ok: false}, export: {as: .}}
  - status: {call: customs.status, export: {as: '{ok: .cleared}'}}
  - each:
      for: {each: box, in: '[1,2,3]'}
      do:
        - release: {if: $context.ok == true, call: tos.release}
)"},
    {"ListenThenRelease", "counter-example", R"(do:
  - wait: {listen: {to: {one: {with: {type: cleared}}}}}
  - release: {call: tos.release}
)"},
    {"ListenThenAskThenRelease", "holds", R"(do:
  - wait: {listen: {to: {one: {with: {type: arrived}}}}}
  - status: {call: customs.status}
  - release: {if: .cleared == true, call: tos.release}
)"},
    {"WaitIsNoClearance", "counter-example", "do:\n  - rest: {wait: {hours: 1}}\n  - release: {call: tos.release}\n"},
    {"FunctionThatAsks", "holds", R"(use:
  functions:
    ask: {call: customs.status}
do:
  - status: {call: ask}
  - release: {if: .cleared == true, call: tos.release}
)"},
    {"FunctionThatReleases", "counter-example", R"(use:
  functions:
    let: {call: tos.release}
do:
  - go: {call: let}
)"},
    {"AnOpaqueConditionGuards", "counter-example", R"(do:
  - status: {call: customs.status, export: {as: .}}
  - release: {if: '[.items[]?] | length == 0', call: tos.release}
)"},
    {"TheGateDenies", "holds", R"(do:
  - other: {set: {a: 1}}
)"},
    {"AnExtensionReleases", "counter-example", R"(use:
  extensions:
    - eager: {extend: set, before: [{release: {call: tos.release}}]}
do:
  - a: {set: {x: 1}}
)"},
    {"AnExtensionReplacesTheQuestion", "counter-example", R"(use:
  extensions:
    - mock:
        extend: call
        when: .mock == true
        before: [{answer: {set: {cleared: true}, then: exit}}]
do:
  - status: {call: customs.status}
  - release: {if: .cleared == true, call: http, with: {method: get, endpoint: 'http://a.example'}}
  - gate: {if: '. != null', do: [{really: {do: [{releaseNow: {do: [{x: {set: {a: 1}}}, {y: {call: tos.note}}]}}]}}]}
  - again:
      fork: {branches: [{one: {call: tos.release}}]}
)"},
};

class ProveOrder : public ::testing::TestWithParam<Case> {};

TEST_P(ProveOrder, TheVerdictIsTheKnownOne) {
  const Finding finding = finding_of(GetParam().workflow);
  EXPECT_STREQ(name_of(finding.verdict), GetParam().verdict) << text_of(finding);
}

INSTANTIATE_TEST_SUITE_P(Workflows, ProveOrder, ::testing::ValuesIn(order_cases),
                         [](const ::testing::TestParamInfo<Case>& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace gantry::prove::testing
