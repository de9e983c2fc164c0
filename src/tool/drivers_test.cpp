// What drivers refuse is a problem of the project, with its place, before anything runs.
#include "tool/drivers.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace gantry::tool {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> problems_with_drivers(const definition::SourceFiles& files) {
  const auto loaded = definition::load_project(files, standard_checks());
  std::vector<std::string> lines;
  if (const auto* problems = std::get_if<definition::Problems>(&loaded)) {
    for (const definition::Problem& problem : *problems) lines.push_back(definition::format(problem));
  }
  return lines;
}

TEST(ProjectChecks, FindNothingInAProjectThatIsRight) {
  EXPECT_THAT(
      problems_with_drivers({{"gantry.yaml", "egress: {allow: [a.example, '*.b.example', 10.0.0.0/8, '[::1]:80']}\n"},
                             {"tools/tos.yaml",
                              "tool: tos\nversion: 1.0.0\ndriver: http\nsettings: {baseUrl: 'http://tos.example'}\n"
                              "operations:\n  list: {class: read, binding: {method: GET, path: /moves}}\n"},
                             {"tools/reader.yaml",
                              "tool: reader\nversion: 1.0.0\ndriver: edifact\noperations: {read: {class: read}}\n"}}),
      IsEmpty());
}

TEST(ProjectChecks, ADriverThatDoesNotExistIsReportedWithTheNearestName) {
  EXPECT_THAT(problems_with_drivers(
                  {{"tools/t.yaml", "tool: t\nversion: 1.0.0\ndriver: htp\noperations: {x: {class: read}}\n"}}),
              ElementsAre("tools/t.yaml:3:9: no driver 'htp'; did you mean 'http'?"));
}

TEST(ProjectChecks, WhatTheHttpDriverRefusesHasItsPlace) {
  EXPECT_THAT(problems_with_drivers({{"tools/t.yaml", R"(tool: t
version: 1.0.0
driver: http
settings:
  baseUrl: "ftp://x.example"
operations:
  one:
    class: read
    binding: {method: GETT, path: /a}
  two:
    class: read
    arguments: {type: object, properties: {id: {type: string}}}
    binding: {method: GET, path: "/a/{ident}"}
  three:
    class: write
    binding:
      method: GET
      path: /a
  four: {class: read}
)"}}),
              ElementsAre("tools/t.yaml:5:12: 'baseUrl': URL: expected http or https",
                          "tools/t.yaml:9:23: 'method': expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
                          "tools/t.yaml:13:34: 'path': the operation has no argument \"ident\"",
                          "tools/t.yaml:17:15: 'method': GET does not fit the class write",
                          "tools/t.yaml:19:9: 'binding': expected an object, found a null"));
}

TEST(ProjectChecks, AKeyThatIsMissingIsNamedAtItsParent) {
  EXPECT_THAT(problems_with_drivers({{"tools/t.yaml", R"(tool: t
version: 1.0.0
driver: http
settings: {timeout: PT1S}
operations:
  one: {class: read, binding: {path: /a}}
)"}}),
              ElementsAre("tools/t.yaml:4:11: 'baseUrl': expected text that is not empty",
                          "tools/t.yaml:6:31: 'method': expected text that is not empty"));
}

TEST(ProjectChecks, TheOtherDriversHaveNoSettings) {
  EXPECT_THAT(problems_with_drivers(
                  {{"tools/e.yaml",
                    "tool: e\nversion: 1.0.0\ndriver: echo\nsettings: {a: 1}\noperations: {x: {class: read}}\n"},
                   {"tools/r.yaml",
                    "tool: r\nversion: 1.0.0\ndriver: edifact\noperations: {x: {class: write, binding: {a: 1}}}\n"}}),
              ElementsAre("tools/e.yaml:4:11: 'settings': the echo driver has no settings",
                          "tools/r.yaml:4:25: 'class': reading EDIFACT has class read, not write",
                          "tools/r.yaml:4:41: 'binding': the edifact driver has no binding"));
}

TEST(ProjectChecks, EveryEgressEntryMustMeanSomething) {
  constexpr const char* expected =
      "expected a host, host:port, scheme://host:port, *.suffix, or an address range such as 10.0.0.0/8";
  EXPECT_THAT(problems_with_drivers({{"gantry.yaml", R"(egress:
  allow:
    - https://x/path
    - good.example
    - 10.0.0.0/99
    - "a b"
    - host:99999
)"}}),
              ElementsAre(fmt::format("gantry.yaml:3:7: egress: \"https://x/path\": {}", expected),
                          fmt::format("gantry.yaml:5:7: egress: \"10.0.0.0/99\": {}", expected),
                          fmt::format("gantry.yaml:6:7: egress: \"a b\": {}", expected),
                          fmt::format("gantry.yaml:7:7: egress: \"host:99999\": {}", expected)));
}

TEST(ProjectChecks, WhatACallCouldNeverSendIsReported) {
  const definition::ProjectChecks checks = standard_checks();
  for (const char* uri : {"https://user:pw@x/", "https:///nohost", "https://x:99999/", "https://x/a/../b"})
    EXPECT_FALSE(checks.http_uri(uri).empty()) << uri;
  for (const char* uri : {"https://x/", "http://1:1/1", "https://x.example:8443/a?b=1#c", "https://[::1]/"})
    EXPECT_EQ(checks.http_uri(uri), "") << uri;
  EXPECT_EQ(checks.http_header("Host", Value("a")), "the header 'Host' can't be set here");
  EXPECT_EQ(checks.http_header("bad name", Value("a")), "the header 'bad name' can't be set here");
  EXPECT_EQ(checks.http_header("x-note", Value("a\r\nb")), "the header 'x-note' is one line of at most 8 KiB");
  EXPECT_EQ(checks.http_header("x-number", Value(5)), "");
}

TEST(ProjectChecks, WhatWasStoredBeforeIsNotCheckedAgain) {
  const auto loaded = definition::load_project({{"gantry.yaml", "egress: {allow: ['a b']}\n"}});
  EXPECT_TRUE(std::holds_alternative<definition::ProjectPointer>(loaded));
}

}  // namespace
}  // namespace gantry::tool
