// A YAML file as plain values, read by libfyaml, for judging edits: texts, other scalars, lists and
// maps, aliases written out, no offsets and no styles.  Shares nothing with the tree that the
// editor works on.  Maps compare without regard to order, lists with it.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/manifest/tree.h"

namespace belay {

struct Model {
  enum class Kind { Null, Text, Other, List, Map };
  struct Entry;
  Kind kind = Kind::Null;
  std::string text;  // of Text; as written, of Other (numbers, booleans, tagged values)
  std::vector<Model> list;
  std::vector<Entry> map;  // as written; a key may stand twice

  bool operator==(const Model& other) const;
  const Model* Find(std::string_view key) const;  // the first
};
struct Model::Entry {
  std::string key;  // of a key that is no scalar: a text that no scalar has
  Model value;
};

// One a document, also of those that hold nothing.  FAILED_PRECONDITION when libfyaml cannot read
// it. Only for bytes that ParseDocuments has read: it bounds depth and aliases.
absl::StatusOr<std::vector<Model>> ReadModels(std::string_view bytes);

Model TextModel(std::string text);
Model MapModel(std::vector<Model::Entry> entries);

// Does libyaml's tree say the same as the models?
bool SameValues(const std::vector<ManifestNode>& documents, const std::vector<Model>& models);

}  // namespace belay
