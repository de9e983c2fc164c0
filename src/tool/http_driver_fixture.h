// For tests of the http driver: a tool with one operation against a test server, and calls of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tool/driver.h"
#include "tool/http_test_server.h"
#include "tool/permit_for_test.h"
#include "tool/standard_call.h"
#include "value/json.h"

namespace gantry::tool {

inline Value http_json(std::string_view text) {
  Result<Value> value = parse_json(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *std::move(value) : Value();
}

// A tool with one operation "go", and calls of it.
struct HttpCase {
  definition::Tool tool;
  definition::Operation operation;
  HttpOptions options;
  std::shared_ptr<Driver> driver;

  HttpCase(HttpTestServer& server, definition::EffectClass effect_class, std::string_view binding) {
    tool.name = "tos";
    tool.driver = "http";
    tool.settings = Value::object({{"baseUrl", server.origin()}, {"timeout", "PT20S"}});
    operation.name = "go";
    operation.effect_class = effect_class;
    operation.binding = http_json(binding);
    options.egress_allow = {"127.0.0.1:" + std::to_string(server.port())};
  }

  Effect effect(Value arguments) const {
    Effect made;
    made.id = made.key = "01A-e1";
    made.tool = tool.name;
    made.operation = operation.name;
    made.effect_class = operation.effect_class;
    made.arguments = std::move(arguments);
    return made;
  }

  Outcome call(std::string_view arguments = "{}", int attempt = 1, std::stop_token stop = {}) {
    if (driver == nullptr) driver = make_http_driver(options);
    CallContext context{.tool = &tool, .operation = &operation, .attempt = attempt, .stop = std::move(stop)};
    return driver->call(gate::Gate::permit_for_test(effect(http_json(arguments))), context);
  }
};

inline Outcome standard_call(const HttpOptions& options, const Value& arguments) {
  Effect effect;
  effect.id = effect.key = "01A-e1";
  effect.tool = "http";
  effect.operation = "request";
  effect.arguments = arguments;
  effect.effect_class = class_of_call(standard_http_operation(), "http", arguments);
  CallContext context{.tool = nullptr, .operation = &standard_http_operation(), .attempt = 1, .stop = {}};
  return make_http_driver(options)->call(gate::Gate::permit_for_test(std::move(effect)), context);
}

inline std::string request_line(HttpTestServer& server) {
  const auto requests = server.requests();
  return requests.empty() ? "" : requests.back().substr(0, requests.back().find("\r\n"));
}

inline constexpr std::string_view get_binding = R"({"method": "get", "path": "/voyages"})";
inline constexpr std::string_view post_binding = R"({"method": "post", "path": "/moves"})";

}  // namespace gantry::tool
