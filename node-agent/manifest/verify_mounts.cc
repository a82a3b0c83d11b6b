// JudgeMountPath and JudgeUnmountPath: the lists of volumes and mounts before and after.
#include <algorithm>

#include "node-agent/manifest/verify_parts.h"

namespace belay {
namespace {

using Items = std::vector<Model>;

Items ItemsOf(const Model& owner, const char* key) {
  const Model* const list = owner.Find(key);
  return list == nullptr ? Items() : list->list;
}

std::string TextOf(const Model& map, const char* key) {
  const Model* const value = map.Find(key);
  return value == nullptr ? std::string() : value->text;
}

bool SamePath(std::string given, std::string wanted) {
  for (std::string* const path : {&given, &wanted})
    while (path->size() > 1 && path->back() == '/') path->pop_back();
  return given == wanted;
}

// As kubelet reads a plain scalar.
bool IsTrue(const Model* value) {
  if (value == nullptr || value->kind != Model::Kind::Other) return false;
  static constexpr const char* kWords[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
                                           "on",   "On",   "ON",   "y",   "Y"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](const char* word) { return value->text == word; });
}

bool IsOfHostPath(const Model& volume, const std::string& path) {
  const Model* const host = volume.Find("hostPath");
  return host != nullptr && SamePath(TextOf(*host, "path"), path);
}

// Does the container already see that host path in that place?
bool IsMounted(const Items& mounts, const Items& volumes, const v1::MountPath& edit,
               const std::string& mount_path) {
  return std::any_of(mounts.begin(), mounts.end(), [&](const Model& mount) {
    if (!SamePath(TextOf(mount, "mountPath"), mount_path) || mount.Find("subPath") != nullptr ||
        mount.Find("subPathExpr") != nullptr ||
        IsTrue(mount.Find("readOnly")) != edit.read_only()) {
      return false;
    }
    return std::any_of(volumes.begin(), volumes.end(), [&](const Model& volume) {
      return TextOf(volume, "name") == TextOf(mount, "name") &&
             IsOfHostPath(volume, edit.host_path());
    });
  });
}

absl::Status CheckLists(const Items& mounts, const Items& volumes, const JudgedPlace& after) {
  if (mounts != ItemsOf(*after.container, "volumeMounts"))
    return WrongResult("the mounts would not be the intended ones");
  if (volumes != ItemsOf(*after.spec, "volumes"))
    return WrongResult("the volumes would not be the intended ones");
  return absl::OkStatus();
}

}  // namespace

absl::Status JudgeMountPath(const JudgedPlace& before, const JudgedPlace& after,
                            const v1::MountPath& edit) {
  const std::string mount_path = edit.mount_path().empty() ? edit.host_path() : edit.mount_path();
  Items mounts = ItemsOf(*before.container, "volumeMounts");
  Items volumes = ItemsOf(*before.spec, "volumes");
  if (!IsMounted(mounts, volumes, edit, mount_path)) {
    Model mount =
        MapModel({{"mountPath", TextModel(mount_path)}, {"name", TextModel(edit.name())}});
    if (edit.read_only()) {
      Model yes;
      yes.kind = Model::Kind::Other;
      yes.text = "true";
      mount.map.push_back({"readOnly", yes});
    }
    mounts.push_back(mount);
    const bool has_volume = std::any_of(volumes.begin(), volumes.end(), [&](const Model& volume) {
      return TextOf(volume, "name") == edit.name() && IsOfHostPath(volume, edit.host_path());
    });
    if (!has_volume) {
      const std::string type = edit.type().empty() ? "DirectoryOrCreate" : edit.type();
      volumes.push_back(MapModel({{"name", TextModel(edit.name())},
                                  {"hostPath", MapModel({{"path", TextModel(edit.host_path())},
                                                         {"type", TextModel(type)}})}}));
    }
  }
  return CheckLists(mounts, volumes, after);
}

absl::Status JudgeUnmountPath(const JudgedPlace& before, const JudgedPlace& after,
                              const v1::UnmountPath& edit) {
  Items mounts = ItemsOf(*before.container, "volumeMounts");
  Items volumes = ItemsOf(*before.spec, "volumes");
  std::vector<std::string> freed;
  std::erase_if(mounts, [&](const Model& mount) {
    const bool gone =
        (edit.name().empty() || TextOf(mount, "name") == edit.name()) &&
        (edit.mount_path().empty() || SamePath(TextOf(mount, "mountPath"), edit.mount_path()));
    if (gone) freed.push_back(TextOf(mount, "name"));
    return gone;
  });
  if (freed.size() > 1) return WrongResult("more than one mount would go");
  for (const char* const kind : {"containers", "initContainers", "ephemeralContainers"}) {
    for (const Model& container : ItemsOf(*after.spec, kind)) {
      for (const char* const use : {"volumeMounts", "volumeDevices"}) {
        for (const Model& item : ItemsOf(container, use)) std::erase(freed, TextOf(item, "name"));
      }
    }
  }
  std::erase_if(volumes, [&](const Model& volume) {
    return std::find(freed.begin(), freed.end(), TextOf(volume, "name")) != freed.end();
  });
  return CheckLists(mounts, volumes, after);
}

}  // namespace belay
