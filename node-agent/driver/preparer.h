// From one step of a verified plan and the node as it is to everything the transaction needs: what
// each file is and will be, how to tell the old process from the new, and whether there is anything
// to do. Reads only.  Whatever cannot be changed with certainty is refused here, before the first
// write.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "common/os/file_system.h"
#include "common/os/process_table.h"
#include "node-agent/change/change.h"
#include "node-agent/transaction/executor.h"

namespace belay {

class Preparer {
 public:
  // Both outlive this.  `manifest_dir` as seen by `files`, as is `client_certificate`: where there
  // is such a file, an API server must let its owner in; empty: nobody is asked to.
  Preparer(const FileSystem& files, const ProcessTable& processes, std::string manifest_dir,
           std::string client_certificate = "")
      : files_(files),
        processes_(processes),
        manifest_dir_(std::move(manifest_dir)),
        client_certificate_(std::move(client_certificate)) {}

  // A plan without changes: the node already complies, and its process runs what the manifest says.
  // FAILED_PRECONDITION or INVALID_ARGUMENT with what is in the way and what to do; other codes
  // when the node could not be read.  Nothing has been changed in any case.
  absl::StatusOr<StepPlan> Prepare(const v1::Step& step) const;

  // The way back from a committed step: every file gets what it had before, in the opposite order.
  // `before`: those bytes, by path.  FAILED_PRECONDITION also when a file is not what the step made
  // of it: somebody else has changed it since, and it is never overwritten.  Folders that the step
  // made stay.
  absl::StatusOr<StepPlan> PrepareUndoing(const v1::Prepared& done,
                                          const std::map<std::string, std::string>& before) const;

 private:
  absl::StatusOr<StepPlan> PrepareChanges(const StepChanges& changes, const v1::Gate& gate) const;
  absl::StatusOr<std::optional<v1::ComponentExpectation>> ExpectationOf(
      const PathChange& manifest, const StepChanges& all) const;
  absl::StatusOr<std::optional<v1::Companion>> CompanionOf(const StepChanges& changes,
                                                           const v1::Gate& gate) const;
  bool HasClient() const;

  const FileSystem& files_;
  const ProcessTable& processes_;
  const std::string manifest_dir_;
  const std::string client_certificate_;
};

}  // namespace belay
