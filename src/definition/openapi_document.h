// What an OpenAPI 3.x or Swagger 2.0 document says. For openapi.cpp only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "definition/openapi_parameter.h"

namespace gantry::definition {

inline Error document_problem(std::string message) {
  return {Code::conflict, std::move(message)};
}

bool is_swagger_document(const Value& document);

// The value, or what its `$ref` stands for. Errors: conflict.
Result<Value> resolved(const Value& document, Value value);

struct OperationPlace {
  std::string path, method;
  Value item, operation;
};
// Errors: conflict when there is none or more than one.
Result<OperationPlace> find_operation_by_id(const Value& document, std::string_view id);

// The parameters of the operation and those of its path that it does not have itself.
Result<std::vector<OpenApiParameter>> parameters_of(const Value& document, const OperationPlace& place);

// An http or https address, maybe with a '/' at its end. `document_uri` is the base of relative ones; may be empty.
Result<std::string> server_of(const Value& document, const OperationPlace& place, std::string_view document_uri);

}  // namespace gantry::definition
