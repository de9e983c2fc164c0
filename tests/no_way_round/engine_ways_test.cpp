// Every way into the engine beside every way out of it: what policy denies does not reach a driver, whoever asks and in
// whatever state the instance is. Each pair is also run with a policy that allows, so that a call which never gets
// that far can't pass for one that was denied.
#include "engine/engine_fixture.h"
#include "journal/query.h"
#include "ways.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using no_way_round::all_ways;
using no_way_round::Way;

constexpr const char* allows_all = "rules: [{id: all, verdict: allow}]\n";
constexpr const char* denies_by_default = "rules: [{id: other, classes: [grant], verdict: allow}]\n";

class NoWayRound : public EngineTest {
 protected:
  NoWayRound() {
    files_.clear();
    options_.send_backoff = std::chrono::seconds(1);
  }

  static std::string header(const std::string& name) {
    return "document: {dsl: '1.0.3', namespace: t, name: " + name + ", version: 1.0.0}\n";
  }

  void policy(const std::string& rules) { files_["policies/p.yaml"] = "policy: p\nversion: 1.0.0\n" + rules; }

  // An engine without a past, or (again) the next one on the same store.
  void open_engine(bool again = false) {
    engine_.reset();
    if (!again) {
      kept_ = *journal::Store::open("memory:");
      recorder_ = std::make_shared<no_way_round::Recorder>();
    }
    auto opened = Engine::open({.store = kept_.get(),
                                .drivers = no_way_round::recording_drivers(recorder_),
                                .clock = &clock_,
                                .random = &random_,
                                .trace = {}},
                               options_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    engine_ = *std::move(opened);
  }

  std::vector<std::string> instances() {
    std::vector<std::string> ids;
    auto query = journal::Query::open(*kept_);
    auto page = (*query)->instances({}, {});
    EXPECT_TRUE(page.ok());
    for (const Value& row : page->rows) ids.emplace_back(row.string_or("id", ""));
    return ids;
  }

  int count_all(EventType type) {
    int sum = 0;
    for (const std::string& id : instances()) sum += count(id, type);
    return sum;
  }

  void event(const std::string& type) {
    const auto received = engine_->receive(
        {Value::object({{"specversion", "1.0"}, {"id", type}, {"source", "/t"}, {"type", type}, {"data", 1}})}, ben_);
    ASSERT_TRUE(received.ok()) << received.error().message;
  }

  // Until every instance has ended, or waits for something from outside. Looked at twice: what one does may wake another.
  void settle() {
    for (int quiet = 0, looks = 0; quiet < 2 && looks < 4'000; ++looks) {
      bool running = false;
      for (const std::string& id : instances()) {
        auto outcome = engine_->wait(id, Duration::zero());
        if (outcome && outcome->status == "running") outcome = engine_->wait(id, std::chrono::milliseconds(5), true);
        running = running || (outcome && outcome->status == "running");
      }
      const EngineStatistics now = engine_->statistics();
      quiet = running || now.in_flight > 0 || now.inbox > 0 ? 0 : quiet + 1;
    }
  }

  std::shared_ptr<no_way_round::Recorder> recorder_;
};

// How a call comes to be made: the file of the workflow around it, and what has to happen. `started`: by a person.
struct Entry {
  const char* name;
  std::string (*body)(const std::string& call);
  bool started = true;
  void (*then)(class EntryTest& test) = nullptr;
};

class EntryTest : public NoWayRound {
 public:
  void pass(Duration time) {
    clock_.advance(time);
    ASSERT_TRUE(engine_->schedules().ok());
    settle();
  }
  void go() {
    event("go");
    settle();
  }
  void suspend_and_resume() {
    for (const std::string& id : instances()) ASSERT_TRUE(engine_->suspend(id, otto_, "a look").ok());
    event("go");
    for (const std::string& id : instances()) ASSERT_TRUE(engine_->resume(id, otto_).ok());
    settle();
  }
  void crash_and_go() {
    open_engine(true);
    go();
  }
  void answer_all() {
    for (const std::string& id : instances()) {
      const std::string task = only_task(id);
      ASSERT_TRUE(vote(task, ben_).ok());
      (void)wait(id);
    }
  }

