// One list out of those of several journals: their pages, merged by time, and a cursor that holds the cursors of all.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "journal/query.h"

namespace gantry::server {

struct MergeOrder {
  const char* time;   // the member of a row that the lists are in the order of
  const char* place;  // the member that is the row's cursor
  bool newest_first = false;
};
// A page of one of the lists, as Query gives it: it may be short, or empty, and still have a next one.
using FetchPage = std::function<Result<journal::Page>(std::size_t source, const journal::PageRequest& page)>;

// Each list stays in its own order; of the rows that are next the first by time is taken. Rows get the member
// `partition`. A page may be short and still have a next one. Errors: invalid_argument for a cursor that is none of
// `sources` lists; those of `fetch`.
Result<journal::Page> merge_pages(std::size_t sources, const journal::PageRequest& page, const MergeOrder& order,
                                  const FetchPage& fetch);

}  // namespace gantry::server
