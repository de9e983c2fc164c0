#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tool/driver.h"
#include "tool/http_egress.h"
#include "tool/http_exchange.h"
#include "tool/http_outcome.h"
#include "tool/http_request.h"
#include "tool/plain_http.h"
#include "tool/standard_call.h"

namespace gantry::tool {
namespace {

constexpr Duration connect_timeout = std::chrono::seconds(10);
constexpr std::chrono::microseconds outcome_waits{200};

// What was read from a definition last on this thread. The definition is held, so that nothing else can come to lie
// where it is.
template <auto read>
auto remembered(const Value& definition) {
  using Meaning = std::shared_ptr<const std::decay_t<decltype(*read(Value()))>>;
  struct Last {
    Value definition;
    Meaning meaning;
  };
  thread_local std::optional<Last> last;
  if (last && last->definition.same_as(definition)) return Result<Meaning>(last->meaning);
  auto meaning = read(definition);
  if (!meaning) return Result<Meaning>(meaning.error());
  last = {definition, std::make_shared<const std::decay_t<decltype(*meaning)>>(*std::move(meaning))};
  return Result<Meaning>(last->meaning);
}

// A call that is ready to go out.
struct HttpCall {
  HttpRequest request;
  Duration timeout{};
  Egress::Route route;

  int pool() const { return route.overridden ? 1 : 0; }
  bool is_plain() const { return route.url.scheme == "http"; }
};

// One that was begun, until its outcome is there.
struct HttpErrand {
  Begun begun;
  HttpCall call;

  const Effect& effect() const { return begun.permit.effect(); }
};

class HttpDriver final : public Driver {
 public:
  explicit HttpDriver(HttpOptions options)
      : options_(std::move(options)), egress_(options_.egress_allow, options_.egress_any, options_.host_override) {}

  std::vector<std::string> check(const definition::Tool& tool) const override { return check_http_tool(tool); }

  Outcome call(Permit permit, const CallContext& context) override {
    const Effect& effect = permit.effect();
    Result<HttpCall> call = prepare(effect, context);
    if (!call) return refused_before_sending(call.error(), effect, context);
    HttpExchangeRequest exchange = exchange_of(*call, effect, context);
    return outcome_of(call->request,
                      call->is_plain()
                          ? plain_.exchange(std::move(exchange), call->route.url, call->pool(), context.stop)
                          : client_.exchange(exchange, call->pool(), context.stop),
                      effect, context);
  }

  bool can_begin(const Effect& effect, const CallContext& context) const override {
    if (context.operation == nullptr) return false;
    if (context.tool == nullptr) {
      const Value endpoint = effect.arguments.is_object() ? effect.arguments.member("endpoint") : Value();
      const std::string_view uri = endpoint.is_string() ? endpoint.as_string() : std::string_view();
      return uri.starts_with("http://") && options_.host_override.empty();
    }
    const auto settings = remembered<read_http_settings>(context.tool->settings);
    return settings && egress_.target_of((*settings)->base_url).scheme == "http";
  }

  // All that is to be done for it is done on the client's thread.
  void begin(Begun begun) override {
    auto held = std::make_shared<Begun>(std::move(begun));
    plain_.post([this, held] { begin_here(std::move(*held)); });
  }

 private:
  Result<HttpCall> prepare(const Effect& effect, const CallContext& context) const {
    if (context.operation == nullptr) return Error{Code::conflict, "the http driver was called without an operation"};
    HttpCall call;
    call.timeout = options_.timeout;
    if (context.tool == nullptr) {
      call.request = TRY(request_for_standard_call(effect.arguments, options_.secrets));
    } else {
      const auto settings = TRY(remembered<read_http_settings>(context.tool->settings));
      const auto binding = TRY(remembered<read_http_binding>(context.operation->binding));
      call.request = TRY(request_for_operation(*settings, *binding, effect, options_.secrets));
      call.timeout = settings->timeout.value_or(options_.timeout);
    }
    call.route = TRY(egress_.route(call.request.url));
    return call;
  }

