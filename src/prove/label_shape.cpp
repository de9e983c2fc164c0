#include "prove/label_shape.h"

#include <algorithm>

namespace gantry::prove {

Label LabelShape::deep_not_null() const {
  Label label = join(join(node, structure), rest);
  for (const auto& [name, shape] : fields) label = join(label, shape->deep());
  return label;
}

Label LabelShape::deep() const {
  return join(deep_not_null(), if_null);
}

LabelShape LabelShape::field(std::string_view name) const {
  const auto found = fields.find(std::string(name));
  if (found == fields.end()) {
    LabelShape shape = all(join(node, rest));
    shape.if_null = join(structure, if_null);
    return shape;
  }
  LabelShape shape = found->second->within(node);
  shape.if_null = join(shape.if_null, join(structure, if_null));
  return shape;
}

LabelShape LabelShape::within(Label label) const {
  LabelShape shape = *this;
  shape.node = join(node, label);
  return shape;
}

LabelShape LabelShape::cut(std::size_t levels) const {
  LabelShape shape = *this;
  shape.fields.clear();
  if (levels == 0) {
    shape.rest = deep_not_null();
    return shape;
  }
  for (const auto& [name, each] : fields)
    shape.fields[name] = std::make_shared<const LabelShape>(each->cut(levels - 1));
  return shape;
}

bool LabelShape::operator==(const LabelShape& other) const {
  return node == other.node && structure == other.structure && if_null == other.if_null && rest == other.rest &&
         std::equal(fields.begin(), fields.end(), other.fields.begin(), other.fields.end(),
                    [](const auto& left, const auto& right) {
                      return left.first == right.first && *left.second == *right.second;
                    });
}

LabelShape join(const LabelShape& left, const LabelShape& right) {
  LabelShape shape{.node = join(left.node, right.node),
                   .structure = join(left.structure, right.structure),
                   .if_null = join(left.if_null, right.if_null),
                   .rest = join(left.rest, right.rest),
                   .fields = {}};
  for (const LabelShape* one : {&left, &right})
    for (const auto& [name, unused] : one->fields)
      if (!shape.fields.contains(name))
        shape.fields[name] = std::make_shared<const LabelShape>(join(left.field(name), right.field(name)));
  return shape;
}

bool is_anything(const LabelContent& content) {
  return std::find(content.sources.begin(), content.sources.end(), "unknown") != content.sources.end();
}

}  // namespace gantry::prove
