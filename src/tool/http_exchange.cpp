#include "tool/http_exchange.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/guarded.h"
#include "tool/curl_library.h"

namespace gantry::tool {
namespace {

constexpr std::size_t header_bytes_max = 64u << 10;
constexpr std::size_t idle_handles_max = 64;

class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl().slist_free_all(list_); }
  void append(const std::string& line) {
    if (curl_slist* longer = curl().slist_append(list_, line.c_str())) list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

// What the callbacks of one transfer share.
struct Transfer {
  CURL* handle;
  const HttpExchangeRequest& request;
  HttpExchangeResult& result;
  std::stop_token stop;
  std::size_t header_bytes = 0;
  bool head_complete = false;
  std::size_t body_bytes = 0;
  bool refused_address = false, too_large = false, stopped = false, encoded = false, enough = false;
  std::size_t body_sent = 0;  // where the body is handed out piece by piece
  std::string refused;
};

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// 0 where no answer has come; a 1xx is none yet.
int status_of(CURL* handle) {
  long status = 0;
  curl().easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 ? static_cast<int>(status) : 0;
}

bool is_chunked(std::string_view transfer_encoding) {
  std::string lower(transfer_encoding);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  return lower == "chunked" || lower == "identity";
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  const std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > header_bytes_max) {
    transfer.too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // also after "100 Continue"
    transfer.result.headers.clear();
    transfer.head_complete = false;
    return line.size();
  }
  const std::string_view text = trimmed(line);
  const std::size_t colon = text.find(':');
  if (text.empty()) {
    transfer.head_complete = true;
    transfer.result.status = status_of(transfer.handle);
  } else if (colon != std::string_view::npos) {
    std::string name(trimmed(text.substr(0, colon)));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
    const std::string_view value = trimmed(text.substr(colon + 1));
    // libcurl undoes compression here even where it was told to undo none. Nobody asked for it.
    transfer.encoded = name == "transfer-encoding" && !is_chunked(value);
    if (transfer.encoded) return 0;
    transfer.result.headers.emplace_back(std::move(name), value);
  }
  return line.size();
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  const std::size_t bytes = size * count;
  if (bytes > transfer.request.response_bytes_max - transfer.body_bytes) {
    transfer.too_large = true;
    return 0;
  }
  transfer.body_bytes += bytes;
  if (!transfer.request.take_body) {
    transfer.result.body.append(data, bytes);
    return bytes;
  }
  transfer.enough = !transfer.request.take_body(transfer.result, std::string_view(data, bytes));
  return transfer.enough ? 0 : bytes;
}

int keep_going(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  transfer.stopped = transfer.stop.stop_requested();
  return transfer.stopped ? 1 : 0;
}

// The address that is asked about here is the one that is connected to: no second look-up comes between.
curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* peer) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  const auto address = address_of(peer->addr);
  if (!address || !transfer.request.may_connect(*address)) {
    transfer.refused_address = true;
    transfer.refused = address ? format_address(*address) : "an address of an unknown family";
    return CURL_SOCKET_BAD;
  }
  return socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
}

long milliseconds(Duration duration) {
  const auto count = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<long>(std::clamp<std::int64_t>(count, 1, 24 * 3'600'000));
}

std::size_t give_body(char* buffer, std::size_t size, std::size_t count, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  const std::string& body = *transfer.request.body;
  const std::size_t bytes = std::min(size * count, body.size() - transfer.body_sent);
  body.copy(buffer, bytes, transfer.body_sent);
  transfer.body_sent += bytes;
  return bytes;
}

// libcurl can't go back in a body that it was handed piece by piece, so it can't send it a second time.
bool may_reuse_connection(const HttpExchangeRequest& request) {
  return request.harmless_to_repeat || (request.may_find_broken && request.body && !request.body->empty());
}

void set_body_once(CURL* handle, Transfer& transfer) {
  curl().easy_setopt(handle, CURLOPT_POST, 1L);
  curl().easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.request.body->size()));
  curl().easy_setopt(handle, CURLOPT_READFUNCTION, give_body);
  curl().easy_setopt(handle, CURLOPT_READDATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_CUSTOMREQUEST, transfer.request.method.c_str());
}

