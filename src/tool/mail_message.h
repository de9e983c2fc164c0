// A mail, from the arguments of an effect to header lines (RFC 5322, RFC 2047). Nothing in it can start a header of its
// own: addresses are plain ones, texts are encoded. Private to the mail driver.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "value/value.h"

namespace gantry::tool {

struct MailAddress {
  std::string address;  // "ada@port.example", ASCII
  std::string name;     // shown before it; may be empty
};
// Text with an address, or {address, name}. Errors: invalid_argument.
Result<MailAddress> read_mail_address(const Value& value);
// One or a list of them; null: none.
Result<std::vector<MailAddress>> read_mail_addresses(const Value& value);

struct MailAttachment {
  std::string name, media_type, bytes;
};

struct MailMessage {
  MailAddress from;
  std::vector<MailAddress> to, cc, bcc;
  std::string subject, message_id;
  std::optional<std::string> text, html;
  std::vector<MailAttachment> attachments;
};

// "Subject: ...", folded, without the last line break; in the order in which they are sent.
std::vector<std::string> mail_headers(const MailMessage& message, Timestamp at);
// The text of a header: as it is where that is safe, else encoded words.
std::string encoded_header_text(std::string_view text);
// "Sat, 28 Nov 2026 03:30:45 +0000".
std::string mail_date(Timestamp at);
// `Content-Disposition: attachment; filename=...`, also for names that are not ASCII.
std::string attachment_disposition(std::string_view name);

}  // namespace gantry::tool
