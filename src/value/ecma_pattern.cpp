#include "value/ecma_pattern.h"

#include <fmt/format.h>
#include <oniguruma.h>

#include <mutex>

#include "value/utf8.h"

namespace gantry {
namespace {

constexpr std::size_t pattern_bytes_max = 20'000;
// Some tens of milliseconds and megabytes; enough for plain patterns over texts of half a megabyte.
constexpr unsigned long retries_max = 2'000'000;
constexpr unsigned int match_stack_entries_max = 1'000'000;

const OnigUChar* bytes_of(std::string_view text) {
  return reinterpret_cast<const OnigUChar*>(text.data());
}

void initialize_oniguruma() {
  static std::once_flag once;
  std::call_once(once, [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_initialize(encodings, 1);
  });
}

std::string oniguruma_message(int status, const OnigErrorInfo* info) {
  OnigUChar text[ONIG_MAX_ERROR_MESSAGE_LEN];
  int length = info ? onig_error_code_to_str(text, status, info) : onig_error_code_to_str(text, status);
  return std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
}

}  // namespace

Result<EcmaPattern> EcmaPattern::compile(std::string_view pattern) {
  if (pattern.size() > pattern_bytes_max)
    return Error{Code::exhausted,
                 fmt::format("the pattern has {} bytes; the limit is {}", pattern.size(), pattern_bytes_max)};
  if (find_bad_utf8(pattern)) return Error{Code::invalid_argument, "the pattern is not UTF-8"};
  std::string translated = TRY(ecma_to_oniguruma(pattern));
  initialize_oniguruma();
  regex_t* regex = nullptr;
  OnigErrorInfo info{};
  int status = onig_new(&regex, bytes_of(translated), bytes_of(translated) + translated.size(),
                        ONIG_OPTION_CAPTURE_GROUP, ONIG_ENCODING_UTF8, ONIG_SYNTAX_ONIGURUMA, &info);
  if (status != ONIG_NORMAL) {
    onig_free(regex);
    return Error{Code::invalid_argument, oniguruma_message(status, &info)};
  }
  return EcmaPattern(std::shared_ptr<void>(regex, [](void* held) { onig_free(static_cast<regex_t*>(held)); }));
}

EcmaPattern::Outcome EcmaPattern::search(std::string_view text) const {
  if (find_bad_utf8(text)) return Outcome::no_match;  // Oniguruma trusts the text
  struct FreeMatchParameters {
    void operator()(OnigMatchParam* parameters) const { onig_free_match_param(parameters); }
  };
  std::unique_ptr<OnigMatchParam, FreeMatchParameters> parameters(onig_new_match_param());
  onig_initialize_match_param(parameters.get());
  onig_set_retry_limit_in_match_of_match_param(parameters.get(), retries_max);
  onig_set_retry_limit_in_search_of_match_param(parameters.get(), retries_max);
  onig_set_match_stack_limit_size_of_match_param(parameters.get(), match_stack_entries_max);
  const OnigUChar* start = bytes_of(text);
  const OnigUChar* end = start + text.size();
  int position = onig_search_with_param(static_cast<regex_t*>(regex_.get()), start, end, start, end, nullptr,
                                        ONIG_OPTION_NONE, parameters.get());
  if (position >= 0) return Outcome::match;
  return position == ONIG_MISMATCH ? Outcome::no_match : Outcome::too_expensive;
}

}  // namespace gantry
