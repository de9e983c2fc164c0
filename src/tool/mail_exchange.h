// One mail over SMTP, with libcurl. Knows nothing of effects.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "tool/http_address.h"
#include "tool/mail_binding.h"

namespace gantry::tool {

struct MailExchangeResult {
  enum class Ending { accepted, refused, not_connected, refused_address, timed_out, stopped, broken } ending = Ending::broken;
  bool content_sent = false;  // the server asked for the content, and gave no answer to it
  int status = 0;             // the server's reply to the content, or with which it refused; 0: none
  std::string what;           // its words, or libcurl's, for people
};

// `may_connect` is asked about the very address that is then connected to.
MailExchangeResult send_mail(const MailSettings& settings, const std::string& password, const MailMessage& message,
                             const std::function<bool(const NetworkAddress&)>& may_connect, std::stop_token stop);

}  // namespace gantry::tool
