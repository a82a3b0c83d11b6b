#include "node-agent/driver/stray_pods.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

absl::Status Refusal(const std::string& path, std::string_view what, std::string_view next) {
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": ", absl::string_view(what.data(), what.size()), "; ",
                   absl::string_view(next.data(), next.size())));
}

// What kubelet cannot decode it leaves out, but our reader is stricter than kubelet's: a file that
// mentions the pod's name and cannot be read may still be a pod to kubelet.
bool MayBeSamePod(const std::string& bytes, const PodFacts& pod) {
  const absl::StatusOr<PodFacts> other = ReadPod(bytes);
  if (!other.ok()) return bytes.find(pod.name) != std::string::npos;
  return other->name == pod.name && other->name_space == pod.name_space;
}

}  // namespace

absl::Status RefuseStrayCopies(const FileSystem& files, const std::string& manifest_path,
                               const PodFacts& pod) {
  const std::string directory = ParentDirectory(manifest_path);
  const std::string own_name = BaseName(manifest_path);
  ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> entries, files.List(directory));
  for (const DirectoryEntry& entry : entries) {
    if (entry.name == own_name || entry.name.empty() || entry.name[0] == '.') continue;
    const std::string path = absl::StrCat(directory == "/" ? "" : directory, "/", entry.name);
    switch (entry.type) {
      case EntryType::SymbolicLink:
        return Refusal(
            path, "is a symbolic link that kubelet follows, so it may be a second copy of this pod",
            "replace it by a regular file or move it out of the directory");
      case EntryType::RegularFile: {
        const absl::StatusOr<FileContent> content = files.Read(path);
        if (absl::IsNotFound(content.status())) break;  // gone since it was listed
        RETURN_IF_ERROR(content.status());
        if (!MayBeSamePod(content->bytes, pod)) break;
        return Refusal(
            path,
            absl::StrCat("is another copy of the pod ", pod.name_space, "/", pod.name,
                         "; kubelet runs every file without a leading dot, whatever its ending"),
            absl::StrCat("move it out of ", directory, " and start the rollout again"));
      }
      case EntryType::Directory:
      case EntryType::Other:
        break;
    }
  }
  return absl::OkStatus();
}

absl::Status RefuseStrayCopies(const FileSystem& files, const std::string& manifest_path) {
  ASSIGN_OR_RETURN(const FileContent manifest, files.Read(manifest_path));
  ASSIGN_OR_RETURN(const PodFacts pod, ReadPod(manifest.bytes));
  return RefuseStrayCopies(files, manifest_path, pod);
}

}  // namespace belay
