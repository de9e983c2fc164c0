#include "definition/openapi.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "definition/openapi_parameter.h"
#include "definition/reader.h"
#include "definition/uri_template.h"
#include "value/json.h"
#include "value/pointer.h"
#include "value/yaml.h"

namespace gantry::definition {
namespace {

using In = OpenApiParameter::In;

constexpr int references_max = 16;
constexpr std::size_t parameters_max = 500, operations_max = 50'000, media_types_max = 100;
constexpr std::array<std::string_view, 7> methods = {"get", "put", "post", "delete", "options", "head", "patch"};

Error document_problem(std::string message) {
  return {Code::conflict, std::move(message)};
}

bool is_swagger_document(const Value& document) {
  const Value version = document.member("swagger");
  return (version.is_string() && version.as_string() == "2.0") || (version.is_number() && version.as_number() == 2.0);
}

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

// The value, or what its `$ref` stands for.
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

struct OperationPlace {
  std::string path, method;
  Value item, operation;
};

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
    for (std::string_view method : methods) {
      const Value* operation = item->find(method);
      if (operation == nullptr || !operation->is_object()) continue;
      if (++count > operations_max) return false;
      if (!visit(OperationPlace{std::string(path.key.view()), std::string(method), *item, *operation})) return true;
    }
  }
  return true;
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

// The parameters of the operation and those of its path that it does not have itself.
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

// --- The request

// The media type to send or to ask for: JSON where there is one.
std::string preferred_type(const std::vector<std::string>& types) {
  for (const std::string& type : types)
    if (is_json_media_type(media_type_of(type))) return media_type_of(type);
  for (const std::string& type : types)
    if (media_type_of(type) == "application/x-www-form-urlencoded") return media_type_of(type);
  return types.empty() ? "" : media_type_of(types.front());
}

std::vector<std::string> keys_of(const Value& object) {
  std::vector<std::string> keys;
  if (!object.is_object()) return keys;
  for (const Member& member : object.members())
    if (keys.size() < media_types_max) keys.emplace_back(member.key.view());
  return keys;
}

std::vector<std::string> swagger_types(const Value& document, const Value& operation, std::string_view key) {
  std::vector<std::string> types;
  const Value own = operation.member(key);
  const Value list = own.is_array() ? own : document.member(key);
  if (!list.is_array()) return types;
  for (const Value& item : list.items())
    if (item.is_string() && types.size() < media_types_max) types.emplace_back(item.as_string());
  return types;
}

class RequestBuilder {
 public:
  RequestBuilder(const Value& document, OperationPlace place, const Value& parameters)
      : document_(document),
        place_(std::move(place)),
        given_(parameters),
        swagger_(is_swagger_document(document)),
        label_(join(document.deep_label(), parameters.label())) {}

  Result<Value> build(std::string_view document_uri) {
    std::string server = TRY(swagger_ ? swagger_server(document_, place_, document_uri)
                                      : openapi_server(document_, place_, document_uri));
    while (!server.empty() && server.back() == '/') server.pop_back();
    path_ = place_.path;
    if (path_.rfind("/", 0) != 0) return document_problem(fmt::format("the path '{}' does not start with /", path_));
    const std::vector<OpenApiParameter> parameters = TRY(parameters_of(document_, place_));
    for (const OpenApiParameter& parameter : parameters) TRY(add(parameter));
    TRY(add_body(parameters));
    if (path_.find_first_of("{}?#") != std::string::npos)
      return document_problem(fmt::format("the path '{}' has a placeholder without a parameter", place_.path));
    add_accept();
    std::string uri = server + path_;
    for (const std::string& pair : query_) uri += (uri.find('?') == std::string::npos ? "?" : "&") + pair;
    std::vector<Member> request = {{Text("method"), Value(place_.method).labelled(label_)},
                                   {Text("endpoint"), Value(uri).labelled(label_)}};
    if (!cookies_.empty()) set_header("Cookie", fmt::format("{}", fmt::join(cookies_, "; ")), label_);
    if (!headers_.empty()) request.push_back({Text("headers"), Value::object(std::move(headers_))});
    if (body_) request.push_back({Text("body"), *std::move(body_)});
    return Value::object(std::move(request));
  }

 private:
  void set_header(std::string_view name, std::string_view text, Label label) {
    headers_.push_back({Text(name), Value(text).labelled(label)});
  }

  bool has_header(std::string_view name) const {
    return std::any_of(headers_.begin(), headers_.end(), [&](const Member& member) {
      return media_type_of(member.key.view()) == media_type_of(name);  // lower case
    });
  }

