#include "server/authentication.h"

#include <gtest/gtest.h>

namespace gantry::server {
namespace {

struct Tokens : testing::Test {
  std::unique_ptr<journal::Store> store = std::move(*journal::Store::open("memory:"));
  std::unique_ptr<journal::Query> query = std::move(*journal::Query::open(*store));
  SeededRandom random{1};
  Timestamp now = Timestamp(std::chrono::hours(24 * 20000));

  NewToken create(std::optional<Duration> valid_for = std::nullopt) {
    NewToken created = create_token("vera", {"vessel_planner"}, valid_for, now, random);
    EXPECT_TRUE(store->add_token(created.record));
    return created;
  }
};

TEST_F(Tokens, ATokenStandsForItsPersonAndRoles) {
  auto principal = authenticate("Bearer " + create().token, *query, now);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->person, "vera");
  EXPECT_TRUE(principal->has_role("vessel_planner"));
}

TEST_F(Tokens, TheSchemeIsReadInAnyCaseAndTheTokenAsItIs) {
  const std::string token = create().token;
  for (const char* scheme : {"bearer ", "BEARER ", "bEaReR "}) EXPECT_TRUE(authenticate(scheme + token, *query, now)) << scheme;
  for (const char* scheme : {"Basic ", "bearer", "Bearer\t", " Bearer "}) EXPECT_FALSE(authenticate(scheme + token, *query, now)) << scheme;
}

TEST_F(Tokens, OnlyTheHashIsKept) {
  NewToken created = create();
  EXPECT_EQ(created.record.hash.size(), 64u);
  EXPECT_EQ(created.record.hash.find(created.token), std::string::npos);
  EXPECT_EQ(created.token.size(), 7u + 43u);
  EXPECT_NE(create().token, created.token);
}

TEST_F(Tokens, WrongExpiredAndRevokedTokensAreRefusedAlike) {
  NewToken created = create(std::chrono::hours(1));
  std::string bearer = "Bearer " + created.token;
  ASSERT_TRUE(authenticate(bearer, *query, now));
  auto expired = authenticate(bearer, *query, now + std::chrono::hours(1));
  auto wrong = authenticate("Bearer nonsense", *query, now);
  auto none = authenticate("", *query, now);
  ASSERT_FALSE(expired);
  ASSERT_FALSE(wrong);
  ASSERT_FALSE(none);
  EXPECT_EQ(expired.error().message, wrong.error().message);
  ASSERT_TRUE(store->revoke_tokens("vera"));
  auto revoked = authenticate(bearer, *query, now);
  ASSERT_FALSE(revoked);
  EXPECT_EQ(revoked.error().code, Code::denied);
}

}  // namespace
}  // namespace gantry::server
