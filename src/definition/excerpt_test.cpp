#include "definition/excerpt.h"

#include <gtest/gtest.h>

namespace gantry::definition {
namespace {

TEST(Excerpt, ShowsTheLineAndPointsAtTheColumn) {
  EXPECT_EQ(excerpt("a: 1\nbc: de\n", {2, 5}), "    bc: de\n        ^");
  EXPECT_EQ(excerpt("a: 1", {1, 1}), "    a: 1\n    ^");
  EXPECT_EQ(excerpt("a: 1\r\n", {1, 5}), "    a: 1\n        ^");
  EXPECT_EQ(excerpt("a: 1\n", {1, 99}), "    a: 1\n        ^");
}

TEST(Excerpt, IsEmptyWhereThereIsNoLine) {
  EXPECT_EQ(excerpt("", {1, 1}), "");
  EXPECT_EQ(excerpt("a\n", {3, 1}), "");
  EXPECT_EQ(excerpt("a\n\nb", {2, 1}), "");
}

TEST(Excerpt, CountsCharactersNotBytes) {
  EXPECT_EQ(excerpt("\xC3\xA4\xC3\xB6: x", {1, 7}), "    \xC3\xA4\xC3\xB6: x\n        ^");
  EXPECT_EQ(excerpt("\tx: y", {1, 2}), "     x: y\n     ^");
}

TEST(Excerpt, CutsLongLinesAroundThePlace) {
  const std::string line = std::string(300, 'a') + "X" + std::string(300, 'b');
  EXPECT_EQ(excerpt(line, {1, 301}),
            "    ..." + std::string(50, 'a') + "X" + std::string(49, 'b') + "...\n    " + std::string(53, ' ') + "^");
  EXPECT_EQ(excerpt(line, {1, 1}), "    " + std::string(100, 'a') + "...\n    ^");
}

}  // namespace
}  // namespace gantry::definition
