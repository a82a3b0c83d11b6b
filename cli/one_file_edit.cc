#include "cli/one_file_edit.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/plan/rules.h"
#include "node-agent/configfile/config_edit.h"
#include "node-agent/manifest/locate.h"

namespace belay {
namespace {

bool IsPodEdit(const v1::Edit& edit) {
  return edit.has_set_flag() || edit.has_unset_flag() || edit.has_merge_list_flag() ||
         edit.has_mount_path() || edit.has_unmount_path();
}

bool IsConfigEdit(const v1::Edit& edit) {
  return edit.has_set_config_key() || edit.has_unset_config_key();
}

// The editor asks that all edits of a manifest name it; here it is named like the container.
template <class PodEdit>
void Address(PodEdit& edit, const std::string& manifest, const std::string& container) {
  edit.set_manifest(manifest);
  if (edit.container().empty()) edit.set_container(container);
}

void Address(v1::Edit& edit, const std::string& manifest, const std::string& container) {
  if (edit.has_set_flag()) Address(*edit.mutable_set_flag(), manifest, container);
  if (edit.has_unset_flag()) Address(*edit.mutable_unset_flag(), manifest, container);
  if (edit.has_merge_list_flag()) Address(*edit.mutable_merge_list_flag(), manifest, container);
  if (edit.has_mount_path()) Address(*edit.mutable_mount_path(), manifest, container);
  if (edit.has_unmount_path()) Address(*edit.mutable_unmount_path(), manifest, container);
}

std::string NamedContainer(const v1::Edit& edit) {
  if (edit.has_set_flag()) return edit.set_flag().container();
  if (edit.has_unset_flag()) return edit.unset_flag().container();
  if (edit.has_merge_list_flag()) return edit.merge_list_flag().container();
  if (edit.has_mount_path()) return edit.mount_path().container();
  return edit.unmount_path().container();
}

}  // namespace

absl::StatusOr<EditedFile> EditorOf(const std::vector<v1::Edit>& edits) {
  if (!edits.empty() && std::all_of(edits.begin(), edits.end(), IsPodEdit)) {
    return EditedFile::Manifest;
  }
  if (!edits.empty() && std::all_of(edits.begin(), edits.end(), IsConfigEdit)) {
    return EditedFile::Config;
  }
  for (const v1::Edit& edit : edits) {
    if (!IsPodEdit(edit) && !IsConfigEdit(edit)) {
      return absl::InvalidArgumentError(absl::StrCat(
          EditKind(edit), " is about a file as a whole: use install, rm, chmod or chown for that"));
    }
  }
  return absl::InvalidArgumentError(
      "one file is either a static pod's manifest (setFlag, unsetFlag, mergeListFlag, mountPath, "
      "unmountPath) or a config file (setConfigKey, unsetConfigKey): give edits of one sort");
}

absl::StatusOr<std::string> ContainerOf(std::string_view bytes, std::string_view file_name) {
  ASSIGN_OR_RETURN(const std::vector<PodNames> pods, ReadPodNames(bytes));
  std::vector<std::string> names;
  std::vector<std::string> fitting;
  const std::string stem(file_name.substr(0, file_name.find('.')));
  for (const PodNames& pod : pods) {
    for (const std::string& container : pod.containers) {
      names.push_back(container.empty() ? "(one without a name)" : container);
      const bool like_pod = pods.size() == 1 && container == pod.pod;
      if (container == stem || like_pod) fitting.push_back(container);
    }
  }
  const bool only = names.size() == 1 && !pods.front().containers.front().empty();
  if (only) return names.front();
  if (fitting.size() == 1 && !fitting.front().empty()) return fitting.front();
  return absl::FailedPreconditionError(
      absl::StrCat("the file has the containers ", absl::StrJoin(names, ", "),
                   ": say with --container which one is meant, and give it a name where it has "
                   "none"));
}

absl::StatusOr<EditOutcome> EditOneFile(std::string_view bytes, std::string_view file_name,
                                        const std::string& container, std::vector<v1::Edit> edits) {
  ASSIGN_OR_RETURN(const EditedFile sort, EditorOf(edits));
  if (sort == EditedFile::Config) return ApplyConfigEdits(bytes, edits);
  std::string chosen = container;
  for (const v1::Edit& edit : edits) {
    if (chosen.empty()) chosen = NamedContainer(edit);
  }
  if (chosen.empty()) {
    ASSIGN_OR_RETURN(chosen, ContainerOf(bytes, file_name));
  }
  for (v1::Edit& edit : edits) Address(edit, chosen, chosen);
  return ApplyEdits(bytes, chosen, edits);
}

absl::Status ReplaceContent(FileSystem& files, const std::string& path, const FileContent& before,
                            const std::string& bytes, const std::string& temporary_suffix) {
  // Dot-named: kubelet runs every other file in a directory of manifests.
  const std::string temporary =
      absl::StrCat(ParentDirectory(path) == "/" ? "" : ParentDirectory(path), "/.", BaseName(path),
                   ".", temporary_suffix);
  absl::Status status = files.Create(temporary, bytes, before.attributes);
  if (absl::IsAlreadyExists(status)) return status;  // not ours to remove
  if (status.ok()) status = files.Sync(temporary);
  if (status.ok()) {
    const absl::StatusOr<FileContent> now = files.Read(path);
    if (!now.ok() || now->inode != before.inode || now->bytes != before.bytes ||
        now->attributes != before.attributes) {
      status = absl::AbortedError(absl::StrCat(
          path, ": somebody else has changed it meanwhile; it is not overwritten: try again"));
    }
  }
  if (status.ok()) status = files.Rename(temporary, path);
  if (!status.ok()) {
    files.Remove(temporary).IgnoreError();  // because what went wrong before is what matters
    return status;
  }
  return files.Sync(ParentDirectory(path));
}

}  // namespace belay
