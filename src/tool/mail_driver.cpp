#include <fmt/format.h>

#include "tool/drivers.h"
#include "tool/http_egress.h"
#include "tool/http_request.h"
#include "tool/mail_exchange.h"
#include "tool/part_reader.h"

namespace gantry::tool {
namespace {

using MailEnding = MailExchangeResult::Ending;

class MailDriver final : public Driver {
 public:
  explicit MailDriver(const DriverOptions& options)
      : secrets_(options.http.secrets), egress_(options.http.egress_allow, options.http.egress_any, {}) {}

  std::vector<std::string> check(const definition::Tool& tool) const override { return check_mail_tool(tool); }

  Outcome call(Permit permit, const CallContext& context) override {
    const Effect& effect = permit.effect();
    if (context.tool == nullptr || context.operation == nullptr)
      return Outcome::failed_with(standard_error("configuration", "the mail driver was called without an operation"));
    Result<MailSettings> settings = read_mail_settings(context.tool->settings);
    const Result<MailBinding> binding = read_mail_binding(context.operation->binding);
    if (!settings || !binding)
      return failed("configuration", (settings ? binding.error() : settings.error()).message, effect, context, false);
    const Result<MailMessage> message = message_for(*settings, *binding, effect);
    if (!message) return failed("validation", message.error().message, effect, context, false);
    const Result<Egress::Route> route = egress_.route(settings->server);
    if (!route) return failed("authorization", route.error().message, effect, context, false);
    std::string password;
    if (!settings->password_secret.empty()) {
      Result<std::string> secret =
          secrets_.reveal(settings->password_secret, {.tool = effect.tool, .host = settings->server.host});
      if (!secret) return failed("authorization", secret.error().message, effect, context, false);
      password = *std::move(secret);
    }
    const auto may_connect = [&](const NetworkAddress& address) { return egress_.may_connect(*route, address); };
    MailExchangeResult sent = send_mail(*settings, password, *message, may_connect, context.stop);
    if (!password.empty()) sent.what = redacted(std::move(sent.what), {password});
    return outcome_of(*settings, *message, sent, effect, context);
  }

 private:
  // Whether a mail went out is not known once its content was asked for and the answer to it did not come.
  static Outcome outcome_of(const MailSettings& settings, const MailMessage& message, const MailExchangeResult& sent,
                            const Effect& effect, const CallContext& context) {
    switch (sent.ending) {
      case MailEnding::accepted: {
        std::vector<Value> recipients;
        for (const auto* list : {&message.to, &message.cc, &message.bcc})
          for (const MailAddress& address : *list) recipients.emplace_back(address.address);
        Value result = Value::object({{"messageId", message.message_id}, {"recipients", Value::array(std::move(recipients))}});
        return Outcome::done_with(std::move(result));
      }
      case MailEnding::refused:
        return failed("communication", fmt::format("the server refused the mail: {}", sent.what), effect, context, false);
      case MailEnding::refused_address:
        return failed("authorization", fmt::format("{} leads to {}", settings.server.host, sent.what), effect, context, false);
      case MailEnding::timed_out:
        return failed("timeout", fmt::format("not finished within {} (settings.timeout)", format_duration(settings.timeout)),
                      effect, context, sent.content_sent);
      case MailEnding::stopped:
        return failed("communication", "given up because this program stops or no longer waits", effect, context, sent.content_sent);
      case MailEnding::not_connected:
      case MailEnding::broken:
        break;
    }
    return failed("communication", sent.what, effect, context, sent.content_sent);
  }

  static Outcome failed(std::string_view kind, const std::string& text, const Effect& effect, const CallContext& context,
                        bool unknown) {
    ErrorDetails error = standard_error(kind, fmt::format("{}.{}: {}", effect.tool, effect.operation, text));
    // Of an earlier attempt, whose answer was lost, this one says nothing.
    return unknown || context.attempt > 1 ? Outcome::ambiguous_with(std::move(error)) : Outcome::failed_with(std::move(error));
  }

  const Secrets secrets_;
  const Egress egress_;
};

}  // namespace

std::shared_ptr<Driver> make_mail_driver(const DriverOptions& options) {
  return std::make_shared<MailDriver>(options);
}

}  // namespace gantry::tool
