#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"
#include "common/os/curl_health_probe.h"
#include "common/os/exit_watch.h"
#include "common/os/file_lock.h"
#include "common/os/pause.h"
#include "common/os/posix_file_system.h"
#include "common/os/proc_process_table.h"
#include "common/os/process_ender.h"
#include "common/os/random_id.h"
#include "common/os/system_clock.h"
#include "common/rpc/tls.h"
#include "node-agent/driver/agent.h"
#include "node-agent/driver/commands.h"
#include "node-agent/driver/local_files.h"
#include "node-agent/driver/own_files.h"
#include "node-agent/driver/plan_question.h"
#include "node-agent/driver/preparer.h"
#include "node-agent/driver/progress.h"
#include "node-agent/driver/stray_pods.h"
#include "node-agent/health/component_gatekeeper.h"
#include "node-agent/health/etcd_leadership.h"
#include "node-agent/health/make_way.h"
#include "node-agent/health/readiness.h"
#include "node-agent/link/grpc_link.h"

namespace belay {
namespace {

constexpr int kEtcdTimeoutMs = 1000;

// Signals are for sigwait alone; every thread made later inherits the mask.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

void Log(const std::string& line) { spdlog::info(line); }

// As the agent's own process sees a path of the node's file system.
std::string OnHost(const AgentConfig& config, const std::string& path) {
  return config.host_root == "/" ? path : absl::StrCat(config.host_root, path);
}

// A configuration for one node with the certificate of another would be refused by the coordinator,
// again and again; said here once.
absl::Status CheckIdentity(const FileSystem& files, const AgentConfig& config) {
  ASSIGN_OR_RETURN(const FileContent pem, files.Read(IdentityIn(config.state_dir).certificate));
  ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(pem.bytes));
  const std::string uri = IdentityUri(NodeIdentity{config.cluster, config.node});
  if (facts.uris == std::vector<std::string>{uri}) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the certificate in ", config.state_dir, "/identity is not for ", uri,
                   "; correct cluster and node in the configuration, or enrol again"));
}

NodeHealth LookAtNode(const FileSystem& host, HealthProbe& probe, const ProcessTable& processes,
                      const std::string& manifest) {
  NodeHealth health;
  const Readiness readiness = LocalApiServerReadiness(host, probe, manifest);
  health.ready = readiness.ready;
  health.reason = readiness.reason;
  const FetchBody fetch = [](const std::string& url) {
    return FetchFromLoopback(url, kEtcdTimeoutMs);
  };
  switch (LocalEtcdLeadership(processes, fetch)) {
    case EtcdLeadership::Unknown:
      health.etcd = v1::NodeStatus::LEADERSHIP_UNKNOWN;
      break;
    case EtcdLeadership::Follower:
      health.etcd = v1::NodeStatus::FOLLOWER;
      break;
    case EtcdLeadership::Leader:
      health.etcd = v1::NodeStatus::LEADER;
      break;
  }
  return health;
}

// The first failure of the worker; ends the program by the signal main waits for.
class Failure {
 public:
  void Set(absl::Status status) {
    {
      MutexLock lock(mu_);
      if (status_.ok()) status_ = std::move(status);
    }
    kill(getpid(), SIGTERM);
  }
  absl::Status Get() {
    MutexLock lock(mu_);
    return status_;
  }

 private:
  Mutex mu_;
  absl::Status status_ GUARDED_BY(mu_);
};

}  // namespace