  // `call` must stay until the exchange is over; what only the exchange needs of it is taken out.
  HttpExchangeRequest exchange_of(HttpCall& call, const Effect& effect, const CallContext& context) const {
    HttpExchangeRequest exchange;
    exchange.method = call.request.method;
    exchange.url = call.route.url.text;
    exchange.headers = context.tool == nullptr ? call.request.headers : std::move(call.request.headers);
    exchange.headers.emplace_back("User-Agent", "gantry");
    if (call.request.credential) exchange.headers.push_back(*call.request.credential);
    exchange.body = std::move(call.request.body);
    exchange.timeout = call.timeout;
    exchange.connect_timeout = connect_timeout;
    exchange.response_bytes_max = options_.response_bytes_max;
    // Only reads: a silent second send could answer "not applied" for a first one that was applied. Sending a write
    // again with its key is the engine's business, which then knows that the effect is ambiguous.
    exchange.harmless_to_repeat = is_read(effect.effect_class);
    // With a key the engine finds out by itself what became of a call whose connection broke.
    exchange.may_find_broken = context.operation->idempotency == definition::Idempotency::key;
    exchange.may_connect = [this, &call](const NetworkAddress& address) {
      return egress_.may_connect(call.route, address);
    };
    return exchange;
  }

  // --- On the client's thread

  void begin_here(Begun begun) {
    auto errand = std::make_shared<HttpErrand>(HttpErrand{std::move(begun), {}});
    ++under_way_;
    try {
      Result<HttpCall> call = prepare(errand->effect(), errand->begun.context);
      if (!call) return finish(*errand, refused_before_sending(call.error(), errand->effect(), errand->begun.context));
      errand->call = *std::move(call);
      if (!errand->call.is_plain())
        return finish(*errand,
                      Outcome::failed_with(standard_error("runtime", "it was begun as plain HTTP, and is not")));
      HttpExchangeRequest exchange = exchange_of(errand->call, errand->effect(), errand->begun.context);
      plain_.begin(std::move(exchange), errand->call.route.url, errand->call.pool(), errand->begun.context.stop,
                   [this, errand](HttpExchangeResult result) { conclude(*errand, std::move(result)); });
    } catch (const std::exception& exception) {
      finish(*errand, Outcome::ambiguous_with(standard_error("runtime", exception.what())));
    }
  }

  void conclude(HttpErrand& errand, HttpExchangeResult result) {
    finish(errand, outcome_of(errand.call.request, std::move(result), errand.effect(), errand.begun.context));
  }

  // Outcomes that come together are handed over together, because the engine writes to the disk once for all that it
  // gets: while others are under way, one waits for them a little.
  void finish(HttpErrand& errand, Outcome outcome) {
    if (errand.begun.errand == nullptr) return;  // it was already
    --under_way_;
    if (finished_.empty()) first_finished_ = std::chrono::steady_clock::now();
    if (finished_.empty() || under_way_ == 0) plain_.before_waiting([this] { hand_over(); });
    auto same = std::find_if(finished_.begin(), finished_.end(),
                             [&](const auto& entry) { return entry.first == errand.begun.receiver; });
    if (same == finished_.end())
      same = finished_.emplace(finished_.end(), errand.begun.receiver, std::vector<Finished>());
    same->second.push_back({std::move(errand.begun.errand), std::move(outcome)});
  }

  void hand_over() {
    if (finished_.empty()) return;
    if (under_way_ > 0 && std::chrono::steady_clock::now() - first_finished_ < outcome_waits) {
      if (std::exchange(hands_over_later_, true)) return;
      plain_.later(outcome_waits, [this] {
        hands_over_later_ = false;
        hand_over();
      });
      return;
    }
    for (auto& [receiver, outcomes] : std::exchange(finished_, {})) receiver->take(std::move(outcomes));
  }

  const HttpOptions options_;
  const Egress egress_;
  HttpClient client_;  // for https
  // --- Of the client's thread
  std::size_t under_way_ = 0;
  bool hands_over_later_ = false;
  std::chrono::steady_clock::time_point first_finished_{};
  std::vector<std::pair<std::shared_ptr<OutcomeReceiver>, std::vector<Finished>>> finished_;
  PlainHttp plain_;  // its thread ends first
};

}  // namespace

std::shared_ptr<Driver> make_http_driver(HttpOptions options) {
  return std::make_shared<HttpDriver>(std::move(options));
}

}  // namespace gantry::tool