void set_body_and_method(CURL* handle, const HttpExchangeRequest& request) {
  const std::string& method = request.method;
  const bool usually_has_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (request.body.has_value() || usually_has_body) {
    const std::string_view body = request.body ? std::string_view(*request.body) : std::string_view("");
    curl().easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl().easy_setopt(handle, CURLOPT_POSTFIELDS, body.data());  // not copied; outlives the transfer
  } else if (method == "HEAD") {
    curl().easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  } else {
    curl().easy_setopt(handle, CURLOPT_HTTPGET, 1L);
  }
  curl().easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void set_safety(CURL* handle) {
  curl().easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "");
  curl().easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl().easy_setopt(handle, CURLOPT_PROXY, "");
  curl().easy_setopt(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl().easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl().easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl().easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  curl().easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl().easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
}

void set_callbacks(CURL* handle, Transfer& transfer) {
  curl().easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl().easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl().easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl().easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, keep_going);
  curl().easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

HttpExchangeResult::Ending ending_of(CURLcode code, const Transfer& transfer) {
  using Ending = HttpExchangeResult::Ending;
  if (code == CURLE_OK || transfer.enough) return Ending::complete;
  if (transfer.too_large) return Ending::too_large;
  if (transfer.stopped) return Ending::stopped;
  if (code == CURLE_OPERATION_TIMEDOUT) return Ending::timed_out;
  if (transfer.result.sent) return Ending::broken;
  return transfer.refused_address ? Ending::refused_address : Ending::not_connected;
}

void finish(CURL* handle, CURLcode code, const char* words, Transfer& transfer) {
  HttpExchangeResult& result = transfer.result;
  long request_bytes = 0;
  curl().easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &request_bytes);
  result.sent = code == CURLE_OK || request_bytes != 0 || transfer.header_bytes != 0;
  result.status = transfer.head_complete ? status_of(handle) : 0;
  result.ending = ending_of(code, transfer);
  result.what = words[0] != '\0' ? words : curl().easy_strerror(code);
  if (transfer.encoded) result.what = "the answer has a transfer encoding other than chunked";
  if (result.ending == HttpExchangeResult::Ending::refused_address) result.what = transfer.refused;
}

}  // namespace

struct HttpClient::Handles {
  struct Cleanup {
    void operator()(CURL* handle) const { curl().easy_cleanup(handle); }
  };
  using CurlHandle = std::unique_ptr<CURL, Cleanup>;

  std::array<Guarded<std::vector<CurlHandle>>, 2> idle;

  CurlHandle take(int pool) {
    CurlHandle handle = idle[static_cast<std::size_t>(pool & 1)].with([](auto& handles) -> CurlHandle {
      if (handles.empty()) return nullptr;
      CurlHandle last = std::move(handles.back());
      handles.pop_back();
      return last;
    });
    if (handle == nullptr) handle.reset(curl().easy_init());
    return handle;
  }

  void give_back(int pool, CurlHandle handle) {
    curl().easy_reset(handle.get());  // keeps its connections
    idle[static_cast<std::size_t>(pool & 1)].with([&](auto& handles) {
      if (handles.size() < idle_handles_max) handles.push_back(std::move(handle));
    });
  }
};

HttpClient::HttpClient() : handles_(std::make_unique<Handles>()) {}

HttpClient::~HttpClient() = default;

HttpExchangeResult HttpClient::exchange(const HttpExchangeRequest& request, int pool, std::stop_token stop) {
  HttpExchangeResult result;
  Handles::CurlHandle owned = handles_->take(pool);
  if (owned == nullptr) {
    result.ending = HttpExchangeResult::Ending::not_connected;
    result.sent = false;
    result.what = "out of memory";
    return result;
  }
  CURL* handle = owned.get();
  Transfer transfer{.handle = handle, .request = request, .result = result, .stop = std::move(stop), .refused = {}};
  std::array<char, CURL_ERROR_SIZE> words{};
  HeaderList headers;
  for (const auto& [name, value] : request.headers) {
    // libcurl drops a header without a value unless it is written with a semicolon.
    headers.append(value.empty() ? name + ";" : name + ": " + value);
  }
  headers.append("Expect:");
  set_safety(handle);
  set_callbacks(handle, transfer);
  if (may_reuse_connection(request) && !request.harmless_to_repeat)
    set_body_once(handle, transfer);
  else
    set_body_and_method(handle, request);
  curl().easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl().easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, words.data());
  curl().easy_setopt(handle, CURLOPT_TIMEOUT_MS, milliseconds(request.timeout));
  curl().easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     milliseconds(std::min(request.timeout, request.connect_timeout)));
  curl().easy_setopt(handle, CURLOPT_FRESH_CONNECT, may_reuse_connection(request) ? 0L : 1L);
  const CURLcode code = curl().easy_perform(handle);
  finish(handle, code, words.data(), transfer);
  handles_->give_back(pool, std::move(owned));
  return result;
}

}  // namespace gantry::tool
