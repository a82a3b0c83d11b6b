#include "node-agent/manifest/mount_edit.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/list_edit.h"
#include "node-agent/manifest/new_key.h"
#include "node-agent/manifest/volume_list.h"
#include "node-agent/manifest/write_scalar.h"

namespace belay {
namespace {

using Splices = std::vector<Splice>;

constexpr const char* kDefaultType = "DirectoryOrCreate";

struct Wanted {
  std::string name;
  std::string host_path;
  std::string mount_path;
  std::string type;
  bool read_only = false;
};

bool IsPlainPath(const std::string& path) {
  if (path.size() < 2 || path[0] != '/') return false;
  for (const char c : path) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == ':') return false;
  }
  return absl::StrCat(path, "/").find("/../") == std::string::npos;
}

absl::StatusOr<Wanted> ReadWanted(const v1::MountPath& edit) {
  Wanted wanted{edit.name(), edit.host_path(),
                edit.mount_path().empty() ? edit.host_path() : edit.mount_path(),
                edit.type().empty() ? std::string(kDefaultType) : edit.type(), edit.read_only()};
  if (!IsPlainPath(wanted.host_path) || !IsPlainPath(wanted.mount_path)) {
    return absl::InvalidArgumentError(absl::StrCat("mountPath: '", wanted.host_path, "' or '",
                                                   wanted.mount_path, "' is not an absolute path"));
  }
  if (wanted.name.empty() || wanted.name.size() > 63 ||
      wanted.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("mountPath: '", wanted.name, "' is not the name of a volume"));
  }
  return wanted;
}

// The volume that gives the wanted host path under `name`; nullptr when there is no such volume.
absl::StatusOr<bool> VolumeIsThere(const ManifestNode* volumes, const std::string& name,
                                   const Wanted& wanted) {
  bool found = false;
  if (volumes == nullptr) return false;
  for (const ManifestNode& volume : volumes->items) {
    ASSIGN_OR_RETURN(const std::string given, VolumeText(volume, "name"));
    if (given != name) continue;
    if (found) return RefuseAtLine(volume.line, absl::StrCat("two volumes are named '", name, "'"));
    found = true;
    ASSIGN_OR_RETURN(const ManifestNode* const host, FindKey(volume, "hostPath"));
    std::string path;
    std::string type;
    if (host != nullptr && host->kind == ManifestNode::Kind::Mapping) {
      ASSIGN_OR_RETURN(path, VolumeText(*host, "path"));
      ASSIGN_OR_RETURN(type, VolumeText(*host, "type"));
    }
    if (WithoutSlash(path) != WithoutSlash(wanted.host_path)) {
      return RefuseAtLine(volume.line,
                          absl::StrCat("the volume name '", name,
                                       "' is taken by another volume; choose another name"));
    }
    // Where the default is wanted, an existing mount of a directory is what is wanted.
    const bool fits = type == wanted.type ||
                      (wanted.type == kDefaultType && (type.empty() || type == "Directory"));
    if (name == wanted.name && !fits) {
      return RefuseAtLine(volume.line, absl::StrCat("the volume '", name, "' has hostPath type '",
                                                    type, "', not '", wanted.type, "'"));
    }
  }
  return found;
}

// True when the container already sees the host path there in the wanted way.
absl::StatusOr<bool> MountIsThere(const ManifestNode* mounts, const ManifestNode* volumes,
                                  const Wanted& wanted) {
  if (mounts == nullptr) return false;
  for (const ManifestNode& mount : mounts->items) {
    ASSIGN_OR_RETURN(const std::string path, VolumeText(mount, "mountPath"));
    if (WithoutSlash(path) != WithoutSlash(wanted.mount_path)) continue;
    ASSIGN_OR_RETURN(const std::string name, VolumeText(mount, "name"));
    ASSIGN_OR_RETURN(const bool read_only, BoolOf(mount, "readOnly"));
    ASSIGN_OR_RETURN(const std::string sub_path, VolumeText(mount, "subPath"));
    ASSIGN_OR_RETURN(const std::string sub_path_expr, VolumeText(mount, "subPathExpr"));
    const absl::StatusOr<bool> same = VolumeIsThere(volumes, name, wanted);
    // Of the volume that is asked for, what differs is said; another one is in the way as a whole.
    if (!same.ok() && name == wanted.name) return same.status();
    if (!same.ok() || !*same || !sub_path.empty() || !sub_path_expr.empty()) {
      return RefuseAtLine(mount.line, absl::StrCat("something else is mounted at ", path));
    }
    if (read_only != wanted.read_only) {
      return RefuseAtLine(
          mount.line,
          absl::StrCat(path, " is already mounted with readOnly ", read_only ? "true" : "false",
                       "; make the edit ask for the same, or change it by hand"));
    }
    return true;
  }
  return false;
}

