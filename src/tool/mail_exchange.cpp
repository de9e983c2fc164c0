#include "tool/mail_exchange.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cctype>
#include <memory>

#include "tool/curl_library.h"

namespace gantry::tool {
namespace {

constexpr std::size_t replies_max = 1'000;  // lines of a server, over all
constexpr std::size_t reply_bytes_max = 300;

struct CleanMail {
  void operator()(CURL* handle) const { curl().easy_cleanup(handle); }
};
struct FreeMime {
  void operator()(curl_mime* mime) const { curl().mime_free(mime); }
};

class TextList {
 public:
  TextList() = default;
  TextList(const TextList&) = delete;
  TextList& operator=(const TextList&) = delete;
  ~TextList() { curl().slist_free_all(list_); }
  void append(const std::string& line) {
    if (curl_slist* longer = curl().slist_append(list_, line.c_str())) list_ = longer;
  }
  curl_slist* get() const { return list_; }
  // For who takes it over.
  curl_slist* release() { return std::exchange(list_, nullptr); }

 private:
  curl_slist* list_ = nullptr;
};

// What the callbacks of one mail share.
struct MailTransfer {
  const MailSettings& settings;
  const std::function<bool(const NetworkAddress&)>& may_connect;
  std::stop_token stop;
  bool content_asked = false;  // 354
  int content_status = 0;      // the reply to the content
  int status = 0, refused_status = 0;
  std::string reply, refused;  // the server's words; the address that was not connected to
  std::size_t replies = 0;
  bool stopped = false;
};

// Each line that the server sends.
std::size_t take_reply(char* data, std::size_t size, std::size_t count, void* context) {
  MailTransfer& transfer = *static_cast<MailTransfer*>(context);
  const std::string_view line(data, size * count);
  if (++transfer.replies > replies_max) return 0;
  const auto digit = [&](std::size_t index) { return std::isdigit(static_cast<unsigned char>(line[index])) != 0; };
  if (line.size() < 3 || !digit(0) || !digit(1) || !digit(2)) return line.size();
  if (line.size() > 3 && line[3] == '-') return line.size();  // more lines follow
  transfer.status = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (transfer.status >= 400) {  // kept, whatever it says to the good-bye
    transfer.refused_status = transfer.status;
    transfer.reply = line.substr(0, reply_bytes_max);
  }
  if (transfer.content_asked && transfer.content_status == 0)
    transfer.content_status = transfer.status;
  else if (transfer.status == 354)
    transfer.content_asked = true;
  return line.size();
}

std::size_t drop(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

int keep_sending(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  MailTransfer& transfer = *static_cast<MailTransfer*>(context);
  transfer.stopped = transfer.stop.stop_requested();
  return transfer.stopped ? 1 : 0;
}

curl_socket_t open_mail_socket(void* context, curlsocktype, curl_sockaddr* peer) {
  MailTransfer& transfer = *static_cast<MailTransfer*>(context);
  const auto address = address_of(peer->addr);
  if (!address || !transfer.may_connect(*address)) {
    transfer.refused = fmt::format(
        "{}, which is not a public address: if that is meant, add the address or its range to "
        "egress.allow in gantry.yaml",
        address ? format_address(*address) : "an unknown address");
    return CURL_SOCKET_BAD;
  }
  if (!transfer.settings.tls && !is_loopback(*address)) {
    transfer.refused = format_address(*address) + ", and without TLS ('tls: off') mail goes to this machine only";
    return CURL_SOCKET_BAD;
  }
  return socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
}

void set_connection(CURL* handle, const MailSettings& settings, MailTransfer& transfer) {
  const std::string& sender = settings.from.address;
  const std::string url = settings.server.text + "/" + sender.substr(sender.rfind('@') + 1);  // what EHLO says
  const auto timeout = static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(settings.timeout).count());
  curl().easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl().easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl().easy_setopt(handle, CURLOPT_PROXY, "");
  curl().easy_setopt(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl().easy_setopt(handle, CURLOPT_USE_SSL, static_cast<long>(settings.tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  curl().easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl().easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!settings.certificates.empty()) curl().easy_setopt(handle, CURLOPT_CAINFO, settings.certificates.c_str());
  curl().easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl().easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(handle, CURLOPT_TIMEOUT_MS, timeout);
  curl().easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, std::min(timeout, 10'000L));
  curl().easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_mail_socket);
  curl().easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_reply);
  curl().easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop);
  curl().easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, keep_sending);
  curl().easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl().easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

// Every line break as mail has it.
std::string with_mail_breaks(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_pair = text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
    if (is_pair) ++at;
    if (text[at] == '\n' || text[at] == '\r')
      result += "\r\n";
    else
      result += text[at];
  }
  return result;
}

void add_mail_text(curl_mime* mime, const std::string& raw, const char* type) {
  const std::string text = with_mail_breaks(raw);
  curl_mimepart* part = curl().mime_addpart(mime);
  curl().mime_data(part, text.data(), text.size());
  curl().mime_type(part, type);
  curl().mime_encoder(part, "quoted-printable");
}

// text | html | alternative(text, html), then the attachments.
std::unique_ptr<curl_mime, FreeMime> mime_of(CURL* handle, const MailMessage& message) {
  std::unique_ptr<curl_mime, FreeMime> mime(curl().mime_init(handle));
  curl_mime* texts = mime.get();
  if (message.text && message.html) {
    texts = curl().mime_init(handle);
    curl_mimepart* both = curl().mime_addpart(mime.get());
    curl().mime_subparts(both, texts);  // takes it over
    curl().mime_type(both, "multipart/alternative");
  }
  if (message.text) add_mail_text(texts, *message.text, "text/plain; charset=utf-8");
  if (message.html) add_mail_text(texts, *message.html, "text/html; charset=utf-8");
  for (const MailAttachment& attachment : message.attachments) {
    curl_mimepart* part = curl().mime_addpart(mime.get());
    curl().mime_data(part, attachment.bytes.data(), attachment.bytes.size());
    curl().mime_type(part, attachment.media_type.c_str());
    curl().mime_encoder(part, "base64");
    TextList headers;
    headers.append(attachment_disposition(attachment.name));
    curl().mime_headers(part, headers.release(), 1);
  }
  return mime;
}

std::string printable_reply(std::string text) {
  for (char& byte : text)
    if (static_cast<unsigned char>(byte) < ' ' || static_cast<unsigned char>(byte) >= 0x7F) byte = ' ';
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

MailExchangeResult result_of(CURLcode code, const char* words, const MailTransfer& transfer) {
  using How = MailExchangeResult::Ending;
  MailExchangeResult result;
  result.status = transfer.content_status != 0 ? transfer.content_status : transfer.refused_status;
  result.what = words[0] != '\0' ? words : curl().easy_strerror(code);
  result.content_sent = transfer.content_asked && transfer.content_status == 0;
  const int family = transfer.content_status / 100;
  if (family == 2) {  // it has the mail, whatever became of the good-bye
    result.ending = How::accepted;
  } else if (family == 4 || family == 5 || (!transfer.content_asked && transfer.refused_status != 0)) {
    result.ending = How::refused;
    result.what = printable_reply(transfer.reply);
  } else if (!transfer.refused.empty()) {
    result.ending = How::refused_address;
    result.what = transfer.refused;
  } else if (transfer.stopped) {
    result.ending = How::stopped;
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    result.ending = How::timed_out;
  } else if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_SSL_CONNECT_ERROR ||
             code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED) {
    result.ending = How::not_connected;
  }
  return result;
}

}  // namespace

