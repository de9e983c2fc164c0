// Input: program text, NUL, JSON. The program is compiled and, if that works, evaluated within small limits.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "expression/expression.h"
#include "value/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t zero = bytes.find('\0');
  std::string_view text = bytes.substr(0, zero);
  std::string_view json = zero == std::string_view::npos ? "null" : bytes.substr(zero + 1);

  static const std::vector<std::string> variables{"context", "input"};
  auto compiled = expression::compile(text, variables);
  if (auto* error = std::get_if<expression::CompileError>(&compiled)) {
    GANTRY_ASSERT(error->offset <= text.size(), "the offset is within the program");
    GANTRY_ASSERT(!error->message.empty(), "every error has a message");
    return 0;
  }
  auto input = parse_json(json);
  if (!input) return 0;

  std::vector<Value> arguments{Value(1), *input};
  expression::Evaluation evaluation;
  evaluation.arguments = arguments;
  evaluation.limits.steps_max = 20'000;
  evaluation.limits.memory_bytes_max = 4u << 20;
  evaluation.limits.depth_max = 300;
  std::size_t outputs = 0;
  std::string before = print_json(*input);
  Status status = expression::evaluate_each(*std::get<0>(compiled), *input, evaluation, [&outputs](const Value& value) {
    print_json(value);
    return ++outputs < 100;
  });
  if (!status)
    GANTRY_ASSERT(status.error().code == Code::invalid_argument || status.error().code == Code::exhausted,
                  "only these two fail");
  GANTRY_ASSERT(print_json(*input) == before, "the input is never changed");
  return 0;
}