absl::Status RunAgent(const std::string& config_path) {
  const sigset_t signals = BlockSignals();
  ASSIGN_OR_RETURN(const std::unique_ptr<PosixFileSystem> local, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(const AgentConfig config, LoadConfig(*local, config_path));
  ASSIGN_OR_RETURN(std::vector<Ed25519PublicKey> keys,
                   LoadTrustedKeys(*local, config.trusted_keys));
  ASSIGN_OR_RETURN(const std::unique_ptr<PosixFileSystem> host,
                   PosixFileSystem::Open(config.host_root));
  ASSIGN_OR_RETURN(const std::unique_ptr<SystemClock> clock, SystemClock::Open());
  RETURN_IF_ERROR(MakeDirectories(*local, config.state_dir));
  ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock,
                   FileLock::Acquire(config.state_dir + "/lock", "belay-agent"));
  RETURN_IF_ERROR(CheckIdentity(*local, config));

  const std::string manifest = absl::StrCat(config.manifest_dir, "/", kApiServerManifest, ".yaml");
  const ProcProcessTable processes;
  CurlHealthProbeOptions probe_options;
  probe_options.host_root = config.host_root == "/" ? "" : config.host_root;
  probe_options.ca_file = OnHost(config, config.apiserver.ca);
  probe_options.client_certificate_file = OnHost(config, config.apiserver.client_certificate);
  probe_options.client_key_file = OnHost(config, config.apiserver.client_key);
  ASSIGN_OR_RETURN(const std::unique_ptr<CurlHealthProbe> probe,
                   CurlHealthProbe::Open(probe_options));
  Stopper stopper;
  PidfdExitWatch exits;
  PidfdProcessEnder ender;
  ComponentGatekeeper gatekeeper(
      {*host, processes, *probe, *clock, stopper, exits},
      [&host](const std::string& path) { return RefuseStrayCopies(*host, path); });

  AgentMail mail;
  ProgressReporter progress(mail, *clock);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Executor> executor,
      Executor::Open(
          {.host = *host,
           .state = *local,
           .clock = *clock,
           .gatekeeper = gatekeeper,
           .state_dir = config.state_dir,
           .new_journal_id = RandomHex(16),
           .manual_path_prefix = config.host_root == "/" ? "" : config.host_root,
           .make_way =
               [&processes, &ender](const v1::Prepared& prepared, std::int64_t applied_ns) {
                 std::vector<std::string> said = MakeWay(prepared, applied_ns, processes, ender);
                 for (const std::string& line : said) Log(line);
                 return said;
               },
           .on_record = [&mail](const v1::Record& record) { mail.Journalled(record); },
           .on_progress = [&progress](const std::string& what) { progress.Show(what); }}));
  progress.Of(*executor);

  const Preparer preparer(*host, processes, config.manifest_dir,
                          config.apiserver.client_certificate);
  RunnerOptions with;
  with.trusted_keys = std::move(keys);
  ASSIGN_OR_RETURN(const std::vector<MountPoint> mounts, ReadMountTable());
  with.policy = PolicyOf(config, config_path, mounts);
  const PlanQuestionOptions question{with.trusted_keys, with.policy};
  with.prepare = [&preparer, &gatekeeper](const v1::Step& step) -> absl::StatusOr<StepPlan> {
    ASSIGN_OR_RETURN(StepPlan plan, preparer.Prepare(step));
    RETURN_IF_ERROR(gatekeeper.RequireProvable(plan.prepared));
    return plan;
  };
  with.check_ready = [&host, &probe, &manifest] {
    const Readiness readiness = LocalApiServerReadiness(*host, *probe, manifest);
    return readiness.ready ? absl::OkStatus() : absl::UnavailableError(readiness.reason);
  };
  with.stopping = [&stopper] { return stopper.stopped(); };
  with.log = Log;
  Runner runner(*executor, *clock, std::move(with));

  GrpcLinkOptions link_options;
  link_options.target = config.server;
  const IdentityFiles identity = IdentityIn(config.state_dir);
  link_options.credentials = [&identity, &clock] {
    return MutualTlsChannelCredentials({identity.key, identity.certificate, identity.ca},
                                       clock->WallNowUnixMs() / 1000);
  };
  link_options.arguments = ClientArguments();
  GrpcLink link(std::move(link_options),
                [&mail](LinkEvent event) { return mail.box.Put(std::move(event)); });

  Failure failure;
  AgentOptions options;
  options.conversation.cluster = config.cluster;
  options.conversation.node = config.node;
  options.conversation.agent_version = BELAY_VERSION;
  options.conversation.journal_id = executor->state().journal_id;
  options.watch = [&] { return LookAtNode(*host, *probe, processes, manifest); };
  options.diff = [&question, &host, &clock](const v1::SignedPlan& plan) {
    return AnswerPlanQuestion(plan, question, *host, *clock);
  };
  options.interrupt = [&stopper] { stopper.Stop(); };
  options.failed = [&failure](absl::Status status) { failure.Set(std::move(status)); };
  options.random = RandomFraction;
  options.log = Log;
  Agent agent(mail, *executor, runner, link, *clock, std::move(options));
  Log(absl::StrCat("belay-agent ", BELAY_VERSION, " for node ", config.node, " of cluster ",
                   config.cluster, ", coordinator ", config.server));
  agent.Start();
  int received = 0;
  sigwait(&signals, &received);
  Log("stopping; a gate in progress is resumed by the next start");
  agent.Stop();
  return failure.Get();
}

}  // namespace belay
