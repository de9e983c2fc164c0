#include "base/hash.h"

#include <gtest/gtest.h>

namespace gantry {
namespace {

TEST(Hash, MatchesTheExamplesOfFips180) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hash, ReadsItsTextBack) {
  Digest digest = sha256("x");
  EXPECT_EQ(*Digest::from_hex(digest.hex()), digest);
  EXPECT_NE(digest, sha256("y"));
}

TEST(Hash, RefusesOtherTexts) {
  std::string good = sha256("x").hex();
  EXPECT_FALSE(Digest::from_hex("").ok());
  EXPECT_FALSE(Digest::from_hex(good + "0").ok());
  EXPECT_FALSE(Digest::from_hex(good.substr(1)).ok());
  EXPECT_FALSE(Digest::from_hex("G" + good.substr(1)).ok());
  EXPECT_EQ(Digest::from_hex("A" + good.substr(1)).error().code, Code::invalid_argument);
}

TEST(Hash, ComparesSecrets) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("token", "token"));
  EXPECT_FALSE(equal_in_constant_time("token", "tokem"));
  EXPECT_FALSE(equal_in_constant_time("token", "toke"));
}

}  // namespace
}  // namespace gantry
