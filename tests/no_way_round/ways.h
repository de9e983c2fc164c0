// Every way to a driver: each driver that the program has, by enumeration, and each of the standard's own calls. Drivers
// are replaced by one that counts: what it is called for has come through.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tool/drivers.h"
#include "value/json.h"

namespace gantry::no_way_round {

// Answers every call, and remembers it by "TOOL.OPERATION". The operation "keyed" never gets an answer through.
class Recorder final : public tool::Driver {
 public:
  std::vector<std::string> check(const definition::Tool&) const override { return {}; }

  tool::Outcome call(tool::Permit permit, const tool::CallContext&) override {
    const tool::Effect& effect = permit.effect();
    {
      const std::lock_guard lock(mutex_);
      ++calls_[effect.tool + "." + effect.operation];
    }
    if (effect.operation == "keyed" || effect.operation == "asked")
      return tool::Outcome::ambiguous_with(tool::standard_error("communication", "no answer"));
    // What call: http and call: openapi read: an answer, whose content may be a document.
    return tool::Outcome::done_with(*parse_json(
        R"({"request":{"uri":"https://example.com/o.json"},"statusCode":200,"headers":{},"found":false,"content":{"openapi":"3.0.3",)"
        R"("servers":[{"url":"/"}],"paths":{"/p":{"get":{"operationId":"act"}}}}})"));
  }

  std::map<std::string, int> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  // Of all operations of the tool.
  int calls_of(const std::string& tool) const {
    int sum = 0;
    for (const auto& [name, count] : calls())
      if (name.starts_with(tool + ".")) sum += count;
    return sum;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> calls_;
};

// `call` is a task in YAML that calls the tool; its effects have the tool `tool`.
struct Way {
  std::string name, tool, call;
};

inline std::vector<std::string> driver_names() {
  std::vector<std::string> names;
  const tool::DriverOptions options;
  for (const auto& [name, driver] : tool::standard_drivers(options)) names.push_back(name);
  return names;
}

inline tool::Drivers recording_drivers(const std::shared_ptr<Recorder>& recorder) {
  tool::Drivers drivers;
  for (const std::string& name : driver_names()) drivers[name] = recorder;
  return drivers;
}

inline std::vector<Way> all_ways() {
  std::vector<Way> ways;
  for (const std::string& driver : driver_names())
    ways.push_back({driver, "by-" + driver, "{call: by-" + driver + ".act, with: {n: 1}}"});
  ways.push_back({"call: http", "http", "{call: http, with: {method: post, endpoint: 'https://example.com/'}}"});
  ways.push_back({"call: openapi", "http",
                  "{call: openapi, with: {document: {endpoint: 'https://example.com/o.json'}, operationId: act}}"});
  ways.push_back({"call: mcp", "mcp",
                  "{call: mcp, with: {method: tools/call, parameters: {name: act, arguments: {}}, transport: {http: "
                  "{endpoint: 'https://example.com/mcp'}}}}"});
  return ways;
}

// tools/by-DRIVER.yaml for each driver.
inline definition::SourceFiles tool_files() {
  definition::SourceFiles files;
  for (const std::string& driver : driver_names())
    files["tools/by-" + driver + ".yaml"] = "tool: by-" + driver + "\nversion: 1.0.0\ndriver: " + driver +
                                            R"(
operations:
  act: {class: write, arguments: {type: object, properties: {n: {type: integer}}}}
  look: {class: egress_read}
  keyed: {class: write, idempotency: key}
  asked: {class: write, idempotency: readBack, readBack: {operation: look, arguments: {}, done: .found}}
)";
  return files;
}

}  // namespace gantry::no_way_round
