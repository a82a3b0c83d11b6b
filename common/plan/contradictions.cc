#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/plan/rules.h"

namespace belay {
namespace {

// What an edit is about.  Two edits with the same subject in one step would depend on their order,
// or the second would undo the first: neither can be what was meant.
struct Subject {
  std::string key;   // equal for edits that are about the same thing
  std::string text;  // for people
};

template <class FlagEdit>
Subject FlagSubject(const FlagEdit& edit) {
  const std::string& container = edit.container().empty() ? edit.manifest() : edit.container();
  return {absl::StrCat("flag\n", edit.manifest(), "\n", container, "\n", edit.flag()),
          absl::StrCat("--", edit.flag(), " of ", edit.manifest())};
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
      const std::string& container =
          mount.container().empty() ? mount.manifest() : mount.container();
      return {absl::StrCat("mount\n", mount.manifest(), "\n", container, "\n", mount.mount_path()),
              absl::StrCat(mount.mount_path(), " in ", mount.manifest())};
    }
    case v1::Edit::kPutFile:
      return {absl::StrCat("file\n", edit.put_file().path()), edit.put_file().path()};
    case v1::Edit::kUnmountPath:
    case v1::Edit::kSetConfigKey:
    case v1::Edit::kUnsetConfigKey:
    case v1::Edit::kRemoveFile:
    case v1::Edit::kSetMode:
    case v1::Edit::kSetOwner:
    case v1::Edit::KIND_NOT_SET:
      return {};
  }
  return {};
}

// The field that names the subject, where the mistake is shown.
std::string SubjectField(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
    case v1::Edit::kUnsetFlag:
    case v1::Edit::kMergeListFlag:
      return ".flag";
    case v1::Edit::kMountPath:
      return ".mountPath";
    case v1::Edit::kPutFile:
      return ".path";
    case v1::Edit::kUnmountPath:
    case v1::Edit::kSetConfigKey:
    case v1::Edit::kUnsetConfigKey:
    case v1::Edit::kRemoveFile:
    case v1::Edit::kSetMode:
    case v1::Edit::kSetOwner:
    case v1::Edit::KIND_NOT_SET:
      return "";
  }
  return "";
}

}  // namespace

std::vector<BrokenRule> FindContradictions(const v1::Step& step, const std::string& step_path) {
  std::vector<BrokenRule> broken;
  std::map<std::string, int> first;
  std::map<std::string, const v1::MountPath*> volumes;
  std::map<std::string, int> files;
  for (int i = 0; i < step.edits_size(); ++i) {
    const v1::Edit& edit = step.edits(i);
    const std::string path = absl::StrCat(step_path, ".edits[", i, "].", EditKind(edit));
    const Subject subject = SubjectOf(edit);
    if (subject.key.empty()) continue;
    if (const auto [it, fresh] = first.emplace(subject.key, i); !fresh) {
      broken.push_back({absl::StrCat(path, SubjectField(edit)),
                        absl::StrCat("edit ", it->second + 1, " of this step is already about ",
                                     subject.text, ": make it one edit")});
      continue;
    }
    if (edit.has_mount_path()) {
      const v1::MountPath& mount = edit.mount_path();
      const auto [it, fresh] =
          volumes.emplace(absl::StrCat(mount.manifest(), "\n", mount.name()), &mount);
      if (!fresh &&
          (it->second->host_path() != mount.host_path() || it->second->type() != mount.type())) {
        broken.push_back(
            {absl::StrCat(path, ".name"),
             absl::StrCat("the volume '", mount.name(), "' is ", it->second->host_path(), " (",
                          it->second->type(), ") in an earlier edit of this step and ",
                          mount.host_path(), " (", mount.type(),
                          ") here: give one of them another name")});
      }
    }
    if (edit.has_put_file()) files.emplace(edit.put_file().path(), i);
  }
  // A path cannot be both a file and a directory above another file.
  for (const auto& [file, index] : files) {
    for (const auto& [other, other_index] : files) {
      if (absl::StartsWith(other, absl::StrCat(file, "/"))) {
        broken.push_back({absl::StrCat(step_path, ".edits[", other_index, "].putFile.path"),
                          absl::StrCat("'", other, "' lies below '", file, "', which edit ",
                                       index + 1, " makes a file")});
      }
    }
  }
  return broken;
}

}  // namespace belay
