// Authentication of outgoing requests. Private to the http driver.
#pragma once

#include "tool/http_request.h"

namespace gantry::tool {

// Each sets `request.credential` and adds what must not be shown to `request.secrets`.
Status add_credential(HttpRequest& request, const HttpAuthentication& authentication, const Secrets& secrets);
// The standard's `authentication`: {basic: {username, password} | {use: SECRET}} or {bearer: {token} | {use: SECRET}}.
Status add_standard_credential(HttpRequest& request, const Value& authentication, const Secrets& secrets);

}  // namespace gantry::tool
