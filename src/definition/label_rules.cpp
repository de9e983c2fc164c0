#include "definition/label_rules.h"

#include <array>

#include "definition/expression_reader.h"
#include "value/pointer.h"

namespace gantry::definition {
namespace {

constexpr std::size_t rules_max = 200, path_tokens_max = 32, compartments_max = 32;
constexpr std::array<Choice<Integrity>, 4> integrities = {{{"trusted", Integrity::trusted},
                                                           {"internal", Integrity::internal},
                                                           {"constrained", Integrity::constrained},
                                                           {"untrusted", Integrity::untrusted}}};
constexpr std::array<Choice<Secrecy>, 4> secrecies = {{{"public", Secrecy::public_},
                                                       {"internal", Secrecy::internal},
                                                       {"confidential", Secrecy::confidential},
                                                       {"secret", Secrecy::secret}}};

void read_path(const Node& node, LabelRule& rule) {
  if (!node.value().is_string()) return node.expected("a JSON pointer such as /*/recipient, or \"\" for all of it");
  const std::string_view text = node.value().as_string();
  auto tokens = parse_pointer(text == "*" ? "" : text);
  if (!tokens) return node.problem(tokens.error().message);
  if (tokens->size() > path_tokens_max) return node.expected("a JSON pointer of at most 32 parts");
  rule.path = *std::move(tokens);
  for (const std::string& token : rule.path) rule.any.push_back(token == "*");
}

}  // namespace

LabelContent undeclared_label() {
  return {.integrity = Integrity::untrusted, .secrecy = Secrecy::confidential, .sources = {}, .compartments = {}};
}

std::optional<Secrecy> read_secrecy(const Node& node) {
  return read_choice<Secrecy>(node, secrecies);
}
std::optional<Integrity> read_integrity(const Node& node) {
  return read_choice<Integrity>(node, integrities);
}

LabelContent read_label_content(ObjectReader& reader, LabelContent fallback) {
  if (auto integrity = reader.find("integrity"))
    fallback.integrity = read_integrity(*integrity).value_or(fallback.integrity);
  if (auto secrecy = reader.find("secrecy")) fallback.secrecy = read_secrecy(*secrecy).value_or(fallback.secrecy);
  if (auto compartments = reader.find("compartments")) {
    fallback.compartments = compartments->texts("a list of names");
    if (fallback.compartments.size() > compartments_max) compartments->expected("at most 32 compartments");
  }
  return fallback;
}

LabelRule read_label_rule(ObjectReader& reader, const LabelContent& fallback) {
  LabelRule rule;
  if (auto path = reader.find("path")) read_path(*path, rule);
  if (auto when = reader.find("when")) rule.when = read_expression(*when, Scope());
  rule.label = read_label_content(reader, fallback);
  rule.gives_integrity = reader.has("integrity");
  rule.gives_secrecy = reader.has("secrecy");
  rule.gives_compartments = reader.has("compartments");
  return rule;
}

std::vector<LabelRule> read_label_rules(const Node& node, const LabelContent& fallback) {
  std::vector<LabelRule> rules;
  if (!node.is_array("a list of labels: {path, when, integrity, secrecy, compartments}")) return rules;
  if (node.value().size() > rules_max) {
    node.expected("at most 200 labels");
    return rules;
  }
  for (const Node& each : node.items()) {
    ObjectReader reader(each, "a label of a field");
    reader.require("path");
    rules.push_back(read_label_rule(reader, fallback));
  }
  return rules;
}

}  // namespace gantry::definition
