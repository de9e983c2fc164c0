#include "definition/openapi.h"

#include <gmock/gmock.h>

#include "definition/project_fixture.h"
#include "value/yaml.h"

namespace gantry::definition {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Flow YAML, so that a document fits into a few lines.
Value document_of(std::string_view text) {
  auto document = read_openapi_document(Value(text));
  EXPECT_TRUE(document) << (document ? "" : document.error().message);
  return document ? *document : Value();
}

// The request as JSON, or "CODE: message".
std::string request_of(const Value& document, std::string_view operation, std::string_view parameters = "{}",
                       std::string_view uri = "https://docs.example.com/api/v1/openapi.json") {
  auto request = openapi_request(document, uri, operation, from_json(parameters));
  if (!request) return std::string(name_of(request.error().code)) + ": " + request.error().message;
  return print_json(*request);
}

// One GET operation `find` under /things/{id} with these parameters.
Value with_parameters(std::string_view parameters) {
  return document_of(
      "openapi: 3.1.0\nservers: [{url: 'https://a.example'}]\npaths:\n  /things/{id}:\n    get:\n"
      "      operationId: find\n      parameters:\n        - {name: id, in: path, required: true}\n" +
      std::string(parameters));
}
std::string query_of(std::string_view parameter, std::string_view value) {
  const std::string request =
      request_of(with_parameters("        - {name: q, in: query, " + std::string(parameter) + "}\n"), "find",
                 "{\"id\": 1, \"q\": " + std::string(value) + "}");
  const std::size_t query = request.find('?');
  return query == std::string::npos ? request : request.substr(query, request.find('"', query) - query);
}
std::string path_of(std::string_view parameter, std::string_view value) {
  const Value document = document_of(
      "openapi: 3.0.3\nservers: [{url: 'https://a.example/'}]\npaths: {'/x{p}': {get: {operationId: find, parameters: "
      "[{name: p, in: path, required: true, " +
      std::string(parameter) + "}]}}}");
  const std::string request = request_of(document, "find", "{\"p\": " + std::string(value) + "}");
  const std::size_t path = request.find("/x");
  return path == std::string::npos ? request : request.substr(path, request.find('"', path) - path);
}

constexpr std::string_view pets = R"(
swagger: '2.0'
host: petstore.swagger.io
basePath: /v2
schemes: [http, https]
consumes: [application/json]
produces: [application/xml, application/json]
parameters: {limit: {name: limit, in: query, type: integer}}
paths:
  /pet/findByStatus:
    get:
      operationId: findPetsByStatus
      parameters:
        - {name: status, in: query, type: array, items: {type: string}, collectionFormat: multi, required: true}
        - {$ref: '#/parameters/limit'}
  /pet/{petId}:
    parameters: [{name: petId, in: path, type: integer, required: true}]
    get: {operationId: getPetById}
    post:
      operationId: updatePetWithForm
      consumes: [application/x-www-form-urlencoded]
      parameters: [{name: name, in: formData, type: string}, {name: status, in: formData, type: string}]
    delete: {operationId: deletePet, parameters: [{name: api_key, in: header, type: string}]}
  /pet:
    post: {operationId: addPet, parameters: [{name: pet, in: body, required: true, schema: {type: object}}]}
  /upload:
    post: {operationId: upload, consumes: [multipart/form-data], parameters: [{name: note, in: formData, type: string}]}
)";

