// Finds another file in the static-pod directory that kubelet would run as the same pod.  Which of
// two such files wins depends on kubelet's version, so an edit of either proves nothing.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "common/os/file_system.h"
#include "node-agent/manifest/pod.h"

namespace belay {

// FAILED_PRECONDITION names the file and what to do.  Kubelet reads every file without a leading
// dot, whatever its ending, and follows symbolic links; it does not look into sub-directories.
absl::Status RefuseStrayCopies(const FileSystem& files, const std::string& manifest_path,
                               const PodFacts& pod);

// The same for the pod that is in the manifest now.
absl::Status RefuseStrayCopies(const FileSystem& files, const std::string& manifest_path);

}  // namespace belay
