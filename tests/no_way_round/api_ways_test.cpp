// Every route of the HTTP API beside every driver: the table of routes is the program's own, so that a new route without
// a row here fails. A route that can bring an effect about is driven with effects that policy denies, by everybody.
#include <regex>
#include <set>

#include "server/api_fixture.h"
#include "ways.h"

namespace gantry::server {
namespace {

// What each route can do to the outside world, and so how it is driven here.
enum class Power {
  none,       // reads, or writes only what is Gantry's own
  starts,     // begins instances, or brings them on
  decides,    // votes, answers
  rules,      // what is in force
};

const std::map<std::string, Power, std::less<>> powers = {
    {"GET /healthz", Power::none},
    {"GET /readyz", Power::none},
    {"GET /metrics", Power::none},
    {"GET /api/v1/openapi.json", Power::none},
    {"GET /api/v1/me", Power::none},
    {"GET /api/v1/workflows", Power::none},
    {"POST /api/v1/workflows", Power::rules},
    {"POST /api/v1/projects", Power::rules},
    {"POST /api/v1/workflows/{namespace}/{name}/instances", Power::starts},
    {"GET /api/v1/instances", Power::none},
    {"GET /api/v1/instances/{id}", Power::none},
    {"GET /api/v1/instances/{id}/journal", Power::none},
    {"POST /api/v1/instances/{id}/cancel", Power::starts},
    {"POST /api/v1/instances/{id}/suspend", Power::starts},
    {"POST /api/v1/instances/{id}/resume", Power::starts},
    {"POST /api/v1/instances/{id}/retry", Power::starts},
    {"POST /api/v1/instances/{id}/fork", Power::starts},
    {"POST /api/v1/migrations/plan", Power::none},
    {"POST /api/v1/migrations", Power::starts},
    {"POST /api/v1/migrations/{id}/undo", Power::starts},
    {"GET /api/v1/schedules", Power::none},
    {"GET /api/v1/effects/{id}", Power::none},
    {"GET /api/v1/tasks", Power::none},
    {"GET /api/v1/tasks/{id}", Power::none},
    {"POST /api/v1/tasks/{id}/answer", Power::decides},
    {"GET /api/v1/audit", Power::none},
    {"GET /api/v1/holds", Power::none},
    {"POST /api/v1/holds", Power::none},
    {"POST /api/v1/approvals", Power::decides},
    {"GET /api/v1/gate", Power::none},
    {"POST /api/v1/gate/stop", Power::rules},
    {"POST /api/v1/gate/start", Power::rules},
    {"GET /api/v1/events", Power::none},
    {"POST /api/v1/events", Power::starts},
};

class ApiWays : public ApiTest {
 protected:
  ApiWays() {
    open_engine(no_way_round::recording_drivers(recorder_));
    files_ = no_way_round::tool_files();
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      const std::string number = std::to_string(i), call = "- x: " + ways_[i].call + "\n";
      add("w" + number, "", call);
      for (const char* version : {"1.0.0", "2.0.0"})
        add("later" + number, "", "- l: {listen: {to: {one: {with: {type: go}}}}}\n" + call, version);
      add("on" + number, "schedule: {on: {one: {with: {type: begin}}}}\n", call);
    }
  }

  static const std::map<std::string, std::regex>& forms() {
    static const auto made = [] {
      std::map<std::string, std::regex> all;
      for (const auto& [route, power] : powers)
        all[route] = std::regex(std::regex_replace(route, std::regex(R"(\{\w+\})"), "[^/]+") + R"((\?.*)?)");
      return all;
    }();
    return made;
  }

  // As everywhere, and remembers which route it was.
  Response call(const std::string& person, const std::string& line, std::string body = "",
                std::map<std::string, std::string, std::less<>> headers = {}) const {
    for (const auto& [route, form] : forms())
      if (std::regex_match(line, form)) driven_.insert(route);
    return ApiTest::call(person, line, std::move(body), std::move(headers));
  }