MailExchangeResult send_mail(const MailSettings& settings, const std::string& password, const MailMessage& message,
                             const std::function<bool(const NetworkAddress&)>& may_connect, std::stop_token stop) {
  const std::unique_ptr<CURL, CleanMail> owned(curl().easy_init());
  if (owned == nullptr) return {.ending = MailExchangeResult::Ending::not_connected, .what = "out of memory"};
  CURL* handle = owned.get();
  MailTransfer transfer{
      .settings = settings, .may_connect = may_connect, .stop = std::move(stop), .reply = {}, .refused = {}};
  set_connection(handle, settings, transfer);
  if (!settings.username.empty()) {
    curl().easy_setopt(handle, CURLOPT_USERNAME, settings.username.c_str());
    curl().easy_setopt(handle, CURLOPT_PASSWORD, password.c_str());
  }
  TextList recipients, headers;
  for (const auto* list : {&message.to, &message.cc, &message.bcc})
    for (const MailAddress& address : *list) recipients.append("<" + address.address + ">");
  for (const std::string& line : mail_headers(message, SystemClock().now())) headers.append(line);
  const auto mime = mime_of(handle, message);
  std::array<char, CURL_ERROR_SIZE> words{};
  curl().easy_setopt(handle, CURLOPT_MAIL_FROM, ("<" + settings.from.address + ">").c_str());
  curl().easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients.get());
  curl().easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl().easy_setopt(handle, CURLOPT_MIMEPOST, mime.get());
  curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, words.data());
  const CURLcode code = curl().easy_perform(handle);
  return result_of(code, words.data(), transfer);
}

}  // namespace gantry::tool
