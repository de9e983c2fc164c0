// What a single value is as a whole, and the keys under which it is known.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "gate/addresses.h"
#include "gate/canonical_text.h"
#include "gate/written_forms.h"
#include "value/json.h"

namespace gantry::gate {
namespace {

constexpr std::size_t read_bytes_max = 4096;

// Numbers in a text: of what is sent only the one way to write each counts, of what is known every way.
void add_number_keys(std::string_view text, const std::vector<written::WrittenNumber>& numbers, bool known,
                     std::vector<std::string>& keys) {
  for (const written::WrittenNumber& number : numbers) {
    if (!known && print_number(Value(number.value)) != text) continue;
    keys.push_back(written::number_key(number.value));
    if (known && number.plain != text) keys.push_back(written::key_of('s', number.plain));
  }
}

void read_address(std::string_view text, Reading& reading) {
  auto take = [&](Shape shape, std::vector<std::string>& keys) {
    reading.shape = shape;
    std::move(keys.begin(), keys.end(), std::back_inserter(reading.keys));
  };
  if (auto mail = mail_of(text)) return take(Shape::mail, mail->keys);
  if (auto url = url_of(text)) {
    // Without its slashes only some programs follow it.
    if (text.find("://") == std::string_view::npos && !url->host.empty()) url->keys.clear();
    return take(url->host.empty() || url->keys.empty() || !is_web_address(text) ? Shape::link : Shape::url, url->keys);
  }
  if (auto host = host_of(text))
    take(host->shape == Shape::url && !is_web_address(text) ? Shape::link : host->shape, host->keys);
}

void read_normal(std::string_view text, bool known, Reading& reading) {
  reading.keys.push_back(written::key_of('s', text));
  if (text.size() > read_bytes_max) return;
  auto take = [&](Shape shape, std::vector<std::string> keys) {
    reading.shape = shape;
    std::move(keys.begin(), keys.end(), std::back_inserter(reading.keys));
  };
  if (const auto iban = written::iban_of(text)) return take(Shape::iban, {written::key_of('i', *iban)});
  if (auto dates = written::date_keys(text); !dates.empty()) return take(Shape::date, std::move(dates));
  if (auto moment = written::moment_key(text)) return take(Shape::date, {*std::move(moment)});
  if (const auto time = written::time_of_day(text)) return take(Shape::date, {"t:" + *time});
  if (const auto numbers = written::numbers_of(text); !numbers.empty()) {
    reading.shape = Shape::number;
    return add_number_keys(text, numbers, known, reading.keys);
  }
  if (text.find(' ') == std::string_view::npos) read_address(text, reading);
}

Reading read_leaf(const Value& leaf, bool known) {
  if (leaf.is_null()) return {Shape::null, {"null"}};
  if (leaf.is_boolean()) return {Shape::boolean, {leaf.is_true() ? "true" : "false"}};
  if (leaf.is_number()) {
    const bool exact = leaf.is_integer() && std::abs(static_cast<double>(leaf.as_integer())) > 9e15;
    return {Shape::number,
            {exact ? written::key_of('n', std::to_string(leaf.as_integer())) : written::number_key(leaf.as_number())}};
  }
  Reading reading;
  if (!leaf.is_string()) return reading;
  // What is sent is the text as it is, so blanks around it and characters that can't be seen make it another one.
  const bool as_it_looks = looks_as_it_is(leaf.as_string());
  if (!as_it_looks) reading.keys.push_back(written::key_of('x', leaf.as_string()));
  reading.exact = !as_it_looks;
  if (reading.exact && !known) return reading;
  const std::string text = normal_text(leaf.as_string());
  if (!text.empty()) read_normal(text, known, reading);
  return reading;
}

}  // namespace

Reading reading_of(const Value& leaf) {
  return read_leaf(leaf, false);
}

std::vector<std::string> known_keys_of(const Value& leaf) {
  return read_leaf(leaf, true).keys;
}

}  // namespace gantry::gate
