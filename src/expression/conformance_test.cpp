// Runs jq's own test suite and counts. Every block that does not apply is in conformance_exceptions.h with its reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "expression/conformance_exceptions.h"
#include "expression/expression.h"
#include "value/json.h"

namespace gantry::expression {
namespace {

const std::string suite_folder = std::string(GANTRY_SHARED_DIR) + "/conformance/jq-1.8.2/";

struct Block {
  int line = 0;
  bool must_fail = false;
  std::string program;
  std::string input;
  std::vector<std::string> outputs;
};

bool is_gap(const std::string& line) {
  return line.empty() || line.front() == '#' || line.find_first_not_of(" \t\r") == std::string::npos;
}

std::vector<Block> read_blocks(const std::string& file) {
  std::ifstream stream(suite_folder + file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (is_gap(lines[i])) continue;
    Block block;
    block.must_fail = lines[i].starts_with("%%FAIL");
    if (block.must_fail) ++i;
    block.line = static_cast<int>(i + 1);
    block.program = lines[i];
    if (!block.must_fail) block.input = lines[++i];
    while (++i < lines.size() && !is_gap(lines[i])) block.outputs.push_back(lines[i]);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

// The suite's JSON has nan, Infinity and numbers beyond doubles; the language itself can read those.
std::optional<Value> read_value(std::string text) {
  if (auto parsed = parse_json(text)) return *parsed;
  for (const auto& [from, to] : {std::pair("Infinity", "infinite"), {"-NaN", "nan"}, {"NaN", "nan"}})
    for (std::size_t at; (at = text.find(from)) != std::string::npos;)
      text.replace(at, std::string_view(from).size(), to);
  auto program = compile(text);
  if (program.index() != 0) return std::nullopt;
  auto value = evaluate_first(*std::get<0>(program), Value(), {});
  return value ? std::optional(*value) : std::nullopt;
}

Evaluation conformance_evaluation() {
  Evaluation evaluation;
  evaluation.limits.depth_max = 30'000;
  return evaluation;
}

// Empty when the block holds.
std::string problem_of(const Block& block) {
  auto program = compile(block.program);
  if (block.must_fail) return program.index() == 1 ? "" : "compiled, but must not";
  if (auto* error = std::get_if<CompileError>(&program))
    return "did not compile: " + error->message + " at " + std::to_string(error->offset);
  auto input = read_value(block.input);
  if (!input) return "the input was not understood: " + block.input;
  std::vector<Value> outputs;
  Status status = evaluate_each(*std::get<0>(program), *input, conformance_evaluation(), [&outputs](Value value) {
    outputs.push_back(std::move(value));
    return outputs.size() < 10'000;
  });
  std::string shown;
  for (const Value& output : outputs) shown += print_json(output).substr(0, 300) + "\n";
  if (!status) shown += "error: " + status.error().message + "\n";
  if (outputs.size() != block.outputs.size())
    return "expected " + std::to_string(block.outputs.size()) + " outputs, got:\n" + shown;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    auto expected = read_value(block.outputs[i]);
    if (!expected || !(*expected == outputs[i])) return "expected " + block.outputs[i] + ", got:\n" + shown;
  }
  return "";
}

const ConformanceException* exception_for(std::string_view file, int line) {
  for (const ConformanceException& exception : conformance_exceptions)
    if (exception.file == file && exception.line == line) return &exception;
  return nullptr;
}

class ConformanceSuite : public ::testing::TestWithParam<const char*> {};

TEST_P(ConformanceSuite, EveryApplicableBlockHolds) {
  const std::string file = GetParam();
  if (!std::ifstream(suite_folder + file)) GTEST_SKIP() << "no " << suite_folder << file;
  setenv("TZ", "UTC", 1);
  int held = 0, excepted = 0, failed = 0;
  for (const Block& block : read_blocks(file)) {
    if (exception_for(file, block.line)) {
      ++excepted;
      continue;
    }
    std::string problem = problem_of(block);
    (problem.empty() ? held : failed) += 1;
    EXPECT_EQ(problem, "") << file << ":" << block.line << ": " << block.program << "  <<<  "
                           << block.input.substr(0, 200);
  }
  std::cout << "[  COUNTS  ] " << file << ": " << held << " hold, " << failed << " fail, " << excepted
            << " do not apply\n";
  EXPECT_GT(held, 0);
}

TEST_P(ConformanceSuite, EveryExceptionNamesABlock) {
  const std::string file = GetParam();
  if (!std::ifstream(suite_folder + file)) GTEST_SKIP() << "no " << suite_folder << file;
  auto blocks = read_blocks(file);
  for (const ConformanceException& exception : conformance_exceptions) {
    if (exception.file != file) continue;
    EXPECT_TRUE(
        std::any_of(blocks.begin(), blocks.end(), [&](const Block& block) { return block.line == exception.line; }))
        << file << ":" << exception.line;
    EXPECT_FALSE(exception.reason.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Jq, ConformanceSuite,
                         ::testing::Values("jq.test", "man.test", "onig.test", "base64.test", "uri.test",
                                           "optional.test"));

}  // namespace
}  // namespace gantry::expression