  // How often each way was called, and what the journal says.
  struct Seen {
    std::map<std::string, int> calls;
    int permitted = 0, denied = 0;
  };
  Seen run(const Entry& entry, const char* rules) {
    files_ = no_way_round::tool_files();
    policy(rules);
    const std::vector<Way> ways = all_ways();
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const std::string name = "w" + std::to_string(i);
      files_["workflows/" + name + ".yaml"] = header(name) + entry.body(ways[i].call);
      files_["workflows/" + name + "-outer.yaml"] =
          header(name + "-outer") + "do: [{run: {run: {workflow: {namespace: t, name: " + name + ", version: 1.0.0}}}}]\n";
    }
    if (std::string_view(entry.name).starts_with("instance that rested")) options_.resting_kept_max = 0;
    open_engine();
    deploy();
    const bool outer = std::string_view(entry.name) == "sub-workflow";
    for (std::size_t i = 0; entry.started && i < ways.size(); ++i)
      start(Value::object({{"n", 1}}), "w" + std::to_string(i) + (outer ? "-outer" : ""));
    settle();
    if (entry.then != nullptr) entry.then(*this);
    settle();
    Seen seen;
    seen.calls = recorder_->calls();
    seen.permitted = count_all(EventType::effect_permitted);
    seen.denied = count_all(EventType::effect_denied);
    engine_.reset();
    return seen;
  }

  void TestBody() override {}
};

std::string list_of(const std::string& call) { return "[{x: " + call + "}]"; }

const Entry entries[] = {
    {"workflow", [](const std::string& call) { return "do: " + list_of(call) + "\n"; }},
    {"loop", [](const std::string& call) { return "do: [{l: {for: {each: k, in: '[1]'}, do: " + list_of(call) + "}}]\n"; }},
    {"branch", [](const std::string& call) { return "do: [{f: {fork: {branches: " + list_of(call) + "}}}]\n"; }},
    {"retry",
     [](const std::string& call) {
       return "do: [{t: {try: " + list_of(call) + ", catch: {retry: {delay: {seconds: 0}, limit: {attempt: {count: 2}}}}}}]\n";
     }},
    {"error handler",
     [](const std::string& call) {
       return "do: [{t: {try: [{r: {raise: {error: {type: 'https://e.example/x', status: 400}}}}], catch: {do: " +
              list_of(call) + "}}}]\n";
     }},
    {"function", [](const std::string& call) { return "use: {functions: {f: " + call + "}}\ndo: [{x: {call: f}}]\n"; }},
    {"extension",
     [](const std::string& call) {
       return "use: {extensions: [{e: {extend: set, before: " + list_of(call) + "}}]}\ndo: [{s: {set: {x: 1}}}]\n";
     }},
    {"sub-workflow", [](const std::string& call) { return "do: " + list_of(call) + "\n"; }},
    {"event-started instance",
     [](const std::string& call) { return "schedule: {on: {one: {with: {type: go}}}}\ndo: " + list_of(call) + "\n"; }, false,
     [](EntryTest& test) { test.go(); }},
    {"schedule",
     [](const std::string& call) { return "schedule: {every: PT10M}\ndo: " + list_of(call) + "\n"; }, false,
     [](EntryTest& test) { test.pass(std::chrono::minutes(11)); }},
    {"timer", [](const std::string& call) { return "do: [{r: {wait: PT1H}}, {x: " + call + "}]\n"; }, true,
     [](EntryTest& test) { test.pass(std::chrono::hours(2)); }},
    {"event listened for",
     [](const std::string& call) { return "do: [{l: {listen: {to: {one: {with: {type: go}}}}}}, {x: " + call + "}]\n"; }, true,
     [](EntryTest& test) { test.go(); }},
    {"resume",
     [](const std::string& call) { return "do: [{l: {listen: {to: {one: {with: {type: go}}}}}}, {x: " + call + "}]\n"; }, true,
     [](EntryTest& test) { test.suspend_and_resume(); }},
    {"instance that rested outside memory",
     [](const std::string& call) { return "do: [{l: {listen: {to: {one: {with: {type: go}}}}}}, {x: " + call + "}]\n"; }, true,
     [](EntryTest& test) { test.go(); }},
    {"recovery after a crash",
     [](const std::string& call) { return "do: [{l: {listen: {to: {one: {with: {type: go}}}}}}, {x: " + call + "}]\n"; }, true,
     [](EntryTest& test) { test.crash_and_go(); }},
    {"answer of a person",
     [](const std::string& call) {
       return "do: [{a: {call: approval, with: {question: 'Go on?', approvers: [{role: cashier}], expires: PT8H}}}, {x: " + call + "}]\n";
     }, true, [](EntryTest& test) { test.answer_all(); }},
};

