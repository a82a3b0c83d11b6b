// A YAML document before it is written: values with the way each is to look.  The writer knows
// block, flow and JSON; it shares nothing with the editor.  Pure.
#pragma once
#include <string>
#include <vector>

#include "tests/fuzz/support/choices.h"

namespace belay::fuzz {

struct SketchEntry;

struct Sketch {
  enum class Kind { Text, Literal, List, Map };
  Kind kind = Kind::Text;
  std::string text;   // of a Literal as it is written: true, 5, nothing
  char quote = ' ';   // of a Text: ' ' plain where that is right, '\'', '"' or '|'
  bool flow = false;  // of a List or Map
  std::vector<Sketch> items;
  std::vector<SketchEntry> entries;
  std::vector<std::string> above;  // whole lines: comments or ""
  std::string behind;              // blanks, or blanks and a comment
  size_t gap = 1;                  // of a List: blanks behind each dash
};

struct SketchEntry {
  std::string key;
  Sketch value;
};

struct Look {
  size_t step = 2;
  bool lists_in_column = true;
  bool quoted_keys = false;
  std::string end = "\n";
  bool json = false;
  bool one_line = false;     // of JSON
  std::string tab = "  ";    // of JSON
  std::string colon = ": ";  // of JSON
};

Sketch TextSketch(std::string text, char quote = ' ');
Sketch LiteralSketch(std::string text);
Sketch MapSketch(std::vector<SketchEntry> entries);
Sketch ListSketch(std::vector<Sketch> items);

// The document's text, ending with Look::end.
std::string Write(const Sketch& root, const Look& look);

}  // namespace belay::fuzz
