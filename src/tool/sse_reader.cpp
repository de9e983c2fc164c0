#include "tool/sse_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace gantry::tool {
namespace {

constexpr std::size_t id_bytes_max = 1'024;  // it goes into a header
constexpr std::int64_t retry_milliseconds_max = 24 * 3'600'000;

}  // namespace

Status SseReader::feed(std::string_view bytes, const std::function<bool(const SseEvent&)>& take) {
  for (const char byte : bytes) {
    if (broken_) break;
    const bool second_half = after_return_ && byte == '\n';  // of a CR LF
    after_return_ = byte == '\r';
    if (second_half) continue;
    if (byte == '\r' || byte == '\n') {
      if (!end_line(take)) return done();
      continue;
    }
    if (line_.size() + data_.size() >= event_bytes_max_) {
      broken_ = true;
      break;
    }
    line_ += byte;
  }
  if (broken_) return Error{Code::exhausted, fmt::format("an event has more than {} bytes", event_bytes_max_)};
  return done();
}

void SseReader::restart() {
  line_.clear();
  data_.clear();
  type_.clear();
  id_ = last_id_;
  has_data_ = after_return_ = false;
  first_line_ = true;
}

bool SseReader::end_line(const std::function<bool(const SseEvent&)>& take) {
  std::string_view line = line_;
  if (first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  first_line_ = false;
  if (!line.empty()) {
    const std::size_t colon = line.find(':');
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (colon != 0) take_field(line.substr(0, colon), value);  // else a comment
    line_.clear();
    return true;
  }
  last_id_ = id_;
  SseEvent event;
  event.data = std::move(data_);
  if (!type_.empty()) event.type = std::move(type_);
  const bool complete = has_data_;
  data_.clear();
  type_.clear();
  has_data_ = false;
  return !complete || take(event);
}

void SseReader::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    // Beyond the standard, which refuses NUL only: what could not be sent back in a header is no id.
    const bool sendable = value.size() <= id_bytes_max && std::none_of(value.begin(), value.end(), [](char byte) {
                            return static_cast<unsigned char>(byte) < ' ' || byte == 0x7F;
                          });
    if (sendable) id_ = value;
  } else if (name == "retry") {
    std::int64_t milliseconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    if (error == std::errc() && end == value.data() + value.size() && milliseconds >= 0) {
      retry_ = std::chrono::milliseconds(std::min(milliseconds, retry_milliseconds_max));
    }
  }
}

}  // namespace gantry::tool
