// A YAML document as values with their places, keeping what yaml-cpp's own nodes drop: duplicate
// keys, whether a scalar was quoted, and where everything stands.  It knows nothing of plans.
//
// Anchors, aliases, tags, duplicate keys, keys that are not scalars and further documents are
// mistakes: two readers of a plan must never see two different things in it.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/plan/compile.h"

namespace belay {

struct YamlEntry;

struct YamlNode {
  enum class Kind { Null, Scalar, Sequence, Map };
  Kind kind = Kind::Null;
  int line = 1;
  int column = 1;
  std::string text;     // of a scalar, unescaped; of a null that is written out "null"
  bool quoted = false;  // a scalar in quotes or a block scalar
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;
};

struct YamlEntry {
  std::string key;
  bool key_quoted = false;
  int line = 1;  // of the key
  int column = 1;
  YamlNode value;
};

struct YamlDocument {
  YamlNode root;
  std::vector<Mistake> mistakes;
  bool readable = false;  // false: the syntax is broken and `mistakes` says where
};

// Beyond these nothing is parsed: the bytes of a whole file, and brackets open at one time.
inline constexpr size_t kMaxYamlBytes = size_t{4} * 1024 * 1024;
inline constexpr int kMaxOpenBrackets = 1000;

YamlDocument ReadYaml(std::string_view text);

}  // namespace belay