  // Null when it is not given.
  Value take(const std::string& name) {
    taken_.insert(name);
    return given_.is_object() ? given_.member(name) : Value();
  }

  Status add(const OpenApiParameter& parameter) {
    if (parameter.in == In::body) return done();
    // OpenAPI 3: "If in is header and the name is Accept, Content-Type or Authorization, it shall be ignored".
    const std::string lower = media_type_of(parameter.name);
    if (!swagger_ && parameter.in == In::header &&
        (lower == "accept" || lower == "content-type" || lower == "authorization"))
      return done();
    const Value value = take(parameter.name);
    if (value.is_null()) {
      if (!parameter.required) return done();
      return Error{Code::invalid_argument, fmt::format("the parameter '{}' is missing", parameter.name)};
    }
    switch (parameter.in) {
      case In::path:
        return fill_path(parameter, value);
      case In::query:
      case In::form: {
        auto& pairs = parameter.in == In::query ? query_ : form_;
        Label& label = parameter.in == In::query ? label_ : form_label_;
        label = join(label, value.deep_label());
        for (std::string& pair : TRY(openapi_pairs(parameter, value))) pairs.push_back(std::move(pair));
        return done();
      }
      case In::header: {
        const std::string text = TRY(openapi_text(parameter, value));
        set_header(parameter.name, text, join(label_, value.deep_label()));
        return done();
      }
      case In::cookie:
        label_ = join(label_, value.deep_label());
        cookies_.push_back(fmt::format("{}={}", percent_encoded(parameter.name), TRY(openapi_text(parameter, value))));
        return done();
      case In::body:
        return done();
    }
    return done();
  }

  Status fill_path(const OpenApiParameter& parameter, const Value& value) {
    const std::string text = TRY(openapi_text(parameter, value));
    // "" and dots would turn the path into that of another resource.
    if (text.empty() || text == "." || text == "..")
      return Error{Code::invalid_argument,
                   fmt::format("parameter '{}': it may not be empty, \".\" or \"..\" in a path", parameter.name)};
    label_ = join(label_, value.deep_label());
    const std::string placeholder = "{" + parameter.name + "}";
    for (std::size_t at = path_.find(placeholder); at != std::string::npos;
         at = path_.find(placeholder, at + text.size()))
      path_.replace(at, placeholder.size(), text);
    return done();
  }

  // `body` is the whole body; else what is no parameter becomes the members of the body.
  Result<std::optional<Value>> given_body(const std::vector<OpenApiParameter>& parameters, bool takes_body) {
    std::vector<Member> rest;
    if (given_.is_object())
      for (const Member& member : given_.members())
        if (taken_.count(std::string(member.key.view())) == 0)
          rest.push_back({member.key, member.value.labelled(given_.label())});
    if (rest.empty()) return std::optional<Value>();
    if (takes_body && rest.size() == 1 && rest[0].key.view() == "body") return std::optional(rest[0].value);
    if (takes_body &&
        std::none_of(rest.begin(), rest.end(), [](const Member& each) { return each.key.view() == "body"; }))
      return std::optional(Value::object(std::move(rest)));
    std::vector<std::string_view> names;
    for (const OpenApiParameter& parameter : parameters) names.push_back(parameter.name);
    const bool beside_body = takes_body && rest[0].key.view() == "body";
    return Error{Code::invalid_argument,
                 fmt::format("the operation has no parameter '{}'{}", rest[beside_body ? 1 : 0].key.view(),
                             suggestion(rest[beside_body ? 1 : 0].key.view(), names))};
  }

  Status add_body(const std::vector<OpenApiParameter>& parameters) {
    if (swagger_) return add_swagger_body(parameters);
    const Value described = TRY(resolved(document_, place_.operation.member("requestBody")));
    const bool takes_body = described.is_object();
    const std::optional<Value> body = TRY(given_body(parameters, takes_body));
    if (!takes_body) return done();
    if (!body || body->is_null()) {
      if (!described.boolean_or("required", false)) return done();
      return Error{Code::invalid_argument, "the body is missing: give `body`, or its members beside the parameters"};
    }
    return set_body(*body, preferred_type(keys_of(described.member("content"))));
  }

