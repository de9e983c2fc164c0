#include "value/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "value/utf8.h"

namespace gantry {
namespace {

constexpr std::string_view csv_byte_order_mark = "\xEF\xBB\xBF";

class CsvReader {
 public:
  CsvReader(std::string_view text, const ParseLimits& limits) : text_(text), limits_(limits) {
    if (text_.starts_with(csv_byte_order_mark)) position_ = line_start_ = csv_byte_order_mark.size();
  }

  Result<Value> read() {
    if (text_.size() > limits_.bytes_max)
      return Error{Code::exhausted,
                   fmt::format("1:1: {} bytes; the limit is {} bytes", text_.size(), limits_.bytes_max)};
    if (auto bad = find_bad_utf8(text_)) {
      move_to(*bad);
      return wrong_here("not UTF-8");
    }
    TRY(read_header());
    std::vector<Value> records;
    while (position_ < text_.size()) {
      Value record = TRY(read_record());
      records.push_back(std::move(record));
    }
    return Value::array(std::move(records));
  }

 private:
  Error wrong_here(std::string_view message, Code code = Code::invalid_argument) const {
    return {code, fmt::format("{}:{}: {}", line_, position_ - line_start_ + 1, message)};
  }

  void move_to(std::size_t position) {
    while (position_ < position) step();
  }

  void step() {
    if (text_[position_++] != '\n') return;
    ++line_;
    line_start_ = position_;
  }

  bool at_end_of_line() const {
    return position_ == text_.size() || text_[position_] == '\n' || text_.substr(position_, 2) == "\r\n";
  }

  void skip_end_of_line() {
    while (position_ < text_.size() && text_[position_] != '\n') step();
    if (position_ < text_.size()) step();
  }

  Status read_header() {
    if (position_ == text_.size()) return wrong_here("expected a header row with the names of the columns");
    while (true) {
      const Error empty = wrong_here("a column has no name");
      const Error twice = wrong_here("two columns have this name");
      std::string name = TRY(read_field());
      if (name.empty()) return empty;
      const Text key(name);
      if (std::find(names_.begin(), names_.end(), key) != names_.end()) return twice;
      names_.push_back(key);
      if (names_.size() > csv_columns_max)
        return wrong_here(fmt::format("more than {} columns, which is the limit", csv_columns_max), Code::exhausted);
      if (at_end_of_line()) break;
      step();  // the comma
    }
    skip_end_of_line();
    return done();
  }

  Result<Value> read_record() {
    std::vector<Member> members;
    members.reserve(names_.size());
    const std::size_t line = line_;
    while (true) {
      if (members.size() == names_.size())
        return wrong_here(fmt::format("more fields than the {} columns of the header", names_.size()));
      if (++nodes_ > limits_.nodes_max)
        return wrong_here(fmt::format("more than {} fields, which is the limit", limits_.nodes_max), Code::exhausted);
      const std::string field = TRY(read_field());
      members.push_back({names_[members.size()], Value(std::string_view(field))});
      if (at_end_of_line()) break;
      step();  // the comma
    }
    if (members.size() < names_.size())
      return wrong_here(fmt::format("the record of line {} has {} of {} fields; '{}' is missing", line, members.size(),
                                    names_.size(), names_[members.size()].view()));
    skip_end_of_line();
    return Value::object(std::move(members));
  }

  // Stops at a comma or the end of the line.
  Result<std::string> read_field() {
    if (position_ < text_.size() && text_[position_] == '"') return read_quoted();
    const std::size_t start = position_;
    while (!at_end_of_line() && text_[position_] != ',') {
      if (text_[position_] == '"') return wrong_here("a quote in a field that does not start with one");
      TRY(check_character(start));
      step();
    }
    return std::string(text_.substr(start, position_ - start));
  }

  Result<std::string> read_quoted() {
    const Error open = wrong_here("this quote is never closed");
    const std::size_t start = position_;
    std::string field;
    step();
    while (position_ < text_.size()) {
      if (text_[position_] == '"') {
        step();
        if (position_ == text_.size() || text_[position_] != '"') {
          if (!at_end_of_line() && text_[position_] != ',')
            return wrong_here("expected a comma or the end of the line after the closing quote");
          return field;
        }
      } else if (text_[position_] != '\n' && text_.substr(position_, 2) != "\r\n") {
        TRY(check_character(start));
      }
      field.push_back(text_[position_]);
      step();
    }
    return open;
  }

  Status check_character(std::size_t field_start) const {
    if (position_ - field_start >= csv_field_bytes_max)
      return wrong_here(fmt::format("a field of more than {} bytes, which is the limit", csv_field_bytes_max),
                        Code::exhausted);
    const auto byte = static_cast<unsigned char>(text_[position_]);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7F)
      return wrong_here(fmt::format("the control character 0x{:02x}", byte));
    return done();
  }

  std::string_view text_;
  const ParseLimits& limits_;
  std::size_t position_ = 0, line_start_ = 0, line_ = 1, nodes_ = 0;
  std::vector<Text> names_;
};

}  // namespace

Result<Value> parse_csv(std::string_view text, const ParseLimits& limits) {
  return CsvReader(text, limits).read();
}

}  // namespace gantry
