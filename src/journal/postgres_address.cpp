#include "journal/postgres_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "journal/partition.h"
#include "journal/postgres_library.h"
#include "journal/store.h"

namespace gantry::journal {
namespace {

constexpr std::array allowed_parameters = {
    "host",        "hostaddr", "port",    "dbname",          "user",
    "password",    "passfile", "sslmode", "sslcert",         "sslkey",
    "sslrootcert", "sslcrl",   "service", "connect_timeout", "target_session_attrs"};
constexpr std::size_t name_bytes_max = 40;  // room for what is made from it; PostgreSQL's limit is 63
constexpr std::size_t shared_name_bytes_max = 32;  // of a schema with partitions: theirs are made from it

Error wrong_url(const std::string& what) {
  return {Code::invalid_argument, what + "; expected postgres://USER@HOST/DATABASE?schema=NAME"};
}

// Takes "NAME=..." out of the query, which libpq would refuse; nothing where it is not there.
std::optional<std::string> take_parameter(std::string& url, std::string_view name) {
  const std::size_t query = url.find('?');
  if (query == std::string::npos) return std::nullopt;
  const std::string key = std::string(name) + "=";
  for (std::size_t at = query + 1; at < url.size();) {
    const std::size_t end = std::min(url.find('&', at), url.size());
    if (url.compare(at, key.size(), key) == 0) {
      std::string value = url.substr(at + key.size(), end - at - key.size());
      url.erase(at, std::min(end + 1, url.size()) - at);
      while (!url.empty() && (url.back() == '&' || url.back() == '?')) url.pop_back();
      return value;
    }
    at = end + 1;
  }
  return std::nullopt;
}

std::optional<std::size_t> read_number(const std::string& text) {
  std::size_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number >= partitions_max) return std::nullopt;
  return number;
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
  if (const auto schema = take_parameter(rest, "schema")) {
    if (!is_name(*schema))
      return wrong_url("the store's schema must be lower-case letters, digits and _, at most 40, not pg_...");
    address.base_schema_ = address.schema_ = *schema;
  }
  if (const auto partition = take_parameter(rest, "partition")) {
    address.partition_ = read_number(*partition);
    if (!address.partition_)
      return wrong_url(fmt::format("the store's partition is a number from 0 to {}", partitions_max - 1));
    if (address.schema_.size() > shared_name_bytes_max)
      return wrong_url(fmt::format("the schema of a journal with partitions has at most {} letters", shared_name_bytes_max));
    if (*address.partition_ > 0) address.schema_ += fmt::format("_p{}", *address.partition_);
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
                  port.empty() ? "" : ":" + port, value_of("dbname"), is_socket ? "host=" + host + "&" : "",
                  partition_ ? fmt::format("{}&partition={}", base_schema_, *partition_) : schema_);
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
