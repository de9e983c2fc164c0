#include "tool/mail_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "tool/base64.h"
#include "tool/http_url.h"
#include "value/utf8.h"

namespace gantry::tool {
namespace {

constexpr std::size_t local_part_bytes_max = 64, domain_bytes_max = 253, display_name_bytes_max = 200;
constexpr std::size_t plain_header_bytes_max = 70;
constexpr std::size_t encoded_word_bytes = 42;  // of text in one encoded word of at most 75 characters

Error address_refused(std::string_view why) {
  return {Code::invalid_argument, std::string(why)};
}

// RFC 5321's without '!' and '%': old relays send what has one on to the host that it names.
bool is_atom_byte(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte)) != 0 ||
         std::string_view("#$&'*+-/=?^_`{|}~").find(byte) != std::string_view::npos;
}

// Parts between dots, none empty, each byte as `allowed` says.
template <class Allowed>
bool is_dotted(std::string_view text, Allowed allowed) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  return std::all_of(text.begin(), text.end(), [&](char byte) { return byte == '.' || allowed(byte); });
}

bool is_mail_address(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos || at > local_part_bytes_max || address.size() - at - 1 > domain_bytes_max)
    return false;
  const auto is_host_byte = [](char byte) {
    return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '-';
  };
  return is_dotted(address.substr(0, at), is_atom_byte) && is_dotted(address.substr(at + 1), is_host_byte);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < ' ' || byte == 0x7F; });
}

std::string address_text(const MailAddress& address) {
  return address.name.empty() ? fmt::format("<{}>", address.address)
                              : fmt::format("{} <{}>", encoded_header_text(address.name), address.address);
}

void add_addresses(std::vector<std::string>& headers, std::string_view name,
                   const std::vector<MailAddress>& addresses) {
  if (addresses.empty()) return;
  std::string line = fmt::format("{}: ", name);
  for (std::size_t index = 0; index < addresses.size(); ++index)
    line += (index == 0 ? "" : ",\r\n ") + address_text(addresses[index]);
  headers.push_back(std::move(line));
}

}  // namespace

Result<MailAddress> read_mail_address(const Value& value) {
  MailAddress result;
  if (value.is_string()) {
    result.address = value.as_string();
  } else if (value.is_object()) {
    result.address = value.string_or("address", "");
    result.name = value.string_or("name", "");
    for (const Member& member : value.members())
      if (member.key.view() != "address" && member.key.view() != "name")
        return address_refused("an address has 'address' and 'name' only");
  }
  if (!is_mail_address(result.address))
    return address_refused("expected a mail address such as ada@port.example, in ASCII, or {address, name}");
  if (has_control(result.name) || result.name.size() > display_name_bytes_max || find_bad_utf8(result.name))
    return address_refused(
        fmt::format("the name of an address is one line of at most {} bytes", display_name_bytes_max));
  return result;
}

Result<std::vector<MailAddress>> read_mail_addresses(const Value& value) {
  std::vector<MailAddress> addresses;
  if (value.is_null()) return addresses;
  if (!value.is_array()) {
    addresses.push_back(TRY(read_mail_address(value)));
    return addresses;
  }
  for (const Value& item : value.items()) addresses.push_back(TRY(read_mail_address(item)));
  return addresses;
}

std::string encoded_header_text(std::string_view text) {
  const bool is_plain =
      text.size() <= plain_header_bytes_max && text.find("=?") == std::string_view::npos &&
      std::all_of(text.begin(), text.end(), [](char byte) {
        return byte >= ' ' && byte < 0x7F && std::string_view("\"\\<>@,;:()[]").find(byte) == std::string_view::npos;
      });
  if (is_plain && (text.empty() || (text.front() != ' ' && text.back() != ' '))) return std::string(text);
  std::string encoded;
  while (!text.empty()) {
    std::size_t take = 0;
    while (take < text.size()) {
      const std::size_t length = character_length(text.substr(take));
      if (take + length > encoded_word_bytes) break;
      take += length;
    }
    encoded += fmt::format("{}=?UTF-8?B?{}?=", encoded.empty() ? "" : "\r\n ", encode_base64(text.substr(0, take)));
    text.remove_prefix(take);
  }
  return encoded;
}

std::string mail_date(Timestamp at) {
  static constexpr const char* weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", weekdays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

std::vector<std::string> mail_headers(const MailMessage& message, Timestamp at) {
  std::vector<std::string> headers;
  headers.push_back("Date: " + mail_date(at));
  headers.push_back("From: " + address_text(message.from));
  add_addresses(headers, "To", message.to);
  add_addresses(headers, "Cc", message.cc);
  headers.push_back("Subject: " + encoded_header_text(message.subject));
  headers.push_back(fmt::format("Message-ID: <{}>", message.message_id));
  headers.push_back("Auto-Submitted: auto-generated");  // RFC 3834: no out-of-office answers, please
  return headers;
}

std::string attachment_disposition(std::string_view name) {
  std::string plain;
  for (const char byte : name) plain += byte >= ' ' && byte < 0x7F && byte != '"' && byte != '\\' ? byte : '_';
  std::string line = fmt::format("Content-Disposition: attachment; filename=\"{}\"", plain);
  if (plain != name) line += fmt::format(";\r\n filename*=UTF-8''{}", percent_encode(name));
  return line;
}

}  // namespace gantry::tool
