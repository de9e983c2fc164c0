#include "tool/plain_http_message.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

namespace gantry::tool {
namespace {

namespace beast_http = boost::beast::http;

constexpr std::uint32_t answer_head_bytes_max = 64u << 10;
constexpr std::size_t last_chunk_bytes_min = 5;  // "0", and the ends of its line and of the body

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& byte : lower)
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte + 32);
  return lower;
}

bool has_header_named(const HttpExchangeRequest& request, std::string_view lower_name) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return header.first.size() == lower_name.size() && lower_case(header.first) == lower_name;
  });
}

// What stands behind the host and port in a URL, with its first slash.
std::string_view target_of(const HttpUrl& url) {
  const std::string_view text = url.text;
  const std::size_t begin = text.find_first_of("/?", text.find("://") + 3);
  return begin == std::string_view::npos ? "/" : text.substr(begin);
}

void append_header(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(value.empty() ? ":" : ": ").append(value).append("\r\n");
}

}  // namespace

std::string plain_http_text(const HttpExchangeRequest& request, const HttpUrl& url) {
  const std::string_view target = target_of(url);
  const std::string_view body = request.body ? std::string_view(*request.body) : std::string_view();
  std::string text;
  text.reserve(512 + target.size() + body.size());
  text.append(request.method).append(" ");
  if (target.front() != '/') text.append("/");
  text.append(target).append(" HTTP/1.1\r\nHost: ");
  const bool is_six = url.host.find(':') != std::string::npos;
  text.append(is_six ? "[" : "").append(url.host).append(is_six ? "]" : "");
  if (url.port != 80) text.append(":").append(std::to_string(url.port));
  text.append("\r\n");
  if (!has_header_named(request, "accept")) append_header(text, "Accept", "*/*");
  for (const auto& [name, value] : request.headers) append_header(text, name, value);
  const bool usually_has_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (request.body || usually_has_body) append_header(text, "Content-Length", std::to_string(body.size()));
  return text.append("\r\n").append(body);
}

struct PlainHttpAnswer::Parser : beast_http::response_parser<beast_http::string_body> {
  Parser(bool to_head, std::size_t body_bytes_max) {
    header_limit(answer_head_bytes_max);
    body_limit(body_bytes_max);
    eager(false);  // stops behind the head, which decides what follows
    skip(to_head);
  }
};

PlainHttpAnswer::PlainHttpAnswer(bool to_head, std::size_t body_bytes_max)
    : parser_(std::make_unique<Parser>(to_head, body_bytes_max)), to_head_(to_head), body_bytes_max_(body_bytes_max) {}
PlainHttpAnswer::~PlainHttpAnswer() = default;
PlainHttpAnswer::PlainHttpAnswer(PlainHttpAnswer&&) noexcept = default;
PlainHttpAnswer& PlainHttpAnswer::operator=(PlainHttpAnswer&&) noexcept = default;

PlainHttpAnswer::Progress PlainHttpAnswer::take(std::string_view bytes) {
  has_begun_ = has_begun_ || !bytes.empty();
  waiting_.append(bytes);
  return read();
}

PlainHttpAnswer::Progress PlainHttpAnswer::read() {
  while (!waiting_.empty() && !parser_->is_done()) {
    // With a last chunk of less than five bytes an assertion of Beast's fails. More must follow any chunk anyway.
    if (parser_->is_header_done() && parser_->chunked() && waiting_.size() < last_chunk_bytes_min) return Progress::more;
    const bool had_head = parser_->is_header_done();
    boost::system::error_code error;
    const std::size_t used = parser_->put(boost::asio::buffer(waiting_), error);
    waiting_.erase(0, used);
    if (error == beast_http::error::need_more) return Progress::more;
    has_head_ = parser_->is_header_done() || error == beast_http::error::body_limit;
    if (error == beast_http::error::header_limit || error == beast_http::error::body_limit) return Progress::too_large;
    if (error) {
      wrong_ = error.message();
      return Progress::broken;
    }
    if (!had_head && parser_->is_header_done())
      if (const Progress next = after_head(); next != Progress::more) return next;
  }
  return parser_->is_done() ? Progress::complete : Progress::more;
}

// Nobody has asked for an answer in another coding or protocol.
PlainHttpAnswer::Progress PlainHttpAnswer::after_head() {
  const auto& head = parser_->get();
  if (head.result_int() == 101) {
    wrong_ = "the answer changes the protocol";
    return Progress::broken;
  }
  if (head.result_int() < 200) {
    parser_ = std::make_unique<Parser>(to_head_, body_bytes_max_);
    has_head_ = false;
    return Progress::more;
  }
  for (const auto& field : head) {
    if (field.name() != beast_http::field::transfer_encoding) continue;
    const std::string coding = lower_case({field.value().data(), field.value().size()});
    if (coding == "chunked" || coding == "identity") continue;
    wrong_ = "the answer has a transfer encoding other than chunked";
    return Progress::broken;
  }
  parser_->eager(true);
  return Progress::more;
}

PlainHttpAnswer::Progress PlainHttpAnswer::take_end() {
  if (parser_->is_done()) return Progress::complete;
  boost::system::error_code error;
  if (parser_->got_some()) parser_->put_eof(error);
  if (!error && parser_->is_done()) return Progress::complete;
  wrong_ = has_begun_ ? "the answer was cut off" : "the other side closed the connection without an answer";
  return Progress::broken;
}

bool PlainHttpAnswer::keeps_connection() const {
  return parser_->is_done() && waiting_.empty() && parser_->keep_alive();
}

void PlainHttpAnswer::move_into(HttpExchangeResult& result) {
  result.what = wrong_;
  if (!has_head_) return;
  auto& head = parser_->get();
  result.status = static_cast<int>(head.result_int());
  for (const auto& field : head)
    result.headers.emplace_back(lower_case({field.name_string().data(), field.name_string().size()}),
                                std::string(field.value().data(), field.value().size()));
  result.body = std::move(head.body());
}

}  // namespace gantry::tool
