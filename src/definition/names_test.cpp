// Small parts: suggestions, versions, durations, URI templates, error types.
#include <gmock/gmock.h>

#include "definition/project_fixture.h"
#include "definition/uri_template.h"
#include "definition/version.h"
#include "definition/workflow.h"

namespace gantry::definition {
namespace {

TEST(NearestName, FindsSwappedMissingAndWrongLetters) {
  std::vector<std::string_view> known = {"tos", "mail", "exceptWhen", "retry"};
  EXPECT_EQ(nearest_name("tso", known), "tos");
  EXPECT_EQ(nearest_name("mial", known), "mail");
  EXPECT_EQ(nearest_name("exceptwhen", known), "exceptWhen");
  EXPECT_EQ(nearest_name("retri", known), "retry");
}

TEST(NearestName, IsEmptyWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("customs", {"tos", "mail"}), "");
  EXPECT_EQ(nearest_name("", {"tos"}), "");
  EXPECT_EQ(nearest_name(std::string(10'000, 'a'), {"tos"}), "");
}

TEST(Version, FollowsTheGrammarOfSemver) {
  for (const char* good : {"0.0.0", "1.0.3", "10.20.30", "1.0.0-rc.1", "1.0.0-0.x-y.z", "1.0.0+build.01", "1.0.0-a+b"})
    EXPECT_TRUE(is_version(good)) << good;
  for (const char* bad : {"", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0+", "1.0.0-01", "1.0.0-a..b", "v1.0.0",
                          "1.0.", "1..0", "1.0.0 ", "1.0.0-a."})
    EXPECT_FALSE(is_version(bad)) << bad;
}

TEST(Version, ComparesByTheRulesOfSemver) {
  std::vector<const char*> ascending = {"0.9.9",         "1.0.0-alpha",
                                        "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                        "1.0.0-beta",    "1.0.0-beta.2",
                                        "1.0.0-beta.11", "1.0.0-rc.1",
                                        "1.0.0",         "1.0.1",
                                        "1.2.0",         "1.10.0",
                                        "10.0.0",        "123456789012345678901234567890.0.0"};
  for (std::size_t i = 0; i + 1 < ascending.size(); ++i) {
    EXPECT_LT(compare_versions(ascending[i], ascending[i + 1]), 0) << ascending[i];
    EXPECT_GT(compare_versions(ascending[i + 1], ascending[i]), 0) << ascending[i];
  }
  EXPECT_EQ(compare_versions("1.0.0+a", "1.0.0+b"), 0);
}

TEST(DurationFrom, ReadsTextAndObjects) {
  EXPECT_EQ(*duration_from(Value("PT1M30S")), std::chrono::seconds(90));
  EXPECT_EQ(*duration_from(from_json(R"({"days":1,"hours":2,"minutes":3,"seconds":4,"milliseconds":5})")),
            std::chrono::milliseconds(((24 + 2) * 3600 + 3 * 60 + 4) * 1000 + 5));
  EXPECT_EQ(*duration_from(from_json(R"({"seconds":0})")), Duration::zero());
}

TEST(DurationFrom, RefusesWhatIsNoDuration) {
  for (const char* bad : {R"("1 minute")", R"("-PT1S")", R"("P1M")", "30", "null", "{}", R"({"weeks":1})",
                          R"({"seconds":-1})", R"({"seconds":"1"})", R"({"days":1e300})", R"("P40000D")"})
    EXPECT_FALSE(duration_from(from_json(bad)).ok()) << bad;
}

TEST(UriTemplate, PutsInTopLevelMembersPercentEncoded) {
  Value input = from_json(R"({"id":7,"name":"a b/c","ok":true,"half":0.5,"none":null,"a.b":"dot"})");
  EXPECT_EQ(*expand_uri_template("https://x/{id}/{name}?ok={ok}&h={half}", input),
            Value("https://x/7/a%20b%2Fc?ok=true&h=0.5"));
  EXPECT_EQ(*expand_uri_template("https://x/{none}/{missing}/", input), Value("https://x///"));
  EXPECT_EQ(*expand_uri_template("https://x/{a.b}", input), Value("https://x/dot"));
  EXPECT_EQ(*expand_uri_template("https://x/{id}", Value("text")), Value("https://x/"));
  EXPECT_EQ(*expand_uri_template("https://x/{id", input), Value("https://x/{id"));
  EXPECT_EQ(*expand_uri_template("", input), Value(""));
}

TEST(UriTemplate, AListOrAnObjectIsAnErrorAndNotNothing) {
  const Value input = from_json(R"({"list":[1],"object":{"a":1}})");
  const Result<Value> list = expand_uri_template("https://x/{list}", input);
  ASSERT_FALSE(list.ok());
  EXPECT_EQ(list.error().message, "'{list}' in the URI: expected text, a number, true, false or null, found a list");
  EXPECT_FALSE(with_expanded_endpoint(from_json(R"({"endpoint":{"uri":"https://x/{object}"}})"), input).ok());
}

TEST(UriTemplate, DoesNotExpandWhatWasPutIn) {
  EXPECT_EQ(*expand_uri_template("https://x/{a}", from_json(R"({"a":"{b}","b":"secret"})")), Value("https://x/%7Bb%7D"));
}

TEST(UriTemplate, CarriesTheLabelsOfWhatWasPutIn) {
  Label label = Label::of({Integrity::untrusted, Secrecy::public_, {"tool:mail.read"}, {}});
  Value input = Value::object({{"id", Value("7").labelled(label)}, {"other", Value("x")}});
  EXPECT_EQ(expand_uri_template("https://x/{id}", input)->label(), label);
  EXPECT_TRUE(expand_uri_template("https://x/{other}", input)->label().is_default());
}

TEST(UriTemplate, ExpandsBothFormsOfAnEndpoint) {
  Value input = from_json(R"({"id":7})");
  EXPECT_EQ(*with_expanded_endpoint(from_json(R"({"method":"get","endpoint":"https://x/{id}"})"), input),
            from_json(R"({"method":"get","endpoint":"https://x/7"})"));
  EXPECT_EQ(*with_expanded_endpoint(from_json(R"({"endpoint":{"uri":"https://x/{id}","authentication":{}}})"), input),
            from_json(R"({"endpoint":{"uri":"https://x/7","authentication":{}}})"));
  EXPECT_EQ(*with_expanded_endpoint(from_json(R"({"endpoint":5})"), input), from_json(R"({"endpoint":5})"));
}

TEST(ErrorKind, KnowsAllSpellingsOfTheStandard) {
  for (const char* host : {"https://serverlessworkflow.io", "https://open-workflow-specification.org"})
    for (const char* path : {"/spec/1.0.0/errors/", "/dsl/errors/types/"})
      EXPECT_EQ(error_kind(std::string(host) + path + "communication"), "communication");
  EXPECT_EQ(error_kind(standard_error_type("timeout")), "timeout");
  EXPECT_EQ(error_kind("https://example.com/errors/communication"), "https://example.com/errors/communication");
  EXPECT_EQ(error_kind("https://serverlessworkflow.io/spec/1.0.0/errors/mine"),
            "https://serverlessworkflow.io/spec/1.0.0/errors/mine");
}

}  // namespace
}  // namespace gantry::definition
