// Server-sent events, as the HTML standard defines them (https://html.spec.whatwg.org/#event-stream-interpretation):
// bytes in, events out, whatever the pieces in which they come.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace gantry::tool {

struct SseEvent {
  std::string type = "message";
  std::string data;  // lines joined by line feeds
};

class SseReader {
 public:
  // An event (its data and the line that is being read) has at most this many bytes.
  explicit SseReader(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

  // Calls `take` for each event that the bytes complete, until it returns false; what follows is then dropped.
  // Errors: exhausted, when an event is too large; nothing can be read after that.
  Status feed(std::string_view bytes, const std::function<bool(const SseEvent&)>& take);

  // The stream has broken off and starts again on another connection: forgets what was not complete.
  void restart();

  // What to ask for when the stream is opened again; empty: nothing was said.
  const std::string& last_id() const { return last_id_; }
  // How long the server wants us to wait before that; at most a day.
  std::optional<Duration> retry() const { return retry_; }

 private:
  bool end_line(const std::function<bool(const SseEvent&)>& take);
  void take_field(std::string_view name, std::string_view value);

  std::size_t event_bytes_max_;
  std::string line_, data_, type_, id_, last_id_;
  std::optional<Duration> retry_;
  bool has_data_ = false, first_line_ = true, after_return_ = false, broken_ = false;
};

}  // namespace gantry::tool
