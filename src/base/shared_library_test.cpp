#include "base/shared_library.h"

#include <gtest/gtest.h>

namespace gantry {
namespace {

TEST(SharedLibrary, FindsAFunctionThatCanBeCalled) {
  const SharedLibrary library("libm.so.6", "libc6");
  double (*cosine)(double) = library.find("cos");
  EXPECT_EQ(cosine(0), 1);
}

TEST(SharedLibraryDeathTest, SaysWhichPackageIsMissing) {
  EXPECT_EXIT(SharedLibrary("libnosuch.so.1", "libnosuch1"), testing::ExitedWithCode(1),
              "libnosuch.so.1 can't be used: .*install the package libnosuch1");
}

TEST(SharedLibraryDeathTest, SaysWhichFunctionIsMissing) {
  const SharedLibrary library("libm.so.6", "libc6");
  EXPECT_EXIT(library.find("no_such_function"), testing::ExitedWithCode(1),
              "libm.so.6 can't be used: .*no_such_function");
}

}  // namespace
}  // namespace gantry
