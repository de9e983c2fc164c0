// emit and listen: what is read, and what is wrong with what authors write.
#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> types_of(const EventConsumption& consumption) {
  std::vector<std::string> types;
  consumption.visit_types([&](const std::string* type) { types.push_back(type ? *type : "any"); });
  return types;
}

const ListenTask& only_listen(const std::shared_ptr<const Workflow>& workflow) {
  return std::get<ListenTask>(workflow->tasks.tasks.at(0)->body);
}

TEST(EventParse, ReadsAListenWithEverything) {
  auto workflow = loaded_workflow(R"(  - l:
      listen:
        to:
          any:
            - with: {type: a.b, source: 'https://x/.*', data: '${ .t > 38 }', priority: 3}
              correlate: {room: {from: .data.room}, order: {from: .data.order, expect: '${ $input.order }'}}
            - with: {source: s}
          until: {all: [{with: {type: x}}, {with: {type: 'y|z'}}]}
        read: envelope
      foreach: {item: e, at: i, do: [{s: {set: {a: '${ $e }', b: '${ $i }'}}}], output: {as: .a}, export: {as: .b}}
      timeout: {after: PT1H}
)");
  const ListenTask& listen = only_listen(workflow);
  EXPECT_EQ(std::string(workflow->tasks.tasks[0]->kind_name()), "listen");
  EXPECT_EQ(listen.to.kind, EventConsumption::Kind::any);
  EXPECT_EQ(listen.read, EventReading::envelope);
  EXPECT_EQ(listen.each->item, "e");
  EXPECT_EQ(listen.each->body.tasks.at(0)->reference, "/do/0/l/foreach/do/0/s");
  EXPECT_TRUE(listen.each->output.transform && listen.each->export_.transform);
  const EventFilter& filter = listen.to.filters.at(0);
  EXPECT_EQ(*filter.only_type(), "a.b");
  EXPECT_TRUE(filter.with[1].pattern.has_value());
  EXPECT_TRUE(filter.with[2].is_expression);
  EXPECT_FALSE(filter.correlate[0].expect.has_value());
  EXPECT_TRUE(filter.correlate[1].expect.has_value());
  EXPECT_THAT(types_of(listen.to), ElementsAre("a.b", "any", "x", "any"));
}

TEST(EventParse, AnyWithoutFiltersIsOfAnyType) {
  EXPECT_THAT(types_of(only_listen(loaded_workflow("  - l: {listen: {to: {any: []}}}\n")).to), ElementsAre("any"));
  EXPECT_THAT(types_of(only_listen(loaded_workflow("  - l: {listen: {to: {one: {with: {type: '${ .x }'}}}}}\n")).to),
              ElementsAre("any"));
}

TEST(EventParse, ProblemsOfStrategies) {
  EXPECT_THAT(task_problems(R"(  - a: {listen: {}}
  - b: {listen: {to: {}}}
  - c: {listen: {to: {one: {with: {type: x}}, all: []}}}
  - d: {listen: {to: {all: []}}}
  - e: {listen: {to: {one: {with: {type: x}}, until: . }}}
  - f: {listen: {to: {any: [], until: {any: [], until: .x}}}}
  - g: {listen: {to: {any: [], until: 5}}}
  - h: {listen: {to: {any: [], untill: .x}}}
  - i: {listen: {to: {any: {}}}}
  - j: {listen: {to: {any: []}, read: body}}
  - k: {listen: {to: {any: []}, reed: data}}
)"),
              ElementsAre("3:17: 'to' is missing in 'listen'", "4:22: expected exactly one of one, all, any",
                          "5:22: expected exactly one of one, all, any", "6:28: 'all' needs at least one event filter",
                          "7:47: 'until' belongs to 'any' only: 'one' and 'all' end by themselves",
                          "8:49: the events that end a listening can't have an 'until' of their own",
                          "9:39: expected a jq expression (text) or the events that end the listening (one, all or "
                          "any), found the number 5",
                          "10:32: unknown key 'untill' in what to listen to; did you mean 'until'?",
                          "11:28: expected a list of event filters, found an empty object",
                          "12:39: expected one of data, envelope, raw, found the text \"body\"",
                          "13:33: unknown key 'reed' in 'listen'; did you mean 'read'?"));
}

TEST(EventParse, ProblemsOfFilters) {
  EXPECT_THAT(task_problems(R"(  - a: {listen: {to: {one: {}}}}
  - b: {listen: {to: {one: {with: {}}}}}
  - c: {listen: {to: {one: {with: {dataSchema: x}}}}}
  - d: {listen: {to: {one: {with: {type: [x]}}}}}
  - e: {listen: {to: {one: {with: {type: 'a('}}}}}
  - f: {listen: {to: {one: {with: {data: '${ .a > }'}}}}}
  - g: {listen: {to: {one: {with: {type: a}, correlate: {k: {}}}}}}
  - h: {listen: {to: {one: {with: {type: a}, correlate: {k: {from: .x, expected: 1}}}}}}
  - i: {listen: {to: {one: {with: {type: a}, corelate: {}}}}}
)"),
              ElementsAre("3:28: 'with' is missing in an event filter",
                          HasSubstr("4:35: expected an object with at least one attribute of the event"),
                          "5:36: 'dataSchema' can't be an attribute of an event: expected lower-case letters and "
                          "digits; did you mean 'dataschema'?",
                          "6:42: expected text, a number, true, false or a ${ expression }, found a list",
                          HasSubstr("7:42: not a regular expression"), HasSubstr("8:"),
                          "9:61: 'from' is missing in correlation 'k'",
                          "10:72: unknown key 'expected' in correlation 'k'; did you mean 'expect'?",
                          "11:46: unknown key 'corelate' in an event filter; did you mean 'correlate'?"));
}

TEST(EventParse, ProblemsOfForeach) {
  EXPECT_THAT(task_problems(R"(  - a: {listen: {to: {any: []}}, foreach: {item: x, at: x}}
  - b: {listen: {to: {any: []}}, foreach: {do: [{s: {set: {a: '${ $itm }'}}}]}}
  - c: {listen: {to: {any: []}}, foreach: {do: [{s: {set: {a: 1}, then: d}}]}}
  - d: {set: {a: '${ $item }'}}
  - e: {set: {a: 1}, foreach: {}}
)"),
              ElementsAre("3:43: 'item' and 'at' are both called 'x'", HasSubstr("4:67: expression: "),
                          "5:73: 'then' goes to tasks of the same list only; 'd' is in another list, in line 6",
                          HasSubstr("6:22: expression: "), HasSubstr("7:22: unknown key 'foreach' in task 'e'")));
}

TEST(EventParse, ProblemsOfEmit) {
  EXPECT_THAT(
      task_problems(R"(  - a: {emit: {event: {with: {source: x}}}}
  - b: {emit: {event: {with: {type: x, Subject: y}}}}
  - c: {emit: {event: {with: {type: 5}}}}
)"),
      ElementsAre("3:30: 'type' is missing in an event", HasSubstr("4:40: 'Subject' can't be an attribute of an event"),
                  HasSubstr("5:37: type: expected text")));
}

}  // namespace
}  // namespace gantry::definition
