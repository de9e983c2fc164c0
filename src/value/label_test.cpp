#include "value/label.h"

#include <gtest/gtest.h>

#include <thread>

namespace gantry {
namespace {

TEST(Label, JoinsToTheWorseIntegrityAndTheHigherSecrecy) {
  Label left = Label::of({Integrity::internal, Secrecy::secret, {"b", "a", "a"}, {"payroll"}});
  Label right = Label::of({Integrity::untrusted, Secrecy::internal, {"c"}, {"board"}});
  const LabelContent& both = join(left, right).content();
  EXPECT_EQ(both.integrity, Integrity::untrusted);
  EXPECT_EQ(both.secrecy, Secrecy::secret);
  EXPECT_EQ(both.sources, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(both.compartments, (std::vector<std::string>{"board", "payroll"}));
}

TEST(Label, JoinIsCommutativeAssociativeAndIdempotent) {
  std::vector<Label> labels{Label(), Label::unknown(), Label::of({Integrity::internal, Secrecy::public_, {"x"}, {}}),
                            Label::of({Integrity::constrained, Secrecy::confidential, {}, {"k"}}),
                            Label::of({Integrity::trusted, Secrecy::internal, {"y", "z"}, {"k", "l"}})};
  for (Label a : labels) {
    EXPECT_EQ(join(a, a), a);
    EXPECT_EQ(join(a, Label()), a);
    for (Label b : labels) {
      EXPECT_EQ(join(a, b), join(b, a));
      for (Label c : labels) EXPECT_EQ(join(join(a, b), c), join(a, join(b, c)));
    }
  }
}

TEST(Label, IsTheSameForTheSameContent) {
  LabelContent content{Integrity::untrusted, Secrecy::internal, {"mail"}, {}};
  EXPECT_EQ(Label::of(content), Label::of(content));
  EXPECT_TRUE(Label::of({}).is_default());
  EXPECT_EQ(Label::unknown().content().integrity, Integrity::untrusted);
  EXPECT_EQ(Label::unknown().content().secrecy, Secrecy::secret);
}

TEST(Label, ReadsItsNamesBack) {
  for (auto integrity : {Integrity::trusted, Integrity::internal, Integrity::constrained, Integrity::untrusted})
    EXPECT_EQ(*parse_integrity(name_of(integrity)), integrity);
  for (auto secrecy : {Secrecy::public_, Secrecy::internal, Secrecy::confidential, Secrecy::secret})
    EXPECT_EQ(*parse_secrecy(name_of(secrecy)), secrecy);
  EXPECT_NE(parse_integrity("best").error().message.find("found 'best'"), std::string::npos);
  EXPECT_EQ(parse_secrecy("").error().code, Code::invalid_argument);
}

TEST(Label, MayBeMadeByManyThreads) {
  std::vector<std::jthread> threads;
  std::vector<std::vector<Label>> made(4);
  for (std::size_t t = 0; t < made.size(); ++t)
    threads.emplace_back([&made, t] {
      for (int i = 0; i < 300; ++i) {
        Label one = Label::of({Integrity::untrusted, Secrecy::public_, {"source" + std::to_string(i)}, {}});
        made[t].push_back(join(one, Label::of({Integrity::internal, Secrecy::internal, {"other"}, {}})));
      }
    });
  threads.clear();
  for (const auto& list : made) EXPECT_EQ(list, made[0]);
}

}  // namespace
}  // namespace gantry
