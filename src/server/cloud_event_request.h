// The CloudEvents in an HTTP request, by the HTTP protocol binding of CloudEvents 1.0.
#pragma once

#include <vector>

#include "server/http_server.h"
#include "value/value.h"

namespace gantry::server {

// Structured mode (application/cloudevents+json; also application/json and no content type at all), batched mode
// (application/cloudevents-batch+json, or an array in application/json) and binary mode (any other content type, with
// the attributes in headers ce-*). In binary mode JSON becomes `data`, text a text, everything else `data_base64`.
// Whether they are valid CloudEvents is for the engine to say. Errors: invalid_argument.
Result<std::vector<Value>> cloud_events_of(const Request& request);

}  // namespace gantry::server
