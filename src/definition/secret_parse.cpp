#include <algorithm>

#include "definition/parse.h"

namespace gantry::definition {
namespace {

bool is_environment_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name.find_first_of("= \t") == std::string::npos;
}

bool is_credential_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." && name.find('/') == std::string::npos;
}

bool is_host(const std::string& host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == ':';
  });
}

void read_origin(ObjectReader& reader, SecretReference& secret) {
  int given = 0;
  if (auto file = reader.find("file")) {
    ++given;
    secret.place = file->text("the path of a file").value_or("");
  }
  if (auto variable = reader.find("environment")) {
    ++given;
    secret.from = SecretReference::From::environment;
    secret.place = variable->text("the name of a variable").value_or("");
    if (!secret.place.empty() && !is_environment_name(secret.place)) variable->expected("the name of a variable");
  }
  if (auto credential = reader.find("credential")) {
    ++given;
    secret.from = SecretReference::From::credential;
    secret.place = credential->text("the name of a credential").value_or("");
    if (!secret.place.empty() && !is_credential_name(secret.place))
      credential->expected("the name of a credential, without '/'");
  }
  if (given != 1 && reader.is_object())
    reader.node().problem("a secret needs exactly one of 'file', 'environment' and 'credential'");
}

SecretReference read_secret(const Node& node) {
  SecretReference secret;
  if (node.value().is_string()) {
    secret.place = node.text("the path of a file").value_or("");
    return secret;
  }
  if (!node.value().is_object()) {
    node.expected("the path of a file, or an object with file, environment or credential");
    return secret;
  }
  ObjectReader reader(node, "a secret");
  read_origin(reader, secret);
  if (auto tools = reader.find("tools")) secret.tools = tools->texts("a list of tools");
  if (auto hosts = reader.find("hosts")) {
    secret.hosts = hosts->texts("a list of hosts");
    for (const Node& each : hosts->items())
      if (each.value().is_string() && !is_host(std::string(each.value().as_string())))
        each.problem("expected a host name or address in lower case, without scheme and port");
  }
  return secret;
}

}  // namespace

SecretReferences read_secrets(const Node& node) {
  SecretReferences secrets;
  if (!node.value().is_object()) node.expected("an object of name: file");
  for (const Node& each : node.members()) secrets[std::string(each.key())] = read_secret(each);
  return secrets;
}

void check_secret_tools(const Node& node, const KnownDefinitions& known) {
  for (const Node& secret : node.members()) {
    if (!secret.value().is_object() || secret.value().find("tools") == nullptr) continue;
    for (const Node& tool : secret.member("tools").items())
      if (tool.value().is_string() && tool.value().as_string() != "http")
        report_unknown_tool(tool, tool.value().as_string(), known);
  }
}

}  // namespace gantry::definition
