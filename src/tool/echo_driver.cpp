#include "tool/driver.h"

namespace gantry::tool {
namespace {

class EchoDriver final : public Driver {
 public:
  std::vector<std::string> check(const definition::Tool& tool) const override {
    if (tool.settings.is_null() || tool.settings.size() == 0) return {};
    return {"/settings: the echo driver has no settings"};
  }

  Outcome call(Permit permit, const CallContext& /*context*/) override {
    return Outcome::done_with(permit.effect().arguments);
  }
};

}  // namespace

std::shared_ptr<Driver> make_echo_driver() {
  return std::make_shared<EchoDriver>();
}

}  // namespace gantry::tool
