// From one step of a verified plan and the node as it is to everything the transaction needs: what
// each file is and will be, how to tell the old process from the new, and whether there is anything
// to do. Reads only.  Whatever cannot be changed with certainty is refused here, before the first
// write.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "common/os/argument_trial.h"
#include "common/os/file_system.h"
#include "common/os/process_table.h"
#include "common/os/service_manager.h"
#include "node-agent/change/change.h"
#include "node-agent/change/value_rules.h"
#include "node-agent/transaction/executor.h"

namespace belay {

// What the node can be asked for and made to do.  All pointers outlive the preparer.
struct NodeServices {
  // As seen by the preparer's files: where there is such a file, an API server must let its owner
  // in; empty: nobody is asked to.
  std::string client_certificate = "";
  std::vector<ValueRule> forbidden = {};  // what no step of a plan may bring about
  ArgumentTrial* trial = nullptr;  // nullptr: whether a program takes its arguments is not asked
  // For steps that restart kubelet:
  const ServiceManager* manager = nullptr;  // nullptr: restarts nothing
  std::string host_name = "";               // what kubelet calls its node, unless told otherwise
  // The value of "vm.panic_on_oom"; nothing when it cannot be read.
  std::function<std::optional<std::string>(const std::string& name)> sysctl = nullptr;
};

class Preparer {
 public:
  // The first two outlive this.  `manifest_dir` as seen by `files`.
  Preparer(const FileSystem& files, const ProcessTable& processes, std::string manifest_dir,
           NodeServices services = {})
      : files_(files),
        processes_(processes),
        manifest_dir_(std::move(manifest_dir)),
        services_(std::move(services)) {}

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
  // `restarted`: the service that is restarted; empty: none.
  absl::StatusOr<StepPlan> PrepareChanges(const StepChanges& changes, const v1::Gate& gate,
                                          const std::string& restarted) const;
  absl::StatusOr<std::optional<v1::ComponentExpectation>> ExpectationOf(
      const PathChange& manifest, const StepChanges& all) const;
  absl::Status TryArguments(const v1::ComponentExpectation& component) const;
  absl::StatusOr<v1::ComponentExpectation> KubeletOf(const StepChanges& all) const;
  bool WillExist(const std::string& path, const StepChanges& all) const;
  absl::StatusOr<std::optional<v1::Companion>> CompanionOf(const StepChanges& changes,
                                                           const v1::Gate& gate) const;
  bool HasClient() const;

  const FileSystem& files_;
  const ProcessTable& processes_;
  const std::string manifest_dir_;
  const NodeServices services_;
};

}  // namespace belay