TEST(OpenApi, Swagger) {
  const Value document = document_of(pets);
  EXPECT_EQ(
      request_of(document, "getPetById", R"({"petId": 7})"),
      R"({"method":"get","endpoint":"https://petstore.swagger.io/v2/pet/7","headers":{"Accept":"application/json"}})");
  EXPECT_THAT(request_of(document, "findPetsByStatus", R"({"status": ["a b", "sold"], "limit": 2})"),
              HasSubstr("/v2/pet/findByStatus?status=a%20b&status=sold&limit=2\""));
  EXPECT_THAT(request_of(document, "findPetsByStatus", R"({"status": "sold"})"), HasSubstr("?status=sold\""));
  EXPECT_THAT(
      request_of(document, "deletePet", R"({"petId": 7, "api_key": "k"})"),
      HasSubstr(R"("method":"delete","endpoint":"https://petstore.swagger.io/v2/pet/7","headers":{"api_key":"k")"));
  EXPECT_THAT(request_of(document, "updatePetWithForm", R"({"petId": 7, "name": "A & B", "status": "x"})"),
              AllOf(HasSubstr(R"("Content-Type":"application/x-www-form-urlencoded")"),
                    HasSubstr(R"("body":"name=A%20%26%20B&status=x")")));
  EXPECT_EQ(request_of(document, "upload", R"({"note": "x"})"),
            "conflict: a body of type multipart/form-data is not supported");
}

TEST(OpenApi, ABodyIsGivenByNameAsBodyOrByItsMembers) {
  const Value document = document_of(pets);
  for (const char* given : {R"({"pet": {"a": 1}})", R"({"body": {"a": 1}})", R"({"a": 1})"})
    EXPECT_THAT(request_of(document, "addPet", given), HasSubstr(R"("body":{"a":1})")) << given;
  EXPECT_EQ(request_of(document, "addPet"), "invalid_argument: the parameter 'pet', the body, is missing");
  EXPECT_EQ(request_of(document, "addPet", R"({"pet": {}, "pat": 1})"),
            "invalid_argument: the operation has no parameter 'pat'; did you mean 'pet'?");

  const auto body = [](std::string_view content, std::string_view given) {
    return request_of(document_of("openapi: 3.0.0\nservers: [{url: 'http://a'}]\npaths: {/x: {post: {operationId: add, "
                                  "requestBody: {required: true, content: {" +
                                  std::string(content) + "}}}}}"),
                      "add", given);
  };
  EXPECT_THAT(body("text/xml: {}, application/json: {}", R"({"a": 1})"), HasSubstr(R"("body":{"a":1}})"));
  EXPECT_THAT(body("application/json: {}", R"({"body": "text"})"),
              HasSubstr(R"("headers":{"Content-Type":"application/json"},"body":"\"text\""})"));
  EXPECT_THAT(body("application/merge-patch+json: {}", R"({"a": 1})"),
              HasSubstr(R"("headers":{"Content-Type":"application/merge-patch+json"},"body":"{\"a\":1}"})"));
  EXPECT_THAT(body("application/x-www-form-urlencoded: {}", R"({"a": [1, 2], "b": "c d", "e": null})"),
              HasSubstr(R"("body":"a=1&a=2&b=c%20d")"));
  EXPECT_THAT(body("text/plain: {}", R"({"body": "text"})"),
              HasSubstr(R"("headers":{"Content-Type":"text/plain"},"body":"text"})"));
  EXPECT_EQ(body("multipart/form-data: {}", R"({"a": 1})"),
            "conflict: a body of type 'multipart/form-data' made of an object is not supported");
  EXPECT_EQ(body("application/json: {}", "{}"),
            "invalid_argument: the body is missing: give `body`, or its members beside the parameters");
  EXPECT_EQ(body("application/json: {}", R"({"body": 1, "a": 2})"),
            "invalid_argument: the operation has no parameter 'a'");
}

// The examples of the OpenAPI specification, section "Style Examples".
TEST(OpenApi, StylesOfQueries) {
  constexpr std::string_view list = R"(["blue", "black"])", object = R"({"R": 100, "G": 200})";
  EXPECT_EQ(query_of("style: form", R"("blue")"), "?q=blue");
  EXPECT_EQ(query_of("style: form", list), "?q=blue&q=black");
  EXPECT_EQ(query_of("explode: false", list), "?q=blue,black");
  EXPECT_EQ(query_of("explode: true", object), "?R=100&G=200");
  EXPECT_EQ(query_of("explode: false", object), "?q=R,100,G,200");
  EXPECT_EQ(query_of("style: spaceDelimited, explode: false", list), "?q=blue%20black");
  EXPECT_EQ(query_of("style: pipeDelimited", list), "?q=blue%7Cblack");
  EXPECT_EQ(query_of("style: deepObject, explode: true", object), "?q%5BR%5D=100&q%5BG%5D=200");
  EXPECT_EQ(query_of("content: {application/json: {}}", object), "?q=%7B%22R%22%3A100%2C%22G%22%3A200%7D");
  EXPECT_EQ(query_of("schema: {}", R"("a&b=c/d")"), "?q=a%26b%3Dc%2Fd");
  EXPECT_EQ(query_of("allowReserved: true", R"("a/b?c&d#e")"), "?q=a/b%3Fc%26d%23e");
  EXPECT_EQ(query_of("style: form", "[]").find('?'), std::string::npos);
  EXPECT_EQ(query_of("style: form", "[[1]]"),
            "invalid_argument: parameter 'q': expected text, a number, true or false inside, found array");
  EXPECT_EQ(query_of("style: matrix", "1"), "conflict: parameter 'q': style 'matrix' is not supported in 'query'");
}

TEST(OpenApi, StylesOfPaths) {
  constexpr std::string_view list = R"(["blue", "black"])", object = R"({"R": 100, "G": 200})";
  EXPECT_EQ(path_of("style: simple", list), "/xblue,black");
  EXPECT_EQ(path_of("explode: true", object), "/xR=100,G=200");
  EXPECT_EQ(path_of("explode: false", object), "/xR,100,G,200");
  EXPECT_EQ(path_of("style: label", R"("blue")"), "/x.blue");
  EXPECT_EQ(path_of("style: label, explode: true", list), "/x.blue.black");
  EXPECT_EQ(path_of("style: label, explode: true", object), "/x.R=100.G=200");
  EXPECT_EQ(path_of("style: matrix", R"("blue")"), "/x;p=blue");
  EXPECT_EQ(path_of("style: matrix", list), "/x;p=blue,black");
  EXPECT_EQ(path_of("style: matrix, explode: true", list), "/x;p=blue;p=black");
  EXPECT_EQ(path_of("style: matrix, explode: true", object), "/x;R=100;G=200");
  EXPECT_EQ(path_of("schema: {}", R"("../a b")"), "/x..%2Fa%20b");
  EXPECT_THAT(path_of("schema: {}", R"("..")"), HasSubstr("may not be empty, \".\" or \"..\" in a path"));
}

TEST(OpenApi, HeadersAndCookies) {
  const Value document = with_parameters(
      "        - {name: X-Trace, in: header}\n        - {name: Authorization, in: header}\n"
      "        - {name: session, in: cookie}\n        - {name: theme, in: cookie}\n");
  EXPECT_THAT(request_of(document, "find", R"({"id": 1, "X-Trace": ["a b", 2], "session": "s;1", "theme": "dark"})"),
              HasSubstr(R"("headers":{"X-Trace":"a b,2","Cookie":"session=s%3B1; theme=dark"})"));
  EXPECT_EQ(request_of(document, "find", "{}"), "invalid_argument: the parameter 'id' is missing");
  EXPECT_THAT(request_of(document, "find", R"({"id": 1, "Authorization": "x"})"),
              HasSubstr("the operation has no parameter 'Authorization'"));
}

std::string server_of(std::string_view servers, std::string_view uri = "https://docs.example.com/api/v1/openapi.json") {
  const Value document =
      document_of("openapi: 3.1.0\n" + std::string(servers) + "\npaths: {/x: {get: {operationId: get}}}");
  return request_of(document, "get", "{}", uri);
}
std::string to_server(std::string_view address) {
  return R"({"method":"get","endpoint":")" + std::string(address) + "\"}";
}

TEST(OpenApi, TheFirstServerCounts) {
  EXPECT_EQ(server_of("servers: [{url: 'https://a.example/v3/'}, {url: 'https://b.example'}]"),
            to_server("https://a.example/v3/x"));
  EXPECT_EQ(server_of("servers: [{url: 'https://{r}.example/{v}', variables: {r: {default: eu}, v: {default: '2'}}}]"),
            to_server("https://eu.example/2/x"));
  EXPECT_EQ(server_of("servers: [{url: /v3}]"), to_server("https://docs.example.com/v3/x"));
  EXPECT_EQ(server_of("servers: [{url: ./v3}]"), to_server("https://docs.example.com/api/v1/v3/x"));
  EXPECT_EQ(server_of("info: {}"), to_server("https://docs.example.com/x"));
  EXPECT_EQ(server_of("servers: [{url: /v3}]", ""), "conflict: the server '/v3' is no http or https address");
  EXPECT_EQ(server_of("servers: [{url: 'file:///etc'}]"),
            "conflict: the server 'file:///etc' is no http or https address");
  EXPECT_EQ(server_of("servers: [{url: 'https://{r}.example'}]"),
            "conflict: the variable 'r' of the first server has no default");
  EXPECT_EQ(server_of("servers: [{url: '../up'}]"), "conflict: the server '../up' leads upwards");
  const Value own = document_of(
      "openapi: 3.0.0\nservers: [{url: 'https://a'}]\npaths: {/x: {get: {operationId: get, servers: [{url: "
      "'https://b'}]}}}");
  EXPECT_EQ(request_of(own, "get"), to_server("https://b/x"));
  const Value bare = document_of("swagger: 2.0\npaths: {/x: {get: {operationId: get}}}");
  EXPECT_EQ(request_of(bare, "get", "{}", "http://docs.example.com:81/swagger.json"),
            to_server("http://docs.example.com:81/x"));
}

TEST(OpenApi, TheOperationIsFoundOrSaidToBeMissing) {
  const Value document = document_of(pets);
  EXPECT_EQ(request_of(document, "getPetByID"),
            "conflict: the document has no operation 'getPetByID'; did you mean 'getPetById'?");
  EXPECT_EQ(openapi_operation_ids(document).size(), 6U);
  const Value twice = document_of("openapi: 3.0.0\npaths: {/a: {get: {operationId: x}}, /b: {put: {operationId: x}}}");
  EXPECT_EQ(request_of(twice, "x"), "conflict: the document has two operations 'x'");
}

TEST(OpenApi, ReferencesStayInsideTheDocumentAndEnd) {
  const auto with_reference = [](std::string_view reference, std::string_view more = "") {
    return request_of(
        document_of("openapi: 3.1.0\nservers: [{url: 'https://a'}]\npaths: {/x: {get: {operationId: get, parameters: "
                    "[{$ref: '" +
                    std::string(reference) + "'}]}}}\n" + std::string(more)),
        "get", R"({"q": 1})");
  };
  const std::string components =
      "components: {parameters: {a: {$ref: '#/components/parameters/q~1%7B'}, 'q/{': {name: q, in: query}, "
      "loop: {$ref: '#/components/parameters/loop'}}}";
  EXPECT_EQ(with_reference("#/components/parameters/a", components), to_server("https://a/x?q=1"));
  EXPECT_EQ(with_reference("other.yaml#/q"),
            "conflict: only references inside the document are followed, not 'other.yaml#/q'");
  EXPECT_EQ(with_reference("#/nowhere"), "conflict: the reference '#/nowhere' leads nowhere");
  EXPECT_THAT(with_reference("#/components/parameters/loop", components), HasSubstr("more than 16 references"));
}

TEST(OpenApi, OnlyDocumentsOfKnownVersionsAreRead) {
  const auto problem = [](const Value& content) {
    auto document = read_openapi_document(content);
    return document ? std::string() : document.error().message;
  };
  EXPECT_EQ(problem(Value("openapi: 3.2.0")), "");
  EXPECT_EQ(problem(Value("swagger: 2.0")), "");
  EXPECT_THAT(problem(Value("openapi: 4.0.0")), HasSubstr("expected an OpenAPI document with"));
  EXPECT_THAT(problem(Value("- 1")), HasSubstr("expected an OpenAPI document, found a list"));
  EXPECT_THAT(problem(Value("{")), HasSubstr("neither JSON nor YAML: line"));
  EXPECT_THAT(problem(Value()), HasSubstr("found nothing"));
}

TEST(OpenApi, LabelsFollowWhatTheRequestIsMadeOf) {
  const Label outside = Label::of(
      {.integrity = Integrity::untrusted, .secrecy = Secrecy::public_, .sources = {"document"}, .compartments = {}});
  const Label secret =
      Label::of({.integrity = Integrity::trusted, .secrecy = Secrecy::secret, .sources = {}, .compartments = {}});
  const Value document = document_of(pets).relabelled(outside);
  const Value pet = Value::object({{"pet", Value::object({{"name", Value("x").labelled(secret)}})}});
  const auto request = openapi_request(document, "https://a", "addPet", pet);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->member("endpoint").label(), outside);
  EXPECT_EQ(request->member("body").deep_label(), secret);
  const auto get =
      openapi_request(document, "https://a", "getPetById", Value::object({{"petId", Value(7).labelled(secret)}}));
  ASSERT_TRUE(get);
  EXPECT_EQ(get->member("endpoint").label(), join(outside, secret));
}

constexpr std::string_view pets_call = "  - a:\n      call: openapi\n      with:\n";

std::vector<std::string> call_problems(const std::string& with) {
  return problems_of(
      {{"openapi/pets.yaml", std::string(pets)}, {"workflows/w.yaml", workflow_text(std::string(pets_call) + with)}});
}

TEST(OpenApi, ADocumentOfTheProjectIsCheckedWithTheWorkflow) {
  EXPECT_THAT(call_problems("        document: {endpoint: openapi/pets.yaml}\n        operationId: getPetById\n"
                            "        parameters: {petId: '${ .id }'}\n"),
              IsEmpty());
  EXPECT_THAT(
      call_problems("        document: {endpoint: 'project://openapi/pets.yaml'}\n        operationId: getPetById\n"
                    "        parameters: ${ . }\n"),
      IsEmpty());
  EXPECT_THAT(call_problems("        document: {endpoint: openapi/pet.yaml}\n        operationId: getPetById\n"),
              ElementsAre("workflows/w.yaml:6:30: no file 'openapi/pet.yaml' in the project; did you mean "
                          "'openapi/pets.yaml'?; expected one under openapi/, or a URI"));
  EXPECT_THAT(call_problems("        document: {endpoint: openapi/pets.yaml}\n        operationId: getPet\n"),
              ElementsAre(HasSubstr("workflows/w.yaml:7:22: the document has no operation 'getPet'")));
  EXPECT_THAT(call_problems("        document: {endpoint: openapi/pets.yaml}\n        operationId: getPetById\n"
                            "        parameters: {pet: 1}\n"),
              ElementsAre("workflows/w.yaml:8:21: the parameter 'petId' is missing"));
  EXPECT_THAT(call_problems("        document: {endpoint: openapi/pets.yaml}\n        operationId: addPet\n"
                            "        parameters: {body: '${ .pet }'}\n"),
              IsEmpty());
}

TEST(OpenApi, AFileUnderOpenapiIsADocument) {
  EXPECT_THAT(
      problems_of({{"openapi/a.yaml", "tool: x"}}),
      ElementsAre("openapi/a.yaml:1:1: expected an OpenAPI document with 'openapi: 3.x' or 'swagger: \"2.0\"'"));
  EXPECT_EQ(loaded({{"openapi/pets.yaml", std::string(pets)}})->openapi_documents.count("openapi/pets.yaml"), 1U);
}

TEST(OpenApi, TheArgumentsAreChecked) {
  EXPECT_THAT(call_problems("        document: {endpoint: 'ftp://a'}\n        operationId: a\n"),
              ElementsAre(HasSubstr("expected a URI that starts with https:// or http://")));
  EXPECT_THAT(call_problems("        document: {endpoint: 'https://a'}\n        parameters: 5\n        output: all\n"),
              ElementsAre(HasSubstr("'operationId' is missing"), HasSubstr("expected an object of parameters"),
                          HasSubstr("content, raw, response")));
}

}  // namespace
}  // namespace gantry::definition
