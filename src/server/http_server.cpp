#include "server/http_server.h"

#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "base/log.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using Parser = http::request_parser<http::string_body>;

// Handlers run here, so the I/O thread never blocks. A thread is started where all others are busy.
class WorkerPool {
 public:
  WorkerPool(std::size_t threads_max, std::size_t queue_max) : threads_max_(threads_max), queue_max_(queue_max) {}
  ~WorkerPool() { stop(); }
  // Joins all workers; work still queued is dropped.
  void stop() {
    std::vector<std::jthread> threads;
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
      threads.swap(threads_);
    }
    for (auto& thread : threads) thread.request_stop();
    ready_.notify_all();
  }
  bool post(std::function<void()> work) {
    {
      std::lock_guard lock(mutex_);
      if (stopped_ || queue_.size() >= queue_max_) return false;
      queue_.push_back(std::move(work));
      if (queue_.size() > idle_ && threads_.size() < threads_max_ && !start_thread() && threads_.empty()) {
        queue_.pop_back();
        return false;
      }
    }
    ready_.notify_one();
    return true;
  }

 private:
  // False when the system has no room for one more; those that run go on.
  bool start_thread() {
    try {
      threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
      return true;
    } catch (const std::system_error& error) {
      log(LogLevel::warning, std::string("http: no more threads: ") + error.what());
      return false;
    }
  }
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
      ++idle_;
      const bool goes_on = ready_.wait(lock, stop, [this] { return !queue_.empty(); });
      --idle_;
      if (!goes_on) return;
      std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
      work = nullptr;  // what it holds goes without the lock
      lock.lock();
    }
  }

  const std::size_t threads_max_, queue_max_;
  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;  // threads that wait
  bool stopped_ = false;
  std::vector<std::jthread> threads_;
};

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  for (char& letter : lowered)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return lowered;
}

// Of the path or the query. What is decoded becomes data, or stands in an answer.
Result<std::string> decoded_part(std::string_view text, bool plus_is_space) {
  std::string decoded = TRY(percent_decode(text, plus_is_space));
  if (is_valid_utf8(decoded)) return decoded;
  return Error{Code::invalid_argument, "The request target is not UTF-8"};
}

// Any header may become data one day, so all are held to it. The parser has refused the other control characters.
Status check_header(const std::string& name, std::string_view value) {
  if (!is_valid_utf8(value)) return Error{Code::invalid_argument, "The header " + name + " is not UTF-8"};
  while (!value.empty())
    if (const std::uint32_t code = take_character(value); code >= 0x7F && code < 0xA0)
      return Error{Code::invalid_argument, "The header " + name + " holds a control character"};
  return done();
}

Result<Request> to_request(http::request<http::string_body>&& message) {
  Request request;
  request.method = std::string(message.method_string());
  std::string_view target(message.target().data(), message.target().size());
  if (target.empty() || target[0] != '/')
    return Error{Code::invalid_argument, "The request target does not start with a slash"};
  target = target.substr(0, target.find('#'));
  std::size_t question = target.find('?');
  request.path = TRY(decoded_part(target.substr(0, question), false));
  std::string_view query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  while (!query.empty()) {
    std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    std::size_t equals = part.find('=');
    std::string name = TRY(decoded_part(part.substr(0, equals), true));
    std::string value =
        equals == std::string_view::npos ? std::string() : TRY(decoded_part(part.substr(equals + 1), true));
    request.query.emplace(std::move(name), std::move(value));
  }
  for (const auto& field : message) {
    std::string name = lower_case({field.name_string().data(), field.name_string().size()});
    std::string value(field.value().data(), field.value().size());
    TRY(check_header(name, value));
    auto [place, added] = request.headers.emplace(std::move(name), value);
    if (!added) place->second += ", " + value;
  }
  request.body = std::move(message.body());
  return request;
}

void set_limits(Parser& parser, const HttpLimits& limits) {
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
  parser.body_limit(limits.body_bytes_max);
}

Response problem(int status, std::string_view title) {
  return {status,
          print_json(Value::object({{"type", "about:blank"}, {"status", status}, {"title", title}})),
          "application/problem+json",
          {}};
}

Response response_for(const beast::error_code& error) {
  if (error == http::error::body_limit) return problem(413, "The request body is too large");
  if (error == http::error::header_limit) return problem(431, "The request header is too large");
  return problem(400, "The request is not valid HTTP/1.1");
}

http::response<http::string_body> to_message(Response&& response, unsigned version, bool keep_alive, bool is_head) {
  http::response<http::string_body> message{static_cast<http::status>(response.status), version};
  message.set(http::field::content_type, response.content_type);
  message.set("X-Content-Type-Options", "nosniff");
  message.set(http::field::cache_control, "no-store");
  for (auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep_alive);
  std::size_t size = response.body.size();
  if (!is_head) message.body() = std::move(response.body);
  message.content_length(size);
  return message;
}

}  // namespace

// Sessions and pending callbacks live in `context`, which goes first of the members they refer to; ~HttpServer has
// joined all threads by then.
struct HttpServer::Shared {
  class Session;

  Shared(Handler handler_, const HttpLimits& limits_)
      : handler(std::move(handler_)), limits(limits_), workers(limits_.workers, limits_.queued_requests_max) {}

