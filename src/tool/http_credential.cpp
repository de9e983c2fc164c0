#include "tool/http_credential.h"

#include <fmt/format.h>

#include "tool/base64.h"
#include "tool/standard_call.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

// What a request may use, and where it would send it.
struct SecretAccess {
  const Secrets& secrets;
  SecretUse use;
};

Result<std::string> secret_of(const SecretAccess& access, const std::string& name) {
  std::string secret = TRY(access.secrets.reveal(name, access.use));
  if (!is_header_value(secret))
    return Error{Code::denied, fmt::format("secret '{}': it is no single line of text", name)};
  return secret;
}

Status set_credential(HttpRequest& request, std::string header, std::string value) {
  if (!is_header_value(value)) return Error{Code::invalid_argument, "the credential is no single line of text"};
  request.credential = {std::move(header), std::move(value)};
  return done();
}

Status set_basic(HttpRequest& request, const std::string& username, const std::string& password) {
  if (username.find(':') != std::string::npos) return Error{Code::invalid_argument, "a user name may have no colon"};
  const std::string encoded = encode_base64(username + ":" + password);
  request.secrets.push_back(encoded);
  return set_credential(request, "Authorization", "Basic " + encoded);
}

// `$secrets.NAME` in a workflow yields {"$secret": NAME}, so that the secret itself is never part of an effect.
const Value* referenced_secret(const Value& value) {
  const Value* name = value.is_object() && value.size() == 1 ? value.find("$secret") : nullptr;
  return name != nullptr && name->is_string() ? name : nullptr;
}

Result<std::string> credential_field(const Value& value, std::string_view scheme, std::string_view key,
                                     HttpRequest& request, const SecretAccess& access) {
  const Value* found = value.find(key);
  if (const Value* name = found == nullptr ? nullptr : referenced_secret(*found)) {
    std::string secret = TRY(secret_of(access, std::string(name->as_string())));
    if (key != "username") request.secrets.push_back(secret);
    return secret;
  }
  if (found == nullptr || !found->is_string()) {
    return Error{Code::invalid_argument, fmt::format("/endpoint/authentication/{}/{}: expected text", scheme, key)};
  }
  return std::string(found->as_string());
}

// {use: NAME}: the secret holds a JSON object with the fields, or for bearer the token itself.
Result<Value> resolved(const Value& scheme_value, HttpRequest& request, const SecretAccess& access) {
  const Value* reference = referenced_secret(scheme_value);
  const Value* use = reference != nullptr ? reference : scheme_value.find("use");
  if (use == nullptr) return scheme_value;
  if (!use->is_string())
    return Error{Code::invalid_argument, "/endpoint/authentication: use: expected a secret's name"};
  const std::string name(use->as_string());
  const std::string secret = TRY(secret_of(access, name));
  request.secrets.push_back(secret);
  const Result<Value> parsed = parse_json(secret);
  if (!parsed || !parsed->is_object()) return Value::object({{"token", secret}});
  for (const Member& member : parsed->members()) {
    if (member.value.is_string() && member.key.view() != "username")
      request.secrets.emplace_back(member.value.as_string());
  }
  return *parsed;
}

}  // namespace

Status add_credential(HttpRequest& request, const HttpAuthentication& authentication, std::string_view tool,
                      const Secrets& secrets) {
  if (authentication.kind == HttpAuthentication::Kind::none) return done();
  const std::string secret = TRY(secret_of({secrets, {.tool = tool, .host = request.url.host}}, authentication.secret));
  request.secrets.push_back(secret);
  switch (authentication.kind) {
    case HttpAuthentication::Kind::bearer:
      return set_credential(request, "Authorization", "Bearer " + secret);
    case HttpAuthentication::Kind::basic:
      return set_basic(request, authentication.username, secret);
    case HttpAuthentication::Kind::header:
      return set_credential(request, authentication.header, secret);
    case HttpAuthentication::Kind::none:
      break;
  }
  return done();
}

Status add_standard_credential(HttpRequest& request, const Value& endpoint, const Secrets& secrets) {
  // Which secret is sent may be said by the author only, not by data that came from outside: with none at hand, a
  // reference in such data finds nothing. Where data from outside chose the host, only a secret that is bound to this
  // host is sent.
  const auto from_outside = [](const Value& value) {
    return value.deep_label().content().integrity > Integrity::internal;
  };
  const Value authentication = endpoint.member("authentication");
  const Secrets none;
  const SecretAccess access{from_outside(authentication) ? none : secrets,
                            {.tool = standard_http_tool,
                             .host = request.url.host,
                             .host_from_outside = from_outside(endpoint.member("uri"))}};
  if (const Value* basic = authentication.find("basic"); basic != nullptr && authentication.size() == 1) {
    const Value fields = TRY(resolved(*basic, request, access));
    const std::string username = TRY(credential_field(fields, "basic", "username", request, access));
    const std::string password = TRY(credential_field(fields, "basic", "password", request, access));
    return set_basic(request, username, password);
  }
  if (const Value* bearer = authentication.find("bearer"); bearer != nullptr && authentication.size() == 1) {
    const Value fields = TRY(resolved(*bearer, request, access));
    return set_credential(request, "Authorization",
                          "Bearer " + TRY(credential_field(fields, "bearer", "token", request, access)));
  }
  return Error{Code::conflict, "/endpoint/authentication: expected basic or bearer; other schemes are not supported"};
}

}  // namespace gantry::tool
