// The path of an HTTP request: parser, limits, decoding, then the routes up to authentication and beyond with a valid
// token, on an engine with an empty memory store.
#include <cstdint>

#include "server/api.h"
#include "server/authentication.h"

namespace {

using namespace gantry;

struct Installation {
  ManualClock clock{Timestamp(std::chrono::hours(24 * 20000))};
  SeededRandom random{1};
  std::unique_ptr<journal::Store> store = std::move(*journal::Store::open("memory:"));
  std::unique_ptr<journal::Query> query = std::move(*journal::Query::open(*store));
  std::unique_ptr<engine::Engine> engine;
  std::string bearer;

  Installation() {
    server::NewToken token = server::create_token("fuzz", {"operator", "administrator"}, std::nullopt, clock.now(), random);
    if (!store->add_token(token.record)) __builtin_trap();
    bearer = "Bearer " + token.token;
    engine = std::move(*engine::Engine::open({.store = store.get(), .drivers = {}, .clock = &clock, .random = &random, .trace = {}}));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* installation = new Installation;
  auto request = gantry::server::parse_request({reinterpret_cast<const char*>(data), size}, {.header_bytes_max = 4096, .body_bytes_max = 65536});
  if (!request) return 0;
  gantry::server::Api api({installation->engine.get(), installation->query.get(), &installation->clock, "fuzz"});
  gantry::server::Response response = api.handle(*request);
  if (response.status < 200 || response.status > 599) __builtin_trap();
  request->headers["authorization"] = installation->bearer;
  response = api.handle(*request);
  if (response.status < 200 || response.status > 599 || response.status == 500) __builtin_trap();
  return 0;
}
