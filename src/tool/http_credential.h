// Authentication of outgoing requests. Private to the http driver.
#pragma once

#include "tool/http_request.h"
#include "tool/secrets.h"

namespace gantry::tool {

// Each sets `request.credential` and adds what must not be shown to `request.secrets`. The URL of the request is known
// already: it says to which host the secret would go.
Status add_credential(HttpRequest& request, const HttpAuthentication& authentication, std::string_view tool,
                      const Secrets& secrets);
// The standard's `authentication`: {basic: {username, password} | {use: SECRET}} or {bearer: {token} | {use: SECRET}}.
// `endpoint` is the object that holds it.
Status add_standard_credential(HttpRequest& request, const Value& endpoint, const Secrets& secrets);

}  // namespace gantry::tool
