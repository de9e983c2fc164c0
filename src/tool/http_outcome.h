// What an HTTP exchange says about an effect: done, certainly not done, or unknown. The table is in
// docs/reference/http.md.
#pragma once

#include "tool/driver.h"
#include "tool/http_exchange.h"
#include "tool/http_request.h"

namespace gantry::tool {

enum class Conclusion {
  refused,      // this request had no effect, and no earlier one with its key had
  not_handled,  // this request had no effect; of an earlier one it says nothing
  unknown,
};
// What a status other than success says.
Conclusion conclusion_of(int status);

// The value of a header of the answer, its name in lower case; empty when there is none.
std::string header_of(const HttpExchangeResult& exchange, std::string_view name);

// Why no whole answer came, for people. `kind` is one of the standard's errors.
struct Unanswered {
  std::string_view kind = "communication";
  std::int64_t status = 502;
  std::string what;
};
Unanswered describe_unanswered(const HttpUrl& url, const HttpExchangeResult& exchange);

// For a tool's operation the result is the content; for the standard's call it is
// {request: {method, uri, headers}, statusCode, headers, content} or with `raw` (base 64) instead of `content`.
Outcome outcome_of(const HttpRequest& request, HttpExchangeResult exchange, const Effect& effect,
                   const CallContext& context);

// An outcome for what was refused before anything was sent.
Outcome refused_before_sending(const Error& error, const Effect& effect, const CallContext& context);

}  // namespace gantry::tool
