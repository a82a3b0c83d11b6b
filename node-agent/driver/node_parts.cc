#include "node-agent/driver/node_parts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "common/os/kernel_facts.h"
#include "common/os/random_id.h"
#include "node-agent/driver/local_files.h"
#include "node-agent/driver/node_look.h"
#include "node-agent/driver/own_files.h"
#include "node-agent/driver/stray_pods.h"
#include "node-agent/health/make_way.h"
#include "node-agent/health/readiness.h"

namespace belay {
namespace {

constexpr std::uint32_t kMsInSecond = 1000;

}  // namespace

std::string OnHost(const AgentConfig& config, const std::string& path) {
  return config.host_root == "/" ? path : absl::StrCat(config.host_root, path);
}

absl::StatusOr<std::unique_ptr<NodeView>> NodeView::Open(const std::string& config_path) {
  auto view = std::make_unique<NodeView>();
  ASSIGN_OR_RETURN(view->local, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(view->config, LoadConfig(*view->local, config_path));
  ASSIGN_OR_RETURN(view->admission.trust, LoadTrust(*view->local, view->config.trust));
  for (const std::string& text : view->config.trust.forbidden_values) {
    ASSIGN_OR_RETURN(ValueRule rule, ParseValueRule(text));
    view->admission.forbidden.push_back(std::move(rule));
  }
  ASSIGN_OR_RETURN(view->host, PosixFileSystem::Open(view->config.host_root));
  ASSIGN_OR_RETURN(view->clock, SystemClock::Open());
  ASSIGN_OR_RETURN(const std::vector<MountPoint> mounts, ReadMountTable());
  view->admission.policy = PolicyOf(view->config, config_path, mounts);
  return view;
}

absl::StatusOr<std::unique_ptr<NodeParts>> NodeParts::Open(const std::string& config_path,
                                                           const std::string& owner) {
  auto parts = std::make_unique<NodeParts>();
  ASSIGN_OR_RETURN(parts->view, NodeView::Open(config_path));
  const AgentConfig& config = parts->view->config;
  RETURN_IF_ERROR(MakeDirectories(*parts->view->local, config.state_dir));
  ASSIGN_OR_RETURN(parts->lock, FileLock::Acquire(config.state_dir + "/lock", owner));

  parts->api_server_manifest = absl::StrCat(config.manifest_dir, "/", kApiServerManifest, ".yaml");
  CurlHealthProbeOptions probe_options;
  probe_options.host_root = config.host_root == "/" ? "" : config.host_root;
  probe_options.ca_file = OnHost(config, config.apiserver.ca);
  probe_options.client_certificate_file = OnHost(config, config.apiserver.client_certificate);
  probe_options.client_key_file = OnHost(config, config.apiserver.client_key);
  ASSIGN_OR_RETURN(parts->probe, CurlHealthProbe::Open(probe_options));
  const FileSystem& host = *parts->view->host;
  parts->gatekeeper = std::make_unique<ComponentGatekeeper>(
      GatekeeperWorld{host, parts->processes, *parts->probe, *parts->view->clock, parts->stopper,
                      parts->exits},
      [&host](const std::string& path) { return RefuseStrayCopies(host, path); });
  parts->services = std::make_unique<CommandServiceManager>(config.kubelet_restart);
  NodeServices services;
  services.client_certificate = config.apiserver.client_certificate;
  if (config.flag_check) services.trial = &parts->trial;
  // From inside of a container nobody reaches the node's service manager.
  if (config.host_root == "/") services.manager = parts->services.get();
  services.forbidden = parts->view->admission.forbidden;
  services.host_name = HostName();
  services.sysctl = KernelParameter;
  parts->preparer =
      std::make_unique<Preparer>(host, parts->processes, config.manifest_dir, std::move(services));
  parts->MakeShadow(probe_options);
  return parts;
}

void NodeParts::MakeShadow(const CurlHealthProbeOptions& trust) {
  const AgentConfig& config = view->config;
  if (!config.shadow_boot.enabled) return;
  NamespaceBootOptions options;
  options.scratch = config.state_dir;
  options.host_root = trust.host_root;
  options.ca_file = trust.ca_file;
  options.client_certificate_file = trust.client_certificate_file;
  options.client_key_file = trust.client_key_file;
  options.min_memory_mib = config.shadow_boot.min_memory_mib;
  options.stopping = [this] { return stopper.stopped(); };
  shadow_boot = std::make_unique<NamespaceShadowBoot>(std::move(options));
  ShadowSettings settings;
  settings.etcd_program = config.shadow_boot.etcd;
  settings.timeout_ms = config.shadow_boot.timeout_seconds * kMsInSecond;
  settings.required = config.shadow_boot.required;
  settings.trusted_files = {config.apiserver.ca, config.apiserver.client_certificate,
                            config.apiserver.client_key};
  shadow = std::make_unique<ShadowCheck>(
      ShadowWorld{*view->host, processes, *view->clock, *shadow_boot}, std::move(settings));
}

ExecutorOptions NodeParts::ForExecutor(const std::function<void(const std::string&)>& log) {
  const AgentConfig& config = view->config;
  return {.host = *view->host,
          .state = *view->local,
          .clock = *view->clock,
          .gatekeeper = *gatekeeper,
          .state_dir = config.state_dir,
          .new_journal_id = RandomHex(16),
          .manual_path_prefix = config.host_root == "/" ? "" : config.host_root,
          .make_way =
              [this, log](const v1::Prepared& prepared, std::int64_t applied_ns) {
                std::vector<std::string> said = MakeWay(prepared, applied_ns, processes, ender);
                for (const std::string& line : said) log(line);
                return said;
              },
          .restart = [this](const std::string&) { return services->RestartKubelet(); }};
}

RunnerOptions NodeParts::ForRunner(const std::function<void(const std::string&)>& log) {
  RunnerOptions with;
  with.trust = view->admission.trust;
  with.policy = view->admission.policy;
  with.prepare = [this](const v1::Step& step) -> absl::StatusOr<StepPlan> {
    ASSIGN_OR_RETURN(StepPlan plan, preparer->Prepare(step));
    RETURN_IF_ERROR(gatekeeper->RequireProvable(plan.prepared));
    if (shadow == nullptr) return plan;
    ASSIGN_OR_RETURN(std::string proved, shadow->Prove(plan));
    if (!proved.empty()) plan.prepared.add_notes(std::move(proved));
    return plan;
  };
  with.prepare_undoing =
      [this](const v1::Prepared& done,
             const std::map<std::string, std::string>& before) -> absl::StatusOr<StepPlan> {
    ASSIGN_OR_RETURN(StepPlan plan, preparer->PrepareUndoing(done, before));
    RETURN_IF_ERROR(gatekeeper->RequireProvable(plan.prepared));
    return plan;
  };
  with.may_revert = view->config.reverts;
  with.check_ready = [this] {
    const Readiness readiness = LocalApiServerReadiness(*view->host, *probe, api_server_manifest);
    if (!readiness.ready) return absl::UnavailableError(readiness.reason);
    const std::vector<std::string> holds = NodeLook(*this).Holds();
    return holds.empty() ? absl::OkStatus() : absl::UnavailableError(absl::StrJoin(holds, "; "));
  };
  with.stopping = [this] { return stopper.stopped(); };
  with.log = log;
  return with;
}

}  // namespace belay
