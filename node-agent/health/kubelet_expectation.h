// How a restart of kubelet with a changed configuration file will be proved, and what would make it
// fail for certain.  Whatever could not be proved afterwards is refused here, before anything is
// written.  Reads processes only.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/os/process_table.h"

namespace belay {

struct RunningKubelet {
  Process process;
  std::string config_file;  // as its --config says
};
// FAILED_PRECONDITION where not exactly one runs, or it reads no file.
absl::StatusOr<RunningKubelet> FindKubelet(const ProcessTable& processes);

struct KubeletChange {
  std::string path;  // the configuration file
  std::string before;
  std::string after;
  std::string host_name;                 // the node's, unless kubelet's flags say otherwise
  v1::HealthEndpoint api_server;         // of this node
  std::vector<std::string> static_pods;  // components whose manifests the node has
  // Will the node have this file when the step is published?
  std::function<bool(const std::string& path)> will_exist;
  // The value of "vm.panic_on_oom"; nothing when it cannot be read.
  std::function<std::optional<std::string>(const std::string& name)> sysctl;
};

// FAILED_PRECONDITION with what is in the way and what to do.
absl::StatusOr<v1::ComponentExpectation> KubeletExpectationOf(const KubeletChange& change,
                                                              const RunningKubelet& kubelet,
                                                              const ProcessTable& processes);

}  // namespace belay
