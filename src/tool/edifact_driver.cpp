#include <fmt/format.h>

#include "tool/base64.h"
#include "tool/driver.h"
#include "tool/edifact.h"

namespace gantry::tool {
namespace {

// EDIFACT has no one encoding, so what is no UTF-8 comes as base 64.
Result<std::string> edifact_bytes(const Value& arguments) {
  const Value* text = arguments.find("text");
  const Value* base64 = arguments.find("base64");
  if ((text == nullptr) == (base64 == nullptr)) {
    return Error{Code::invalid_argument, "expected exactly one of the arguments text and base64"};
  }
  const Value& given = text != nullptr ? *text : *base64;
  if (!given.is_string()) {
    return Error{Code::invalid_argument, fmt::format("expected a string, found a {}", given.kind_name())};
  }
  if (text != nullptr) return std::string(text->as_string());
  return decode_base64(base64->as_string());
}

class EdifactDriver final : public Driver {
 public:
  std::vector<std::string> check(const definition::Tool& tool) const override {
    std::vector<std::string> problems;
    if (tool.settings.size() != 0) problems.emplace_back("/settings: the edifact driver has no settings");
    for (const auto& [name, operation] : tool.operations) {
      if (operation.effect_class != definition::EffectClass::read) {
        problems.push_back(fmt::format("/operations/{}/class: reading EDIFACT has class read, not {}", name,
                                       definition::name_of(operation.effect_class)));
      }
      if (operation.binding.size() != 0) {
        problems.push_back(fmt::format("/operations/{}/binding: the edifact driver has no binding", name));
      }
    }
    return problems;
  }

  Outcome call(Permit permit, const CallContext& /*context*/) override {
    const Effect& effect = permit.effect();
    const Result<std::string> bytes = edifact_bytes(effect.arguments);
    if (!bytes) return Outcome::failed_with(standard_error("validation", "edifact: " + bytes.error().message));
    Result<Value> message = read_edifact(*bytes);
    if (!message) {
      // The message may quote the input.
      ErrorDetails error = standard_error("validation", message.error().message);
      error.label = effect.arguments.deep_label();
      return Outcome::failed_with(std::move(error));
    }
    // Pure reading: the result is exactly as good as what it was read from.
    return Outcome::done_with((*std::move(message)).labelled(effect.arguments.deep_label()));
  }
};

}  // namespace

std::shared_ptr<Driver> make_edifact_driver() {
  return std::make_shared<EdifactDriver>();
}

}  // namespace gantry::tool
