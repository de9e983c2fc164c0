// Any text as what an argument says: no crash, links are found whatever stands before them, and what a text is known as
// does not depend on how often it is brought into its form. Input: the text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gate/addresses.h"
#include "gate/canonical_text.h"
#include "gate/host_views.h"
#include "gate/html_text.h"
#include "gate/undisguised.h"
#include "gate/written_forms.h"
#include "value/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  using namespace gantry::gate;
  const std::string text = repaired_utf8({reinterpret_cast<const char*>(data), size});
  constexpr std::size_t tokens_max = 2'000;

  bool complete = true;
  const auto tokens = tokens_of(text, tokens_max, complete);
  if (tokens.size() > tokens_max) std::abort();
  for (const Token& token : tokens) {
    if (token.keys.empty() || token.text.empty()) std::abort();
    if (is_link(token) && token.shape != Shape::iban && token.host != canonical_host(token.host)) std::abort();
  }
  // Behind whatever there is, a link is found.
  bool all = true;
  const auto more = tokens_of(text + " https://evil.example/x", tokens_max, all);
  bool found = !all;
  for (const Token& token : more) found = found || token.host == "evil.example";
  if (!found) std::abort();

  // In the middle of ordinary punctuation as well, whatever was before.
  bool whole = true;
  bool seen = false;
  for (const Token& token : tokens_of(text + "\uff0c https\uff1a\uff0f\uff0fevil.example\uff01", tokens_max, whole))
    seen = seen || token.host == "evil.example";
  if (!seen && whole) std::abort();

  for (const std::string& view :
       {undisguised(text), text_of_html(text), with_ascii_meant(text), with_words_apart(text)})
    if (view.size() > text.size()) std::abort();
  if (!text.empty() && (script_run(text) == 0 || script_run(text) > text.size())) std::abort();
  if (const std::string normal = normal_text(text); normal_text(normal) != normal) std::abort();
  (void)reading_of(Value(text));
  (void)known_keys_of(Value(text));
  (void)hidden_characters(text);
  (void)is_web_address(text);
  std::size_t length = 0;
  if (written::valid_iban_at(text, length) && length > text.size()) std::abort();
  for (const written::WrittenNumber& number : written::numbers_of(text))
    if (number.plain.empty()) std::abort();
  (void)written::date_keys(text);
  (void)written::moment_key(text);
  (void)written::time_of_day(text);
  return 0;
}
