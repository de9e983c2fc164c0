// One definition file while it is read: its text, the places of its values, and where its problems go.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "definition/problem.h"

namespace gantry::definition {

// Collects the problems of one load. Keeps the first thousand: hostile input can't make the list large.
class ProblemSink {
 public:
  void add(Problem problem);
  std::size_t count() const { return count_; }  // of all errors that were added, kept or not; warnings don't count
  bool is_full() const;  // what is added now is not kept
  // Sorted by path and place, each once. Empties the sink.
  Problems take();

 private:
  Problems problems_;
  std::size_t count_ = 0;
};

class SourceFile {
 public:
  // `text` and `problems` must outlive this.
  SourceFile(std::string path, std::string_view text, SourceMap source, ProblemSink& problems);

  const std::string& path() const { return path_; }
  SourcePlace value_place(std::string_view pointer) const { return source_.value_at(pointer); }
  SourcePlace key_place(std::string_view pointer) const { return source_.key_at(pointer); }
  // The place of byte `offset` of the string at `pointer`, as it is written: quotes, escapes, folded lines and block
  // scalars are taken into account.
  SourcePlace text_place(std::string_view pointer, std::size_t offset) const;

  void problem(SourcePlace place, std::string message) const;
  void warning(SourcePlace place, std::string message) const;
  ProblemSink& problems() const { return *problems_; }

 private:
  std::string path_;
  std::string_view text_;
  SourceMap source_;
  ProblemSink* problems_;
};

// The place of byte `offset` of a YAML scalar's text, when the scalar is written in `text` from `start` on.
SourcePlace place_in_scalar(std::string_view text, SourcePlace start, std::size_t offset);

}  // namespace gantry::definition
