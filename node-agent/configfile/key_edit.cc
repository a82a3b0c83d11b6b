#include "node-agent/configfile/key_edit.h"

#include <utility>

#include "common/base/status_macros.h"
#include "node-agent/configfile/document.h"
#include "node-agent/configfile/place.h"
#include "node-agent/configfile/value_splice.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

using Splices = std::vector<Splice>;

// `value` with the maps and lists around it that the path's elements from `from` on name.
absl::StatusOr<ConfigValue> Wrapped(const ConfigPath& path, int from, ConfigValue value, int line) {
  for (int i = path.size() - 1; i >= from; --i) {
    const v1::ConfigPathElement& element = path.at(i);
    const bool map = element.has_key();
    ConfigValue around = EmptyConfigValue(map ? ConfigValue::Kind::Map : ConfigValue::Kind::List);
    if (map) {
      around.map.push_back({element.key(), std::move(value)});
    } else {
      if (element.has_index() && element.index() != 0) {
        return RefuseAtLine(line,
                            "the path wants a later item of a list that is not there; "
                            "begin with [0] or set the whole list");
      }
      if (element.has_select() && value.Count(element.select().key()) == 0) {
        value.map.insert(value.map.begin(),
                         {element.select().key(), TextConfigValue(element.select().value())});
      }
      around.list.push_back(std::move(value));
    }
    value = std::move(around);
  }
  return value;
}

SpliceContext ContextAt(std::string_view bytes, const ManifestNode& root, const ManifestNode& at,
                        const ManifestNode* above) {
  std::string_view text = bytes;
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  const bool json = root.flow && ParseJson(text).ok();
  return {bytes, StyleAt(bytes, root, at, above, json)};
}

// Around the last step: the style is that of its siblings.
SpliceContext ContextOf(std::string_view bytes, const ConfigPlace& place) {
  const ManifestNode* const above =
      place.steps.size() > 1 ? place.steps[place.steps.size() - 2].node : nullptr;
  return ContextAt(bytes, *place.steps.front().node, *place.steps.back().node, above);
}

}  // namespace

absl::StatusOr<Splices> SetKeySplices(std::string_view bytes, const ManifestNode& root,
                                      const v1::SetConfigKey& edit, ReplaceWith with) {
  ASSIGN_OR_RETURN(ConfigValue value, ParseJson(edit.value_json()));
  ASSIGN_OR_RETURN(const ConfigPlace place, FindConfigPlace(root, edit.path()));
  const int known = static_cast<int>(place.steps.size());
  const ManifestNode& found = *place.found;
  if (known == edit.path().size()) {
    const SpliceContext around = ContextOf(bytes, place);
    return with == ReplaceWith::Differences ? ChangeValue(around, place.steps.back(), value)
                                            : ReplaceValue(around, place.steps.back(), value);
  }
  const bool empty = found.kind == ManifestNode::Kind::Null || found.items.empty();
  const v1::ConfigPathElement& next = edit.path().at(known);
  if (empty) {
    ASSIGN_OR_RETURN(value, Wrapped(edit.path(), known, std::move(value), found.line));
    if (known == 0) return ReplaceRoot(ContextAt(bytes, root, root, nullptr), root, value);
    return ReplaceValue(ContextOf(bytes, place), place.steps.back(), value);
  }
  const ManifestNode* const above = known > 0 ? place.steps.back().node : nullptr;
  const SpliceContext context = ContextAt(bytes, root, found, above);
  if (next.has_key()) {
    ASSIGN_OR_RETURN(value, Wrapped(edit.path(), known + 1, std::move(value), found.line));
    return AppendEntries(context, found, {{next.key(), value}});
  }
  // The wrapping makes the selector's key part of the item; the list around it is there already.
  ASSIGN_OR_RETURN(value, Wrapped(edit.path(), known + 1, std::move(value), found.line));
  if (next.has_select() && value.Count(next.select().key()) == 0) {
    value.map.insert(value.map.begin(),
                     {next.select().key(), TextConfigValue(next.select().value())});
  }
  return InsertItems(context, found, found.items.size() - 1, {value});
}

absl::StatusOr<Splices> UnsetKeySplices(std::string_view bytes, const ManifestNode& root,
                                        const v1::UnsetConfigKey& edit) {
  ASSIGN_OR_RETURN(const ConfigPlace place, FindConfigPlace(root, edit.path()));
  if (static_cast<int>(place.steps.size()) < edit.path().size()) return Splices{};
  const PlaceStep& last = place.steps.back();
  if (last.node->items.size() > 1) return RemoveChild(ContextOf(bytes, place), last);
  const ConfigValue empty =
      EmptyConfigValue(last.node->kind == ManifestNode::Kind::Mapping ? ConfigValue::Kind::Map
                                                                      : ConfigValue::Kind::List);
  if (place.steps.size() == 1) {
    return ReplaceRoot(ContextAt(bytes, root, root, nullptr), root, empty);
  }
  ConfigPlace parent = place;
  parent.steps.pop_back();
  return ReplaceValue(ContextOf(bytes, parent), parent.steps.back(), empty);
}

}  // namespace belay
