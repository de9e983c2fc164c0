// URI references as RFC 3986 splits and resolves them (section 5 and appendix B). Nothing is validated here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gantry::json_schema {

struct UriParts {
  std::optional<std::string_view> scheme, authority, query, fragment;
  std::string_view path;
};
UriParts split_uri(std::string_view uri);

// `reference` seen from `base`; the fragment of the reference is kept.
std::string resolve_uri(std::string_view base, std::string_view reference);

// "%41" becomes "A"; a '%' that starts no escape stays.
std::string percent_decoded(std::string_view text);

}  // namespace gantry::json_schema
