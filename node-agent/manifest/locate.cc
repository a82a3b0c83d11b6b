#include "node-agent/manifest/locate.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"

namespace belay {
namespace {

bool IsOmitted(const ManifestNode* node) {
  return node == nullptr || (node->kind == ManifestNode::Kind::Null && !node->alias);
}

absl::StatusOr<const ManifestNode*> OptionalList(const ManifestNode& mapping,
                                                 std::string_view key) {
  ASSIGN_OR_RETURN(const ManifestNode* const list, FindKey(mapping, key));
  if (IsOmitted(list)) return nullptr;
  RETURN_IF_ERROR(CheckOwnValue(*list));
  if (list->kind != ManifestNode::Kind::Sequence) {
    return RefuseAtLine(list->line, absl::StrCat("'", std::string(key), "' is not a list"));
  }
  return list;
}

const ManifestNode* Child(const ManifestNode* mapping, std::string_view key) {
  if (mapping == nullptr) return nullptr;
  for (size_t i = 0; i < mapping->keys.size(); ++i)
    if (mapping->keys[i].value == key) return &mapping->items[i];
  return nullptr;
}

std::string TextOf(const ManifestNode* node) { return node == nullptr ? "" : node->value; }

// Names of the containers, "" for one that has none; nothing when this is not such a pod.
std::vector<std::string> ContainerNames(const ManifestNode& root) {
  std::vector<std::string> names;
  const ManifestNode* const containers = Child(Child(&root, "spec"), "containers");
  if (containers == nullptr || containers->kind != ManifestNode::Kind::Sequence) return names;
  for (const ManifestNode& container : containers->items) {
    names.push_back(TextOf(Child(&container, "name")));
  }
  return names;
}

bool IsPod(const ManifestNode& root) {
  if (root.kind != ManifestNode::Kind::Mapping) return false;
  for (size_t i = 0; i < root.keys.size(); ++i) {
    if (root.keys[i].value == "kind") return root.items[i].value == "Pod";
  }
  return false;
}

// Kubelet takes the last of two without a word: which of two command lines or lists of mounts its
// author meant is not for an edit to decide, not even for an edit of the other.
absl::Status RefuseKeyGivenTwice(const ManifestNode& container) {
  std::set<std::string_view> seen;
  for (const ManifestNode& key : container.keys) {
    if (key.value != "command" && key.value != "args" && key.value != "volumeMounts") continue;
    if (!seen.insert(key.value).second) return FindKey(container, key.value).status();
  }
  return absl::OkStatus();
}

absl::StatusOr<const ManifestNode*> FindContainer(const ManifestNode& containers,
                                                  const std::string& name) {
  const ManifestNode* found = nullptr;
  std::vector<std::string> names;
  for (const ManifestNode& container : containers.items) {
    if (container.alias) {
      return RefuseAtLine(container.line,
                          "a container is an alias; write it out (aliases are not "
                          "edited)");
    }
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

absl::StatusOr<const ManifestNode*> ChoosePod(const std::vector<ManifestNode>& documents,
                                              const std::string& container) {
  std::vector<const ManifestNode*> values;
  std::vector<const ManifestNode*> pods;
  std::vector<const ManifestNode*> named;
  for (const ManifestNode& document : documents) {
    if (document.kind == ManifestNode::Kind::Null) continue;
    values.push_back(&document);
    if (!IsPod(document)) continue;
    pods.push_back(&document);
    const std::vector<std::string> names = ContainerNames(document);
    if (std::find(names.begin(), names.end(), container) != names.end()) named.push_back(&document);
  }
  if (values.empty()) {
    return absl::InvalidArgumentError("line 1: the file holds no YAML document, so no pod");
  }
  if (values.size() == 1) return values.front();
  if (pods.size() == 1) return pods.front();
  if (named.size() == 1) return named.front();
  if (pods.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("line ", values.front()->line,
                                                   ": the file holds several YAML documents and "
                                                   "none of them is a pod (kind Pod)"));
  }
  return RefuseAtLine(pods[1]->line,
                      absl::StrCat("the file holds several YAML documents that are "
                                   "pods, and ",
                                   named.empty() ? "none" : "more than one", " has a container '",
                                   container, "'; keep one pod a file"));
}

absl::StatusOr<std::vector<PodNames>> ReadPodNames(std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::vector<ManifestNode> documents, ParseDocuments(bytes));
  std::vector<PodNames> pods;
  for (const ManifestNode& document : documents) {
    if (!IsPod(document)) continue;
    pods.push_back({TextOf(Child(Child(&document, "metadata"), "name")), ContainerNames(document)});
  }
  if (pods.empty()) {
    ASSIGN_OR_RETURN(const ManifestNode* const other, ChoosePod(documents, ""));
    RETURN_IF_ERROR(PodSpec(*other).status());
  }
  return pods;
}

absl::StatusOr<EditPlace> Locate(const std::vector<ManifestNode>& documents,
                                 const std::string& manifest, const std::string& container) {
  const std::string& name = container.empty() ? manifest : container;
  ASSIGN_OR_RETURN(const ManifestNode* const root, ChoosePod(documents, name));
  EditPlace place;
  ASSIGN_OR_RETURN(place.spec, PodSpec(*root));
  RETURN_IF_ERROR(CheckOwnValue(*root));
  RETURN_IF_ERROR(CheckOwnValue(*place.spec));
  ASSIGN_OR_RETURN(place.containers, OptionalList(*place.spec, "containers"));
  if (place.containers == nullptr) {
    return RefuseAtLine(place.spec->line, "the pod has no containers");
  }
  ASSIGN_OR_RETURN(place.container, FindContainer(*place.containers, name));
  RETURN_IF_ERROR(CheckOwnValue(*place.container));
  RETURN_IF_ERROR(RefuseKeyGivenTwice(*place.container));
  place.names = {name, manifest};
  place.json = root->flow && !root->keys.empty() &&
               root->keys.front().style == ManifestNode::Style::DoubleQuoted;
  return place;
}

absl::Status LocateCommand(EditPlace& place) {
  ASSIGN_OR_RETURN(place.command, OptionalList(*place.container, "command"));
  ASSIGN_OR_RETURN(place.args, OptionalList(*place.container, "args"));
  return absl::OkStatus();
}

const ManifestNode* KeyOf(const ManifestNode& mapping, const ManifestNode* value) {
  for (size_t i = 0; i < mapping.items.size(); ++i)
    if (&mapping.items[i] == value) return &mapping.keys[i];
  return nullptr;
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
