#include "node-agent/manifest/model.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace belay {
namespace {

// Maps are compared key by key, a repeated key in its order.
std::vector<const Model::Entry*> Sorted(const Model& model) {
  std::vector<const Model::Entry*> entries;
  for (const Model::Entry& entry : model.map) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto* a, const auto* b) { return a->key < b->key; });
  return entries;
}

bool SameMaps(const Model& a, const Model& b) {
  if (a.map.size() != b.map.size()) return false;
  const std::vector<const Model::Entry*> left = Sorted(a);
  const std::vector<const Model::Entry*> right = Sorted(b);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i]->key != right[i]->key || !(left[i]->value == right[i]->value)) return false;
  }
  return true;
}

bool SameValue(const ManifestNode& node, const Model& model) {
  if (node.alias) return true;  // what it stands for is compared where it stands
  switch (node.kind) {
    case ManifestNode::Kind::Null:
      return model.kind == Model::Kind::Null;
    case ManifestNode::Kind::Scalar: {
      const bool quoted = node.style != ManifestNode::Style::Plain;
      if (node.tag == ManifestNode::Tag::Own) return model.kind == Model::Kind::Other;
      return node.value == model.text &&
             (model.kind == Model::Kind::Text || (model.kind == Model::Kind::Other && !quoted));
    }
    case ManifestNode::Kind::Sequence:
      if (model.kind != Model::Kind::List || model.list.size() != node.items.size()) return false;
      for (size_t i = 0; i < node.items.size(); ++i)
        if (!SameValue(node.items[i], model.list[i])) return false;
      return true;
    case ManifestNode::Kind::Mapping:
      if (model.kind != Model::Kind::Map || model.map.size() != node.items.size()) return false;
      for (size_t i = 0; i < node.items.size(); ++i) {
        const ManifestNode& key = node.keys[i];
        const bool same = key.kind != ManifestNode::Kind::Scalar || key.value == model.map[i].key;
        if (!same || !SameValue(node.items[i], model.map[i].value)) return false;
      }
      return true;
  }
  return false;
}

}  // namespace

bool Model::operator==(const Model& other) const {
  return kind == other.kind && text == other.text && list == other.list && SameMaps(*this, other);
}

const Model* Model::Find(std::string_view key) const {
  for (const Entry& entry : map) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Model TextModel(std::string text) {
  Model model;
  model.kind = Model::Kind::Text;
  model.text = std::move(text);
  return model;
}

Model MapModel(std::vector<Model::Entry> entries) {
  Model model;
  model.kind = Model::Kind::Map;
  model.map = std::move(entries);
  return model;
}

bool SameValues(const std::vector<ManifestNode>& documents, const std::vector<Model>& models) {
  if (documents.size() != models.size()) return false;
  for (size_t i = 0; i < documents.size(); ++i)
    if (!SameValue(documents[i], models[i])) return false;
  return true;
}

}  // namespace belay
