// How a changed manifest will be proved: which process carries it, how the new one is told from the
// old, where it is asked and what kubelet will ask.  Whatever could not be proved afterwards is
// refused here, before anything is written.  Reads processes only.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/os/process_table.h"
#include "node-agent/manifest/pod.h"

namespace belay {

struct ManifestChange {
  std::string manifest;  // "etcd"; FindGated knows it
  std::string path;
  PodFacts before;
  PodFacts after;
  std::vector<std::string> touched_flags;
  std::vector<std::string> other_paths;  // of the other files that the same step changes
  // Will the node have this file when the step is published?  Not asked where it is not given.
  std::function<bool(const std::string& host_path)> will_exist = nullptr;
  // Will it be a folder then?
  std::function<bool(const std::string& host_path)> will_be_folder = nullptr;
};

// FAILED_PRECONDITION with what is in the way and what to do.
absl::StatusOr<v1::ComponentExpectation> ExpectationOf(const ManifestChange& change,
                                                       const ProcessTable& processes);

// Could this manifest be proved at all?  Part of the above; for one that is not changed.
absl::Status RefuseUnprovable(const ManifestChange& change);

// The manifest is already as wanted; is that what runs?
absl::Status RequireAdopted(const ManifestChange& change, const ProcessTable& processes);

// The API server of this pod as something that must be healthy beside what a step changes.
absl::StatusOr<v1::Companion> ApiServerCompanion(const PodFacts& pod);

}  // namespace belay
