#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "base/guarded.h"

namespace gantry {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Code::invalid_argument, "odd"};
  return number / 2;
}

Result<int> quarter(int number) {
  int once = TRY(half(number));
  return TRY(half(once));
}

Result<std::unique_ptr<int>> boxed(int number) {
  return std::make_unique<int>(TRY(half(number)));
}

Status check(int number) {
  TRY(half(number));
  return done();
}

TEST(Result, HandsErrorsToTheCaller) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_EQ(quarter(6).error().code, Code::invalid_argument);
  EXPECT_TRUE(check(2).ok());
  EXPECT_FALSE(check(3));
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
  auto box = boxed(4);
  ASSERT_TRUE(box.ok());
  std::unique_ptr<int> taken = *std::move(box);
  EXPECT_EQ(*taken, 2);
}

TEST(Result, NamesEveryCode) {
  EXPECT_STREQ(name_of(Code::invalid_argument), "invalid_argument");
  EXPECT_STREQ(name_of(Code::exhausted), "exhausted");
  EXPECT_STREQ(name_of(Code::internal), "internal");
}

TEST(AssertDeathTest, PrintsThePlaceAndStops) {
  EXPECT_DEATH(GANTRY_ASSERT(1 + 1 == 3, "arithmetic holds"),
               "result_test.cpp:[0-9]+: assertion failed: .*arithmetic holds");
}

TEST(Guarded, LetsOneThreadInAtATime) {
  Guarded<int> count(0);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&count] {
      for (int k = 0; k < 1'000; ++k) count.with([](int& value) { ++value; });
    });
  threads.clear();
  EXPECT_EQ(count.with([](int& value) { return value; }), 4'000);
}

}  // namespace
}  // namespace gantry
