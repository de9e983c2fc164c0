// Secrets in gantry.yaml: where they are kept, and what they are bound to.
#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SecretReferences, AreReadInBothForms) {
  const SecretReferences secrets = loaded({{"gantry.yaml", R"(
secrets:
  short: secrets/short
  file: {file: /etc/gantry/tos, tools: [tos, http], hosts: [tos.port.internal, 10.0.0.5]}
  variable: {environment: TOS_TOKEN}
  credential: {credential: tos-token, hosts: [tos.port.internal]}
)"},
                                           {"tools/tos.yaml",
                                            "tool: tos\nversion: 1.0.0\ndriver: echo\noperations: {x: {class: read}}\n"}})
                                       ->settings.secrets;
  EXPECT_EQ(secrets.at("short"), (SecretReference{.from = SecretReference::From::file, .place = "secrets/short", .tools = {}, .hosts = {}}));
  EXPECT_EQ(secrets.at("file").place, "/etc/gantry/tos");
  EXPECT_THAT(secrets.at("file").tools, ElementsAre("tos", "http"));
  EXPECT_THAT(secrets.at("file").hosts, ElementsAre("tos.port.internal", "10.0.0.5"));
  EXPECT_EQ(secrets.at("variable").from, SecretReference::From::environment);
  EXPECT_EQ(secrets.at("credential").from, SecretReference::From::credential);
  EXPECT_THAT(secrets.at("credential").tools, IsEmpty());
}

TEST(SecretReferences, ReportWhatIsWrongAtItsPlace) {
  EXPECT_THAT(problems_of({{"gantry.yaml", R"(secrets:
  a: {}
  b: {file: x, environment: Y}
  c: {environment: "A=B"}
  d: {credential: ../x}
  e: {file: x, hosts: ["https://a.example", A.example]}
  f: {file: x, tools: [tso], host: [a]}
)"},
                           {"tools/tos.yaml",
                            "tool: tos\nversion: 1.0.0\ndriver: echo\noperations: {x: {class: read}}\n"}}),
              ElementsAre("gantry.yaml:2:6: a secret needs exactly one of 'file', 'environment' and 'credential'",
                          "gantry.yaml:3:6: a secret needs exactly one of 'file', 'environment' and 'credential'",
                          "gantry.yaml:4:20: expected the name of a variable, found the text \"A=B\"",
                          "gantry.yaml:5:19: expected the name of a credential, without '/', found the text \"../x\"",
                          "gantry.yaml:6:24: expected a host name or address in lower case, without scheme and port",
                          "gantry.yaml:6:45: expected a host name or address in lower case, without scheme and port",
                          "gantry.yaml:7:24: no tool 'tso'; did you mean 'tos'?",
                          "gantry.yaml:7:30: unknown key 'host' in a secret; did you mean 'hosts'?"));
}

}  // namespace
}  // namespace gantry::definition
