// CloudEvents over HTTP: structured, batched, binary.
#include "server/cloud_event_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "value/json.h"

namespace gantry::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using CloudEventHeaders = std::map<std::string, std::string, std::less<>>;

std::vector<std::string> events_in(CloudEventHeaders headers, std::string body) {
  Request request{.method = "POST", .path = "/", .query = {}, .headers = std::move(headers), .body = std::move(body)};
  auto events = cloud_events_of(request);
  if (!events) return {"error: " + events.error().message};
  std::vector<std::string> texts;
  for (const Value& event : *events) texts.push_back(print_canonical(event));
  return texts;
}

TEST(CloudEventRequest, StructuredIsOneObject) {
  for (const char* type : {"application/cloudevents+json", "application/cloudevents+json; charset=UTF-8",
                           "Application/CloudEvents+JSON", "application/json", ""})
    EXPECT_THAT(events_in({{"content-type", type}}, R"({"id":"1"})"), ElementsAre(R"({"id":"1"})")) << type;
}

TEST(CloudEventRequest, StructuredModeIgnoresAttributesInHeaders) {
  EXPECT_THAT(events_in({{"content-type", "application/cloudevents+json"}, {"ce-id", "2"}}, R"({"id":"1"})"),
              ElementsAre(R"({"id":"1"})"));
}

TEST(CloudEventRequest, ABatchIsAnArray) {
  EXPECT_THAT(events_in({{"content-type", "application/cloudevents-batch+json"}}, R"([{"id":"1"},{"id":"2"}])"),
              ElementsAre(R"({"id":"1"})", R"({"id":"2"})"));
  EXPECT_THAT(events_in({{"content-type", "application/cloudevents-batch+json"}}, "[]"), ElementsAre());
  EXPECT_THAT(events_in({{"content-type", "application/cloudevents-batch+json"}}, "{}"),
              ElementsAre("error: a batch of CloudEvents is a JSON array, found object"));
  EXPECT_THAT(events_in({{"content-type", "application/json"}}, R"([{"id":"1"}])"), ElementsAre(R"({"id":"1"})"));
}

TEST(CloudEventRequest, BinaryHasItsAttributesInHeadersAndItsDataInTheBody) {
  EXPECT_THAT(
      events_in({{"ce-id", "1"}, {"ce-source", "/s"}, {"content-type", "application/json; charset=utf-8"}},
                R"({"x":1})"),
      ElementsAre(R"({"data":{"x":1},"datacontenttype":"application/json; charset=utf-8","id":"1","source":"/s"})"));
  EXPECT_THAT(events_in({{"ce-id", "1"}, {"content-type", "text/plain"}}, "hé"),
              ElementsAre(R"({"data":"hé","datacontenttype":"text/plain","id":"1"})"));
  EXPECT_THAT(events_in({{"ce-id", "1"}, {"content-type", "image/png"}}, std::string("\0\1\2", 3)),
              ElementsAre(R"({"data_base64":"AAEC","datacontenttype":"image/png","id":"1"})"));
  EXPECT_THAT(events_in({{"ce-id", "1"}, {"content-type", "text/plain"}}, "\xff"),
              ElementsAre(R"({"data_base64":"/w==","datacontenttype":"text/plain","id":"1"})"));
  EXPECT_THAT(events_in({{"ce-id", "1"}}, ""), ElementsAre(R"({"id":"1"})"));
}

TEST(CloudEventRequest, HeaderValuesAreUnquotedAndPercentDecoded) {
  EXPECT_THAT(events_in({{"ce-subject", "caf%C3%A9"}, {"ce-type", R"("a\"b")"}}, ""),
              ElementsAre(R"({"subject":"café","type":"a\"b"})"));
  EXPECT_THAT(events_in({{"ce-subject", "%zz"}}, ""),
              ElementsAre("error: header ce-subject: expected percent-encoded UTF-8"));
  EXPECT_THAT(events_in({{"ce-subject", "%ff"}}, ""),
              ElementsAre("error: header ce-subject: expected percent-encoded UTF-8"));
}

TEST(CloudEventRequest, WhatIsNoEventIsSaid) {
  EXPECT_THAT(events_in({{"content-type", "application/xml"}}, "<a/>"),
              ElementsAre(HasSubstr("expected application/cloudevents+json")));
  EXPECT_THAT(events_in({{"content-type", "application/cloudevents+avro"}}, ""),
              ElementsAre(HasSubstr("expected application/cloudevents+json")));
  EXPECT_THAT(events_in({{"content-type", "application/json"}}, "{"), ElementsAre(HasSubstr("error: ")));
  EXPECT_THAT(events_in({{"ce-id", "1"}, {"content-type", "application/json"}}, "{"),
              ElementsAre(HasSubstr("error: ")));
}

}  // namespace
}  // namespace gantry::server
