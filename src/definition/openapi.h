// `call: openapi`: from an OpenAPI 3.x or Swagger 2.0 document to the exact HTTP request of one of its operations.
// Pure.
//
// The document usually comes from outside, so nothing in it is believed: `$ref` is followed inside the document only
// and at most 16 times in a row, counts are bounded, and what the request does is the gate's and the driver's affair.
// Rules and what is left out: docs/reference/openapi.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace gantry::definition {

// The document as it came in an answer or a file: an object as it is, text as JSON or YAML.
// Errors: conflict when it is no document of a supported version.
Result<Value> read_openapi_document(const Value& content);

// The arguments of `call: http`: {method, endpoint, headers?, body?}. `document` is of read_openapi_document;
// `document_uri` is where it came from, the base of relative server addresses; empty for a file of the project.
// `parameters` is an object or null. The labels of what a part is made of are on that part.
// Errors: invalid_argument when the parameters don't fit the operation; conflict when the document has no such
// operation or asks for something that is not supported. Messages may quote the document and the parameters' names.
Result<Value> openapi_request(const Value& document, std::string_view document_uri, std::string_view operation_id,
                              const Value& parameters);

// The ids of all operations, in the order of the document.
std::vector<std::string> openapi_operation_ids(const Value& document);

}  // namespace gantry::definition
