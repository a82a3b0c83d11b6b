#include "node-agent/manifest/model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"

namespace belay {
namespace {

bool ByKey(const Model::Entry& a, const Model::Entry& b) { return a.key < b.key; }

// Is this plain scalar a text in every version of YAML?  Anything doubtful is not.
bool IsCertainlyText(std::string_view plain) {
  static const char* const kWords[] = {"true", "false", "yes", "no",  "on",  "off", "y",
                                       "n",    "t",     "f",   "nan", "inf", "null"};
  if (plain.empty() || plain == "-") return false;
  if (plain.size() > 1 && (plain[0] == '/' || plain.substr(0, 2) == "--")) return true;
  const std::string lower = absl::AsciiStrToLower({plain.data(), plain.size()});
  for (const char* const word : kWords) {
    if (lower == word) return false;
  }
  const size_t letter = plain[0] == '-' ? 1 : 0;
  return absl::ascii_isalpha(static_cast<unsigned char>(plain[letter]));
}

}  // namespace

bool Model::operator==(const Model& other) const {
  return kind == other.kind && text == other.text && list == other.list && map == other.map;
}

Model* Model::Find(std::string_view key) {
  for (auto& [name, value] : map) {
    if (name == key) return &value;
  }
  return nullptr;
}

void Model::Set(const std::string& key, Model value) {
  if (Model* const there = Find(key)) {
    *there = std::move(value);
    return;
  }
  kind = Kind::Map;
  map.push_back({key, std::move(value)});
  std::stable_sort(map.begin(), map.end(), ByKey);
}

Model TextModel(std::string text) {
  Model model;
  model.kind = Model::Kind::Text;
  model.text = std::move(text);
  return model;
}

Model ModelOf(const ManifestNode& node) {
  Model model;
  switch (node.kind) {
    case ManifestNode::Kind::Null:
      break;
    case ManifestNode::Kind::Scalar:
      model.text = node.value;
      model.kind = node.style != ManifestNode::Style::Plain || IsCertainlyText(node.value)
                       ? Model::Kind::Text
                       : Model::Kind::Other;
      break;
    case ManifestNode::Kind::Sequence:
      model.kind = Model::Kind::List;
      for (const ManifestNode& item : node.items) model.list.push_back(ModelOf(item));
      break;
    case ManifestNode::Kind::Mapping:
      model.kind = Model::Kind::Map;
      for (size_t i = 0; i < node.keys.size(); ++i) {
        model.map.push_back({node.keys[i].value, ModelOf(node.items[i])});
      }
      std::stable_sort(model.map.begin(), model.map.end(), ByKey);
      break;
  }
  return model;
}

std::vector<std::string> TextsOf(const Model* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  for (const Model& item : list->list) texts.push_back(item.text);
  return texts;
}

}  // namespace belay