  void add(const std::string& name, const std::string& schedule, const std::string& tasks,
           const std::string& version = "1.0.0") {
    files_["workflows/" + name + "-" + version + ".yaml"] = "document: {dsl: '1.0.3', namespace: desk, name: " + name +
                                                            ", version: " + version + "}\n" + schedule + "do:\n" + tasks;
  }
  // There, back, and there again.
  void migrate(const std::string& workflow) {
    const std::string body = R"({"workflow":"desk/)" + workflow + R"(","from":"1.0.0","to":"2.0.0"})";
    EXPECT_EQ(call("otto", "POST /api/v1/migrations/plan", body).status, 200);
    for (const bool undone : {true, false}) {
      const Response moved = call("otto", "POST /api/v1/migrations", body);
      ASSERT_EQ(moved.status, 201) << moved.body;
      if (undone)
        call("otto", "POST /api/v1/migrations/" + std::string(json(moved).string_or("migration", "-")) + "/undo", R"({"partly":true})");
    }
  }
  void deploy(const std::string& rules) {
    files_["policies/p.yaml"] = "policy: p\nversion: 1.0.0\n" + rules;
    // Not through the API: it would ask the real drivers what they think of settings that are not there.
    auto loaded = definition::load_project(files_);
    auto* project = std::get_if<definition::ProjectPointer>(&loaded);
    ASSERT_NE(project, nullptr);
    ASSERT_TRUE(engine_->deploy(*project, {"root", {"administrator"}}));
  }
  void event(const std::string& type) {
    const Response sent = call("ada", "POST /api/v1/events", R"({"specversion":"1.0","source":"/t","id":")" + type +
                                                                 R"(","type":")" + type + R"(","data":1})",
                               {{"content-type", "application/cloudevents+json"}});
    ASSERT_LT(sent.status, 300) << sent.body;
  }
  std::vector<Value> open_tasks(const std::string& person) const {
    return json(call(person, "GET /api/v1/tasks?state=open&all=true&limit=1000")).member("items").items();
  }
  void settle() {
    const Value rows = json(call("ada", "GET /api/v1/instances?limit=1000")).member("items");
    for (const Value& row : rows.items())
      (void)engine_->wait(std::string(row.string_or("id", "")), std::chrono::seconds(20), true);
  }

  // Everything that anybody can do with what was deployed, by every route that has power.
  void try_everything() {
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      const std::string ran = start("w" + std::to_string(i), "{}");
      call("otto", "POST /api/v1/instances/" + ran + "/retry");
      EXPECT_EQ(call("otto", "POST /api/v1/instances/" + ran + "/fork", R"({"task": "x"})").status, 201);
      const std::string waits = start_waiting("later" + std::to_string(i));
      if (i % 3 == 0) {
        EXPECT_EQ(call("otto", "POST /api/v1/instances/" + waits + "/suspend", R"({"reason":"look"})").status, 200);
        EXPECT_EQ(call("otto", "POST /api/v1/instances/" + waits + "/resume").status, 200);
      }
      migrate("later" + std::to_string(i));
      if (i % 3 == 1) call("otto", "POST /api/v1/instances/" + waits + "/cancel", R"({"reason":"no"})");
    }
    event("go");
    event("begin");
    settle();
    for (const char* person : {"ada", "ben", "otto", "root", "vera", "nina"}) {
      std::string tasks;
      for (const Value& task : open_tasks(person)) {
        const std::string id(task.string_or("id", "")), digest(task.string_or("digest", ""));
        tasks += (tasks.empty() ? "" : ",") + (R"({"id":")" + id + R"(","digest":")" + digest + "\"}");
        call(person, "POST /api/v1/tasks/" + id + "/answer", R"({"approve":true,"digest":")" + digest + "\"}");
        call(person, "POST /api/v1/tasks/" + id + "/answer", R"({"approve":true,"digest":"other"})");
        call(person, "POST /api/v1/tasks/" + id + "/answer", R"({"answer":{"outcome":"done"}})");
      }
      call(person, "POST /api/v1/approvals", R"({"tasks":[)" + tasks + "]}");
    }
    settle();
  }
  std::string start_waiting(const std::string& workflow) const {
    const Response started = call("ada", "POST /api/v1/workflows/desk/" + workflow + "/instances?version=1.0.0", "{}");
    EXPECT_EQ(started.status, 201) << started.body;
    return std::string(json(started).string_or("instance", ""));
  }
  std::int64_t permitted() {
    const auto page = query_->audit({.type = "effect_permitted"}, {.limit = 1000});
    EXPECT_TRUE(page.ok());
    return page.ok() ? static_cast<std::int64_t>(page->rows.size()) : -1;
  }

  const std::vector<no_way_round::Way> ways_ = no_way_round::all_ways();
  std::shared_ptr<no_way_round::Recorder> recorder_ = std::make_shared<no_way_round::Recorder>();
  definition::SourceFiles files_;
  mutable std::set<std::string> driven_;
};

