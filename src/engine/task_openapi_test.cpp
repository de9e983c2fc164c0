// call: openapi: two effects, or one when the document is a file of the project.
#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* openapi_document =
    R"({"openapi":"3.0.3","servers":[{"url":"/v1"}],"paths":{"/pets/{id}":{"get":{"operationId":"getPet",)"
    R"("parameters":[{"name":"id","in":"path","required":true}]},)"
    R"("put":{"operationId":"putPet","parameters":[{"name":"id","in":"path","required":true}],)"
    R"("requestBody":{"content":{"application/json":{}}}}}}})";

constexpr const char* openapi_workflow = R"(
use: {authentications: {api: {bearer: {use: token}}}, secrets: [token]}
do:
  - pet:
      call: openapi
      with:
        document: {endpoint: {uri: "https://{host}/openapi.json", authentication: {basic: {username: a, password: b}}}}
        operationId: getPet
        parameters: {id: "${ .id }"}
        authentication: {use: api}
        output: response
        redirect: true
)";

// Answers the document to the first call, and to later ones {"pet": true}.
Reply openapi_reply(const CallEffect& call, const std::string& document) {
  const bool is_first = call.effect.ends_with("-e1");
  return done_with(R"({"request":{"uri":"https://a.example/openapi.json"},"statusCode":200,"content":)" +
                   (is_first ? document : R"({"pet":true})") + "}");
}

TEST(CallOpenApi, TheDocumentIsFetchedAndThenTheOperationIsCalled) {
  World world(openapi_workflow);
  world.answer = [](const CallEffect& call) { return openapi_reply(call, openapi_document); };
  EXPECT_THAT(world.run(R"({"host":"a.example","id":7})"), HasSubstr(R"("content":{"pet":true})"));
  ASSERT_EQ(world.calls.size(), 2U);
  EXPECT_EQ(world.calls[0].tool + "." + world.calls[0].operation, "http.request");
  EXPECT_EQ(print_json(world.calls[0].arguments),
            R"({"method":"get","endpoint":{"uri":"https://a.example/openapi.json",)"
            R"("authentication":{"basic":{"username":"a","password":"b"}}}})");
  EXPECT_EQ(world.calls[1].tool + "." + world.calls[1].operation, "http.request");
  EXPECT_EQ(print_json(world.calls[1].arguments),
            R"({"method":"get","endpoint":{"uri":"https://a.example/v1/pets/7",)"
            R"("authentication":{"bearer":{"use":"token"}}},"output":"response","redirect":true})");
  EXPECT_EQ(world.calls[1].task, "/do/0/pet");
}

TEST(CallOpenApi, TheAuthenticationDoesNotTakeTheLabelsOfTheDocument) {
  World world(openapi_workflow);
  const Label outside =
      Label::of({.integrity = Integrity::untrusted, .secrecy = Secrecy::public_, .sources = {}, .compartments = {}});
  world.answer = [&](const CallEffect& call) {
    Reply reply = openapi_reply(call, openapi_document);
    reply.value = std::move(reply.value).labelled(outside);
    return reply;
  };
  world.run(R"({"host":"a.example","id":7})");
  const Value endpoint = world.calls.at(1).arguments.member("endpoint");
  EXPECT_EQ(endpoint.member("authentication").deep_label(), Label());
  EXPECT_EQ(endpoint.member("uri").label(), outside);
}

TEST(CallOpenApi, WhatDoesNotFitIsAnErrorBeforeTheCall) {
  const auto outcome = [](const std::string& document, std::string_view input) {
    World world(openapi_workflow);
    world.answer = [&](const CallEffect& call) { return openapi_reply(call, document); };
    const std::string end = world.run(input);
    return end + ": " + world.detail() + " " + std::to_string(world.calls.size());
  };
  EXPECT_EQ(outcome(openapi_document, R"({"host":"a"})"),
            "faulted validation 400 /do/0/pet: call: openapi: the parameter 'id' is missing 1");
  EXPECT_EQ(outcome(R"({"openapi":"3.0.0"})", R"({"id":1})"),
            "faulted configuration 400 /do/0/pet: call: openapi: the document has no operation 'getPet' 1");
  EXPECT_THAT(outcome(R"("<html>")", R"({"id":1})"),
              HasSubstr("faulted configuration 400 /do/0/pet: call: openapi: expected an OpenAPI document"));
}

TEST(CallOpenApi, AFailedFetchIsTheErrorOfTheTask) {
  World world(openapi_workflow);
  world.answer = [](const CallEffect&) { return fails_with(R"({"status":404,"detail":"no such page"})"); };
  EXPECT_EQ(world.run(), "faulted communication 404 /do/0/pet");
  EXPECT_EQ(world.calls.size(), 1U);
}

TEST(CallOpenApi, ADocumentOfTheProjectNeedsNoFetch) {
  World world(
      R"(
do:
  - pet: {call: openapi, with: {document: {endpoint: openapi/pets.yaml}, operationId: putPet, parameters: {id: 1, body: {a: "${ .n }"}}}}
)",
      {{"openapi/pets.yaml",
        "openapi: 3.1.0\nservers: [{url: 'https://pets.example'}]\npaths: {'/p/{id}': {put: {operationId: putPet, "
        "parameters: [{name: id, in: path}], requestBody: {content: {application/json: {}}}}}}\n"}});
  world.answer = [](const CallEffect&) { return done_with(R"({"statusCode":200,"content":{"saved":true}})"); };
  EXPECT_EQ(world.run(R"({"n":5})"), R"(completed {"saved":true})");
  ASSERT_EQ(world.calls.size(), 1U);
  EXPECT_EQ(print_json(world.calls[0].arguments),
            R"({"method":"put","endpoint":"https://pets.example/p/1","body":{"a":5}})");
}

TEST(CallOpenApi, ATimeoutGivesUpWhicheverCallIsUnderWay) {
  World world(std::string(openapi_workflow) + "      timeout: {after: PT1M}\n");
  world.answer = [](const CallEffect& call) {
    return call.effect.ends_with("-e1") ? openapi_reply(call, openapi_document) : no_answer();
  };
  EXPECT_EQ(world.run(R"({"id":7})"), "waiting");
  EXPECT_EQ(world.advance(std::chrono::minutes(1)), "faulted timeout 408 /do/0/pet");
  EXPECT_THAT(world.asked(), ::testing::Contains("abandon e2"));
}

}  // namespace
}  // namespace gantry::engine::testing