std::string Text(const std::string& text, bool flow, bool json) {
  return WriteScalar(text, ManifestNode::Style::Plain, flow, json);
}
NewItem VolumeItem(const Wanted& wanted, bool json) {
  NewItem item;
  item.block_lines = {"hostPath:", absl::StrCat("  path: ", Text(wanted.host_path, false, json)),
                      absl::StrCat("  type: ", Text(wanted.type, false, json)),
                      absl::StrCat("name: ", Text(wanted.name, false, json))};
  item.flow_text = absl::StrCat("{", KeyText("hostPath", json), "{", KeyText("path", json),
                                Text(wanted.host_path, true, json), ", ", KeyText("type", json),
                                Text(wanted.type, true, json), "}, ", KeyText("name", json),
                                Text(wanted.name, true, json), "}");
  return item;
}

NewItem MountItem(const Wanted& wanted, bool json) {
  NewItem item;
  item.block_lines = {absl::StrCat("mountPath: ", Text(wanted.mount_path, false, json)),
                      absl::StrCat("name: ", Text(wanted.name, false, json))};
  item.flow_text =
      absl::StrCat("{", KeyText("mountPath", json), Text(wanted.mount_path, true, json), ", ",
                   KeyText("name", json), Text(wanted.name, true, json));
  if (wanted.read_only) {
    item.block_lines.emplace_back("readOnly: true");
    absl::StrAppend(&item.flow_text, ", ", KeyText("readOnly", json), "true");
  }
  item.flow_text += "}";
  return item;
}

absl::StatusOr<Splices> AddItem(std::string_view bytes, const EditPlace& place,
                                const ManifestNode& mapping, std::string_view key,
                                const ManifestNode* list, const NewItem& item) {
  if (list != nullptr && !list->items.empty())
    return InsertBehind(bytes, *list, list->items.size() - 1, item);
  ASSIGN_OR_RETURN(const Splice splice, list == nullptr
                                            ? InsertListKey(bytes, place, mapping, key, item)
                                            : FillEmpty(bytes, *list, item));
  return Splices{splice};
}

}  // namespace

absl::StatusOr<std::vector<Splice>> MountPathSplices(std::string_view bytes, const EditPlace& place,
                                                     const v1::MountPath& edit) {
  ASSIGN_OR_RETURN(const Wanted wanted, ReadWanted(edit));
  ASSIGN_OR_RETURN(const ManifestNode* const volumes, VolumeList(*place.spec, "volumes"));
  ASSIGN_OR_RETURN(const ManifestNode* const mounts, VolumeList(*place.container, "volumeMounts"));
  std::vector<Splice> splices;
  ASSIGN_OR_RETURN(const bool mounted, MountIsThere(mounts, volumes, wanted));
  if (mounted) return splices;
  ASSIGN_OR_RETURN(const bool has_volume, VolumeIsThere(volumes, wanted.name, wanted));
  // Mounts first: where both come in one place, at the end of the file, they belong to the
  // container.
  ASSIGN_OR_RETURN(splices, AddItem(bytes, place, *place.container, "volumeMounts", mounts,
                                    MountItem(wanted, place.json)));
  if (has_volume) return splices;
  ASSIGN_OR_RETURN(const Splices added, AddItem(bytes, place, *place.spec, "volumes", volumes,
                                                VolumeItem(wanted, place.json)));
  splices.insert(splices.end(), added.begin(), added.end());
  return splices;
}

}  // namespace belay
