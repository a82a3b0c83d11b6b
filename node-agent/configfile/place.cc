#include "node-agent/configfile/place.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/configfile/document.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

using Found = std::optional<size_t>;

absl::Status WrongShape(const ManifestNode& node, const std::string& where, bool wants_map) {
  return RefuseAtLine(node.line,
                      absl::StrCat(where, " is not a ", wants_map ? "map" : "list",
                                   ", which the path expects there; change it by hand first"));
}

// `y` without quotes is true to kubelet; whoever wrote it, or the path, meant the text.
absl::Status ReadOtherwise(const ManifestNode& node, const std::string& meaning) {
  return RefuseAtLine(node.line, absl::StrCat("kubelet reads ", node.value, " as ", meaning,
                                              "; put it in quotes first"));
}

absl::StatusOr<Found> FindEntry(const ManifestNode& mapping, const std::string& key) {
  Found found;
  for (size_t i = 0; i < mapping.keys.size(); ++i) {
    const std::string name = KeyName(mapping.keys[i]);
    if (name != key && mapping.keys[i].value == key) return ReadOtherwise(mapping.keys[i], name);
    if (name != key) continue;
    if (found.has_value()) {
      return RefuseAtLine(
          mapping.keys[i].line,
          absl::StrCat("the key '", key, "' stands here a second time (first in line ",
                       mapping.keys[*found].line, "); remove one"));
    }
    found = i;
  }
  return found;
}

absl::StatusOr<Found> FindItem(const ManifestNode& list, const v1::ConfigSelector& select) {
  Found chosen;
  for (size_t i = 0; i < list.items.size(); ++i) {
    const ManifestNode& item = list.items[i];
    if (item.kind != ManifestNode::Kind::Mapping) continue;
    ASSIGN_OR_RETURN(const Found entry, FindEntry(item, select.key()));
    if (!entry.has_value()) continue;
    const ManifestNode& name = item.items[*entry];
    if (!SelectorMatches(ValueOf(name), select.value())) {
      if (name.kind == ManifestNode::Kind::Scalar && name.value == select.value()) {
        return ReadOtherwise(name, ValueOf(name).text);
      }
      continue;
    }
    if (chosen.has_value()) {
      return RefuseAtLine(item.line, absl::StrCat("a second item has ", select.key(), " '",
                                                  select.value(), "' (the first is in line ",
                                                  list.items[*chosen].line, "); use an index"));
    }
    chosen = i;
  }
  return chosen;
}

absl::StatusOr<Found> FindChild(const ManifestNode& node, const v1::ConfigPathElement& element,
                                const std::string& where) {
  switch (element.element_case()) {
    case v1::ConfigPathElement::kKey:
      if (node.kind == ManifestNode::Kind::Null) return Found();
      if (node.kind != ManifestNode::Kind::Mapping) return WrongShape(node, where, true);
      return FindEntry(node, element.key());
    case v1::ConfigPathElement::kIndex:
      if (node.kind == ManifestNode::Kind::Null && element.index() == 0) return Found();
      if (node.kind != ManifestNode::Kind::Sequence) return WrongShape(node, where, false);
      if (element.index() > node.items.size()) {
        return RefuseAtLine(node.line, absl::StrCat(where, " has only ", node.items.size(),
                                                    " items, counted from 0"));
      }
      return element.index() < node.items.size() ? Found(element.index()) : Found();
    case v1::ConfigPathElement::kSelect:
      if (node.kind == ManifestNode::Kind::Null) return Found();
      if (node.kind != ManifestNode::Kind::Sequence) return WrongShape(node, where, false);
      return FindItem(node, element.select());
    case v1::ConfigPathElement::ELEMENT_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("an element of a kind this agent does not know");
}

}  // namespace

absl::StatusOr<ConfigPlace> FindConfigPlace(const ManifestNode& root, const ConfigPath& path) {
  ConfigPlace place;
  place.found = &root;
  ConfigPath so_far;
  for (const v1::ConfigPathElement& element : path) {
    const std::string where =
        so_far.empty() ? "the document" : absl::StrCat("'", ConfigPathText(so_far), "'");
    ASSIGN_OR_RETURN(const Found child, FindChild(*place.found, element, where));
    if (!child.has_value()) break;
    place.steps.push_back({place.found, *child});
    place.found = &place.found->items[*child];
    *so_far.Add() = element;
  }
  return place;
}

}  // namespace belay
