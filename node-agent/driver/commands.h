// The verbs of belay-agent.  Each returns ok, or an error whose message is for the operator: what
// failed, what is unchanged, what to do next.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace belay {

struct EnrolCommand {
  std::string server;   // host:port of the enrolment listener
  std::string ca_hash;  // "sha256:<hex>"
  std::string token;
  std::string config_path;
  std::string state_dir;  // empty in these three: as the existing configuration or the default says
  std::string host_root;
  std::string manifest_dir;
  std::vector<std::string> allowed_paths;  // empty: as above
  std::vector<std::string> trust_keys;     // copied beside the configuration
};
// Key and certificate are durable before the token is spent: after a crash the same command goes
// on.
absl::Status EnrolAgent(const EnrolCommand& command);

// Until SIGTERM or SIGINT.  To be called while the process has one thread.
absl::Status RunAgent(const std::string& config_path);

struct ApplyCommand {
  std::string config_path;
  std::string plan_path;     // as `belayctl plan sign` writes it
  bool dry_run = false;      // show what would change, and change nothing
  bool give_up_run = false;  // of a coordinator, where one waits between two steps
  std::string phase = "";    // of a plan that has them: its name, or "all"
};
// Carries a signed plan out here and now, and tells on standard output what happens.  The exit code
// (local_apply.h).  To be called while the process has one thread.
absl::StatusOr<int> ApplyPlan(const ApplyCommand& command);

struct AuditCommand {
  std::string config_path;
  bool config_is_given = false;  // else a node without configuration is audited as it is
  std::string host_root;         // empty in these two: as the configuration or the default says
  std::string manifest_dir;
  std::string benchmark;  // empty: by the version of Kubernetes
  std::string catalog;    // a file, instead of a benchmark
  std::string controls;   // empty: all
  int level = 0;          // 0: all
  std::string kubernetes_version;
  std::string waivers;
  std::string output = "table";  // table, wide, json
};
inline constexpr int kAuditFindings = 3;  // an automated control failed
inline constexpr int kAuditErrors = 4;    // none did, and some or all could not be judged
// Looks at this node and prints the report; the exit code.  Reads only; also while the agent runs.
absl::StatusOr<int> AuditNode(const AuditCommand& command);

// A few lines about the node's journal, read without touching it; also while the agent runs.
absl::StatusOr<std::string> DescribeAgent(const std::string& config_path);

// Every record in a line of its own; as above.
absl::StatusOr<std::string> ShowJournal(const std::string& config_path);

// The copies of what files were before a step, oldest first; as above.
absl::StatusOr<std::string> ListBackups(const std::string& config_path);

// Puts the file that `copy` was taken of back, as atomically as a step does, but with no gate.
// FAILED_PRECONDITION while the agent runs or a step is in progress.
absl::StatusOr<std::string> RestoreBackup(const std::string& config_path, const std::string& copy);

// Ends an emergency stop in the name of whoever is logged in here.  FAILED_PRECONDITION while the
// agent runs: its coordinator's operators clear it with belayctl.
absl::StatusOr<std::string> ClearEmergencyOnNode(const std::string& config_path,
                                                 const std::string& reason);

}  // namespace belay
