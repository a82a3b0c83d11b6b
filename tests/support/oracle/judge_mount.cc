#include "tests/support/oracle/judge_mount.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/oracle/judge_bytes.h"

namespace belay::oracle {
namespace {

using Items = std::vector<ValuePtr>;

Items ItemsOf(const Value& owner, const char* key) {
  const Value* const list = owner.Find(key);
  return list == nullptr ? Items{} : list->items;
}

std::string TextOf(const Value& map, std::string_view key) {
  const Value* const value = map.Find(key);
  return value == nullptr ? "" : AsString(*value);
}

bool IsTrue(const Value& map, std::string_view key) {
  const Value* const value = map.Find(key);
  return value != nullptr && value->kind == Value::Kind::Bool && value->text == "true";
}

std::string NoSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

const Value* VolumeNamed(const PodPlace& place, const std::string& name) {
  for (const ValuePtr& volume : ItemsOf(*place.spec, "volumes"))
    if (TextOf(*volume, "name") == name) return volume.get();
  return nullptr;
}

std::string HostPathOf(const Value& volume) {
  const Value* const host = volume.Find("hostPath");
  return host == nullptr ? "" : NoSlash(TextOf(*host, "path"));
}

// The index of the item that `after` has more than `before`; -1 when they differ otherwise.
int AddedItem(const Items& before, const Items& after) {
  if (after.size() != before.size() + 1) return -1;
  for (size_t skip = 0; skip < after.size(); ++skip) {
    bool same = true;
    for (size_t i = 0; i < before.size() && same; ++i)
      same = Same(*before[i], *after[i < skip ? i : i + 1]);
    if (same) return static_cast<int>(skip);
  }
  return -1;
}

bool SameItems(const Items& a, const Items& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!Same(*a[i], *b[i])) return false;
  return true;
}

// Is `key` of the owner a list with brackets, or new with its key, or a block list?
struct Added {
  std::string problem;
  Change change;
};
Added AddedIn(std::string_view before, std::string_view after, const Value& old_owner,
              const Value& new_owner, const char* key, const Value& item) {
  const Value& list = *new_owner.Find(key);
  const Value* const old_list = old_owner.Find(key);
  if (old_list == nullptr) {
    for (const Entry& entry : new_owner.entries) {
      if (entry.key == key) return {"", {entry.key_begin, list.end, new_owner.flow, std::nullopt}};
    }
  }
  // An omitted value, or the word null, became [..].
  if (old_list->kind == Value::Kind::Null && list.flow)
    return {"", {list.begin, list.end, true, std::string(BytesOf(before, *old_list))}};
  return {JudgeNewItem(after, list, item), Gone(item, list.flow)};
}

std::set<std::string> UsedVolumes(const PodPlace& place) {
  std::set<std::string> used;
  for (const char* const key : {"containers", "initContainers", "ephemeralContainers"}) {
    for (const ValuePtr& container : ItemsOf(*place.spec, key)) {
      for (const char* const kind : {"volumeMounts", "volumeDevices"}) {
        for (const ValuePtr& mount : ItemsOf(*container, kind)) used.insert(TextOf(*mount, "name"));
      }
    }
  }
  return used;
}

}  // namespace

