#include "tool/file_label.h"

#include <sys/xattr.h>

#include <cerrno>
#include <string>

#include "value/stored.h"

namespace gantry::tool {
namespace {

constexpr const char* label_attribute = "user.gantry.label";
constexpr std::size_t label_bytes_max = 3'500;  // ext4 keeps attributes in one block

bool is_harmless(const LabelContent& content) {
  return content.integrity <= Integrity::internal && content.secrecy <= Secrecy::internal && content.compartments.empty();
}

}  // namespace

Label label_of_file(int descriptor) {
  std::string text(label_bytes_max, '\0');
  const ssize_t size = fgetxattr(descriptor, label_attribute, text.data(), text.size());
  if (size < 0) return errno == ERANGE ? Label::unknown() : Label();
  text.resize(static_cast<std::size_t>(size));
  const Result<Value> value = parse_stored(text);
  return value && value->is_true() ? value->label() : Label::unknown();
}

Status set_label_of_file(int descriptor, Label label) {
  LabelContent content = label.content();
  std::string text = print_stored(Value(true).labelled(label));
  if (text.size() > label_bytes_max) {  // many sources: which they are is lost, not what they mean
    content.sources = {"many"};
    text = print_stored(Value(true).labelled(Label::of(content)));
  }
  if (fsetxattr(descriptor, label_attribute, text.data(), text.size(), 0) == 0 || is_harmless(content)) return done();
  return Error{Code::unavailable,
               "this file system keeps no extended attributes, so the content's label would be lost; write elsewhere, or "
               "set 'labels: ignore' in the tool's settings"};
}

}  // namespace gantry::tool
