#include "cli/pin_edit.h"

#include <gtest/gtest.h>

namespace gantry::cli {
namespace {

const std::string pin = "sha256:" + std::string(64, 'a'), other = "sha256:" + std::string(64, 'b');

std::string pinned(std::string_view text) {
  const auto changed = with_pins(text, {{"go", pin}});
  return changed ? *changed : changed.error().message;
}

TEST(PinEdit, AddsAPinAndLeavesTheRestAsItIs) {
  EXPECT_EQ(pinned("# mine\ntool: t\noperations:\n  go:  # first\n    binding:\n      tool: x  # the server's\n    "
                   "class: read\n"),
            "# mine\ntool: t\noperations:\n  go:  # first\n    binding:\n      tool: x  # the server's\n      pin: \"" +
                pin + "\"\n    class: read\n");
  EXPECT_EQ(pinned("operations:\n  go: {binding: {tool: 'a, b'}, class: read}\n"),
            "operations:\n  go: {binding: {tool: 'a, b', pin: \"" + pin + "\"}, class: read}\n");
  EXPECT_EQ(pinned("operations: {go: {binding: { tool: x }}}"),
            "operations: {go: {binding: { tool: x, pin: \"" + pin + "\" }}}");
  EXPECT_EQ(pinned(R"({"operations":{"go":{"binding":{"tool":"x"}}}})"),
            R"({"operations":{"go":{"binding":{"tool":"x", "pin": ")" + pin + R"("}}}})");
  EXPECT_EQ(pinned("operations:\n  go:\n    binding:\n      tool: x"),
            "operations:\n  go:\n    binding:\n      tool: x\n      pin: \"" + pin + "\"");
}

TEST(PinEdit, ReplacesAPin) {
  EXPECT_EQ(pinned("operations:\n  go: {binding: {pin: " + other + ", tool: x}}\n"),
            "operations:\n  go: {binding: {pin: \"" + pin + "\", tool: x}}\n");
  EXPECT_EQ(pinned("operations:\n  go:\n    binding:\n      pin: '" + other + "' # of May\n      tool: x\n"),
            "operations:\n  go:\n    binding:\n      pin: \"" + pin + "\" # of May\n      tool: x\n");
}

TEST(PinEdit, RefusesWhatItCannotChangeAlone) {
  EXPECT_FALSE(with_pins("operations: {a: {binding: &b {tool: x}}, go: {binding: *b}}", {{"go", pin}}).ok());
  EXPECT_FALSE(with_pins("operations: {go: {class: read}}", {{"go", pin}}).ok());
  EXPECT_FALSE(with_pins("operations: {go: {binding: {tool: x}}}", {{"stop", pin}}).ok());
  EXPECT_FALSE(with_pins("operations: [", {{"go", pin}}).ok());
}

}  // namespace
}  // namespace gantry::cli
