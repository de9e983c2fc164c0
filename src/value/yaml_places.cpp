#include "value/yaml_places.h"

#include <fmt/format.h>

#include "value/json.h"
#include "value/pointer.h"

namespace gantry {
namespace {

const SourceMap::Places* nearest(const SourceMap& source, std::string_view pointer) {
  while (true) {
    if (auto found = source.places.find(pointer); found != source.places.end()) return &found->second;
    std::size_t slash = pointer.rfind('/');
    if (slash == std::string_view::npos) return nullptr;
    pointer = pointer.substr(0, slash);
  }
}

// Walks a text that is known to be valid JSON.
class JsonPlaces {
 public:
  explicit JsonPlaces(std::string_view text) : text_(text) {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") position_ = line_start_ = 3;
  }

  SourceMap walk() {
    while (skip_to_token()) step();
    return recorder_.take();
  }

 private:
  struct Container {
    bool object;
    std::size_t next_index = 0;
    std::size_t pointer_size = 0;  // of the container's parent
  };

  void step() {
    char c = text_[position_];
    if (c == '}' || c == ']') {
      ++position_;
      recorder_.leave(containers_.back().pointer_size);
      containers_.pop_back();
      return;
    }
    bool in_object = !containers_.empty() && containers_.back().object;
    if (in_object && !key_read_) {
      key_place_ = place();
      key_ = read_key();
      key_read_ = true;
      return;
    }
    std::size_t parent_size = recorder_.pointer_size();
    if (in_object)
      recorder_.enter(key_, key_place_, place(), false);
    else if (!containers_.empty())
      recorder_.enter(containers_.back().next_index++, place(), false);
    else
      recorder_.enter_root(place(), false);
    key_read_ = false;
    if (c == '{' || c == '[') {
      ++position_;
      containers_.push_back({c == '{', 0, parent_size});
      return;
    }
    skip_scalar();
    recorder_.leave(parent_size);
  }

  bool skip_to_token() {
    for (; position_ < text_.size(); ++position_) {
      char c = text_[position_];
      if (c == '\n') {
        ++line_;
        line_start_ = position_ + 1;
      } else if (c != ' ' && c != '\t' && c != '\r' && c != ',' && c != ':') {
        return true;
      }
    }
    return false;
  }

  void skip_scalar() {
    if (text_[position_] != '"') {
      std::size_t end = text_.find_first_of(",]} \t\r\n", position_);
      position_ = end == std::string_view::npos ? text_.size() : end;
      return;
    }
    for (++position_; text_[position_] != '"'; ++position_)
      if (text_[position_] == '\\') ++position_;
    ++position_;
  }

  std::string read_key() {
    std::size_t start = position_;
    skip_scalar();
    std::string_view quoted = text_.substr(start, position_ - start);
    if (quoted.find('\\') == std::string_view::npos) return std::string(quoted.substr(1, quoted.size() - 2));
    auto key = parse_json(quoted);
    return key.ok() ? std::string(key->as_string()) : std::string();
  }

  SourcePlace place() const { return {line_, static_cast<int>(position_ - line_start_) + 1}; }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  std::vector<Container> containers_;
  bool key_read_ = false;
  std::string key_;
  SourcePlace key_place_;
  PlaceRecorder recorder_;
};

}  // namespace

SourcePlace SourceMap::value_at(std::string_view pointer) const {
  const Places* found = nearest(*this, pointer);
  return found ? found->value : SourcePlace{};
}

SourcePlace SourceMap::key_at(std::string_view pointer) const {
  const Places* found = nearest(*this, pointer);
  return found ? found->key : SourcePlace{};
}

void PlaceRecorder::enter(std::string_view name, SourcePlace key, SourcePlace value, bool block_text) {
  pointer_.append("/").append(pointer_token(name));
  record({key, value, block_text});
}

void PlaceRecorder::enter(std::size_t index, SourcePlace value, bool block_text) {
  pointer_.append("/").append(fmt::format_int(index).c_str());
  record({value, value, block_text});
}

void PlaceRecorder::record(const SourceMap::Places& places) {
  pointer_bytes_ += pointer_.size();
  if (pointer_bytes_ <= pointer_bytes_max) source_.places.emplace(pointer_, places);
}

SourceMap json_places(std::string_view text) {
  return JsonPlaces(text).walk();
}

}  // namespace gantry