  Status add_swagger_body(const std::vector<OpenApiParameter>& parameters) {
    const auto declared = std::find_if(parameters.begin(), parameters.end(),
                                       [](const OpenApiParameter& each) { return each.in == In::body; });
    const bool has_form = std::any_of(parameters.begin(), parameters.end(),
                                      [](const OpenApiParameter& each) { return each.in == In::form; });
    const std::vector<std::string> types = swagger_types(document_, place_.operation, "consumes");
    if (has_form) {
      TRY(given_body(parameters, false));
      if (!form_.empty()) set_text_body(fmt::format("{}", fmt::join(form_, "&")), "application/x-www-form-urlencoded");
      const bool only_multipart = std::all_of(types.begin(), types.end(), [](const std::string& type) {
        return media_type_of(type) == "multipart/form-data";
      });
      if (types.empty() || !only_multipart || form_.empty()) return done();
      return document_problem("a body of type multipart/form-data is not supported");
    }
    std::optional<Value> body;
    const bool by_name = declared != parameters.end() && given_.is_object() && given_.find(declared->name) != nullptr;
    if (by_name) body = take(declared->name);
    const std::optional<Value> rest = TRY(given_body(parameters, declared != parameters.end() && !by_name));
    if (rest) body = rest;
    if (declared == parameters.end()) return done();
    if (!body || body->is_null()) {
      if (!declared->required) return done();
      return Error{Code::invalid_argument, fmt::format("the parameter '{}', the body, is missing", declared->name)};
    }
    return set_body(*body, types.empty() ? "application/json" : preferred_type(types));
  }

  void set_text_body(std::string_view text, std::string_view type) {
    body_ = Value(text).labelled(form_label_);
    if (!has_header("Content-Type")) set_header("Content-Type", type, document_.label());
  }

  Status set_body(const Value& body, const std::string& type) {
    form_label_ = join(form_label_, body.deep_label());
    if (is_json_media_type(type)) {
      const std::string sent = type.find('*') == std::string::npos ? type : "application/json";
      if (body.is_string() || sent != "application/json") {
        set_text_body(print_json(body), sent);
      } else {
        body_ = body;  // as it is, for whoever approves it; the driver writes it as JSON
      }
      return done();
    }
    if (type == "application/x-www-form-urlencoded" && body.is_object()) {
      OpenApiParameter field;
      field.in = In::form;
      field.explode = true;
      std::vector<std::string> pairs;
      for (const Member& member : body.members()) {
        if (member.value.is_null()) continue;
        field.name = member.key.view();
        for (std::string& pair : TRY(openapi_pairs(field, member.value))) pairs.push_back(std::move(pair));
      }
      set_text_body(fmt::format("{}", fmt::join(pairs, "&")), type);
      return done();
    }
    if (!body.is_string() || type.empty() || type.rfind("multipart/", 0) == 0)
      return document_problem(fmt::format("a body of type '{}' made of {} {} is not supported", type,
                                          body.is_object() || body.is_array() ? "an" : "a", body.kind_name()));
    set_text_body(body.as_string(), type);
    return done();
  }

  void add_accept() {
    std::vector<std::string> types;
    if (swagger_) {
      types = swagger_types(document_, place_.operation, "produces");
    } else if (const Value responses = place_.operation.member("responses"); responses.is_object()) {
      for (const Member& response : responses.members()) {
        const bool success = response.key.view().substr(0, 1) == "2" || response.key.view() == "default";
        const auto described = resolved(document_, response.value);
        if (!success || !described || types.size() > media_types_max) continue;
        for (std::string& type : keys_of(described->member("content"))) types.push_back(std::move(type));
      }
    }
    const std::string type = preferred_type(types);
    if (!type.empty() && !has_header("Accept")) set_header("Accept", type, document_.label());
  }

  const Value& document_;
  const OperationPlace place_;
  const Value& given_;
  const bool swagger_;
  Label label_;       // of method, URI and cookies
  Label form_label_;  // of a body that is text
  std::string path_;
  std::vector<std::string> query_, form_, cookies_;
  std::vector<Member> headers_;
  std::optional<Value> body_;
  std::set<std::string> taken_;
};

}  // namespace

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

Result<Value> openapi_request(const Value& document, std::string_view document_uri, std::string_view operation_id,
                              const Value& parameters) {
  if (!parameters.is_object() && !parameters.is_null())
    return Error{Code::invalid_argument,
                 fmt::format("parameters: expected an object, found {}", describe_found(parameters))};
  OperationPlace place = TRY(find_operation_by_id(document, operation_id));
  return RequestBuilder(document, std::move(place), parameters).build(document_uri);
}

}  // namespace gantry::definition
