#include "cli/person_name.h"

#include <gtest/gtest.h>

namespace gantry::cli {
namespace {

TEST(PersonName, HasNoBlanksAtItsEndsAndNothingThatNobodySees) {
  for (const char* name : {"ann", "Ann Smith", "zo\u00eb@example.com", "\u674e\u96f7"})
    EXPECT_TRUE(check_person_name("--person", name).ok()) << name;
  for (const char* name : {"", " ann", "ann ", "a\nb", "ann\u00a0", "p\xff", "an\u200bn", "a\u202enn", "a\x7f"})
    EXPECT_FALSE(check_person_name("--person", name).ok()) << name;
  EXPECT_FALSE(check_person_name("--person", std::string(201, 'a')).ok());
}

TEST(PersonName, ARoleIsAsPoliciesWriteIt) {
  for (const char* role : {"x", "vessel_planner", "duty-manager2"}) EXPECT_TRUE(check_role_name("--role", role).ok()) << role;
  for (const char* role : {"", "a b", "2nd", "r\u00f4le", "a.b", " x"}) EXPECT_FALSE(check_role_name("--role", role).ok()) << role;
}

TEST(PersonName, NamesThatDifferByCaseOrLookAreTakenForEachOther) {
  EXPECT_TRUE(looks_like("Ann", "ann"));
  EXPECT_TRUE(looks_like("ann", "\u0430nn"));  // Cyrillic a
  EXPECT_FALSE(looks_like("ann", "ann"));
  EXPECT_FALSE(looks_like("ann", "anna"));
}

}  // namespace
}  // namespace gantry::cli
