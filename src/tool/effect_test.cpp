#include "tool/effect.h"

#include <gtest/gtest.h>

#include "tool/base64.h"
#include "tool/driver.h"
#include "tool/permit_for_test.h"
#include "tool/standard_call.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

Effect sample_effect() {
  Effect effect;
  effect.id = "01A-e1";
  effect.instance = "01A";
  effect.workflow = {.namespace_ = "port", .name = "desk", .version = "1.0.0"};
  effect.task = "/do/0/call";
  effect.tool = "tos";
  effect.operation = "reslot";
  effect.effect_class = definition::EffectClass::write;
  effect.arguments = Value::object({{"voyage", "V1"}, {"moves", 2}});
  effect.key = "01A-e1";
  effect.digest = digest_of(effect, {});
  return effect;
}

TEST(Effect, DigestChangesWithEverythingThatItBinds) {
  const Effect effect = sample_effect();
  const auto changed = [&](auto change) {
    Effect other = effect;
    change(other);
    return digest_of(other, {}) != effect.digest;
  };
  EXPECT_TRUE(changed([](Effect& e) { e.id = "01A-e2"; }));
  EXPECT_TRUE(changed([](Effect& e) { e.instance = "01B"; }));
  EXPECT_TRUE(changed([](Effect& e) { e.task = "/do/1/call"; }));
  EXPECT_TRUE(changed([](Effect& e) { e.tool = "toss"; }));
  EXPECT_TRUE(changed([](Effect& e) { e.operation = "slot"; }));
  EXPECT_TRUE(changed([](Effect& e) { e.arguments = Value::object({{"voyage", "V1"}, {"moves", 3}}); }));
  EXPECT_NE(digest_of(effect, sha256("another definition")), effect.digest);
  // Order of members and labels are no content.
  EXPECT_FALSE(changed([](Effect& e) { e.arguments = Value::object({{"moves", 2}, {"voyage", "V1"}}); }));
  EXPECT_FALSE(changed([](Effect& e) { e.arguments = e.arguments.labelled(Label::unknown()); }));
}

TEST(Effect, DigestIsThatOfTheCanonicalFormOfWhatItBinds) {
  Effect effect = sample_effect();
  effect.task = "/do/0/\"quoted\"";
  effect.arguments = Value::object({{"zeta", 1.5}, {"alpha", Value::array({"ä", "\n"})}});
  const Digest tool = sha256("a definition");
  const Value bound = Value::object({{"effect", effect.id},
                                     {"instance", effect.instance},
                                     {"task", effect.task},
                                     {"tool", effect.tool},
                                     {"operation", effect.operation},
                                     {"arguments", effect.arguments},
                                     {"toolDigest", tool.hex()}});
  EXPECT_EQ(digest_of(effect, tool), sha256(print_canonical(bound)));
}

TEST(Effect, ReadsBackWhatItWroteWithLabels) {
  Effect effect = sample_effect();
  effect.arguments = Value::object({{"voyage", Value("V1").labelled(Label::unknown())}, {"moves", 2}});
  const Value written = to_value(effect);
  const Result<Effect> read = effect_from(written);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(print_canonical(to_value(*read)), print_canonical(written));
  EXPECT_EQ(read->digest, effect.digest);
  EXPECT_EQ(read->arguments.member("voyage").label(), Label::unknown());
  EXPECT_TRUE(read->arguments.member("moves").label().is_default());
  for (const Member& member : written.members()) {
    if (member.key.view() == "arguments") continue;  // null is a value too
    EXPECT_FALSE(effect_from(Value(written).without_member(member.key.view())).ok()) << member.key.view();
  }
  EXPECT_FALSE(effect_from(Value(1)).ok());
}

TEST(Effect, LeavesOutWhatItsIdSaysAndReadsItAllTheSame) {
  Effect effect = sample_effect();
  for (const char* key : {"instance", "key", "irreversible"}) EXPECT_EQ(to_value(effect).find(key), nullptr) << key;
  effect.irreversible = true;
  effect.key = "another";
  effect.instance = "01B";
  const Result<Effect> read = effect_from(to_value(effect));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->irreversible);
  EXPECT_EQ(read->key, "another");
  EXPECT_EQ(read->instance, "01B");
  // As earlier versions wrote it.
  const Value before =
      to_value(sample_effect()).with_member("instance", "01A").with_member("key", "01A-e1").with_member("irreversible", false);
  const Result<Effect> old = effect_from(before);
  ASSERT_TRUE(old.ok()) << old.error().message;
  EXPECT_EQ(print_canonical(to_value(*old)), print_canonical(to_value(sample_effect())));
}

TEST(Effect, IsCompletedFromItsDefinition) {
  definition::Project project;
  Effect effect = sample_effect();
  EXPECT_EQ(complete_effect(effect, project).error().code, Code::not_found);
  effect.tool = "http";
  effect.operation = "request";
  effect.arguments = Value::object({{"method", "get"}, {"endpoint", "http://example.org"}});
  ASSERT_TRUE(complete_effect(effect, project).ok());
  EXPECT_EQ(effect.effect_class, definition::EffectClass::egress_read);
  EXPECT_EQ(effect.digest, digest_of(effect, {}));
  EXPECT_EQ(effect.arguments.string_or("method", ""), "GET") << "as it is sent: policies compare it";
}

TEST(EchoDriver, AnswersItsArguments) {
  definition::Operation operation;
  const CallContext context{.tool = nullptr, .operation = &operation, .attempt = 1, .stop = {}};
  const Outcome outcome = make_echo_driver()->call(gate::Gate::permit_for_test(sample_effect()), context);
  EXPECT_EQ(outcome.kind, Outcome::Kind::done);
  EXPECT_EQ(outcome.result, sample_effect().arguments);
}

TEST(EdifactDriver, ReadsTextAndBase64) {
  const std::string message = "UNH+1+BAPLIE:D:95B:UN:SMDG22'BGM++X+9'UNT+3+1'";
  const auto call = [](Value arguments) {
    Effect effect = sample_effect();
    effect.arguments = std::move(arguments);
    return make_edifact_driver()->call(gate::Gate::permit_for_test(std::move(effect)), CallContext{});
  };
  const Outcome text = call(Value::object({{"text", Value(message).labelled(Label::unknown())}}));
  ASSERT_EQ(text.kind, Outcome::Kind::done) << text.error.detail;
  EXPECT_EQ(text.result.label(), Label::unknown());
  EXPECT_EQ(call(Value::object({{"base64", encode_base64(message)}})).result, text.result);
  for (const Value& wrong :
       {Value::object({}), Value::object({{"text", 1}}), Value::object({{"base64", "?"}}),
        Value::object({{"text", message}, {"base64", ""}}), Value::object({{"text", "no EDIFACT"}})}) {
    const Outcome outcome = call(wrong);
    EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
    EXPECT_EQ(definition::error_kind(outcome.error.type), "validation");
  }
}

TEST(Base64, ReadsBackWhatItWrote) {
  std::string bytes;
  for (int length = 0; length < 70; ++length) {
    const Result<std::string> read = decode_base64(encode_base64(bytes));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, bytes);
    bytes += static_cast<char>(length * 37);
  }
  EXPECT_EQ(encode_base64("light w"), "bGlnaHQgdw==");
  for (const char* wrong : {"a", "ab=", "a===", "ab==cd==", "ab c", "====", "ab*d"}) {
    EXPECT_FALSE(decode_base64(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace gantry::tool
