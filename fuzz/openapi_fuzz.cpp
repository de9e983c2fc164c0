// Any bytes as an OpenAPI document: it is refused or read, each of its operations gives a request or an error with a
// message, and a request goes to a web address.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "definition/openapi.h"

using namespace gantry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65536) return 0;
  const Value text(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto document = definition::read_openapi_document(text);
  if (!document) {
    if (document.error().message.empty()) std::abort();
    return 0;
  }
  const Value list = Value::array({1, "a b", true});
  const Value object = Value::object({{"k", 1}, {"l", "m n"}});
  const Value parameters = Value::object(
      {{"id", 1}, {"q", list}, {"filter", object}, {"name", "a/b?c"}, {"body", Value::object({{"items", list}})}});
  std::size_t tried = 0;
  for (const std::string& id : definition::openapi_operation_ids(*document)) {
    if (++tried > 50) break;
    for (const Value& given : {parameters, Value(), object}) {
      const auto request = definition::openapi_request(*document, "https://example.com/a/openapi.yaml", id, given);
      if (!request) {
        if (request.error().message.empty()) std::abort();
        continue;
      }
      const Value endpoint = request->member("endpoint");
      if (!endpoint.is_string() || !request->member("method").is_string()) std::abort();
      if (endpoint.as_string().substr(0, 7) != "http://" && endpoint.as_string().substr(0, 8) != "https://")
        std::abort();
    }
  }
  return 0;
}