TEST_F(NoWayRound, NoEntryReachesADriverWithWhatIsDenied) {
  for (const Entry& entry : entries) {
    SCOPED_TRACE(entry.name);
    EntryTest test;
    const EntryTest::Seen allowed = test.run(entry, allows_all);
    for (const Way& way : all_ways()) {
      int calls = 0;
      for (const auto& [name, count] : allowed.calls) calls += name.starts_with(way.tool + ".") ? count : 0;
      EXPECT_GE(calls, 1) << "the control: an allowed effect by " << way.name << " does not get there either";
    }
    EntryTest again;
    const EntryTest::Seen denied = again.run(entry, denies_by_default);
    EXPECT_EQ(denied.calls, (std::map<std::string, int>{}));
    EXPECT_EQ(denied.permitted, 0);
    EXPECT_GE(denied.denied, static_cast<int>(all_ways().size()));
  }
}

// --- Every reason to deny, by every driver.

struct Reason {
  const char* name;
  const char* rules;
};
const Reason reasons[] = {
    {"no rule", denies_by_default},
    {"a rule that denies, whatever others allow", "rules: [{id: all, verdict: allow}, {id: no, verdict: deny}]\n"},
    {"a condition that does not hold", "rules: [{id: all, allow: '.args.n == 7'}]\n"},
    {"a condition that fails", "rules: [{id: all, allow: '.args.nothing.here > 1'}]\n"},
    {"a condition that is no yes or no", "rules: [{id: all, allow: '.args'}]\n"},
    {"a budget that is used up", "rules: [{id: all, verdict: allow}]\nbudgets: [{id: b, scope: run, count: 0}]\n"},
};

TEST_F(NoWayRound, NoReasonToDenyIsOverlookedByAnyDriver) {
  for (const Reason& reason : reasons) {
    SCOPED_TRACE(reason.name);
    EntryTest test;
    const EntryTest::Seen seen = test.run(entries[0], reason.rules);
    EXPECT_EQ(seen.calls, (std::map<std::string, int>{}));
    EXPECT_EQ(seen.permitted, 0);
    EXPECT_GE(seen.denied, static_cast<int>(all_ways().size()));
  }
}

constexpr const char* asks_two =
    "rules: [{id: all, verdict: approve, approvers: [{role: cashier}, {role: manager}], expires: PT8H}]\n";

class NoWayRoundApproval : public NoWayRound {
 protected:
  void open_asking() {
    files_ = no_way_round::tool_files();
    policy(asks_two);
    const std::vector<Way> ways = all_ways();
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const std::string name = "w" + std::to_string(i);
      files_["workflows/" + name + ".yaml"] = header(name) + "do: [{x: " + ways[i].call + "}]\n";
    }
    open_engine();
    deploy();
    for (std::size_t i = 0; i < ways.size(); ++i) start(Value(), "w" + std::to_string(i));
    settle();
    ASSERT_EQ(instances().size(), ways.size());
  }
};

