// Everything on a node that carries plans out, put together the same way for the agent and for an
// operator who stands at the node: configuration, the one lock, files, processes, probes, the gate.
//
// One thread opens it; what is in it has its own rules.  Only one process of a node has one.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/crypto/ed25519.h"
#include "common/os/argument_trial.h"
#include "common/os/curl_health_probe.h"
#include "common/os/exit_watch.h"
#include "common/os/file_lock.h"
#include "common/os/pause.h"
#include "common/os/posix_file_system.h"
#include "common/os/proc_process_table.h"
#include "common/os/process_ender.h"
#include "common/os/service_manager.h"
#include "common/os/system_clock.h"
#include "node-agent/driver/config.h"
#include "node-agent/driver/plan_question.h"
#include "node-agent/driver/preparer.h"
#include "node-agent/driver/runner.h"
#include "node-agent/health/component_gatekeeper.h"
#include "node-agent/shadow/namespace_boot.h"
#include "node-agent/shadow/shadow_check.h"
#include "node-agent/transaction/executor.h"

namespace belay {

// The configuration and what it names, for looking only.
struct NodeView {
  static absl::StatusOr<std::unique_ptr<NodeView>> Open(const std::string& config_path);

  AgentConfig config;
  PlanQuestionOptions admission;  // keys and policy
  std::unique_ptr<PosixFileSystem> local;
  std::unique_ptr<PosixFileSystem> host;
  std::unique_ptr<SystemClock> clock;
};

// As the agent's own process sees a path of the node's file system.
std::string OnHost(const AgentConfig& config, const std::string& path);

struct NodeParts {
  // FAILED_PRECONDITION when another process has the node.  `owner` tells it who we are.
  static absl::StatusOr<std::unique_ptr<NodeParts>> Open(const std::string& config_path,
                                                         const std::string& owner);

  // All but what is told about records and progress.  This outlives the executor and the runner.
  ExecutorOptions ForExecutor(const std::function<void(const std::string&)>& log);
  RunnerOptions ForRunner(const std::function<void(const std::string&)>& log);

  void MakeShadow(const CurlHealthProbeOptions& trust);  // only for Open

  std::unique_ptr<NodeView> view;
  std::unique_ptr<FileLock> lock;
  std::string api_server_manifest;
  ProcProcessTable processes;
  std::unique_ptr<CurlHealthProbe> probe;
  Stopper stopper;
  PidfdExitWatch exits;
  PidfdProcessEnder ender;
  ConfinedArgumentTrial trial;
  std::unique_ptr<CommandServiceManager> services;
  std::unique_ptr<ComponentGatekeeper> gatekeeper;
  std::unique_ptr<Preparer> preparer;
  std::unique_ptr<NamespaceShadowBoot> shadow_boot;
  std::unique_ptr<ShadowCheck> shadow;  // nullptr: agent.yaml does not want it
};

}  // namespace belay
