#include "cli/client.h"

#include <cstdlib>
#include <memory>

#include "cli/input.h"
#include "tool/curl_library.h"
#include "value/json.h"

namespace gantry::cli {
namespace {

constexpr std::size_t answer_bytes_max = 256u << 20;

std::size_t collect(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto* body = static_cast<std::string*>(target);
  if (body->size() + size * count > answer_bytes_max) return 0;
  body->append(bytes, size * count);
  return size * count;
}

Code code_for(long status) {
  switch (status) {
    case 400:
      return Code::invalid_argument;
    case 401:
    case 403:
      return Code::denied;
    case 404:
      return Code::not_found;
    case 409:
      return Code::conflict;
    case 413:
    case 429:
      return Code::exhausted;
    case 503:
      return Code::unavailable;
    case 504:
      return Code::timeout;
    default:
      return Code::internal;
  }
}

Error error_from(long status, const std::string& body) {
  auto parsed = parse_json(body);
  std::string message = "the server answered " + std::to_string(status);
  if (parsed && parsed->is_object()) {
    if (const Value* problems = parsed->find("problems"); problems && problems->is_array()) {
      message = "the server refused the definitions:";
      for (const Value& problem : problems->items())
        message += "\n" + std::string(problem.string_or("path", "")) + ":" +
                   std::to_string(problem.integer_or("line", 0)) + ":" +
                   std::to_string(problem.integer_or("column", 0)) + ": " +
                   (problem.string_or("severity", "error") == "warning" ? "warning: " : "") +
                   std::string(problem.string_or("message", ""));
    } else {
      message = std::string(parsed->string_or("detail", message));
    }
  }
  return {code_for(status), message};
}

}  // namespace

std::string percent_encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (char letter : text) {
    bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                 (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.' || letter == '~';
    if (plain) {
      encoded.push_back(letter);
    } else {
      auto code = static_cast<unsigned char>(letter);
      encoded.append({'%', digits[code >> 4], digits[code & 15]});
    }
  }
  return encoded;
}

Result<Client> Client::create(const ServerOptions& options) {
  Client client;
  client.url_ = options.url.empty() ? "http://127.0.0.1:8420" : options.url;
  while (client.url_.ends_with('/')) client.url_.pop_back();
  if (!options.token_file.empty()) {
    client.token_ = TRY(read_file(options.token_file));
  } else if (const char* token = std::getenv("GANTRY_TOKEN")) {
    client.token_ = token;
  } else {
    return Error{Code::invalid_argument,
                 "no token: set GANTRY_TOKEN or give --token-file (create one with 'gantry token create --person NAME "
                 "--role ROLE')"};
  }
  while (!client.token_.empty() && (client.token_.back() == '\n' || client.token_.back() == '\r'))
    client.token_.pop_back();
  if (client.token_.find_first_of("\r\n") != std::string::npos)
    return Error{Code::invalid_argument, "the token has more than one line"};
  return client;
}

Result<Value> Client::get(const std::string& path) const {
  return request("GET", path, nullptr, {});
}

Result<Value> Client::post(const std::string& path, const Value& body,
                           const std::vector<std::pair<std::string, std::string>>& headers) const {
  std::string text = print_json(body);
  return request("POST", path, &text, headers);
}

Result<std::vector<Value>> Client::list(const std::string& path) const {
  std::vector<Value> rows;
  std::string cursor;
  do {
    std::string separator = path.find('?') == std::string::npos ? "?" : "&";
    Value page = TRY(get(path + separator + "limit=1000&cursor=" + percent_encode(cursor)));
    const Value* items = page.find("items");
    if (!items || !items->is_array()) return Error{Code::internal, "the server's answer has no 'items'"};
    rows.insert(rows.end(), items->items().begin(), items->items().end());
    cursor = std::string(page.string_or("next", ""));
  } while (!cursor.empty() && rows.size() < 100'000);
  return rows;
}

Result<Value> Client::request(const std::string& method, const std::string& path, const std::string* body,
                              const std::vector<std::pair<std::string, std::string>>& headers) const {
  std::unique_ptr<CURL, decltype(tool::curl().easy_cleanup)> handle(tool::curl().easy_init(),
                                                                    tool::curl().easy_cleanup);
  if (!handle) return Error{Code::internal, "libcurl can't start"};
  std::string answer, url = url_ + path, authorization = "Authorization: Bearer " + token_;
  curl_slist* list = tool::curl().slist_append(nullptr, authorization.c_str());
  list = tool::curl().slist_append(list, "Expect:");
  if (body) list = tool::curl().slist_append(list, "Content-Type: application/json");
  for (const auto& [name, value] : headers) list = tool::curl().slist_append(list, (name + ": " + value).c_str());
  std::unique_ptr<curl_slist, decltype(tool::curl().slist_free_all)> header_list(list, tool::curl().slist_free_all);
  tool::curl().easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  tool::curl().easy_setopt(handle.get(), CURLOPT_HTTPHEADER, header_list.get());
  tool::curl().easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  tool::curl().easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  tool::curl().easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT, 5L);
  tool::curl().easy_setopt(handle.get(), CURLOPT_TIMEOUT, 120L);
  tool::curl().easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, collect);
  tool::curl().easy_setopt(handle.get(), CURLOPT_WRITEDATA, &answer);
  if (body) {
    tool::curl().easy_setopt(handle.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
    tool::curl().easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    tool::curl().easy_setopt(handle.get(), CURLOPT_POSTFIELDS, body->c_str());
  }
  CURLcode result = tool::curl().easy_perform(handle.get());
  if (result != CURLE_OK)
    return Error{Code::unavailable, "can't reach the server at " + url_ + ": " + tool::curl().easy_strerror(result) +
                                        "; is 'gantry serve' running?"};
  long status = 0;
  tool::curl().easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299) return error_from(status, answer);
  if (answer.empty()) return Value();
  return parse_json(answer);
}

}  // namespace gantry::cli
