// Where an edit has to be made: the one pod, the one container it names and that container's
// command line.  Everything missing, given twice or of another shape is refused, and so is a way
// that goes through an alias or an anchor in use.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/manifest/argv_view.h"
#include "node-agent/manifest/tree.h"

namespace belay {

// Points into the tree it was made from.
struct EditPlace {
  const ManifestNode* spec = nullptr;
  const ManifestNode* containers = nullptr;
  const ManifestNode* container = nullptr;
  const ManifestNode* command = nullptr;  // nullptr when not there
  const ManifestNode* args = nullptr;     // nullptr when not there
  std::vector<std::string> names;         // what the binary may be called
  bool json = false;                      // strict JSON: double quotes only, no comments
};

// INVALID_ARGUMENT when the document is not one Pod.
absl::StatusOr<const ManifestNode*> PodSpec(const ManifestNode& root);

// Which document of the file an edit of `container` means: the only one; or else the only pod; or
// else the only pod with a container of that name.
absl::StatusOr<const ManifestNode*> ChoosePod(const std::vector<ManifestNode>& documents,
                                              const std::string& container);

// The names of every pod of the file, "" for a container without one; nothing else is looked at.
struct PodNames {
  std::string pod;
  std::vector<std::string> containers;
};
// As ChoosePod where the file holds no pod.
absl::StatusOr<std::vector<PodNames>> ReadPodNames(std::string_view bytes);

// `container` is empty where it is named like the manifest.  Fills everything but command and
// args.
absl::StatusOr<EditPlace> Locate(const std::vector<ManifestNode>& documents,
                                 const std::string& manifest, const std::string& container);

// Fills command and args; a list that is given without a value counts as not there.
absl::Status LocateCommand(EditPlace& place);

// The key under which `value`, one of the mapping's own nodes, stands.
const ManifestNode* KeyOf(const ManifestNode& mapping, const ManifestNode* value);

// Items of command, then of args.
std::vector<ArgvItem> ArgvItems(const EditPlace& place);

}  // namespace belay
