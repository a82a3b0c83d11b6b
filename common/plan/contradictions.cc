#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/plan/config_path.h"
#include "common/plan/rules.h"

namespace belay {
namespace {

// What an edit is about.  Two edits of one step with a subject in common would depend on their
// order, or the second would undo the first: neither can be what was meant.
struct Subject {
  std::vector<std::string> keys;  // each equal in all edits that are about the same thing
  std::string text;               // for people
  std::string field;              // that names it, where the mistake is shown: ".flag"
};

template <class PodEdit>
std::string ContainerOf(const PodEdit& edit) {
  return absl::StrCat(edit.manifest(), "\n",
                      edit.container().empty() ? edit.manifest() : edit.container(), "\n");
}

template <class FlagEdit>
Subject FlagSubject(const FlagEdit& edit) {
  return {{absl::StrCat("flag\n", ContainerOf(edit), edit.flag())},
          absl::StrCat("--", edit.flag(), " of ", edit.manifest()),
          ".flag"};
}

Subject UnmountSubject(const v1::UnmountPath& edit) {
  Subject subject;
  if (!edit.mount_path().empty()) {
    subject = {{absl::StrCat("mount\n", ContainerOf(edit), edit.mount_path())},
               absl::StrCat(edit.mount_path(), " in ", edit.manifest()),
               ".mountPath"};
  } else {
    subject = {{}, absl::StrCat("the volume ", edit.name(), " of ", edit.manifest()), ".name"};
  }
  if (!edit.name().empty()) {
    subject.keys.push_back(absl::StrCat("volume\n", ContainerOf(edit), edit.name()));
  }
  return subject;
}

// Whoever writes a file whole says all of it; keys, mode and owner are parts.
Subject FileSubject(const std::string& path, const std::vector<std::string>& parts) {
  Subject subject{{}, path, ".path"};
  for (const std::string& part : parts) {
    subject.keys.push_back(absl::StrCat("file\n", part, "\n", path));
  }
  return subject;
}

Subject SubjectOf(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      return FlagSubject(edit.set_flag());
    case v1::Edit::kUnsetFlag:
      return FlagSubject(edit.unset_flag());
    case v1::Edit::kMergeListFlag:
      return FlagSubject(edit.merge_list_flag());
    case v1::Edit::kMountPath: {
      const v1::MountPath& mount = edit.mount_path();
      return {{absl::StrCat("mount\n", ContainerOf(mount), mount.mount_path())},
              absl::StrCat(mount.mount_path(), " in ", mount.manifest()),
              ".mountPath"};
    }
    case v1::Edit::kUnmountPath:
      return UnmountSubject(edit.unmount_path());
    case v1::Edit::kSetConfigKey:
    case v1::Edit::kUnsetConfigKey:
      return {};  // see ConfigClash
    case v1::Edit::kPutFile:
      return FileSubject(edit.put_file().path(), {"content", "mode", "owner"});
    case v1::Edit::kRemoveFile:
      return FileSubject(edit.remove_file().path(), {"content", "mode", "owner"});
    case v1::Edit::kSetMode:
      return FileSubject(edit.set_mode().path(), {"mode"});
    case v1::Edit::kSetOwner:
      return FileSubject(edit.set_owner().path(), {"owner"});
    case v1::Edit::kRestartService:
      return {{absl::StrCat("service\n", edit.restart_service().service())},
              absl::StrCat("the service ", edit.restart_service().service()),
              ""};
    case v1::Edit::KIND_NOT_SET:
      return {};
  }
  return {};
}

struct ConfigEdit {
  int index = 0;
  std::string kind;
  const ConfigPath* path = nullptr;
};

bool SameElement(const v1::ConfigPathElement& a, const v1::ConfigPathElement& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

// Is one of them the other, or below it?
bool Overlap(const ConfigEdit& a, const ConfigEdit& b) {
  if (!a.kind.empty() && !b.kind.empty() && a.kind != b.kind) return false;
  const int common = std::min(a.path->size(), b.path->size());
  for (int i = 0; i < common; ++i) {
    if (!SameElement(a.path->at(i), b.path->at(i))) return false;
  }
  return true;
}

class Finder {
 public:
  Finder(const v1::Step& step, const std::string& step_path) : step_(step), step_path_(step_path) {}

  std::vector<BrokenRule> Find() {
    for (int i = 0; i < step_.edits_size(); ++i) {
      const v1::Edit& edit = step_.edits(i);
      if (edit.has_set_config_key()) {
        CheckConfig(edit.set_config_key(), i);
      } else if (edit.has_unset_config_key()) {
        CheckConfig(edit.unset_config_key(), i);
      } else if (!SharesSubject(edit, i) && edit.has_mount_path()) {
        CheckVolume(edit.mount_path(), i);
      }

      if (edit.has_unmount_path()) CheckMounted(edit.unmount_path(), i);
      if (edit.has_put_file()) files_.emplace(edit.put_file().path(), i);
      if (edit.has_remove_file()) files_.emplace(edit.remove_file().path(), i);
    }
    CheckDirectories();
    return std::move(broken_);
  }

 private:
  std::string PathOf(int index, const std::string& field) const {
    return absl::StrCat(step_path_, ".edits[", index, "].", EditKind(step_.edits(index)), field);
  }

  bool SharesSubject(const v1::Edit& edit, int index) {
    const Subject subject = SubjectOf(edit);
    bool shares = false;
    for (const std::string& key : subject.keys) {
      const auto [it, fresh] = first_.emplace(key, index);
      if (fresh || shares) continue;
      shares = true;
      broken_.push_back({PathOf(index, subject.field),
                         absl::StrCat("edit ", it->second + 1, " of this step is already about ",
                                      subject.text, ": make it one edit")});
    }
    return shares;
  }

  void CheckVolume(const v1::MountPath& mount, int index) {
    const auto gone = first_.find(absl::StrCat("volume\n", ContainerOf(mount), mount.name()));
    if (gone != first_.end()) {
      broken_.push_back(
          {PathOf(index, ".name"),
           absl::StrCat("edit ", gone->second + 1, " of this step takes the volume '", mount.name(),
                        "' out: give this one another name, or make it two steps")});
      return;
    }
    const auto [it, fresh] =
        volumes_.emplace(absl::StrCat(mount.manifest(), "\n", mount.name()), &mount);
    if (fresh ||
        (it->second->host_path() == mount.host_path() && it->second->type() == mount.type())) {
      return;
    }
    broken_.push_back({PathOf(index, ".name"),
                       absl::StrCat("the volume '", mount.name(), "' is ", it->second->host_path(),
                                    " (", it->second->type(),
                                    ") in an earlier edit of this step and ", mount.host_path(),
                                    " (", mount.type(), ") here: give one of them another name")});
  }

  void CheckMounted(const v1::UnmountPath& mount, int index) {
    const auto it = volumes_.find(absl::StrCat(mount.manifest(), "\n", mount.name()));
    if (it == volumes_.end()) return;
    broken_.push_back(
        {PathOf(index, ".name"),
         absl::StrCat("an earlier edit of this step mounts the volume '", mount.name(),
                      "': give that one another name, or make it two steps")});
  }

  template <class Edit>
  void CheckConfig(const Edit& edit, int index) {
    const ConfigEdit here{index, edit.kind(), &edit.path()};
    std::vector<ConfigEdit>& others = configs_[edit.file()];
    const auto other = std::find_if(others.begin(), others.end(), [&here](const ConfigEdit& each) {
      return Overlap(each, here);
    });
    if (other != others.end()) {
      broken_.push_back(
          {PathOf(index, ".path"),
           absl::StrCat("edit ", other->index + 1, " of this step is already about ",
                        ConfigPathText(*other->path), " in ", edit.file(), ": make it one edit")});
    }
    others.push_back(here);
    // The content as such is claimed once, by the first of them.
    const std::string content = absl::StrCat("file\ncontent\n", edit.file());
    const auto [it, fresh] = first_.emplace(content, index);
    const v1::Edit& first = step_.edits(it->second);
    if (!fresh && (first.has_put_file() || first.has_remove_file())) {
      broken_.push_back({PathOf(index, ".file"),
                         absl::StrCat("edit ", it->second + 1, " of this step is already about ",
                                      edit.file(), ": make it one edit")});
    }
  }

  // A path cannot be both a file and a directory above another file.
  void CheckDirectories() {
    for (const auto& [file, index] : files_) {
      for (const auto& [other, other_index] : files_) {
        if (!absl::StartsWith(other, absl::StrCat(file, "/"))) continue;
        broken_.push_back({PathOf(other_index, ".path"),
                           absl::StrCat("'", other, "' lies below '", file, "', which edit ",
                                        index + 1, " makes a file")});
      }
    }
  }

  const v1::Step& step_;
  const std::string& step_path_;
  std::map<std::string, int> first_;  // by a subject's key
  std::map<std::string, const v1::MountPath*> volumes_;
  std::map<std::string, std::vector<ConfigEdit>> configs_;  // by file
  std::map<std::string, int> files_;                        // written or removed
  std::vector<BrokenRule> broken_;
};

}  // namespace

std::vector<BrokenRule> FindContradictions(const v1::Step& step, const std::string& step_path) {
  return Finder(step, step_path).Find();
}

}  // namespace belay
