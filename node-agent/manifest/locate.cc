#include "node-agent/manifest/locate.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

absl::StatusOr<const ManifestNode*> OptionalList(const ManifestNode& mapping,
                                                 std::string_view key) {
  ASSIGN_OR_RETURN(const ManifestNode* const list, FindKey(mapping, key));
  if (list != nullptr && list->kind != ManifestNode::Kind::Sequence) {
    return RefuseAtLine(list->line, absl::StrCat("'", std::string(key), "' is not a list"));
  }
  return list;
}

absl::StatusOr<const ManifestNode*> FindContainer(const ManifestNode& containers,
                                                  const std::string& name) {
  const ManifestNode* found = nullptr;
  std::vector<std::string> names;
  for (const ManifestNode& container : containers.items) {
    if (container.kind != ManifestNode::Kind::Mapping) {
      return RefuseAtLine(container.line, "an item of 'containers' is not a container");
    }
    ASSIGN_OR_RETURN(const ManifestNode* const given, FindKey(container, "name"));
    if (given == nullptr) continue;
    names.push_back(given->value);
    if (given->value != name) continue;
    if (found != nullptr) {
      return RefuseAtLine(container.line, absl::StrCat("two containers are named '", name, "'"));
    }
    found = &container;
  }
  if (found == nullptr) {
    return RefuseAtLine(containers.line, absl::StrCat("no container is named '", name,
                                                      "' (there are: ", absl::StrJoin(names, ", "),
                                                      "); name it in the edit"));
  }
  return found;
}

}  // namespace

absl::StatusOr<const ManifestNode*> PodSpec(const ManifestNode& root) {
  if (root.kind != ManifestNode::Kind::Mapping) {
    return absl::InvalidArgumentError(absl::StrCat("line ", root.line, ": this is not a pod"));
  }
  ASSIGN_OR_RETURN(const ManifestNode* const kind, FindKey(root, "kind"));
  if (kind == nullptr || kind->value != "Pod") {
    const std::string found = kind == nullptr ? "nothing" : kind->value;
    return absl::InvalidArgumentError(
        absl::StrCat("line ", kind == nullptr ? root.line : kind->line, ": kind is '", found,
                     "'; only static pods (kind Pod) are edited"));
  }
  ASSIGN_OR_RETURN(const ManifestNode* const spec, FindKey(root, "spec"));
  if (spec == nullptr || spec->kind != ManifestNode::Kind::Mapping) {
    return absl::InvalidArgumentError(absl::StrCat("line ", root.line, ": the pod has no spec"));
  }
  return spec;
}

absl::StatusOr<EditPlace> Locate(const ManifestNode& root, const std::string& manifest,
                                 const std::string& container) {
  EditPlace place;
  ASSIGN_OR_RETURN(place.spec, PodSpec(root));
  ASSIGN_OR_RETURN(place.containers, OptionalList(*place.spec, "containers"));
  if (place.containers == nullptr) {
    return RefuseAtLine(place.spec->line, "the pod has no containers");
  }
  const std::string& name = container.empty() ? manifest : container;
  ASSIGN_OR_RETURN(place.container, FindContainer(*place.containers, name));
  ASSIGN_OR_RETURN(place.command, OptionalList(*place.container, "command"));
  ASSIGN_OR_RETURN(place.args, OptionalList(*place.container, "args"));
  place.names = {name, manifest};
  place.json = root.flow && root.keys.front().style == ManifestNode::Style::DoubleQuoted;
  return place;
}

std::vector<ArgvItem> ArgvItems(const EditPlace& place) {
  std::vector<ArgvItem> items;
  for (const ManifestNode* const list : {place.command, place.args}) {
    if (list == nullptr) continue;
    for (const ManifestNode& item : list->items) {
      items.push_back({item.value, item.kind == ManifestNode::Kind::Scalar, item.line});
    }
  }
  return items;
}

}  // namespace belay
