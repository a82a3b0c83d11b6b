#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"
#include "common/os/curl_health_probe.h"
#include "common/os/random_id.h"
#include "common/os/stop_signals.h"
#include "common/rpc/tls.h"
#include "node-agent/driver/agent.h"
#include "node-agent/driver/commands.h"
#include "node-agent/driver/local_files.h"
#include "node-agent/driver/node_look.h"
#include "node-agent/driver/node_parts.h"
#include "node-agent/driver/progress.h"
#include "node-agent/enrol/renew_client.h"
#include "node-agent/enrol/renewer.h"
#include "node-agent/link/grpc_link.h"

namespace belay {
namespace {

// What others have said may be in it.
void Log(const std::string& line) { spdlog::info("{}", SafeLine(line)); }

// A configuration for one node with the certificate of another would be refused by the coordinator,
// again and again; said here once.
absl::Status CheckIdentity(const FileSystem& files, const AgentConfig& config) {
  ASSIGN_OR_RETURN(const CertificateFacts facts, CurrentCertificate(files, config.state_dir));
  const std::string uri = IdentityUri(NodeIdentity{config.cluster, config.node});
  if (facts.uris == std::vector<std::string>{uri}) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the certificate in ", config.state_dir, "/identity is not for ", uri,
                   "; correct cluster and node in the configuration, or enrol again"));
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
  const sigset_t signals = BlockStopSignals();
  ASSIGN_OR_RETURN(const std::unique_ptr<NodeParts> node,
                   NodeParts::Open(config_path, "belay-agent"));
  const AgentConfig& config = node->view->config;
  const SystemClock& clock = *node->view->clock;
  RETURN_IF_ERROR(CheckIdentity(*node->view->local, config));

  AgentMail mail;
  ProgressReporter progress(mail, clock);
  ExecutorOptions of_executor = node->ForExecutor(Log);
  of_executor.on_record = [&mail](const v1::Record& record) { mail.Journalled(record); };
  of_executor.on_progress = [&progress](const std::string& what) { progress.Show(what); };
  ASSIGN_OR_RETURN(const std::unique_ptr<Executor> executor,
                   Executor::Open(std::move(of_executor)));
  progress.Of(*executor);
  Runner runner(*executor, clock, node->ForRunner(Log));

  GrpcLinkOptions link_options;
  link_options.target = config.server;
  const auto tls_files = [&config, &node] {
    const IdentityFiles identity = CurrentIdentity(*node->view->local, config.state_dir);
    return TlsFiles{identity.key, identity.certificate, identity.ca};
  };
  link_options.credentials = [tls_files, &clock] {
    return MutualTlsChannelCredentials(tls_files(), clock.WallNowUnixMs() / 1000);
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
  options.watch = [look = std::make_shared<NodeLook>(*node)] { return look->Now(); };
  options.diff = [&node](const v1::SignedPlan& plan) {
    const NodeView& view = *node->view;
    return AnswerPlanQuestion(plan, view.admission, *view.host, *view.clock);
  };
  options.interrupt = [&node] { node->stopper.Stop(); };
  options.failed = [&failure](absl::Status status) { failure.Set(std::move(status)); };
  options.random = RandomFraction;
  options.log = Log;
  Agent agent(mail, *executor, runner, link, clock, std::move(options));
  Log(absl::StrCat("belay-agent ", BELAY_VERSION, " for node ", config.node, " of cluster ",
                   config.cluster, ", coordinator ", config.server));
  Renewer renewer(
      {[&config, &node] { return CurrentCertificate(*node->view->local, config.state_dir); },
       [&config, &node, &clock, tls_files] {
         return RenewIdentity(*node->view->local, config.state_dir, config.server, tls_files(),
                              clock.WallNowUnixMs() / 1000);
       },
       [&mail] { static_cast<void>(mail.box.Put(AgentMail::Renewed())); }, RandomFraction, Log},
      clock);
  agent.Start();
  renewer.Start();
  int received = 0;
  sigwait(&signals, &received);
  Log("stopping; a gate in progress is resumed by the next start");
  renewer.Stop();
  agent.Stop();
  return failure.Get();
}

}  // namespace belay
