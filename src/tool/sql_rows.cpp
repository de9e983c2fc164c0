#include <fmt/format.h>

#include "tool/base64.h"
#include "tool/sql_database.h"
#include "value/utf8.h"

namespace gantry::tool {
namespace {

// What a value takes in the result's text, roughly.
std::int64_t size_of(const Value& value) {
  if (value.is_string()) return static_cast<std::int64_t>(value.size());
  std::int64_t size = 8;
  if (value.is_array())
    for (const Value& item : value.items()) size += size_of(item);
  if (value.is_object())
    for (const Member& member : value.members())
      size += static_cast<std::int64_t>(member.key.view().size()) + size_of(member.value);
  return size;
}

}  // namespace

std::chrono::milliseconds SqlCall::left() const {
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::max(rest, std::chrono::milliseconds(1));
}

SqlFailure sql_over(const SqlCall& call) {
  if (call.stop.stop_requested())
    return {.kind = "communication", .status = 503, .text = "given up because this program stops or no longer waits"};
  return {.kind = "timeout",
          .status = 408,
          .text = fmt::format("not finished within {} (settings.timeout)", format_duration(call.settings.timeout))};
}

SqlFailure sql_too_much(std::string_view what, std::int64_t most) {
  return {.kind = "runtime",
          .status = 500,
          .text = fmt::format("the result has more than {} {} (settings.{}); ask for less, with LIMIT or fewer columns",
                              most, what, what)};
}

SqlFailure sql_other_arguments() {
  return {.kind = "validation",
          .status = 409,
          .text = "the key of this effect was used before, for other arguments (table gantry_effect)",
          .keyed = true};
}

SqlFailure sql_too_many_affected(std::int64_t affected, std::int64_t most) {
  return {.kind = "validation",
          .status = 409,
          .text = fmt::format("{} rows would be affected, at most {} may be (binding.affectedMax)", affected, most)};
}

SqlRows::SqlRows(const SqlSettings& settings, std::vector<std::string> names) : settings_(settings) {
  for (const std::string& name : names) names_.emplace_back(name);
}

bool SqlRows::add(std::vector<Value> row) {
  if (static_cast<std::int64_t>(rows_.size()) >= settings_.rows_max) {
    failure_ = sql_too_much("rows", settings_.rows_max);
    return false;
  }
  std::vector<Member> members;
  members.reserve(row.size());
  for (std::size_t column = 0; column < row.size(); ++column) {
    bytes_ += static_cast<std::int64_t>(names_[column].view().size()) + size_of(row[column]);
    members.push_back({names_[column], std::move(row[column])});
  }
  if (bytes_ > settings_.bytes_max) {
    failure_ = sql_too_much("bytes", settings_.bytes_max);
    return false;
  }
  rows_.push_back(Value::object(std::move(members)));
  return true;
}

Value sql_text(std::string_view bytes) {
  if (!find_bad_utf8(bytes)) return bytes;
  return Value::object({{"base64", encode_base64(bytes)}});
}

}  // namespace gantry::tool