TEST_F(ApiWays, EveryRouteIsKnownHere) {
  for (const Route& route : routes())
    EXPECT_TRUE(powers.contains(std::string(route.method) + " " + route.path))
        << route.method << " " << route.path << ": say here what it can do to the outside world, and drive it";
  EXPECT_EQ(routes().size(), powers.size());
}

TEST_F(ApiWays, NoRouteReachesADriverWithWhatIsDenied) {
  deploy("rules: [{id: other, classes: [grant], verdict: allow}]\n");
  try_everything();
  EXPECT_EQ(recorder_->calls(), (std::map<std::string, int>{}));
  EXPECT_EQ(permitted(), 0);
  for (const auto& [route, power] : powers)
    EXPECT_TRUE(power != Power::starts || driven_.contains(route)) << route << " was not tried";
}

TEST_F(ApiWays, NoRouteReachesADriverWithoutAllSignatures) {
  // ben is a cashier and ada asked; nobody else who tries has a role, and a manager is missing.
  deploy("rules: [{id: all, verdict: approve, approvers: [{role: cashier}, {role: manager}], expires: PT8H}]\n");
  try_everything();
  EXPECT_EQ(recorder_->calls(), (std::map<std::string, int>{}));
  EXPECT_EQ(permitted(), 0);
  for (const auto& [route, power] : powers)
    EXPECT_TRUE(power != Power::decides || driven_.contains(route)) << route << " was not tried";
  for (const Value& task : open_tasks("cleo")) {
    const std::string digest(task.string_or("digest", ""));
    call("cleo", "POST /api/v1/tasks/" + std::string(task.string_or("id", "")) + "/answer", R"({"approve":true,"digest":")" + digest + "\"}");
  }
  settle();
  for (const std::string& driver : no_way_round::driver_names())
    EXPECT_GE(recorder_->calls_of("by-" + driver), 1) << "the control: the missing signature";
}

TEST_F(ApiWays, AStoppedGateLetsNothingOutByAnyRoute) {
  deploy("rules: [{id: all, verdict: allow}]\n");
  ASSERT_EQ(call("otto", "POST /api/v1/gate/stop", R"({"reason":"odd"})").status, 200);
  for (const char* person : {"ada", "root", "nina"})
    EXPECT_EQ(call(person, "POST /api/v1/gate/start", "{}").status, 403) << person;
  try_everything();
  EXPECT_EQ(recorder_->calls(), (std::map<std::string, int>{}));
  ASSERT_EQ(call("otto", "POST /api/v1/gate/start", "{}").status, 200);
  for (std::size_t i = 0; i < ways_.size(); ++i) start("w" + std::to_string(i), "{}");
  settle();
  for (const std::string& driver : no_way_round::driver_names()) EXPECT_EQ(recorder_->calls_of("by-" + driver), 1) << "the control";
}

TEST_F(ApiWays, WhoMayNotDeployChangesNoRule) {
  deploy("rules: [{id: other, classes: [grant], verdict: allow}]\n");
  files_["policies/p.yaml"] = "policy: p\nversion: 1.0.0\nrules: [{id: all, verdict: allow}]\n";
  for (const char* person : {"ada", "ben", "otto", "vera", "nina"}) {
    EXPECT_EQ(call(person, "POST /api/v1/projects", deploy_body(files_)).status, 403) << person;
    EXPECT_EQ(call(person, "POST /api/v1/workflows", files_["workflows/w0.yaml"], {{"content-type", "application/yaml"}}).status, 403);
  }
  EXPECT_EQ(call("", "POST /api/v1/projects", deploy_body(files_)).status, 401);
  start("w0", "{}");
  EXPECT_EQ(recorder_->calls(), (std::map<std::string, int>{}));
}

}  // namespace
}  // namespace gantry::server
