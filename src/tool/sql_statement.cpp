#include "tool/sql_statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace gantry::tool {
namespace {

Error statement_refused(std::string_view why) {
  return {Code::invalid_argument, std::string(why)};
}

bool is_name_start(char byte) {
  return std::isalpha(static_cast<unsigned char>(byte)) != 0 || byte == '_' || static_cast<unsigned char>(byte) >= 0x80;
}

bool is_name_part(char byte) {
  return is_name_start(byte) || std::isdigit(static_cast<unsigned char>(byte)) != 0;
}

// Goes over the text once and copies it, with numbers for the placeholders. Errors stop it.
class StatementScanner {
 public:
  StatementScanner(std::string_view text, SqlDialect dialect) : text_(text), dialect_(dialect) {}

  Result<SqlStatement> scan() {
    while (at_ < text_.size()) {
      const std::size_t before = at_;
      const bool is_blank = TRY(skip_blank());
      if (is_blank) {
        copy_from(before);
        continue;
      }
      if (ended_) return statement_refused("one statement only: something follows the ';'");
      if (text_[at_] == ';') {
        ended_ = true;
        ++at_;
        continue;  // the ';' itself is left out
      }
      if (statement_.keyword.empty()) TRY(take_keyword());
      if (at_ == before) TRY(take_token());
    }
    if (statement_.keyword.empty()) return statement_refused("there is no statement");
    return std::move(statement_);
  }

 private:
  bool is_postgresql() const { return dialect_ == SqlDialect::postgresql; }
  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  void copy_from(std::size_t begin) { statement_.text += text_.substr(begin, at_ - begin); }

  // Blanks and comments. True when something was skipped.
  Result<bool> skip_blank() {
    const char byte = text_[at_];
    if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
      ++at_;
      return true;
    }
    if (static_cast<unsigned char>(byte) < ' ' || byte == 0x7F) return statement_refused("a control character stands in it");
    if (starts("--")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return true;
    }
    if (!starts("/*")) return false;
    TRY(skip_comment());
    return true;
  }

  // PostgreSQL's comments nest, SQLite's don't.
  Status skip_comment() {
    int depth = 0;
    do {
      if (starts("/*") && (depth == 0 || is_postgresql())) {
        ++depth;
        at_ += 2;
      } else if (starts("*/")) {
        --depth;
        at_ += 2;
      } else if (at_ < text_.size()) {
        ++at_;
      } else {
        return statement_refused("a comment is not closed");
      }
    } while (depth > 0);
    return done();
  }

  Status take_keyword() {
    static constexpr std::array allowed = {"SELECT", "VALUES", "WITH", "INSERT", "UPDATE", "DELETE"};
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    std::string word(text_.substr(begin, at_ - begin));
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char byte) { return static_cast<char>(std::toupper(static_cast<unsigned char>(byte))); });
    const bool known = std::find(allowed.begin(), allowed.end(), word) != allowed.end() ||
                       word == (is_postgresql() ? "MERGE" : "REPLACE");
    if (!known)
      return statement_refused(fmt::format("expected SELECT, VALUES, WITH, INSERT, UPDATE, DELETE or {}, found \"{}\"",
                                           is_postgresql() ? "MERGE" : "REPLACE",
                                           begin == at_ ? text_.substr(at_, 1) : text_.substr(begin, std::min<std::size_t>(at_ - begin, 40))));
    statement_.reads = word == "SELECT" || word == "VALUES" || word == "WITH";
    statement_.keyword = std::move(word);
    copy_from(begin);
    return done();
  }

  Status take_token() {
    const std::size_t begin = at_;
    const char byte = text_[at_];
    if (is_name_start(byte)) {
      TRY(skip_word());
    } else if (byte == '\'' || byte == '"' || (byte == '`' && !is_postgresql())) {
      TRY(skip_quoted(byte, false));
    } else if (byte == '[' && !is_postgresql()) {
      TRY(skip_until("]"));
    } else if (byte == '$' && is_postgresql()) {
      TRY(skip_dollar_quoted());
    } else if (starts("::") && is_postgresql()) {
      at_ += 2;
    } else if (byte == ':' && at_ + 1 < text_.size() && is_name_start(text_[at_ + 1])) {
      return take_placeholder();
    } else if (!is_postgresql() && std::string_view(":?@$#").find(byte) != std::string_view::npos) {
      return statement_refused("arguments are bound as :name only");
    } else if (std::isdigit(static_cast<unsigned char>(byte)) != 0) {
      while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    } else {
      ++at_;
    }
    copy_from(begin);
    return done();
  }

  Status skip_word() {
    const std::size_t begin = at_;
    // In PostgreSQL a name may go on with '$', which then starts no quotation.
    while (at_ < text_.size() && (is_name_part(text_[at_]) || (text_[at_] == '$' && is_postgresql()))) ++at_;
    const bool escapes = is_postgresql() && at_ - begin == 1 && (text_[begin] == 'e' || text_[begin] == 'E');
    return escapes && at_ < text_.size() && text_[at_] == '\'' ? skip_quoted('\'', true) : done();
  }

  // 'it''s', "a""b"; with `escapes` also 'it\'s'.
  Status skip_quoted(char quote, bool escapes) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\0') break;
      if (escapes && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == quote) {
        ++at_;
        if (at_ >= text_.size() || text_[at_] != quote) return done();
      }
    }
    return statement_refused(fmt::format("a {} is not closed", quote));
  }

  Status skip_until(std::string_view end) {
    const std::size_t found = text_.find(end, at_ + 1);
    if (found == std::string_view::npos) return statement_refused(fmt::format("a {} is missing", end));
    at_ = found + end.size();
    return done();
  }

  // $$text$$ or $tag$text$tag$.
  Status skip_dollar_quoted() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_name_part(text_[end])) ++end;
    const bool is_quote = end < text_.size() && text_[end] == '$' &&
                          (end == at_ + 1 || std::isdigit(static_cast<unsigned char>(text_[at_ + 1])) == 0);
    if (!is_quote) return statement_refused("arguments are bound as :name only");
    const std::string tag(text_.substr(at_, end + 1 - at_));
    at_ = end;
    return skip_until(tag);
  }

  Status take_placeholder() {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    const std::string name(text_.substr(begin, at_ - begin));
    auto found = std::find(statement_.names.begin(), statement_.names.end(), name);
    if (found == statement_.names.end()) {
      if (statement_.names.size() >= sql_placeholders_max)
        return statement_refused(fmt::format("at most {} placeholders", sql_placeholders_max));
      found = statement_.names.insert(found, name);
    }
    statement_.text += fmt::format("{}{}", is_postgresql() ? '$' : '?', found - statement_.names.begin() + 1);
    return done();
  }

  std::string_view text_;
  SqlDialect dialect_;
  std::size_t at_ = 0;
  bool ended_ = false;
  SqlStatement statement_;
};

}  // namespace

Result<SqlStatement> parse_sql_statement(std::string_view text, SqlDialect dialect) {
  if (text.size() > sql_statement_bytes_max)
    return statement_refused(fmt::format("a statement has at most {} bytes, this one {}", sql_statement_bytes_max, text.size()));
  if (text.find('\0') != std::string_view::npos) return statement_refused("a control character stands in it");
  return StatementScanner(text, dialect).scan();
}

}  // namespace gantry::tool
