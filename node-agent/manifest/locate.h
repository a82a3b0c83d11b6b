// Where an edit has to be made: the one container it names and that container's command line.
// Everything missing, given twice or of another shape is refused.  Pure.
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

// `container` is empty where it is named like the manifest.
absl::StatusOr<EditPlace> Locate(const ManifestNode& root, const std::string& manifest,
                                 const std::string& container);

// Items of command, then of args.
std::vector<ArgvItem> ArgvItems(const EditPlace& place);

}  // namespace belay
