#include "journal/postgres_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "journal/postgres_library.h"
#include "journal/store.h"

namespace gantry::journal {
namespace {

constexpr std::array allowed_parameters = {
    "host",        "hostaddr", "port",    "dbname",          "user",
    "password",    "passfile", "sslmode", "sslcert",         "sslkey",
    "sslrootcert", "sslcrl",   "service", "connect_timeout", "target_session_attrs"};
constexpr std::size_t name_bytes_max = 40;  // room for what is made from it; PostgreSQL's limit is 63

Error wrong_url(const std::string& what) {
  return {Code::invalid_argument, what + "; expected postgres://USER@HOST/DATABASE?schema=NAME"};
}

// Takes "schema=NAME" out of the query, which libpq would refuse.
std::string take_schema(std::string& url) {
  const std::size_t query = url.find('?');
  if (query == std::string::npos) return {};
  for (std::size_t at = query + 1; at < url.size();) {
    const std::size_t end = std::min(url.find('&', at), url.size());
    if (url.compare(at, 7, "schema=") == 0) {
      std::string name = url.substr(at + 7, end - at - 7);
      url.erase(at, std::min(end + 1, url.size()) - at);
      while (!url.empty() && (url.back() == '&' || url.back() == '?')) url.pop_back();
      return name;
    }
    at = end + 1;
  }
  return {};
}

bool is_name(const std::string& name) {
  if (name.empty() || name.size() > name_bytes_max || (name[0] >= '0' && name[0] <= '9') || name.starts_with("pg_"))
    return false;
  return std::all_of(name.begin(), name.end(), [](char letter) {
    return letter == '_' || (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
  });
}

bool is_here(const std::string& host) {
  return host.empty() || host.starts_with('/') || host == "localhost" || host.starts_with("127.") || host == "::1";
}

}  // namespace

bool is_postgres_url(std::string_view url) {
  return url.starts_with("postgres://") || url.starts_with("postgresql://");
}

Status PostgresAddress::take(const std::string& keyword, const std::string& value) {
  if (std::find(allowed_parameters.begin(), allowed_parameters.end(), keyword) == allowed_parameters.end())
    return wrong_url(fmt::format("the store's URL has the parameter '{}', which can't be set there", keyword));
  parameters_.emplace_back(keyword, value);
  return done();
}

Result<PostgresAddress> PostgresAddress::parse(const std::string& url) {
  PostgresAddress address;
  std::string rest = url;
  const std::string schema = take_schema(rest);
  if (url.find("schema=") != std::string::npos && url.find('?') < url.find("schema=")) {
    if (!is_name(schema))
      return wrong_url("the store's schema must be lower-case letters, digits and _, at most 40, not pg_...");
    address.schema_ = schema;
  }
  struct FreeOptions {
    void operator()(PQconninfoOption* options) const { pq().PQconninfoFree(options); }
  };
  char* reason = nullptr;  // quotes the URL, so nobody gets it
  std::unique_ptr<PQconninfoOption, FreeOptions> options(pq().PQconninfoParse(rest.c_str(), &reason));
  pq().PQfreemem(reason);
  if (!options) return wrong_url("the store's URL can't be read");
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) TRY(address.take(option->keyword, option->val));
  address.complete();
  return address;
}

void PostgresAddress::complete() {
  auto value_of = [this](std::string_view keyword) {
    for (const auto& [name, value] : parameters_)
      if (name == keyword) return value;
    return std::string();
  };
  const std::string host = value_of("host"), port = value_of("port"), user = value_of("user");
  if (!is_here(host) && value_of("sslmode").empty()) {
    parameters_.emplace_back("sslmode", "verify-full");
    if (value_of("sslrootcert").empty()) parameters_.emplace_back("sslrootcert", "/etc/ssl/certs/ca-certificates.crt");
  }
  if (value_of("connect_timeout").empty()) parameters_.emplace_back("connect_timeout", "10");
  const bool is_socket = host.starts_with('/');
  location_ =
      fmt::format("postgres://{}{}{}{}/{}?{}schema={}", user, user.empty() ? "" : "@", is_socket ? "" : host,
                  port.empty() ? "" : ":" + port, value_of("dbname"), is_socket ? "host=" + host + "&" : "", schema_);
}

// Also of URLs that are not read: what stands before '@' may hold a password, and so may parameters.
std::string printable_store(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  if (is_postgres_url(url))
    if (auto address = PostgresAddress::parse(url)) return address->location();
  return url.substr(0, scheme + 3) + "...";
}

}  // namespace gantry::journal
