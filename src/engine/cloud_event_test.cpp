// What is a CloudEvent, and how it is read.
#include "engine/cloud_event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "value/json.h"

namespace gantry::engine {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& more) {
  auto value = parse_json(R"({"specversion":"1.0","id":"1","source":"/s","type":"t")" + more + "}");
  if (!value) return "not JSON: " + value.error().message;
  auto checked = checked_cloud_event(*value);
  return checked ? "" : checked.error().message;
}

TEST(CloudEvent, TheSmallestOne) {
  EXPECT_EQ(refusal(""), "");
}

TEST(CloudEvent, MissingAttributesAreNamedTogether) {
  EXPECT_EQ(checked_cloud_event(*parse_json(R"({"id":"1","type":"t"})")).error().message,
            R"(CloudEvent: specversion, source missing; an event has specversion "1.0", id, source and type)");
}

TEST(CloudEvent, AttributesThatAreNullAreLeftOut) {
  auto checked =
      checked_cloud_event(*parse_json(R"({"specversion":"1.0","id":"1","source":"/s","type":"t","subject":null})"));
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ(checked->find("subject"), nullptr);
  EXPECT_EQ(refusal(R"(,"type":null)"),
            R"(CloudEvent: type missing; an event has specversion "1.0", id, source and type)");
}

TEST(CloudEvent, StandardAttributesHaveTheirForms) {
  EXPECT_EQ(refusal(R"(,"time":"2026-01-31T12:00:00.5+01:00","subject":"x","dataschema":"https://x/y#z")"), "");
  EXPECT_THAT(refusal(R"(,"time":"yesterday")"), HasSubstr("time: expected a time such as"));
  EXPECT_THAT(refusal(R"(,"id":5)"), HasSubstr("id: expected text, found number"));
  EXPECT_THAT(refusal(R"(,"subject":"")"), HasSubstr("subject: expected text that is not empty"));
  EXPECT_THAT(refusal(R"(,"source":"a b")"), HasSubstr("source: expected a URI"));
  EXPECT_THAT(refusal(R"(,"datacontenttype":"json")"), HasSubstr("datacontenttype: expected a media type"));
  EXPECT_THAT(refusal(R"(,"specversion":"2.0")"), HasSubstr("specversion: expected \"1.0\", found \"2.0\""));
  EXPECT_THAT(refusal(R"(,"type":"a\nb")"), HasSubstr("type: control characters"));
  EXPECT_THAT(refusal(",\"subject\":\"" + std::string(3'000, 'x') + "\""), HasSubstr("subject: 3000 bytes; at most"));
}

TEST(CloudEvent, ExtensionsAreScalarsWithLowerCaseNames) {
  EXPECT_EQ(refusal(R"(,"priority":3,"urgent":true,"traceparent":"00-ab")"), "");
  EXPECT_THAT(refusal(R"(,"orderId":"x")"), HasSubstr("attribute 'orderId': names have lower-case letters"));
  EXPECT_THAT(refusal(R"(,"priority":3.5)"), HasSubstr("priority: expected text, true, false or a whole number"));
  EXPECT_THAT(refusal(R"(,"priority":3000000000)"), HasSubstr("priority: expected"));
  EXPECT_THAT(refusal(R"(,"list":[])"), HasSubstr("list: expected"));
}

TEST(CloudEvent, DataOrBase64ButNotBoth) {
  EXPECT_EQ(refusal(R"(,"data":null)"), "");
  EXPECT_EQ(refusal(R"(,"data_base64":"AAEC")"), "");
  EXPECT_THAT(refusal(R"(,"data_base64":"AAE")"), HasSubstr("data_base64: expected text in base 64"));
  EXPECT_THAT(refusal(R"(,"data_base64":"AA=C")"), HasSubstr("data_base64: expected text in base 64"));
  EXPECT_THAT(refusal(R"(,"data":1,"data_base64":"AAEC")"), HasSubstr("exclude each other"));
}

TEST(CloudEvent, IsBounded) {
  EXPECT_THAT(refusal(",\"data\":\"" + std::string(cloud_event_bytes_max, 'x') + "\""), HasSubstr("at most 1048576"));
  std::string many;
  for (int i = 0; i < 101; ++i) many += ",\"a" + std::to_string(i) + "\":1";
  EXPECT_THAT(refusal(many), HasSubstr("more than 100 attributes"));
}

TEST(CloudEvent, IdentityIsSourceAndId) {
  const Value one = *parse_json(R"({"source":"a","id":"1"})");
  EXPECT_EQ(identity_of(one), identity_of(*parse_json(R"({"id":"1","source":"a","type":"other"})")));
  EXPECT_NE(identity_of(one), identity_of(*parse_json(R"({"source":"b","id":"1"})")));
}

TEST(CloudEvent, RawReadingKeepsTheLabelOfTheData) {
  const Label label =
      Label::of({.integrity = Integrity::untrusted, .secrecy = Secrecy::public_, .sources = {}, .compartments = {}});
  const Value event = Value::object({{"data", Value::object({{"x", Value(1).labelled(label)}})}});
  const Value raw = read_event(event, definition::EventReading::raw);
  EXPECT_EQ(raw.as_string(), R"({"x":1})");
  EXPECT_EQ(raw.label(), label);
}

}  // namespace
}  // namespace gantry::engine
