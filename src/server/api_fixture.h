// For tests of the API: its handlers over a real engine and a store in memory, with a small desk as the project.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "server/api.h"
#include "server/authentication.h"
#include "tool/drivers.h"
#include "value/json.h"

namespace gantry::server {

inline constexpr const char* desk_tool = R"(tool: desk
version: 1.0.0
driver: echo
operations:
  look: {class: read}
  pay:
    class: money
    arguments: {type: object, required: [amount], properties: {amount: {type: integer}}}
)";

inline constexpr const char* desk_policy = R"(policy: desk
version: 1.0.0
rules:
  - {id: reads, classes: [read], verdict: allow}
  - id: payments
    classes: [money]
    verdict: approve
    approvers: [{role: cashier, count: 1}, {role: manager, count: 1}]
    expires: PT8H
    reason: Money leaves the house.
)";

inline std::string desk_workflow(const std::string& name, const std::string& tasks) {
  return "document: {dsl: '1.0.3', namespace: desk, name: " + name + ", version: 1.0.0}\ndo:\n" + tasks;
}

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    for (const auto& [person, roles] : people_) {
      NewToken created = create_token(person, roles, std::nullopt, clock_.now(), random_);
      EXPECT_TRUE(store_->add_token(created.record));
      tokens_[person] = created.token;
    }
    open_engine({{"echo", tool::make_echo_driver()}});
  }

  // In place of the one there is, if any.
  void open_engine(tool::Drivers drivers) {
    engine_.reset();
    auto opened = engine::Engine::open({.store = store_.get(),
                                        .drivers = std::move(drivers),
                                        .clock = &clock_,
                                        .random = &random_,
                                        .trace = {}});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    engine_ = *std::move(opened);
    api_ = std::make_unique<Api>(ApiParts{engine_.get(), query_.get(), &clock_, "1.2.3"});
  }

  // "GET /path?name=value", as the person; an empty name sends no token.
  Response call(const std::string& person, const std::string& line, std::string body = "",
                std::map<std::string, std::string, std::less<>> headers = {}) const {
    Request request;
    request.method = line.substr(0, line.find(' '));
    std::string target = line.substr(line.find(' ') + 1);
    const std::size_t question = target.find('?');
    request.path = target.substr(0, question);
    while (question != std::string::npos && target.size() > question + 1) {
      const std::size_t start = target.find_last_of("?&");
      const std::size_t equals = target.find('=', start);
      request.query[target.substr(start + 1, equals - start - 1)] = target.substr(equals + 1);
      target.resize(start);
    }
    request.headers = std::move(headers);
    if (!person.empty()) request.headers["authorization"] = "Bearer " + tokens_.at(person);
    request.body = std::move(body);
    return api_->handle(request);
  }

  static Value json(const Response& response) {
    auto value = parse_json(response.body);
    EXPECT_TRUE(value.ok()) << response.body;
    return value ? *value : Value();
  }

  // A refusal: the status, problem details that repeat it, and the sentence for people.
  static void expect_problem(const Response& response, int status,
                             const ::testing::Matcher<const std::string&>& detail) {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_EQ(response.content_type, "application/problem+json");
    const Value problem = json(response);
    EXPECT_EQ(problem.integer_or("status", 0), status);
    EXPECT_EQ(problem.string_or("type", ""), "about:blank");
    EXPECT_NE(problem.string_or("title", ""), "");
    EXPECT_THAT(std::string(problem.string_or("detail", "")), detail);
  }

  static std::string deploy_body(const definition::SourceFiles& files) {
    std::vector<Member> members;
    for (const auto& [path, text] : files) members.push_back({Text(path), Value(text)});
    return print_json(Value::object({{"files", Value::object(std::move(members))}}));
  }

  static definition::SourceFiles desk_files() {
    return {
        {"tools/desk.yaml", desk_tool},
        {"policies/desk.yaml", desk_policy},
        {"workflows/greet.yaml", desk_workflow("greet", "- say: {set: {greeting: '${ \"hello \" + $input.name }'}}\n")},
        {"workflows/pay.yaml",
         desk_workflow("pay", "- pay: {call: desk.pay, with: {amount: '${ $input.amount }'}}\n")}};
  }

  void deploy_desk() const {
    const Response deployed = call("root", "POST /api/v1/projects", deploy_body(desk_files()));
    ASSERT_EQ(deployed.status, 201) << deployed.body;
  }

  std::string holder_of(std::string_view role) const {
    for (const auto& [person, roles] : people_)
      if (std::find(roles.begin(), roles.end(), role) != roles.end()) return person;
    return "";
  }

  std::string start(const std::string& workflow, const std::string& input, const std::string& person = "ada") const {
    const Response started = call(person, "POST /api/v1/workflows/desk/" + workflow + "/instances?wait=20", input);
    EXPECT_EQ(started.status, 201) << started.body;
    return std::string(json(started).string_or("instance", ""));
  }

  const std::map<std::string, std::vector<std::string>> people_ = {
      {"root", {"administrator"}}, {"ada", {"cashier", "manager"}}, {"ben", {"cashier"}},
      {"cleo", {"manager"}},       {"otto", {"operator"}}, {"vera", {"auditor"}},          {"nina", {}}};
  ManualClock clock_{Timestamp(std::chrono::hours(490'000))};
  SeededRandom random_{7};
  std::map<std::string, std::string> tokens_;
  std::unique_ptr<journal::Store> store_ = std::move(*journal::Store::open("memory:"));
  std::unique_ptr<journal::Query> query_ = std::move(*journal::Query::open(*store_));
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<Api> api_;
};

}  // namespace gantry::server
