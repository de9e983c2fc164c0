#include "value/pointer.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace gantry {
namespace {

// RFC 6901 allows "0" and digits without a leading zero; "-" names the item after the last, which never exists.
std::optional<std::size_t> parse_index(std::string_view token) {
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return index;
}

std::string describe_missing(const Value& parent, std::string_view token, std::string_view parent_pointer) {
  std::string where = parent_pointer.empty() ? "the document" : fmt::format("'{}'", parent_pointer);
  if (parent.is_object()) return fmt::format("{} has no member '{}'", where, token);
  if (parent.is_array()) return fmt::format("{} has {} items and no item '{}'", where, parent.size(), token);
  return fmt::format("{} is a {} and has no member '{}'", where, parent.kind_name(), token);
}

}  // namespace

Result<std::vector<std::string>> parse_pointer(std::string_view pointer) {
  std::vector<std::string> tokens;
  if (!pointer.empty() && pointer[0] != '/')
    return Error{Code::invalid_argument,
                 fmt::format("a JSON pointer is empty or starts with '/', found '{}'", pointer.substr(0, 100))};
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    char c = pointer[i];
    if (c == '/') {
      tokens.emplace_back();
      continue;
    }
    if (c == '~') {
      char next = i + 1 < pointer.size() ? pointer[i + 1] : '\0';
      if (next != '0' && next != '1')
        return Error{Code::invalid_argument,
                     fmt::format("in the JSON pointer '{}', '~' must be written '~0' and a '/' in a name '~1'",
                                 pointer.substr(0, 100))};
      c = next == '0' ? '~' : '/';
      ++i;
    }
    tokens.back().push_back(c);
  }
  return tokens;
}

std::string pointer_token(std::string_view name) {
  std::string token;
  token.reserve(name.size());
  for (char c : name) {
    if (c == '~')
      token += "~0";
    else if (c == '/')
      token += "~1";
    else
      token.push_back(c);
  }
  return token;
}

Result<Value> at_pointer(const Value& root, std::string_view pointer) {
  auto tokens = TRY(parse_pointer(pointer));
  const Value* at = &root;
  Label label = root.label();
  std::string parent;
  for (const std::string& token : tokens) {
    const Value* child = at->find(std::string_view(token));
    if (at->is_array())
      if (auto index = parse_index(token)) child = at->find(*index);
    if (!child) return Error{Code::not_found, describe_missing(*at, token, parent)};
    at = child;
    label = join(label, at->label());
    parent += "/" + pointer_token(token);
  }
  return at->labelled(label);
}

}  // namespace gantry
