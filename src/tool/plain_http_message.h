// What goes over a connection of plain HTTP/1.1, without the connection: the text of a request, and the reader of its
// answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tool/http_exchange.h"
#include "tool/http_url.h"

namespace gantry::tool {

// `url`: where it is sent, with the scheme http. No header of `request` is one that steers the connection.
std::string plain_http_text(const HttpExchangeRequest& request, const HttpUrl& url);

// Reads one answer, piece by piece as it arrives. Interim answers (1xx) are skipped. One thread at a time.
class PlainHttpAnswer {
 public:
  enum class Progress { more, complete, too_large, broken };

  // `to_head`: the request's method was HEAD, so that no body follows.
  PlainHttpAnswer(bool to_head, std::size_t body_bytes_max);
  ~PlainHttpAnswer();
  PlainHttpAnswer(PlainHttpAnswer&&) noexcept;
  PlainHttpAnswer& operator=(PlainHttpAnswer&&) noexcept;

  Progress take(std::string_view bytes);
  Progress take_end();  // the other side has closed the connection

  bool has_begun() const { return has_begun_; }  // a byte has come
  // After `complete`: whether the connection can carry another request. Not when bytes have come that belong to no
  // answer.
  bool keeps_connection() const;
  // Status, headers and body as far as they came; after `broken` also what is wrong.
  void move_into(HttpExchangeResult& result);

 private:
  struct Parser;
  Progress read();
  Progress after_head();

  std::unique_ptr<Parser> parser_;
  bool to_head_;
  std::size_t body_bytes_max_;
  bool has_begun_ = false, has_head_ = false;
  std::string waiting_;  // not understood yet
  std::string wrong_;
};

}  // namespace gantry::tool
