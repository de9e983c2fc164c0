// Web addresses, mail addresses and hosts as they are written, brought into one form. For the sources of
// canonical_text.h. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "gate/canonical_text.h"

namespace gantry::gate {

bool is_host_character(char c);
// A name with at least one dot whose last part is letters, or an IPv4 address. Canonical.
bool is_host(std::string_view host);
// Names of files are no hosts, where nobody sells the ending.
bool is_file_name(std::string_view host);

// What starts with a scheme that leads somewhere; the whole text belongs to it. For http and the like the slashes don't
// matter, as for browsers: "https:evil.example".
std::optional<Token> url_of(std::string_view text);
// Without "mailto:".
std::optional<Token> mail_of(std::string_view text);
Token mail_token(std::string_view local, std::string_view host);
// A host, or one with a path, port or the like behind it, which is a URL; of names without a dot 'localhost', and what
// has a port and a path behind it.
std::optional<Token> host_of(std::string_view text);

// Whether a text that is one address leads to where it seems to: by http, https or no scheme, with no user information
// and no backslash.
bool is_web_address(std::string_view text);

}  // namespace gantry::gate
