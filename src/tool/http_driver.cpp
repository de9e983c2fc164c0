#include <fmt/format.h>

#include "tool/driver.h"
#include "tool/http_egress.h"
#include "tool/http_exchange.h"
#include "tool/http_outcome.h"
#include "tool/http_request.h"
#include "tool/standard_call.h"

namespace gantry::tool {
namespace {

constexpr Duration connect_timeout = std::chrono::seconds(10);

// What was read from a definition last on this thread. The definition is held, so that nothing else can come to lie where
// it is.
template <auto read>
auto remembered(const Value& definition) -> decltype(read(definition)) {
  struct Last {
    Value definition;
    std::decay_t<decltype(*read(Value()))> meaning;
  };
  thread_local std::optional<Last> last;
  if (last && last->definition.same_as(definition)) return last->meaning;
  auto meaning = TRY(read(definition));
  last = {definition, meaning};
  return meaning;
}

// A call that is ready to go out.
struct HttpCall {
  HttpRequest request;
  Duration timeout{};
};

class HttpDriver final : public Driver {
 public:
  explicit HttpDriver(HttpOptions options)
      : options_(std::move(options)), egress_(options_.egress_allow, options_.egress_any, options_.host_override) {}

  std::vector<std::string> check(const definition::Tool& tool) const override { return check_http_tool(tool); }

  Outcome call(Permit permit, const CallContext& context) override {
    const Effect& effect = permit.effect();
    if (context.operation == nullptr) {
      return Outcome::failed_with(standard_error("configuration", "the http driver was called without an operation"));
    }
    const Result<HttpCall> call = prepare(effect, context);
    if (!call) return refused_before_sending(call.error(), effect, context);
    const Result<Egress::Route> route = egress_.route(call->request.url);
    if (!route) return refused_before_sending(route.error(), effect, context);
    return outcome_of(call->request, send(*call, *route, effect, context), effect, context);
  }

 private:
  Result<HttpCall> prepare(const Effect& effect, const CallContext& context) const {
    if (context.tool == nullptr) {
      return HttpCall{.request = TRY(request_for_standard_call(effect.arguments, options_.secrets)),
                      .timeout = options_.timeout};
    }
    const HttpSettings settings = TRY(remembered<read_http_settings>(context.tool->settings));
    const HttpBinding binding = TRY(remembered<read_http_binding>(context.operation->binding));
    return HttpCall{.request = TRY(request_for_operation(settings, binding, effect, options_.secrets)),
                    .timeout = settings.timeout.value_or(options_.timeout)};
  }

  HttpExchangeResult send(const HttpCall& call, const Egress::Route& route, const Effect& effect,
                          const CallContext& context) {
    HttpExchangeRequest exchange;
    exchange.method = call.request.method;
    exchange.url = route.url.text;
    exchange.headers = call.request.headers;
    exchange.headers.emplace_back("User-Agent", "gantry");
    if (call.request.credential) exchange.headers.push_back(*call.request.credential);
    exchange.body = call.request.body;
    exchange.timeout = call.timeout;
    exchange.connect_timeout = connect_timeout;
    exchange.response_bytes_max = options_.response_bytes_max;
    // Only reads: a silent second send by libcurl could answer "not applied" for a first one that was applied. Sending
    // a write again with its key is the engine's business, which then knows that the effect is ambiguous.
    exchange.harmless_to_repeat = is_read(effect.effect_class);
    // With a key the engine finds out by itself what became of a call whose connection broke.
    exchange.may_find_broken =
        context.operation != nullptr && context.operation->idempotency == definition::Idempotency::key;
    exchange.may_connect = [&](const NetworkAddress& address) { return egress_.may_connect(route, address); };
    return client_.exchange(exchange, route.overridden ? 1 : 0, context.stop);
  }

  const HttpOptions options_;
  const Egress egress_;
  HttpClient client_;
};

}  // namespace

std::shared_ptr<Driver> make_http_driver(HttpOptions options) {
  return std::make_shared<HttpDriver>(std::move(options));
}

}  // namespace gantry::tool
