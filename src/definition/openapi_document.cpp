// What an OpenAPI document says: its operations, their parameters, and where the server is.
#include "definition/openapi_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "definition/openapi.h"
#include "definition/reader.h"
#include "value/pointer.h"
#include "value/yaml.h"

namespace gantry::definition {
namespace {

constexpr int references_max = 16;
constexpr std::size_t parameters_max = 500, operations_max = 50'000;
constexpr std::array<std::string_view, 7> openapi_methods = {"get",     "put",  "post", "delete",
                                                             "options", "head", "patch"};

std::string decoded_fragment(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '%' && at + 2 < text.size() && digit(text[at + 1]) >= 0 && digit(text[at + 2]) >= 0;
    result += escape ? static_cast<char>(digit(text[at + 1]) * 16 + digit(text[at + 2])) : text[at];
    if (escape) at += 2;
  }
  return result;
}

// Calls `visit` for each operation until it answers false; false also when there are too many. Path items that can't
// be resolved are left out.
template <class Visit>
bool visit_operations(const Value& document, const Visit& visit) {
  const Value* paths = document.find("paths");
  if (paths == nullptr || !paths->is_object()) return true;
  std::size_t count = 0;
  for (const Member& path : paths->members()) {
    const auto item = resolved(document, path.value);
    if (!item || !item->is_object()) continue;
    for (std::string_view method : openapi_methods) {
      const Value* operation = item->find(method);
      if (operation == nullptr || !operation->is_object()) continue;
      if (++count > operations_max) return false;
      if (!visit(OperationPlace{std::string(path.key.view()), std::string(method), *item, *operation})) return true;
    }
  }
  return true;
}

// --- The server

struct Origin {
  std::string scheme, authority, path;  // path up to the last '/'
};
Origin origin_of(std::string_view uri) {
  const std::size_t colon = uri.find("://");
  if (colon == std::string_view::npos) return {};
  std::string_view rest = uri.substr(colon + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  const std::size_t slash = rest.find('/');
  std::string path(slash == std::string_view::npos ? "/" : rest.substr(slash));
  return {std::string(uri.substr(0, colon)), std::string(rest.substr(0, slash)), path.substr(0, path.rfind('/') + 1)};
}

bool is_web_address(std::string_view uri) {
  return uri.rfind("https://", 0) == 0 || uri.rfind("http://", 0) == 0;
}

// As RFC 3986 5.2 has it, for what servers are: an absolute address, a path from the root, or one beside the document.
Result<std::string> absolute_server(std::string_view url, std::string_view document_uri) {
  if (url.find_first_of("?#") != std::string_view::npos)
    return document_problem(fmt::format("the server '{}' has a query or a fragment", url));
  if (is_web_address(url)) return std::string(url);
  const Origin base = origin_of(document_uri);
  if (base.authority.empty() || url.find(':') != std::string_view::npos)
    return document_problem(fmt::format("the server '{}' is no http or https address", url));
  if (url.rfind("//", 0) == 0) return fmt::format("{}:{}", base.scheme, url);
  while (url.rfind("./", 0) == 0) url.remove_prefix(2);
  if (url == ".") url = "";
  if (fmt::format("/{}/", url).find("/../") != std::string::npos)
    return document_problem(fmt::format("the server '{}' leads upwards", url));
  const std::string_view lead = url.rfind("/", 0) == 0 ? std::string_view() : std::string_view(base.path);
  return fmt::format("{}://{}{}{}", base.scheme, base.authority, lead, url);
}

Result<std::string> openapi_server(const Value& document, const OperationPlace& place, std::string_view document_uri) {
  for (const Value& owner : {place.operation, place.item, document}) {
    const Value servers = owner.member("servers");
    if (!servers.is_array() || servers.size() == 0) continue;
    const Value server = servers.item(0);
    std::string_view rest = server.is_object() ? server.string_or("url", "") : "";
    std::string url;
    for (std::size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
      const std::size_t close = rest.find('}', open);
      const std::string_view name = rest.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
      const Value variable = server.member("variables").member(name);
      const Value text = variable.member("default");
      if (close == std::string_view::npos || !text.is_string())
        return document_problem(fmt::format("the variable '{}' of the first server has no default", name));
      url += fmt::format("{}{}", rest.substr(0, open), text.as_string());
      rest.remove_prefix(close + 1);
    }
    return absolute_server(url + std::string(rest), document_uri);
  }
  return absolute_server("/", document_uri);
}

Result<std::string> swagger_server(const Value& document, const OperationPlace& place, std::string_view document_uri) {
  const Origin base = origin_of(document_uri);
  std::string scheme = base.scheme.empty() ? "https" : base.scheme;
  for (const Value& owner : {place.operation, document}) {
    const Value schemes = owner.member("schemes");
    if (!schemes.is_array() || schemes.size() == 0) continue;
    scheme.clear();
    for (const Value& each : schemes.items()) {
      const std::string_view name = each.is_string() ? each.as_string() : "";
      if (name == "https" || (name == "http" && scheme.empty())) scheme = name;
    }
    if (scheme.empty()) return document_problem("the operation has neither the scheme https nor http");
    break;
  }
  const std::string host(document.string_or("host", base.authority));
  if (host.empty() || host.find_first_of("/?#@{ ") != std::string::npos)
    return document_problem(fmt::format("'host' is no host: '{}'", host));
  const std::string path(document.string_or("basePath", "/"));
  return absolute_server(fmt::format("{}://{}{}{}", scheme, host, path.rfind("/", 0) == 0 ? "" : "/", path), "");
}

}  // namespace

bool is_swagger_document(const Value& document) {
  const Value version = document.member("swagger");
  return (version.is_string() && version.as_string() == "2.0") || (version.is_number() && version.as_number() == 2.0);
}

Result<Value> resolved(const Value& document, Value value) {
  for (int count = 0; value.is_object() && value.find("$ref") != nullptr; ++count) {
    const std::string reference(value.string_or("$ref", ""));
    if (reference.rfind("#/", 0) != 0)
      return document_problem(fmt::format("only references inside the document are followed, not '{}'", reference));
    if (count >= references_max)
      return document_problem(fmt::format("more than {} references lead to '{}'", references_max, reference));
    auto found = at_pointer(document, decoded_fragment(std::string_view(reference).substr(1)));
    if (!found) return document_problem(fmt::format("the reference '{}' leads nowhere", reference));
    value = *std::move(found);
  }
  return value;
}

Result<OperationPlace> find_operation_by_id(const Value& document, std::string_view id) {
  std::optional<OperationPlace> found;
  bool twice = false;
  const bool complete = visit_operations(document, [&](OperationPlace place) {
    if (place.operation.string_or("operationId", "") != id) return true;
    twice = found.has_value();
    found = std::move(place);
    return !twice;
  });
  if (!complete) return document_problem(fmt::format("the document has more than {} operations", operations_max));
  if (twice) return document_problem(fmt::format("the document has two operations '{}'", id));
  if (found) return *std::move(found);
  const std::vector<std::string> ids = openapi_operation_ids(document);
  const std::vector<std::string_view> names(ids.begin(), ids.end());
  return document_problem(fmt::format("the document has no operation '{}'{}", id, suggestion(id, names)));
}

Result<std::vector<OpenApiParameter>> parameters_of(const Value& document, const OperationPlace& place) {
  std::vector<OpenApiParameter> parameters;
  for (const Value& list : {place.operation.member("parameters"), place.item.member("parameters")}) {
    if (!list.is_array()) continue;
    for (const Value& item : list.items()) {
      const Value described = TRY(resolved(document, item));
      OpenApiParameter parameter = TRY(read_openapi_parameter(described, is_swagger_document(document)));
      const bool known = std::any_of(parameters.begin(), parameters.end(), [&](const OpenApiParameter& each) {
        return each.name == parameter.name && each.in == parameter.in;
      });
      if (known) continue;
      if (parameters.size() >= parameters_max)
        return document_problem(fmt::format("the operation has more than {} parameters", parameters_max));
      parameters.push_back(std::move(parameter));
    }
  }
  return parameters;
}

Result<std::string> server_of(const Value& document, const OperationPlace& place, std::string_view document_uri) {
  return is_swagger_document(document) ? swagger_server(document, place, document_uri)
                                       : openapi_server(document, place, document_uri);
}

Result<Value> read_openapi_document(const Value& content) {
  Value document = content;
  if (content.is_string()) {
    auto parsed = parse_yaml(content.as_string());
    if (const auto* error = std::get_if<YamlError>(&parsed))
      return document_problem(
          fmt::format("the document is neither JSON nor YAML: line {}: {}", error->place.line, error->message));
    document = std::get<YamlDocument>(std::move(parsed)).root.labelled(content.label());
  }
  if (!document.is_object())
    return document_problem(fmt::format("expected an OpenAPI document, found {}", describe_found(document)));
  if (is_swagger_document(document) || document.string_or("openapi", "").substr(0, 2) == "3.") return document;
  return document_problem("expected an OpenAPI document with 'openapi: 3.x' or 'swagger: \"2.0\"'");
}

std::vector<std::string> openapi_operation_ids(const Value& document) {
  std::vector<std::string> ids;
  visit_operations(document, [&](const OperationPlace& place) {
    const std::string_view id = place.operation.string_or("operationId", "");
    if (!id.empty()) ids.emplace_back(id);
    return true;
  });
  return ids;
}

}  // namespace gantry::definition
