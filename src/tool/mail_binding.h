// The mail driver's own part of a tool's definition. Form and meaning: docs/reference/mail.md.
#pragma once

#include <string>
#include <vector>

#include "definition/tool.h"
#include "tool/effect.h"
#include "tool/http_url.h"
#include "tool/mail_message.h"

namespace gantry::tool {

struct MailSettings {
  HttpUrl server;    // scheme smtp or smtps
  bool tls = true;   // false: loopback addresses only
  MailAddress from;
  std::string username, password_secret;
  std::string certificates;  // file of the authorities to trust; empty: the system's
  Duration timeout = definition::tool_timeout_default;
  std::int64_t recipients_max = 20;
  std::int64_t bytes_max = 1 << 20;  // of texts and attachments together
  bool deduplicates = false;         // the system behind the server drops a second mail with the same Message-ID
};

// The arguments, by what they are for; empty: none.
struct MailBinding {
  std::string to, cc, bcc, subject, text, html, attachments;
};

// Errors: invalid_argument, "/pointer: message" with the pointer inside `settings` or `binding`.
Result<MailSettings> read_mail_settings(const Value& settings);
Result<MailBinding> read_mail_binding(const Value& binding);
std::vector<std::string> check_mail_tool(const definition::Tool& tool);

// The Message-ID comes from the effect's key: the same mail sent again has the same. Errors: invalid_argument.
Result<MailMessage> message_for(const MailSettings& settings, const MailBinding& binding, const Effect& effect);

}  // namespace gantry::tool
