// From an operation of an OpenAPI document and the parameters given to the request that calls it.
#include "definition/openapi.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "definition/openapi_document.h"
#include "definition/reader.h"
#include "definition/uri_template.h"
#include "value/json.h"

namespace gantry::definition {
namespace {

using In = OpenApiParameter::In;

constexpr std::size_t media_types_max = 100;

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
    std::string server = TRY(server_of(document_, place_, document_uri));
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

Result<Value> openapi_request(const Value& document, std::string_view document_uri, std::string_view operation_id,
                              const Value& parameters) {
  if (!parameters.is_object() && !parameters.is_null())
    return Error{Code::invalid_argument,
                 fmt::format("parameters: expected an object, found {}", describe_found(parameters))};
  OperationPlace place = TRY(find_operation_by_id(document, operation_id));
  return RequestBuilder(document, std::move(place), parameters).build(document_uri);
}

}  // namespace gantry::definition
