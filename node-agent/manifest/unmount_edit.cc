#include "node-agent/manifest/unmount_edit.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/list_edit.h"
#include "node-agent/manifest/volume_list.h"

namespace belay {
namespace {

using Splices = std::vector<Splice>;

// The one mount that is meant; nothing when there is none.
absl::StatusOr<std::optional<size_t>> FindMount(const ManifestNode& mounts,
                                                const v1::UnmountPath& edit) {
  std::optional<size_t> found;
  for (size_t i = 0; i < mounts.items.size(); ++i) {
    const ManifestNode& mount = mounts.items[i];
    ASSIGN_OR_RETURN(const std::string name, VolumeText(mount, "name"));
    ASSIGN_OR_RETURN(const std::string path, VolumeText(mount, "mountPath"));
    const bool by_path =
        !edit.mount_path().empty() && WithoutSlash(path) == WithoutSlash(edit.mount_path());
    if (by_path && !edit.name().empty() && name != edit.name()) {
      return RefuseAtLine(mount.line, absl::StrCat("what is mounted at ", path, " is the volume '",
                                                   name, "', not '", edit.name(),
                                                   "'; name what is to be unmounted as it is"));
    }
    if (!by_path && (!edit.mount_path().empty() || name != edit.name())) continue;
    if (found.has_value()) {
      return RefuseAtLine(mount.line,
                          absl::StrCat("two mounts of the container fit (", path,
                                       " is the second); give name and mountPath of one"));
    }
    found = i;
  }
  return found;
}

// How often the volume is used by all containers of the pod.
absl::StatusOr<int> UsesOf(const ManifestNode& spec, const std::string& volume) {
  int uses = 0;
  for (const char* const kind : {"containers", "initContainers", "ephemeralContainers"}) {
    ASSIGN_OR_RETURN(const ManifestNode* const containers, FindKey(spec, kind));
    if (containers == nullptr || containers->kind == ManifestNode::Kind::Null) {
      if (containers == nullptr || !containers->alias) continue;
      return RefuseAtLine(containers->line,
                          "containers behind an alias may use the volume; write "
                          "them out (aliases are not edited)");
    }
    for (const ManifestNode& container : containers->items) {
      if (container.kind != ManifestNode::Kind::Mapping) {
        return RefuseAtLine(container.line,
                            absl::StrCat("an item of '", kind, "' is not a container"));
      }
      for (const char* const list : {"volumeMounts", "volumeDevices"}) {
        ASSIGN_OR_RETURN(const ManifestNode* const items, FindKey(container, list));
        if (items != nullptr && items->alias) {
          return RefuseAtLine(items->line,
                              "mounts behind an alias may use the volume; write them "
                              "out (aliases are not edited)");
        }
        if (items == nullptr) continue;
        for (const ManifestNode& item : items->items) {
          ASSIGN_OR_RETURN(const std::string name, VolumeText(item, "name"));
          if (name == volume) ++uses;
        }
      }
    }
  }
  return uses;
}

absl::StatusOr<Splices> RemoveVolume(std::string_view bytes, const EditPlace& place,
                                     const std::string& volume) {
  ASSIGN_OR_RETURN(const ManifestNode* const volumes, VolumeList(*place.spec, "volumes"));
  if (volumes == nullptr) return Splices{};
  std::vector<size_t> indexes;
  for (size_t i = 0; i < volumes->items.size(); ++i) {
    ASSIGN_OR_RETURN(const std::string name, VolumeText(volumes->items[i], "name"));
    if (name == volume) indexes.push_back(i);
  }
  if (indexes.size() > 1) {
    return RefuseAtLine(volumes->items[indexes[1]].line,
                        absl::StrCat("two volumes are named '", volume, "'"));
  }
  if (indexes.empty()) return Splices{};
  return RemoveItems(bytes, *KeyOf(*place.spec, volumes), *volumes, indexes);
}

}  // namespace

absl::StatusOr<Splices> UnmountPathSplices(std::string_view bytes, const EditPlace& place,
                                           const v1::UnmountPath& edit) {
  if (edit.name().empty() && edit.mount_path().empty()) {
    return absl::InvalidArgumentError(
        "unmountPath: neither the volume's name nor the mountPath is given");
  }
  ASSIGN_OR_RETURN(const ManifestNode* const mounts, VolumeList(*place.container, "volumeMounts"));
  if (mounts == nullptr) return Splices{};
  ASSIGN_OR_RETURN(const std::optional<size_t> found, FindMount(*mounts, edit));
  if (!found.has_value()) return Splices{};
  ASSIGN_OR_RETURN(const std::string volume, VolumeText(mounts->items[*found], "name"));
  ASSIGN_OR_RETURN(Splices splices,
                   RemoveItems(bytes, *KeyOf(*place.container, mounts), *mounts, {*found}));
  ASSIGN_OR_RETURN(const int uses, UsesOf(*place.spec, volume));
  if (uses > 1 || volume.empty()) return splices;
  ASSIGN_OR_RETURN(const Splices gone, RemoveVolume(bytes, place, volume));
  splices.insert(splices.end(), gone.begin(), gone.end());
  return splices;
}

}  // namespace belay