std::string JudgeMount(std::string_view before, std::string_view after, const PodPlace& old_place,
                       const PodPlace& new_place, const v1::MountPath& edit) {
  const std::string path = edit.mount_path().empty() ? edit.host_path() : edit.mount_path();
  const std::string type = edit.type().empty() ? "DirectoryOrCreate" : edit.type();
  const Items old_mounts = ItemsOf(*old_place.container, "volumeMounts");
  const Items new_mounts = ItemsOf(*new_place.container, "volumeMounts");
  const Items old_volumes = ItemsOf(*old_place.spec, "volumes");
  const Items new_volumes = ItemsOf(*new_place.spec, "volumes");
  if (!Same(*Without(old_place, {"volumeMounts"}, {"volumes"}),
            *Without(new_place, {"volumeMounts"}, {"volumes"}))) {
    return "something beside volumes and mounts changed";
  }
  for (const ValuePtr& mount : old_mounts) {
    if (NoSlash(TextOf(*mount, "mountPath")) != NoSlash(path)) continue;
    const Value* const volume = VolumeNamed(old_place, TextOf(*mount, "name"));
    const bool same = volume != nullptr && HostPathOf(*volume) == NoSlash(edit.host_path()) &&
                      TextOf(*mount, "subPath").empty() && TextOf(*mount, "subPathExpr").empty() &&
                      IsTrue(*mount, "readOnly") == edit.read_only();
    if (!same) return "something else was mounted there: this had to be refused";
    return before == after ? "" : "there was nothing to do, but bytes changed";
  }
  const int mount_at = AddedItem(old_mounts, new_mounts);
  if (mount_at < 0) return "not exactly one mount was added";
  const ValuePtr mount = new_mounts[static_cast<size_t>(mount_at)];
  ValuePtr wanted = MapValue({{"mountPath", TextValue(path)}, {"name", TextValue(edit.name())}});
  if (edit.read_only()) wanted = With(*wanted, "readOnly", BoolValue(true));
  if (!Same(*wanted, *mount)) return absl::StrCat("the mount is ", Print(*mount));
  Added added =
      AddedIn(before, after, *old_place.container, *new_place.container, "volumeMounts", *mount);
  if (!added.problem.empty()) return added.problem;
  std::vector<Change> changes = {added.change};
  const Value* const there = VolumeNamed(old_place, edit.name());
  if (there != nullptr) {
    const Value* const host = there->Find("hostPath");
    // The default type asks for a directory; a volume that promises less gives one too.
    const std::string given = host == nullptr ? "" : TextOf(*host, "type");
    const bool fits =
        given == type || (type == "DirectoryOrCreate" && (given.empty() || given == "Directory"));
    if (host == nullptr || HostPathOf(*there) != NoSlash(edit.host_path()) || !fits) {
      return "the volume's name was taken by another: this had to be refused";
    }
    if (!SameItems(old_volumes, new_volumes)) return "the volumes changed";
  } else {
    const int volume_at = AddedItem(old_volumes, new_volumes);
    if (volume_at < 0) return "not exactly one volume was added";
    const ValuePtr volume = new_volumes[static_cast<size_t>(volume_at)];
    const ValuePtr host =
        MapValue({{"path", TextValue(edit.host_path())}, {"type", TextValue(type)}});
    const ValuePtr wanted_volume = MapValue({{"hostPath", host}, {"name", TextValue(edit.name())}});
    if (!Same(*wanted_volume, *volume)) return absl::StrCat("the volume is ", Print(*volume));
    added = AddedIn(before, after, *old_place.spec, *new_place.spec, "volumes", *volume);
    if (!added.problem.empty()) return added.problem;
    changes.push_back(added.change);
  }
  return JudgeBytes(after, before, std::move(changes));
}

std::string JudgeUnmount(std::string_view before, std::string_view after, const PodPlace& old_place,
                         const PodPlace& new_place, const v1::UnmountPath& edit) {
  if (!Same(*Without(old_place, {"volumeMounts"}, {"volumes"}),
            *Without(new_place, {"volumeMounts"}, {"volumes"}))) {
    return "something beside volumes and mounts changed";
  }
  std::vector<Change> changes;
  Items wanted_mounts;
  std::set<std::string> names;
  if (!edit.name().empty()) names.insert(edit.name());
  const Value* const mounts = old_place.container->Find("volumeMounts");
  bool matched = false;
  for (const ValuePtr& mount : ItemsOf(*old_place.container, "volumeMounts")) {
    const bool match = (edit.name().empty() || TextOf(*mount, "name") == edit.name()) &&
                       (edit.mount_path().empty() ||
                        NoSlash(TextOf(*mount, "mountPath")) == NoSlash(edit.mount_path()));
    if (!match) {
      wanted_mounts.push_back(mount);
      continue;
    }
    matched = true;
    names.insert(TextOf(*mount, "name"));
    changes.push_back(Gone(*mount, mounts->flow));
  }
  const Items new_mounts = ItemsOf(*new_place.container, "volumeMounts");
  if (!SameItems(wanted_mounts, new_mounts)) return "the mounts are not the intended ones";
  const std::set<std::string> used = UsedVolumes(new_place);
  Items wanted_volumes;
  const Value* const volumes = old_place.spec->Find("volumes");
  bool gone = false;
  for (const ValuePtr& volume : ItemsOf(*old_place.spec, "volumes")) {
    const std::string name = TextOf(*volume, "name");
    if (names.count(name) == 0 || used.count(name) > 0) {
      wanted_volumes.push_back(volume);
      continue;
    }
    gone = true;
    changes.push_back(Gone(*volume, volumes->flow));
  }
  const Items new_volumes = ItemsOf(*new_place.spec, "volumes");
  // Whether a volume that nobody mounted goes too is left to the editor.
  const bool kept = !matched && SameItems(ItemsOf(*old_place.spec, "volumes"), new_volumes);
  if (!kept && !SameItems(wanted_volumes, new_volumes))
    return "the volumes are not the intended ones";
  if (!matched && (kept || !gone))
    return before == after ? "" : "there was nothing to do, but bytes changed";
  if (new_mounts.empty() || new_volumes.empty()) return "";  // how a list is emptied is free
  return JudgeBytes(before, after, std::move(changes));
}

}  // namespace belay::oracle
