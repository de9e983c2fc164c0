#include "server/forward.h"

#include <algorithm>
#include <array>
#include <memory>

#include "base/hash.h"
#include "server/api.h"
#include "tool/curl_library.h"

namespace gantry::server {
namespace {

constexpr std::size_t forwarded_answer_bytes_max = 256u << 20;
constexpr long connect_patience_ms = 2'000, answer_patience_ms = 90'000;  // a caller may wait for 60 s
constexpr std::array<std::string_view, 8> hop_headers = {"host",   "connection", "content-length", "transfer-encoding",
                                                         "expect", "keep-alive", partition_header, node_header};
constexpr std::array<std::string_view, 5> kept_headers = {"retry-after", "www-authenticate", "allow", "location",
                                                          "etag"};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& response = *static_cast<Response*>(target);
  if (response.body.size() + size * count > forwarded_answer_bytes_max) return 0;
  response.body.append(bytes, size * count);
  return size * count;
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& response = *static_cast<Response*>(target);
  std::string_view line(bytes, size * count);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
    value.remove_suffix(1);
  if (name == "content-type") response.content_type = value;
  if (std::find(kept_headers.begin(), kept_headers.end(), name) != kept_headers.end())
    response.headers.emplace_back(std::string(line.substr(0, colon)), std::string(value));
  return size * count;
}

std::string encoded(std::string_view text, bool keeps_slash) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (const char letter : text) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                       (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.' ||
                       letter == '~' || (keeps_slash && letter == '/');
    if (plain) {
      result.push_back(letter);
      continue;
    }
    const auto code = static_cast<unsigned char>(letter);
    result.append({'%', digits[code >> 4], digits[code & 15]});
  }
  return result;
}

std::string url_of(const std::string& address, const Request& request) {
  std::string url = address + encoded(request.path, true);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    url += separator + encoded(name, false) + "=" + encoded(value, false);
    separator = '&';
  }
  return url;
}

int is_given_up(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(stopping) ? 1 : 0;
}

using HeaderList = std::unique_ptr<curl_slist, decltype(tool::curl().slist_free_all)>;

HeaderList headers_of(const Request& request, std::size_t partition, const std::string& secret) {
  curl_slist* list = nullptr;
  const auto add = [&](std::string_view name, std::string_view value) {
    // "name;" is how curl sends a header without a value.
    const std::string line = value.empty() ? std::string(name) + ";" : std::string(name) + ": " + std::string(value);
    list = tool::curl().slist_append(list, line.c_str());
  };
  for (const auto& [name, value] : request.headers)
    if (std::find(hop_headers.begin(), hop_headers.end(), name) == hop_headers.end()) add(name, value);
  if (request.headers.find("content-type") == request.headers.end())
    list = tool::curl().slist_append(list, "Content-Type:");
  add(partition_header, std::to_string(partition));
  add(node_header, secret);
  list = tool::curl().slist_append(list, "Expect:");
  return {list, tool::curl().slist_free_all};
}

CURLcode perform(CURL* handle, const std::string& url, const curl_slist* headers, const Request& request,
                 Response& response) {
  const auto& curl = tool::curl();
  curl.easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl.easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl.easy_setopt(handle, CURLOPT_PROXY, "");
  curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl.easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_patience_ms);
  curl.easy_setopt(handle, CURLOPT_TIMEOUT_MS, answer_patience_ms);
  curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl.easy_setopt(handle, CURLOPT_WRITEDATA, &response);
  curl.easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl.easy_setopt(handle, CURLOPT_HEADERDATA, &response);
  if (request.method == "HEAD") {
    curl.easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    curl.easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl.easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl.easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
  }
  return curl.easy_perform(handle);
}

}  // namespace

Response try_again(const std::string& detail) {
  Response response = problem_response(503, "Not available", detail);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Forwarder::~Forwarder() {
  for (void* handle : handles_) tool::curl().easy_cleanup(static_cast<CURL*>(handle));
}

bool Forwarder::is_node(const Request& request) const {
  return !secret_.empty() && equal_in_constant_time(request.header(node_header), secret_);
}

void* Forwarder::take_handle() {
  std::lock_guard lock(mutex_);
  if (free_ == 0) return nullptr;
  --free_;
  if (handles_.empty()) return tool::curl().easy_init();
  void* handle = handles_.back();
  handles_.pop_back();
  return handle;
}

void Forwarder::give_back(void* handle) {
  tool::curl().easy_reset(static_cast<CURL*>(handle));
  std::lock_guard lock(mutex_);
  ++free_;
  handles_.push_back(handle);
}

Response Forwarder::send(const std::string& address, std::size_t partition, const Request& request) {
  void* handle = take_handle();
  if (handle != nullptr) {
    tool::curl().easy_setopt(static_cast<CURL*>(handle), CURLOPT_NOPROGRESS, 0L);
    tool::curl().easy_setopt(static_cast<CURL*>(handle), CURLOPT_XFERINFOFUNCTION, is_given_up);
    tool::curl().easy_setopt(static_cast<CURL*>(handle), CURLOPT_XFERINFODATA, &stopping_);
  }
  if (handle == nullptr) return try_again("this node passes as many requests to others as it may; try again");
  const HeaderList headers = headers_of(request, partition, secret_);
  Response response;
  const CURLcode result =
      perform(static_cast<CURL*>(handle), url_of(address, request), headers.get(), request, response);
  long status = 0;
  tool::curl().easy_getinfo(static_cast<CURL*>(handle), CURLINFO_RESPONSE_CODE, &status);
  give_back(handle);
  if (result != CURLE_OK)
    return try_again("the node at " + address + ", which has partition " + std::to_string(partition) +
                     ", did not answer (" + tool::curl().easy_strerror(result) +
                     "); whether it did what was asked is not known: ask again");
  response.status = static_cast<int>(status);
  return response;
}

}  // namespace gantry::server
