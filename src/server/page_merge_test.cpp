#include "server/page_merge.h"

#include <gmock/gmock.h>

namespace gantry::server {
namespace {

using ::testing::HasSubstr;

constexpr MergeOrder oldest_first{"at", "position", false};

// Lists of times; a row's position is its number from 1. Every third page is empty and has a next one.
struct Lists {
  std::vector<std::vector<std::string>> lists;
  bool stutters = false;
  int calls = 0;

  Result<journal::Page> fetch(std::size_t source, const journal::PageRequest& page) {
    journal::Page result;
    const std::size_t from = page.cursor.empty() ? 0 : std::stoul(page.cursor);
    if (stutters && ++calls % 3 == 0) {
      result.next_cursor = std::to_string(from);
      return result;
    }
    const auto& list = lists[source];
    for (std::size_t at = from; at < list.size() && result.rows.size() < page.limit; ++at)
      result.rows.push_back(Value::object({{"at", list[at]}, {"position", at + 1}}));
    if (from + result.rows.size() < list.size()) result.next_cursor = std::to_string(from + result.rows.size());
    return result;
  }

  std::string all(std::size_t limit) {
    std::string text, cursor;
    do {
      auto page =
          merge_pages(lists.size(), {cursor, limit}, oldest_first,
                      [this](std::size_t source, const journal::PageRequest& each) { return fetch(source, each); });
      EXPECT_TRUE(page.ok());
      if (!page) return text;
      EXPECT_LE(page->rows.size(), limit);
      for (const Value& row : page->rows)
        text += std::string(row.string_or("at", "?")) + std::to_string(row.integer_or("partition", -1)) + " ";
      cursor = page->next_cursor;
    } while (!cursor.empty());
    return text;
  }
};

TEST(PageMerge, RowsOfAllComeOnceInTheOrderOfTimeWhateverTheLimit) {
  for (const bool stutters : {false, true}) {
    for (std::size_t limit = 1; limit <= 12; ++limit) {
      Lists lists{{{"a", "d", "e", "k"}, {}, {"b", "c", "f", "g", "h", "i", "j"}}, stutters, 0};
      EXPECT_EQ(lists.all(limit), "a0 b2 c2 d0 e0 f2 g2 h2 i2 j2 k0 ") << limit;
    }
  }
}

TEST(PageMerge, ARowThatComesLaterIsOnALaterPageAndNothingTwice) {
  Lists lists{{{"a", "c"}, {"b"}}, false, 0};
  const FetchPage fetch = [&](std::size_t source, const journal::PageRequest& page) {
    return lists.fetch(source, page);
  };
  const auto first = merge_pages(2, {"", 2}, oldest_first, fetch);
  ASSERT_TRUE(first.ok());
  lists.lists[0].emplace_back("d");
  const auto second = merge_pages(2, {first->next_cursor, 10}, oldest_first, fetch);
  ASSERT_TRUE(second.ok());
  ASSERT_EQ(second->rows.size(), 2u);
  EXPECT_EQ(second->rows[0].string_or("at", ""), "c");
  EXPECT_EQ(second->rows[1].string_or("at", ""), "d");
  EXPECT_EQ(second->next_cursor, "");
}

TEST(PageMerge, ACursorOfAnotherListIsRefused) {
  Lists lists{{{"a"}, {"b"}}, false, 0};
  const FetchPage fetch = [&](std::size_t source, const journal::PageRequest& page) {
    return lists.fetch(source, page);
  };
  for (const char* cursor : {"1", "1.2.3", "one.2", "-1.2"}) {
    const auto page = merge_pages(2, {cursor, 2}, oldest_first, fetch);
    ASSERT_FALSE(page.ok()) << cursor;
    EXPECT_EQ(page.error().code, Code::invalid_argument);
    EXPECT_THAT(page.error().message, HasSubstr("cursor"));
  }
}

}  // namespace
}  // namespace gantry::server