TEST_F(NoWayRoundApproval, NoSignatureThatDoesNotCountReachesADriver) {
  open_asking();
  const definition::Principal both{"bea", {"cashier", "manager"}};
  for (const std::string& id : instances()) {
    const std::string task = only_task(id);
    EXPECT_FALSE(vote(task, ada_).ok()) << "she asked for it";
    EXPECT_FALSE(vote(task, otto_).ok()) << "not his role";
    EXPECT_FALSE(vote(task, ben_, true, "", "another digest").ok());
    EXPECT_FALSE(answer(task, ben_, "true").ok());
    EXPECT_TRUE(vote(task, both).ok());
    EXPECT_FALSE(vote(task, both).ok()) << "one person fills one seat";
  }
  open_engine(true);
  settle();
  EXPECT_EQ(recorder_->calls(), (std::map<std::string, int>{}));
  clock_.advance(std::chrono::hours(9));
  ASSERT_TRUE(engine_->schedules().ok());
  for (const std::string& id : instances()) {
    (void)vote(id + "-t1", cleo_);  // too late
    EXPECT_EQ(wait_ended(id).status, "faulted");
  }
  EXPECT_EQ(recorder_->calls(), (std::map<std::string, int>{}));
  EXPECT_EQ(count_all(EventType::effect_permitted), 0);
}

TEST_F(NoWayRoundApproval, ADenyingPolicyAndAStoppedGateOverrideSignatures) {
  for (const bool stop : {false, true}) {
    open_asking();
    for (const std::string& id : instances()) ASSERT_TRUE(vote(only_task(id), ben_).ok());
    if (stop) {
      ASSERT_TRUE(engine_->stop_gate({}, "odd", otto_).ok());
    } else {
      policy(denies_by_default);
      deploy();
    }
    for (const std::string& id : instances()) {
      for (const Value& task : open_tasks(id)) (void)vote(std::string(task.string_or("task", "")), cleo_);
      EXPECT_EQ(wait_ended(id).status, "faulted") << dump(id);
    }
    EXPECT_EQ(recorder_->calls(), (std::map<std::string, int>{}));
    EXPECT_EQ(count_all(EventType::effect_permitted), 0);
  }
}

TEST_F(NoWayRoundApproval, SignedByBothEachGoesOutOnce) {
  open_asking();
  for (const std::string& id : instances()) {
    // The document of call: openapi is an effect of its own, and so is the call.
    for (int asked = 0; asked < 2 && wait(id).status == "waiting"; ++asked) {
      const std::string task = only_task(id);
      ASSERT_TRUE(vote(task, ben_).ok());
      ASSERT_TRUE(vote(task, cleo_).ok());
      EXPECT_FALSE(vote(task, cleo_).ok()) << "an approval is used once";
    }
    EXPECT_EQ(wait_ended(id).status, "completed") << dump(id);
  }
  for (const std::string& driver : no_way_round::driver_names()) EXPECT_EQ(recorder_->calls_of("by-" + driver), 1) << driver;
  EXPECT_EQ(recorder_->calls_of("http"), 3);
  EXPECT_EQ(recorder_->calls_of("mcp"), 1);
}

// --- What the engine does by itself.

