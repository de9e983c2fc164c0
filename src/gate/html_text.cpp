#include "gate/html_text.h"

#include <algorithm>
#include <array>
#include <map>

#include "gate/html_references.h"
#include "gate/written_forms.h"

namespace gantry::gate {
namespace {

constexpr std::string_view html_blanks = " \t\n\f\r";

bool is_html_blank(char c) {
  return html_blanks.find(c) != std::string_view::npos;
}

// By the rendering section of the standard (15.3): what begins a line of its own. Pictures, fields and the like may
// have no size, so they part nothing.
bool begins_a_line(std::string_view name) {
  constexpr std::array<std::string_view, 42> elements = {
      "address", "article", "aside",   "blockquote", "br",       "center",     "dd",     "details",   "dialog",
      "dir",     "div",     "dl",      "dt",         "fieldset", "figcaption", "figure", "footer",    "form",
      "h1",      "h2",      "h3",      "h4",         "h5",       "h6",         "header", "hr",        "legend",
      "li",      "listing", "main",    "menu",       "nav",      "ol",         "p",      "plaintext", "pre",
      "search",  "section", "summary", "table",      "ul",       "xmp"};
  return std::binary_search(elements.begin(), elements.end(), name);
}

bool is_of_tables(std::string_view name) {
  constexpr std::array<std::string_view, 7> elements = {"caption", "tbody", "td", "tfoot", "th", "thead", "tr"};
  return std::binary_search(elements.begin(), elements.end(), name);
}

bool shows_nothing(std::string_view name) {
  constexpr std::array<std::string_view, 6> elements = {"noembed", "noframes", "script", "style", "template", "title"};
  return std::binary_search(elements.begin(), elements.end(), name);
}

class HtmlReader {
 public:
  explicit HtmlReader(std::string_view text) : text_(text) {}

  std::string read() {
    out_.reserve(text_.size());
    while (at_ < text_.size()) {
      if (!take_reference() && !take_markup()) out_ += text_[at_++];
    }
    return std::move(out_);
  }

 private:
  char ahead(std::size_t by) const { return at_ + by < text_.size() ? text_[at_ + by] : '\0'; }

  // Behind the next `end`; the end of the text when there is none: then all of it is gone.
  void skip_past(std::string_view end, std::size_t from) {
    const std::size_t found = text_.find(end, from);
    at_ = found == std::string_view::npos ? text_.size() : found + end.size();
  }

  bool take_reference() {
    return take_html_reference(text_, at_, out_);
  }

  bool take_markup() {
    if (text_[at_] != '<') return false;
    const char next = ahead(1);
    if (next == '!' && text_.substr(at_).starts_with("<!--")) {
      take_comment();
    } else if (next == '!' || next == '?' || (next == '/' && at_ + 2 < text_.size() && !written::is_letter(ahead(2)))) {
      skip_past(">", at_ + 2);
    } else if (written::is_letter(next) || (next == '/' && written::is_letter(ahead(2)))) {
      take_tag();
    } else {
      return false;
    }
    return true;
  }

  // "<!-->" and "<!--->" are whole ones; "--!>" ends one, too.
  void take_comment() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("<!-->")) return void(at_ += 5);
    if (rest.starts_with("<!--->")) return void(at_ += 6);
    for (std::size_t dashes = text_.find("--", at_ + 4); dashes != std::string_view::npos;
         dashes = text_.find("--", dashes + 1)) {
      const std::string_view end = text_.substr(dashes + 2, 2);
      if (!end.starts_with('>') && end != "!>") continue;
      at_ = dashes + (end.starts_with('>') ? 3 : 4);
      return;
    }
    at_ = text_.size();
  }

  void take_tag() {
    const bool closes = ahead(1) == '/';
    const std::size_t start = at_ + (closes ? 2 : 1);
    at_ = start;
    while (at_ < text_.size() && !is_html_blank(text_[at_]) && text_[at_] != '/' && text_[at_] != '>') ++at_;
    const std::string name = written::lower(text_.substr(start, at_ - start));
    skip_attributes();
    if (parts_words(name, closes)) out_ += ' ';
    if (!closes && shows_nothing(name)) skip_element(name);
  }

  // A tag that the standard's parser ignores where it stands (13.2.6.4.7) parts nothing.
  bool parts_words(const std::string& name, bool closes) {
    if (is_of_tables(name)) return open_["table"] > 0;
    if (!begins_a_line(name)) return false;
    std::size_t& open = open_[name];
    if (name == "br" || name == "hr") return name == "br" || !closes;
    if (!closes) return open++ == 0 || name != "form";
    if (open == 0) return name == "p";
    --open;
    return true;
  }

  // To behind the '>' that ends the tag: one in the quotes of a value does not.
  void skip_attributes() {
    bool before_value = false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '>') return;
      if (before_value && (c == '"' || c == '\'')) {
        skip_past(std::string_view(&c, 1), at_);
        before_value = false;
      } else if (!is_html_blank(c)) {
        before_value = c == '=';
      }
    }
  }

  // To its end tag, which is read as any other.
  void skip_element(std::string_view name) {
    const std::string lower_name(name);
    while (at_ < text_.size()) {
      const std::size_t end = text_.find("</", at_);
      at_ = end == std::string_view::npos ? text_.size() : end;
      if (written::lower(text_.substr(at_, name.size() + 2)) == "</" + lower_name) return;
      at_ = std::min(text_.size(), at_ + 2);
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::map<std::string, std::size_t, std::less<>> open_;  // elements that begin a line
  std::string out_;
};

}  // namespace

std::string text_of_html(std::string_view text) {
  if (text.find_first_of("<&") == std::string_view::npos) return std::string(text);
  return HtmlReader(text).read();
}

}  // namespace gantry::gate
