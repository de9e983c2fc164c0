#include <fmt/format.h>
#include <netdb.h>
#include <sys/stat.h>

#include <filesystem>

#include "tool/drivers.h"
#include "tool/http_egress.h"
#include "tool/http_request.h"
#include "tool/sql_database.h"
#include "tool/standard_call.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

bool is_same_file(const std::string& left, const std::string& right) {
  std::error_code ignored;
  return !right.empty() && std::filesystem::equivalent(left, right, ignored);
}

class SqlDriver final : public Driver {
 public:
  explicit SqlDriver(const DriverOptions& options)
      : directory_(options.directory),
        journal_(options.journal),
        secrets_(options.http.secrets),
        egress_(options.http.egress_allow, options.http.egress_any, {}) {}

  std::vector<std::string> check(const definition::Tool& tool) const override { return check_sql_tool(tool); }

  Outcome call(Permit permit, const CallContext& context) override {
    const Effect& effect = permit.effect();
    if (context.tool == nullptr || context.operation == nullptr)
      return Outcome::failed_with(standard_error("configuration", "the sql driver was called without an operation"));
    Result<SqlAnswer> answer = perform(effect, context);
    if (!answer) {
      const char* kind = answer.error().code == Code::denied        ? "authorization"
                         : answer.error().code == Code::unavailable ? "communication"
                         : answer.error().code == Code::conflict    ? "configuration"
                                                                    : "validation";
      return failed({.kind = kind, .status = 0, .text = answer.error().message}, effect, context);
    }
    if (auto* failure = std::get_if<SqlFailure>(&*answer)) return failed(*failure, effect, context);
    return Outcome::done_with(std::get<Value>(*std::move(answer)));
  }

 private:
  Result<SqlAnswer> perform(const Effect& effect, const CallContext& context) const {
    Result<SqlSettings> settings = read_sql_settings(context.tool->settings);
    if (!settings) return Error{Code::conflict, settings.error().message};
    Result<SqlBinding> binding = read_sql_binding(context.operation->binding, settings->dialect);
    if (!binding) return Error{Code::conflict, binding.error().message};
    SqlCall call{.settings = *settings,
                 .binding = *binding,
                 .parameters = TRY(parameters_of(binding->statement, effect.arguments)),
                 .reads = is_read(effect.effect_class),
                 .key = {},
                 .deadline = std::chrono::steady_clock::now() + settings->timeout,
                 .stop = context.stop};
    if (!call.reads && context.operation->idempotency == definition::Idempotency::key) call.key = key_of(effect);
    if (settings->dialect == SqlDialect::postgresql) {
      const PostgresqlAccess access = TRY(access_to(*settings, effect));
      return call_postgresql(call, access);
    }
    const std::string path = (std::filesystem::path(directory_) / settings->database).lexically_normal().string();
    if (is_same_file(path, journal_))
      return Error{Code::denied, "this is the journal's own database, which only the journal writes; use a database of the tool's own"};
    return call_sqlite(call, path);
  }

  static Result<std::vector<Value>> parameters_of(const SqlStatement& statement, const Value& arguments) {
    if (!arguments.is_object() && !arguments.is_null()) return Error{Code::invalid_argument, "the arguments are no object"};
    std::vector<Value> parameters;
    for (const std::string& name : statement.names) {
      const Value* value = arguments.find(name);
      parameters.push_back(value != nullptr ? *value : Value());
      if (value != nullptr && value->is_string() && value->as_string().find('\0') != std::string_view::npos)
        return Error{Code::invalid_argument, fmt::format("argument /{}: the character U+0000 can't be stored", name)};
    }
    if (!arguments.is_object()) return parameters;
    for (const Member& member : arguments.members())
      if (std::find(statement.names.begin(), statement.names.end(), member.key.view()) == statement.names.end())
        return Error{Code::invalid_argument,
                     fmt::format("argument /{}: the statement has no place for it", member.key.view())};
    return parameters;
  }

  static SqlEffectKey key_of(const Effect& effect) {
    const Value of = Value::object({{"tool", effect.tool}, {"operation", effect.operation}, {"arguments", effect.arguments}});
    return {effect.key, sha256(print_canonical(of)).hex()};
  }

  // The server's addresses, each checked, and the password for it.
  Result<PostgresqlAccess> access_to(const SqlSettings& settings, const Effect& effect) const {
    PostgresqlAccess access;
    const bool is_socket = settings.host.starts_with('/');
    if (!is_socket) access.addresses = TRY(addresses_of(settings));
    if (!settings.password_secret.empty())
      access.password = TRY(secrets_.reveal(settings.password_secret, {.tool = effect.tool, .host = settings.host}));
    return access;
  }

  Result<std::vector<std::string>> addresses_of(const SqlSettings& settings) const {
    HttpUrl url{.scheme = "postgresql", .host = settings.host, .port = settings.port, .text = {}};
    const Egress::Route route = TRY(egress_.route(url));
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    if (const int code = getaddrinfo(settings.host.c_str(), nullptr, &hints, &found); code != 0)
      return Error{Code::unavailable, fmt::format("{}: {}", settings.host, gai_strerror(code))};
    std::vector<std::string> addresses;
    std::string refused;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      const auto address = address_of(*each->ai_addr);
      if (!address) continue;
      const bool allowed = egress_.may_connect(route, *address);
      (allowed ? addresses.emplace_back() : refused) = format_address(*address);
    }
    freeaddrinfo(found);
    if (addresses.empty())
      return Error{Code::denied, fmt::format("{} leads to {}, which is not a public address: if that is meant, add the "
                                             "address or its range to egress.allow in gantry.yaml",
                                             settings.host, refused)};
    return addresses;
  }

  // Nothing took place in a transaction that was not committed. Of an earlier attempt that says nothing, unless the
  // key shows that there was none.
  static Outcome failed(const SqlFailure& failure, const Effect& effect, const CallContext& context) {
    ErrorDetails error =
        standard_error(failure.kind, fmt::format("{}.{}: {}", effect.tool, effect.operation, failure.text));
    if (failure.status != 0) error.status = failure.status;
    const bool certain = is_read(effect.effect_class) || (!failure.unknown && (context.attempt <= 1 || failure.keyed));
    return certain ? Outcome::failed_with(std::move(error)) : Outcome::ambiguous_with(std::move(error));
  }

  const std::string directory_, journal_;
  const Secrets secrets_;
  const Egress egress_;
};

}  // namespace

std::shared_ptr<Driver> make_sql_driver(const DriverOptions& options) {
  return std::make_shared<SqlDriver>(options);
}

}  // namespace gantry::tool