class NoWayRoundRetry : public NoWayRound {
 protected:
  // One workflow for each driver that calls the operation, under these rules.
  void open_calling(const std::string& operation, const char* rules) {
    files_ = no_way_round::tool_files();
    policy(rules);
    for (const std::string& driver : no_way_round::driver_names())
      files_["workflows/" + driver + ".yaml"] = header(driver) + "do: [{x: {call: by-" + driver + "." + operation + "}}]\n";
    open_engine();
    deploy();
    for (const std::string& driver : no_way_round::driver_names()) start(Value(), driver);
  }
  int calls(const std::string& driver, const std::string& operation) {
    return recorder_->calls()["by-" + driver + "." + operation];
  }
  // Until the event is there for each instance.
  void until(EventType type) {
    for (const std::string& id : instances())
      for (int i = 0; i < 4'000 && count(id, type) == 0; ++i) (void)engine_->wait(id, std::chrono::milliseconds(5));
    for (const std::string& id : instances()) EXPECT_GE(count(id, type), 1) << dump(id);
  }
};

TEST_F(NoWayRoundRetry, AReadBackThatIsNotAllowedIsNotAsked) {
  open_calling("asked", "rules: [{id: writes, classes: [write], verdict: allow}]\n");
  until(EventType::task_created);  // a person has to say what became of it
  for (const std::string& driver : no_way_round::driver_names()) {
    EXPECT_EQ(calls(driver, "asked"), 1) << driver;
    EXPECT_EQ(calls(driver, "look"), 0) << driver;
  }
  open_calling("asked", allows_all);
  for (int i = 0; i < 4'000 && recorder_->calls().size() < 2 * no_way_round::driver_names().size(); ++i)
    (void)engine_->wait(instances()[0], std::chrono::milliseconds(5));
  for (const std::string& driver : no_way_round::driver_names()) EXPECT_GE(calls(driver, "look"), 1) << "the control: " << driver;
}

TEST_F(NoWayRoundRetry, NothingIsSentAgainWhileTheGateIsStoppedAlsoNotAfterACrash) {
  open_calling("keyed", allows_all);
  until(EventType::effect_ambiguous);
  ASSERT_TRUE(engine_->stop_gate({}, "odd", otto_).ok());
  const std::map<std::string, int> before = recorder_->calls();
  for (const bool crash : {false, true}) {
    if (crash) open_engine(true);
    clock_.advance(std::chrono::hours(3));
    ASSERT_TRUE(engine_->schedules().ok());
    for (const std::string& id : instances()) EXPECT_EQ(engine_->wait(id, Duration::zero())->status, "running");
    EXPECT_EQ(recorder_->calls(), before);
  }
  ASSERT_TRUE(engine_->start_gate({}, otto_).ok());
  for (int i = 0; i < 4'000 && recorder_->calls() == before; ++i) {
    clock_.advance(std::chrono::hours(1));
    (void)engine_->wait(instances()[0], std::chrono::milliseconds(5));
  }
  EXPECT_NE(recorder_->calls(), before) << "the control: started again, it is sent again";
}

// --- What a workflow runs is judged as the run that it belongs to.

class NoWayRoundChild : public NoWayRound {
 protected:
  // A workflow that runs another twice, which calls by-echo.
  InstanceOutcome run_twice(const char* rules) {
    files_ = no_way_round::tool_files();
    policy(rules);
    files_["workflows/inner.yaml"] = header("inner") + "do: [{x: {call: by-echo.act, with: {n: 1}}}]\n";
    const std::string run = "{run: {workflow: {namespace: t, name: inner, version: 1.0.0}}}";
    files_["workflows/outer.yaml"] = header("outer") + "do: [{a: " + run + "}, {b: " + run + "}]\n";
    open_engine();
    deploy();
    return wait_ended(start(Value(), "outer"));
  }
};

TEST_F(NoWayRoundChild, SpendsTheBudgetOfTheRun) {
  EXPECT_EQ(run_twice("rules: [{id: all, verdict: allow}]\nbudgets: [{id: b, scope: run, count: 1}]\n").status, "faulted");
  EXPECT_EQ(recorder_->calls_of("by-echo"), 1);
}

TEST_F(NoWayRoundChild, ActsForWhoStartedTheRun) {
  EXPECT_EQ(run_twice("rules: [{id: all, allow: '.principal.person == \"ada\"'}]\n").status, "completed");
  EXPECT_EQ(recorder_->calls_of("by-echo"), 2);
  EXPECT_EQ(run_twice("rules: [{id: all, allow: '.principal.person != \"ada\"'}]\n").status, "faulted");
  EXPECT_EQ(recorder_->calls_of("by-echo"), 0);
}

}  // namespace
}  // namespace gantry::engine
