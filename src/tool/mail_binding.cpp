#include "tool/mail_binding.h"

#include <fmt/format.h>

#include <algorithm>

#include "tool/base64.h"
#include "tool/part_reader.h"
#include "tool/standard_call.h"
#include "value/utf8.h"

namespace gantry::tool {
namespace {

constexpr std::size_t subject_bytes_max = 500;
constexpr std::size_t attachments_max = 20;

Error mail_refused(std::string_view argument, std::string_view why) {
  return {Code::invalid_argument, fmt::format("argument /{}: {}", argument, why)};
}

Result<HttpUrl> read_mail_server(const PartReader& reader) {
  const std::string text = TRY(reader.text("server"));
  const Error expected = wrong_part("/server", "expected smtp://HOST[:PORT] or smtps://HOST[:PORT]");
  const bool encrypted = text.starts_with("smtps://");
  if (!encrypted && !text.starts_with("smtp://")) return expected;
  const std::string rest = text.substr(text.find("://") + 3);
  if (rest.find_first_of("/?#@ ") != std::string::npos) return expected;
  const Result<HttpUrl> parsed = parse_url("http://" + rest + "/");  // for the rules of hosts
  if (!parsed) return expected;
  const std::size_t colon = rest.rfind(':');
  const bool has_port = colon != std::string::npos && rest.find(']', colon) == std::string::npos;
  HttpUrl url{.scheme = encrypted ? "smtps" : "smtp", .host = parsed->host, .port = parsed->port, .text = {}};
  if (!has_port) url.port = encrypted ? 465 : 587;
  const bool is_six = url.host.find(':') != std::string::npos;
  url.text = fmt::format("{}://{}{}{}:{}", url.scheme, is_six ? "[" : "", url.host, is_six ? "]" : "", url.port);
  return url;
}

Status read_mail_login(const PartReader& reader, MailSettings& result) {
  const Value* login = reader.find("authentication");
  if (login == nullptr) return done();
  const auto part = TRY(PartReader::open(*login, "/authentication", {"username", "password"}));
  result.username = TRY(part.text("username"));
  result.password_secret = TRY(part.secret("password"));
  if (result.password_secret.empty()) return wrong_part("/authentication/password", "expected {secret: NAME}");
  return done();
}

void check_mail_operation(const definition::Operation& operation, const MailBinding& binding, const MailSettings& settings,
                          std::vector<std::string>& problems) {
  const std::string pointer = binding_pointer(operation.name);
  if (is_read(operation.effect_class))
    problems.push_back(fmt::format("/operations/{}/class: sending mail is no {}; expected send or notify", operation.name,
                                   definition::name_of(operation.effect_class)));
  if (operation.idempotency == definition::Idempotency::key && !settings.deduplicates)
    problems.push_back(fmt::format("/operations/{}/idempotency: a mail server does not honour keys; where the system behind it "
                                   "drops a second mail with the same Message-ID, set 'deduplicates: true'",
                                   operation.name));
  std::vector<std::string> used;
  for (const std::string& name : {binding.to, binding.cc, binding.bcc, binding.subject, binding.text, binding.html, binding.attachments})
    if (!name.empty()) used.push_back(name);
  check_argument_names(operation, used, pointer, problems);
  for (const std::string& name : argument_names(operation))
    if (std::find(used.begin(), used.end(), name) == used.end())
      problems.push_back(fmt::format("{}: it has no place for the argument \"{}\"", pointer, name));
}

Result<std::optional<std::string>> body_text(const Value& arguments, const std::string& name) {
  const Value* value = name.empty() ? nullptr : arguments.find(name);
  if (value == nullptr || value->is_null()) return std::optional<std::string>();
  if (!value->is_string()) return mail_refused(name, "expected text");
  if (value->as_string().find('\0') != std::string_view::npos) return mail_refused(name, "U+0000 may not stand in a mail");
  return std::optional<std::string>(value->as_string());
}

bool is_media_type(std::string_view type) {
  const std::size_t slash = type.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < type.size() && type.size() <= 100 &&
         std::all_of(type.begin(), type.end(), [](char byte) {
           return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                  std::string_view("/.+-").find(byte) != std::string_view::npos;
         });
}

Result<MailAttachment> read_attachment(const Value& value, const std::string& argument) {
  MailAttachment result;
  result.name = value.string_or("name", "");
  const bool is_name = !result.name.empty() && result.name.size() <= 200 && !find_bad_utf8(result.name) &&
                       std::none_of(result.name.begin(), result.name.end(), [](char byte) {
                         return static_cast<unsigned char>(byte) < ' ' || byte == 0x7F || byte == '/' || byte == '\\';
                       });
  if (!is_name) return mail_refused(argument, "an attachment needs a 'name': one line without '/'");
  result.media_type = value.string_or("mediaType", "application/octet-stream");
  if (!is_media_type(result.media_type)) return mail_refused(argument, "expected a 'mediaType' such as application/pdf");
  const Value* text = value.find("text");
  const Value* base64 = value.find("base64");
  if ((text != nullptr && text->is_string()) == (base64 != nullptr && base64->is_string()))
    return mail_refused(argument, "an attachment needs either 'text' or 'base64'");
  if (text != nullptr)
    result.bytes = text->as_string();
  else
    result.bytes = TRY(decode_base64(base64->as_string()));
  return result;
}

Status check_mail_size(const MailSettings& settings, const MailMessage& message) {
  std::size_t bytes = message.text.value_or("").size() + message.html.value_or("").size();
  for (const MailAttachment& attachment : message.attachments) bytes += attachment.bytes.size();
  if (static_cast<std::int64_t>(bytes) > settings.bytes_max)
    return Error{Code::invalid_argument, fmt::format("the mail has {} bytes, at most {} (settings.bytes)", bytes, settings.bytes_max)};
  const std::size_t recipients = message.to.size() + message.cc.size() + message.bcc.size();
  if (recipients == 0) return Error{Code::invalid_argument, "the mail has no recipient"};
  if (static_cast<std::int64_t>(recipients) > settings.recipients_max)
    return Error{Code::invalid_argument, fmt::format("the mail has {} recipients, at most {} (settings.recipients)", recipients, settings.recipients_max)};
  if (!message.text && !message.html) return Error{Code::invalid_argument, "the mail has no text"};
  return done();
}

}  // namespace

Result<MailSettings> read_mail_settings(const Value& settings) {
  const auto reader = TRY(PartReader::open(settings, "", {"server", "tls", "from", "authentication", "timeout",
                                                          "certificates", "recipients", "bytes", "deduplicates"}));
  MailSettings result;
  result.server = TRY(read_mail_server(reader));
  const std::size_t tls = TRY(reader.choice("tls", {"required", "off"}));
  result.tls = tls == 0;
  if (!result.tls && result.server.scheme == "smtps") return wrong_part("/tls", "smtps is always encrypted");
  const Value* from = reader.find("from");
  const Result<MailAddress> address = read_mail_address(from != nullptr ? *from : Value());
  if (!address) return wrong_part("/from", address.error().message);
  result.from = *address;
  TRY(read_mail_login(reader, result));
  result.certificates = TRY(reader.text_or("certificates", ""));
  if (!result.tls && !result.username.empty()) return wrong_part("/authentication", "a password is not sent without TLS");
  result.timeout = TRY(reader.duration_or("timeout", result.timeout, std::chrono::hours(1)));
  result.recipients_max = TRY(reader.integer_or("recipients", result.recipients_max, 1, 1'000));
  result.bytes_max = TRY(reader.integer_or("bytes", result.bytes_max, 1, 64 << 20));
  result.deduplicates = TRY(reader.boolean_or("deduplicates", false));
  return result;
}

Result<MailBinding> read_mail_binding(const Value& binding) {
  const auto reader = TRY(PartReader::open(binding, "", {"to", "cc", "bcc", "subject", "text", "html", "attachments"}));
  MailBinding result;
  result.to = TRY(reader.text("to"));
  result.subject = TRY(reader.text("subject"));
  result.cc = TRY(reader.text_or("cc", ""));
  result.bcc = TRY(reader.text_or("bcc", ""));
  result.text = TRY(reader.text_or("text", ""));
  result.html = TRY(reader.text_or("html", ""));
  result.attachments = TRY(reader.text_or("attachments", ""));
  if (result.text.empty() && result.html.empty()) return wrong_part("/text", "expected 'text' or 'html' or both");
  return result;
}

std::vector<std::string> check_mail_tool(const definition::Tool& tool) {
  std::vector<std::string> problems;
  const Result<MailSettings> settings = read_mail_settings(tool.settings);
  if (!settings) problems.push_back("/settings" + settings.error().message);
  for (const auto& [name, operation] : tool.operations) {
    const Result<MailBinding> binding = read_mail_binding(operation.binding);
    if (binding)
      check_mail_operation(operation, *binding, settings ? *settings : MailSettings{}, problems);
    else
      problems.push_back(binding_pointer(name) + binding.error().message);
  }
  return problems;
}

Result<MailMessage> message_for(const MailSettings& settings, const MailBinding& binding, const Effect& effect) {
  const Value& arguments = effect.arguments;
  MailMessage message;
  message.from = settings.from;
  for (const auto& [name, addresses] : {std::pair(&binding.to, &message.to), std::pair(&binding.cc, &message.cc),
                                        std::pair(&binding.bcc, &message.bcc)}) {
    const Value* value = name->empty() ? nullptr : arguments.find(*name);
    Result<std::vector<MailAddress>> read = read_mail_addresses(value != nullptr ? *value : Value());
    if (!read) return mail_refused(*name, read.error().message);
    *addresses = *std::move(read);
  }
  const std::optional<std::string> subject = TRY(body_text(arguments, binding.subject));
  message.subject = subject.value_or("");
  const bool is_line = std::none_of(message.subject.begin(), message.subject.end(),
                                    [](char byte) { return static_cast<unsigned char>(byte) < ' ' || byte == 0x7F; });
  if (!is_line || message.subject.size() > subject_bytes_max)
    return mail_refused(binding.subject, fmt::format("a subject is one line of at most {} bytes", subject_bytes_max));
  message.text = TRY(body_text(arguments, binding.text));
  message.html = TRY(body_text(arguments, binding.html));
  const Value* attachments = binding.attachments.empty() ? nullptr : arguments.find(binding.attachments);
  if (attachments != nullptr && !attachments->is_null()) {
    if (!attachments->is_array() || attachments->size() > attachments_max)
      return mail_refused(binding.attachments, fmt::format("expected a list of at most {} attachments", attachments_max));
    for (const Value& each : attachments->items())
      message.attachments.push_back(TRY(read_attachment(each, binding.attachments)));
  }
  TRY(check_mail_size(settings, message));
  const std::string& sender = settings.from.address;
  message.message_id = fmt::format("{}@{}", sha256(effect.key).hex().substr(0, 40), sender.substr(sender.rfind('@') + 1));
  return message;
}

}  // namespace gantry::tool
