#include <algorithm>

#include "common/base/status_macros.h"
#include "node-agent/configfile/document.h"
#include "node-agent/configfile/value_splice.h"

namespace belay {
namespace {

using Splices = std::vector<Splice>;

// Lines behind the last item of a nested list and behind the map that holds it come to the same
// place: the inner ones, which are added first, stand first.
absl::Status Add(absl::StatusOr<Splices> more, Splices& out) {
  RETURN_IF_ERROR(more.status());
  for (Splice& splice : *more) {
    const bool same = !out.empty() && out.back().begin == out.back().end &&
                      splice.begin == splice.end && out.back().begin == splice.begin;
    if (same) {
      out.back().text += splice.text;
    } else {
      out.push_back(std::move(splice));
    }
  }
  return absl::OkStatus();
}

bool SharesAKey(const ManifestNode& old, const ConfigValue& value) {
  return std::any_of(old.keys.begin(), old.keys.end(),
                     [&](const ManifestNode& key) { return value.Count(KeyName(key)) > 0; });
}

absl::Status ChangeMap(const SpliceContext& context, const ManifestNode& old, ConfigValue value,
                       Splices& out) {
  for (size_t i = 0; i < old.keys.size(); ++i) {
    const std::string key = KeyName(old.keys[i]);
    const PlaceStep step{&old, i};
    if (const ConfigValue* const wanted = value.Find(key)) {
      RETURN_IF_ERROR(Add(ChangeValue(context, step, *wanted), out));
    } else {
      RETURN_IF_ERROR(Add(RemoveChild(context, step), out));
    }
    std::erase_if(value.map, [&](const auto& entry) { return entry.key == key; });
  }
  if (value.map.empty()) return absl::OkStatus();
  return Add(AppendEntries(context, old, value.map), out);
}

// What is equal at both ends stays; what is between is changed item by item.
absl::Status ChangeList(const SpliceContext& context, const ManifestNode& old,
                        const ConfigValue& value, Splices& out) {
  const size_t most = std::min(old.items.size(), value.list.size());
  size_t head = 0;
  while (head < most && ValueOf(old.items[head]) == value.list[head]) ++head;
  size_t tail = 0;
  while (tail < most - head && ValueOf(old.items[old.items.size() - 1 - tail]) ==
                                   value.list[value.list.size() - 1 - tail]) {
    ++tail;
  }
  const size_t old_end = old.items.size() - tail;
  const size_t new_end = value.list.size() - tail;
  const size_t paired = std::min(old_end, new_end);
  for (size_t i = head; i < paired; ++i) {
    RETURN_IF_ERROR(Add(ChangeValue(context, {&old, i}, value.list[i]), out));
  }
  for (size_t i = paired; i < old_end; ++i) {
    RETURN_IF_ERROR(Add(RemoveChild(context, {&old, i}), out));
  }
  if (paired == new_end) return absl::OkStatus();
  if (paired == 0) return absl::FailedPreconditionError("nothing stands in front");
  const auto from = value.list.begin() + static_cast<std::ptrdiff_t>(paired);
  const auto to = value.list.begin() + static_cast<std::ptrdiff_t>(new_end);
  return Add(InsertItems(context, old, paired - 1, {from, to}), out);
}

}  // namespace

absl::StatusOr<Splices> ChangeValue(const SpliceContext& context, const PlaceStep& step,
                                    const ConfigValue& value) {
  const ManifestNode& old = step.node->items[step.child];
  if (ValueOf(old) == value) return Splices{};
  Splices out;
  if (old.kind == ManifestNode::Kind::Mapping && value.kind == ConfigValue::Kind::Map &&
      SharesAKey(old, value)) {
    RETURN_IF_ERROR(ChangeMap(context, old, value, out));
    return out;
  }
  if (old.kind == ManifestNode::Kind::Sequence && value.kind == ConfigValue::Kind::List &&
      !old.items.empty() && !value.list.empty()) {
    RETURN_IF_ERROR(ChangeList(context, old, value, out));
    return out;
  }
  return ReplaceValue(context, step, value);
}

}  // namespace belay
