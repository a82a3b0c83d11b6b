// What one step would make of a node's files, as values: for every file the step names, what it is
// and what it would be.  The agent's transaction, its answer to `plan diff` and `belayctl plan
// render --root` all take it from here, so that what is shown is what is done.
//
// Reads only, and only through the FileSystem seam.  Attributes are part of a file: a change of
// mode alone is a change.  Whatever cannot be changed with certainty is refused with a word that
// helps; a file that is already as wanted comes out unchanged.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "common/os/file_system.h"

namespace belay {

struct FileVersion {
  bool exists = false;
  std::string bytes;          // empty where it does not exist
  FileAttributes attributes;  // as default-made where it does not exist
  bool operator==(const FileVersion&) const = default;
};

struct PathChange {
  std::string path;
  std::string manifest;  // name ("kube-apiserver") where edits of this static pod are about it
  FileVersion before;
  FileVersion after;
  std::vector<std::string> touched_flags;  // of a manifest: names without dashes, each once
  bool changed() const { return before != after; }
};

// In the order of publishing, which is undone in reverse: files that come or stay, then config
// files (they name other files), then manifests (they name both), and last what is removed, so that
// no instant in between leaves a name without its file.  Each path once.
using StepChanges = std::vector<PathChange>;

// `step` has passed FindPlanErrors; `manifest_dir` is as seen by `files`, without '/' at its end.
// FAILED_PRECONDITION or INVALID_ARGUMENT: refused, with what is in the way and what to do.
// NOT_FOUND: a file that an edit is about is not there.  Other codes: it could not be read.
absl::StatusOr<StepChanges> ChangesOf(const v1::Step& step, const std::string& manifest_dir,
                                      const FileSystem& files);

// Where the static pod `manifest` lies.
std::string ManifestPath(const std::string& manifest_dir, const std::string& manifest);

}  // namespace belay
