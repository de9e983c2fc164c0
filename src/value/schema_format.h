// The formats of JSON Schema 2020-12 (validation vocabulary, section 7.3), each a check of one text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::json_schema {

using FormatCheck = bool (*)(std::string_view text);
// Null for names that the standard does not define; those are not checked.
FormatCheck find_format(std::string_view name);

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
bool is_uri(std::string_view text);
bool is_uri_reference(std::string_view text);
bool is_iri(std::string_view text);
bool is_iri_reference(std::string_view text);
bool is_uri_template(std::string_view text);
bool is_hostname(std::string_view text);
bool is_idn_hostname(std::string_view text);
bool is_email(std::string_view text);
bool is_idn_email(std::string_view text);

// A label of an internationalised host name, in Unicode: RFC 5891 to 5893. `in_bidi_name` when any label of the name
// contains right-to-left characters.
bool is_unicode_label(const std::u32string& label, bool in_bidi_name);
bool has_right_to_left(const std::u32string& label);

// RFC 3492, without the "xn--".
std::optional<std::u32string> punycode_decoded(std::string_view text);
std::string punycode_encoded(const std::u32string& text);

std::u32string to_code_points(std::string_view utf8);

}  // namespace gantry::json_schema