  void accept();

  Handler handler;
  HttpLimits limits;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> running_handlers{0};
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  WorkerPool workers;
  std::thread thread;
};

class HttpServer::Shared::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Shared* server) : stream_(std::move(socket)), server_(server) { ++server_->connections; }
  ~Session() { --server_->connections; }

  void read() {
    parser_.emplace();
    set_limits(*parser_, server_->limits);
    stream_.expires_after(server_->limits.header_timeout);
    http::async_read(stream_, buffer_, *parser_,
                     beast::bind_front_handler(&Session::on_read, this->shared_from_this()));
  }

 private:
  void on_read(beast::error_code error, std::size_t) {
    if (error == http::error::end_of_stream || error == beast::error::timeout ||
        error == asio::error::operation_aborted)
      return close();
    if (error && error.category() == http::make_error_code(http::error::end_of_stream).category())
      return answer(response_for(error), 11, false, false);
    if (error) return close();
    unsigned version = parser_->get().version();
    bool keep_alive = parser_->keep_alive();
    bool is_head = parser_->get().method() == http::verb::head;
    auto request = to_request(parser_->release());
    if (!request) return answer(problem(400, request.error().message), version, false, is_head);
    dispatch(std::move(*request), version, keep_alive, is_head);
  }

  void dispatch(Request request, unsigned version, bool keep_alive, bool is_head) {
    auto self = this->shared_from_this();
    ++server_->running_handlers;
    bool posted = server_->workers.post([self, request = std::move(request), version, keep_alive, is_head] {
      Response response = self->server_->handler(request);
      asio::post(self->server_->context,
                 [self, response = std::move(response), version, keep_alive, is_head]() mutable {
                   --self->server_->running_handlers;
                   self->answer(std::move(response), version, keep_alive, is_head);
                 });
    });
    if (posted) return;
    --server_->running_handlers;
    Response busy = problem(503, "All workers are busy; try again");
    busy.headers.emplace_back("Retry-After", "1");
    answer(std::move(busy), version, keep_alive, is_head);
  }

  void answer(Response response, unsigned version, bool keep_alive, bool is_head) {
    message_.emplace(to_message(std::move(response), version, keep_alive, is_head));
    serializer_.emplace(*message_);
    serializer_->split(false);
    stream_.expires_after(server_->limits.header_timeout);
    auto self = this->shared_from_this();
    auto on_written = [self](beast::error_code error, std::size_t) {
      if (error || self->message_->need_eof()) return self->close();
      self->read();
    };
    if (is_head)
      http::async_write_header(stream_, *serializer_, on_written);
    else
      http::async_write(stream_, *serializer_, on_written);
  }

  void close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  beast::tcp_stream stream_;
  Shared* server_;  // outlives this
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<http::response<http::string_body>> message_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
};

void HttpServer::Shared::accept() {
  acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error && connections < limits.connections_max) {
      beast::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      std::make_shared<Session>(std::move(socket), this)->read();
    }
    accept();  // a connection over the limit was dropped with its socket
  });
}

HttpServer::HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& address, std::uint16_t port, Handler handler,
                                                      const HttpLimits& limits) {
  beast::error_code error;
  auto ip = asio::ip::make_address(address, error);
  if (error)
    return Error{Code::invalid_argument,
                 "'" + address + "' is not an IP address; expected for example 127.0.0.1 or ::1"};
  auto shared = std::make_unique<Shared>(std::move(handler), limits);
  tcp::endpoint endpoint(ip, port);
  std::string where = address + ":" + std::to_string(port);
  shared->acceptor.open(endpoint.protocol(), error);
  if (!error) shared->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) shared->acceptor.bind(endpoint, error);
  if (!error) shared->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return Error{Code::unavailable,
                 "can't listen on " + where + ": " + error.message() + "; is another server running there?"};
  shared->accept();
  shared->thread = std::thread([context = &shared->context] { context->run(); });
  std::unique_ptr<HttpServer> server(new HttpServer);
  server->shared_ = std::move(shared);
  return server;
}

std::uint16_t HttpServer::port() const {
  return shared_->acceptor.local_endpoint().port();
}

HttpServer::~HttpServer() {
  if (!shared_) return;
  asio::post(shared_->context, [this] {
    beast::error_code ignored;
    shared_->acceptor.close(ignored);
  });
  auto deadline = std::chrono::steady_clock::now() + shared_->limits.drain_timeout;
  while (shared_->running_handlers > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  shared_->workers.stop();
  shared_->context.stop();
  shared_->thread.join();
}

Result<Request> parse_request(std::string_view bytes, const HttpLimits& limits) {
  Parser parser;
  set_limits(parser, limits);
  parser.eager(true);
  beast::error_code error;
  std::size_t used = 0;
  while (!parser.is_done() && used < bytes.size()) {
    used += parser.put(asio::buffer(bytes.data() + used, bytes.size() - used), error);
    if (error) return Error{Code::invalid_argument, "not a valid HTTP request: " + error.message()};
  }
  // A request's length is always declared, so the end of the bytes never completes one.
  if (!parser.is_done()) return Error{Code::invalid_argument, "the HTTP request is cut off"};
  return to_request(parser.release());
}

}  // namespace gantry::server
