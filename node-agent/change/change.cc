#include "node-agent/change/change.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/change/attribute_edits.h"
#include "node-agent/configfile/config_edit.h"
#include "node-agent/manifest/edit.h"

namespace belay {
namespace {

// All edits of the step that are about one path.
struct PathEdits {
  std::string path;
  std::string manifest;          // of `pod`
  std::vector<v1::Edit> pod;     // setFlag ...
  std::vector<v1::Edit> config;  // setConfigKey ...
  FileEdits file;
};

// Where an edit belongs: a manifest by name, or a file by path.
struct EditTarget {
  std::string manifest = {};
  std::string config = {};
  std::string file = {};
};

EditTarget TargetOf(const v1::Edit& edit) {
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      return {.manifest = edit.set_flag().manifest()};
    case v1::Edit::kUnsetFlag:
      return {.manifest = edit.unset_flag().manifest()};
    case v1::Edit::kMergeListFlag:
      return {.manifest = edit.merge_list_flag().manifest()};
    case v1::Edit::kMountPath:
      return {.manifest = edit.mount_path().manifest()};
    case v1::Edit::kUnmountPath:
      return {.manifest = edit.unmount_path().manifest()};
    case v1::Edit::kPutFile:
      return {.file = edit.put_file().path()};
    case v1::Edit::kSetConfigKey:
      return {.config = edit.set_config_key().file()};
    case v1::Edit::kUnsetConfigKey:
      return {.config = edit.unset_config_key().file()};
    case v1::Edit::kRemoveFile:
      return {.file = edit.remove_file().path()};
    case v1::Edit::kSetMode:
      return {.file = edit.set_mode().path()};
    case v1::Edit::kSetOwner:
      return {.file = edit.set_owner().path()};
    case v1::Edit::kRestartService:
    case v1::Edit::KIND_NOT_SET:
      return {};
  }
  return {};
}

// Grouped by path, in the order in which the step names them first.
absl::StatusOr<std::vector<PathEdits>> GroupByPath(const v1::Step& step,
                                                   const std::string& manifest_dir) {
  std::vector<PathEdits> groups;
  std::map<std::string, std::size_t> index;
  for (const v1::Edit& edit : step.edits()) {
    if (edit.has_restart_service()) continue;  // changes no file
    const EditTarget target = TargetOf(edit);
    const std::string path = !target.manifest.empty() ? ManifestPath(manifest_dir, target.manifest)
                             : !target.config.empty() ? target.config
                                                      : target.file;
    if (path.empty()) {
      return absl::InvalidArgumentError(
          "an edit of a kind this version does not know; update it or leave the edit out");
    }
    const auto [at, fresh] = index.emplace(path, groups.size());
    if (fresh) groups.emplace_back().path = path;
    PathEdits& group = groups[at->second];
    if (!target.manifest.empty()) {
      group.manifest = target.manifest;
      group.pod.push_back(edit);
    } else if (!target.config.empty()) {
      group.config.push_back(edit);
    } else {
      RETURN_IF_ERROR(AddFileEdit(edit, &group.file));
    }
  }
  for (const PathEdits& group : groups) {
    const bool whole = group.file.put != nullptr || group.file.remove != nullptr;
    const int kinds =
        (whole ? 1 : 0) + (group.pod.empty() ? 0 : 1) + (group.config.empty() ? 0 : 1);
    if (kinds < 2) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        group.path,
        ": edited in parts and also written whole, removed or taken for another sort of file in "
        "one step; leave one of the two out of the plan"));
  }
  return groups;
}

absl::StatusOr<FileVersion> ReadVersion(const FileSystem& files, const std::string& path) {
  absl::StatusOr<FileContent> content = files.Read(path);
  if (absl::IsNotFound(content.status())) return FileVersion{};
  RETURN_IF_ERROR(content.status());
  return FileVersion{true, std::move(content->bytes), std::move(content->attributes)};
}

absl::Status Missing(const PathEdits& edits, const std::string& manifest_dir) {
  if (!edits.pod.empty()) {
    return absl::NotFoundError(
        absl::StrCat("this node has no manifest of ", edits.manifest, " in ", manifest_dir,
                     "; if its static pods are elsewhere, say where: manifest_dir in agent.yaml, "
                     "--manifest-dir of belayctl plan"));
  }
  return absl::NotFoundError(
      absl::StrCat(edits.path,
                   " is not there, and changing a key never creates a file; write it with putFile "
                   "or name the right file"));
}

// Why a path could not be read, for the one who wrote the plan.
absl::Status Unreadable(const PathEdits& edits, const absl::Status& status) {
  if (!absl::IsFailedPrecondition(status)) return status;
  if (!edits.pod.empty()) {
    return WithContext(status,
                       "a manifest must be a regular file reached without symbolic links (kubelet "
                       "does not see changes behind them); replace the link by the file");
  }
  return WithContext(status, absl::StrCat(edits.path,
                                          ": only a regular file reached without symbolic links "
                                          "can be changed; make it one or name the file it points "
                                          "to"));
}

absl::StatusOr<PathChange> ChangeOf(const PathEdits& edits, const std::string& manifest_dir,
                                    const FileSystem& files) {
  PathChange change;
  change.path = edits.path;
  change.manifest = edits.manifest;
  absl::StatusOr<FileVersion> before = ReadVersion(files, edits.path);
  if (!before.ok()) return Unreadable(edits, before.status());
  change.before = *std::move(before);
  change.after = change.before;
  if (!change.before.exists && (!edits.pod.empty() || !edits.config.empty())) {
    return Missing(edits, manifest_dir);
  }
  if (!edits.pod.empty()) {
    ASSIGN_OR_RETURN(EditOutcome outcome,
                     ApplyEdits(change.before.bytes, edits.manifest, edits.pod));
    change.after.bytes = std::move(outcome.bytes);
    change.touched_flags = std::move(outcome.touched_flags);
  }
  if (!edits.config.empty()) {
    absl::StatusOr<EditOutcome> outcome = ApplyConfigEdits(change.before.bytes, edits.config);
    RETURN_IF_ERROR(WithContext(outcome.status(), edits.path));
    change.after.bytes = std::move(outcome->bytes);
  }
  ASSIGN_OR_RETURN(change.after, ApplyFileEdits(edits.path, edits.file, std::move(change.after)));
  return change;
}

int Rank(const PathChange& change, bool is_config) {
  if (!change.manifest.empty()) return 2;
  if (change.before.exists && !change.after.exists) return 3;
  return is_config ? 1 : 0;
}

}  // namespace

std::string ManifestPath(const std::string& manifest_dir, const std::string& manifest) {
  return absl::StrCat(manifest_dir, "/", manifest, ".yaml");
}

absl::StatusOr<StepChanges> ChangesOf(const v1::Step& step, const std::string& manifest_dir,
                                      const FileSystem& files) {
  ASSIGN_OR_RETURN(const std::vector<PathEdits> groups, GroupByPath(step, manifest_dir));
  std::vector<std::pair<int, PathChange>> ranked;
  for (const PathEdits& group : groups) {
    ASSIGN_OR_RETURN(PathChange change, ChangeOf(group, manifest_dir, files));
    const int rank = Rank(change, !group.config.empty());
    ranked.emplace_back(rank, std::move(change));
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  StepChanges changes;
  for (auto& [rank, change] : ranked) changes.push_back(std::move(change));
  return changes;
}

}  // namespace belay
