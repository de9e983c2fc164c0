#include "server/page_merge.h"

#include <algorithm>
#include <deque>

namespace gantry::server {
namespace {

constexpr int empty_pages_max = 20;  // of one list, for one page of all
constexpr std::size_t rows_beyond_share = 8;
constexpr std::string_view ended = "x";

struct Source {
  std::string cursor;  // of what was taken
  std::deque<Value> rows;
  std::string next;  // after `rows`; empty: they are the last
  bool is_fetched = false, is_over = false;
};

Error bad_cursor() {
  return {Code::invalid_argument, "'cursor' is the 'next' of a page of this list, or is left out for the first page"};
}

Result<std::vector<Source>> sources_at(std::size_t count, const std::string& cursor) {
  std::vector<Source> sources(count);
  if (cursor.empty()) return sources;
  std::size_t at = 0;
  for (std::size_t number = 0; number < count; ++number) {
    const std::size_t end = number + 1 == count ? cursor.size() : cursor.find('.', at);
    if (end == std::string::npos || end < at) return bad_cursor();
    sources[number].cursor = cursor.substr(at, end - at);
    sources[number].is_over = sources[number].cursor == ended;
    const bool is_number = std::all_of(sources[number].cursor.begin(), sources[number].cursor.end(),
                                       [](char letter) { return letter >= '0' && letter <= '9'; });
    if (!sources[number].is_over && !is_number) return bad_cursor();
    at = end + 1;
  }
  return sources;
}

std::string cursor_of(const std::vector<Source>& sources) {
  if (std::all_of(sources.begin(), sources.end(), [](const Source& source) { return source.is_over; })) return {};
  std::string cursor;
  for (std::size_t number = 0; number < sources.size(); ++number) {
    if (number > 0) cursor += '.';
    cursor += sources[number].is_over ? std::string(ended) : sources[number].cursor;
  }
  return cursor;
}

// False: nobody knows yet what comes next in it.
Result<bool> refill(Source& source, std::size_t number, std::size_t limit, const FetchPage& fetch) {
  for (int pages = 0; source.rows.empty() && !source.is_over; ++pages) {
    if (source.is_fetched && source.next.empty()) {
      source.is_over = true;
      break;
    }
    if (source.is_fetched) source.cursor = source.next;
    if (pages == empty_pages_max) return false;
    journal::Page page = TRY(fetch(number, {source.cursor, limit}));
    source.rows.assign(std::make_move_iterator(page.rows.begin()), std::make_move_iterator(page.rows.end()));
    source.next = std::move(page.next_cursor);
    source.is_fetched = true;
  }
  return true;
}

bool comes_first(const Value& row, const Value& other, const MergeOrder& order) {
  const std::string_view time = row.string_or(order.time, ""), others = other.string_or(order.time, "");
  return order.newest_first ? time > others : time < others;
}

}  // namespace

Result<journal::Page> merge_pages(std::size_t count, const journal::PageRequest& page, const MergeOrder& order,
                                  const FetchPage& fetch) {
  std::vector<Source> sources = TRY(sources_at(count, page.cursor));
  const std::size_t limit = std::min(page.limit, page.limit / count + rows_beyond_share);
  journal::Page merged;
  while (merged.rows.size() < page.limit) {
    Source* first = nullptr;
    for (std::size_t number = 0; number < count; ++number) {
      Source& source = sources[number];
      const bool is_known = TRY(refill(source, number, limit, fetch));
      if (!is_known) {
        merged.next_cursor = cursor_of(sources);
        return merged;
      }
      if (!source.rows.empty() && (first == nullptr || comes_first(source.rows.front(), first->rows.front(), order)))
        first = &source;
    }
    if (first == nullptr) break;
    first->cursor = std::to_string(first->rows.front().integer_or(order.place, 0));
    const auto number = static_cast<std::int64_t>(first - sources.data());
    merged.rows.push_back(std::move(first->rows.front()).with_member("partition", number));
    first->rows.pop_front();
    if (first->rows.empty() && first->next.empty()) first->is_over = true;
  }
  merged.next_cursor = cursor_of(sources);
  return merged;
}

}  // namespace gantry::server
