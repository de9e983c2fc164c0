// What an HTTP exchange says about an effect: done, certainly not done, or unknown. The table is in
// docs/reference/http.md.
#pragma once

#include "tool/driver.h"
#include "tool/http_exchange.h"
#include "tool/http_request.h"

namespace gantry::tool {

// For a tool's operation the result is the content; for the standard's call it is
// {request: {method, uri, headers}, statusCode, headers, content} or with `raw` (base 64) instead of `content`.
Outcome outcome_of(const HttpRequest& request, HttpExchangeResult exchange, const Effect& effect,
                   const CallContext& context);

// An outcome for what was refused before anything was sent.
Outcome refused_before_sending(const Error& error, const Effect& effect, const CallContext& context);

}  // namespace gantry::tool
