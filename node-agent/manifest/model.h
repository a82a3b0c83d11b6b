// The parsed document as plain values, for judging edits: texts, other scalars, lists and maps, no
// offsets and no styles.  Maps compare without regard to order, lists with it.  Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node-agent/manifest/tree.h"

namespace belay {

struct Model {
  enum class Kind { Null, Text, Other, List, Map };
  struct Entry;
  Kind kind = Kind::Null;
  std::string text;  // of Text; as written, of Other (numbers, booleans)
  std::vector<Model> list;
  std::vector<Entry> map;  // sorted by key, stable

  bool operator==(const Model& other) const;
  Model* Find(std::string_view key);
  void Set(const std::string& key, Model value);
};
struct Model::Entry {
  std::string key;
  Model value;
  bool operator==(const Entry&) const = default;
};

Model ModelOf(const ManifestNode& node);
Model TextModel(std::string text);

// Every text of the list; nothing when an item is not a text.
std::vector<std::string> TextsOf(const Model* list);

}  // namespace belay
