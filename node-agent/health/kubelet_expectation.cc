#include "node-agent/health/kubelet_expectation.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/os/file_system.h"
#include "common/plan/gated.h"
#include "node-agent/configfile/document.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

constexpr std::uint32_t kHealthzPort = 10248;
constexpr const char* kKind = "KubeletConfiguration";

absl::StatusOr<ConfigValue> ReadConfig(const std::string& path, const std::string& bytes) {
  const auto documents = ReadConfigDocuments(bytes);
  RETURN_IF_ERROR(WithContext(documents.status(), path));
  const auto chosen = ChooseDocument(*documents, kKind);
  RETURN_IF_ERROR(WithContext(chosen.status(), path));
  return ValueOf((*documents)[*chosen].root);
}

// Empty where it is not given; lists and maps are of no interest here.
std::string Setting(ConfigValue& config, std::initializer_list<std::string_view> keys) {
  ConfigValue* value = &config;
  for (const std::string_view key : keys) {
    if (value->kind != ConfigValue::Kind::Map) return "";
    value = value->Find(key);
    if (value == nullptr) return "";
  }
  return value->IsScalar() ? value->text : "";
}

absl::StatusOr<v1::HealthEndpoint> Healthz(const std::string& path,
                                           const std::vector<std::string>& argv,
                                           ConfigValue& config) {
  const std::string port =
      FlagValue(argv, "healthz-port").value_or(Setting(config, {"healthzPort"}));
  const std::string bind =
      FlagValue(argv, "healthz-bind-address").value_or(Setting(config, {"healthzBindAddress"}));
  std::uint32_t number = kHealthzPort;
  if (!port.empty() && (!absl::SimpleAtoi(port, &number) || number == 0 || number > 65535)) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": healthzPort ", port,
        " is no port, so that kubelet's health cannot be asked; set it to ", kHealthzPort));
  }
  v1::HealthEndpoint endpoint;
  endpoint.set_kind(v1::HealthEndpoint::PLAIN);
  endpoint.set_path("/healthz");
  endpoint.set_dial_address(bind.empty() || bind == "0.0.0.0" ? "127.0.0.1"
                            : bind == "::"                    ? "::1"
                                                              : bind);
  endpoint.set_port(number);
  endpoint.set_anonymous(true);
  return endpoint;
}

// With protectKernelDefaults kubelet ends when one of these differs.
absl::Status RefuseKernelDefaults(const KubeletChange& change, ConfigValue& after) {
  if (Setting(after, {"protectKernelDefaults"}) != "true") return absl::OkStatus();
  static constexpr std::array<std::pair<const char*, const char*>, 6> kWanted = {{
      {"vm.overcommit_memory", "1"},
      {"vm.panic_on_oom", "0"},
      {"kernel.panic", "10"},
      {"kernel.panic_on_oops", "1"},
      {"kernel.keys.root_maxkeys", "1000000"},
      {"kernel.keys.root_maxbytes", "25000000"},
  }};
  for (const auto& [name, wanted] : kWanted) {
    const std::optional<std::string> found = change.sysctl(name);
    if (found == std::string(wanted)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(change.path, ": with protectKernelDefaults kubelet would not start, because ",
                     name, " is ", found.value_or("not readable"), " and not ", wanted,
                     "; set all six of its kernel parameters in /etc/sysctl.d first"));
  }
  return absl::OkStatus();
}

absl::Status RefuseMissingFiles(const KubeletChange& change, ConfigValue& after) {
  const std::array<std::pair<const char*, std::string>, 3> files = {{
      {"authentication.x509.clientCAFile",
       Setting(after, {"authentication", "x509", "clientCAFile"})},
      {"tlsCertFile", Setting(after, {"tlsCertFile"})},
      {"tlsPrivateKeyFile", Setting(after, {"tlsPrivateKeyFile"})},
  }};
  for (const auto& [key, file] : files) {
    if (file.empty() || change.will_exist(file)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(change.path, ": ", key, " names ", file,
                     ", which is not on this node, so that kubelet would not start; put it there "
                     "with a putFile in the same step"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Service> ServiceOf(const KubeletChange& change,
                                      const std::vector<std::string>& argv,
                                      const ProcessTable& processes) {
  v1::Service service;
  service.set_config_file(change.path);
  service.set_node(FlagValue(argv, "hostname-override").value_or(change.host_name));
  absl::AsciiStrToLower(service.mutable_node());
  *service.mutable_api_server() = change.api_server;
  service.mutable_api_server()->set_anonymous(false);
  for (const std::string& component : change.static_pods) {
    const std::vector<Process> running = processes.List(component);
    if (running.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the static pod of ", component,
                       " has no process, so that nobody could tell whether it outlives a restart "
                       "of kubelet; see to it, then start the rollout again"));
    }
    v1::KeptPod& pod = *service.add_kept_pods();
    pod.set_component(component);
    pod.set_pod_uid(running.back().pod_uid);  // an older one may still drain
  }
  return service;
}

}  // namespace

absl::StatusOr<RunningKubelet> FindKubelet(const ProcessTable& processes) {
  std::vector<Process> found;
  for (Process& process : processes.List(std::string(kKubelet))) {
    if (!process.argv.empty() && BaseName(process.argv[0]) == kKubelet) {
      found.push_back(std::move(process));
    }
  }
  if (found.size() != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat(found.empty() ? "no kubelet runs" : "several kubelets run",
                     " on this node, so that a restart could not be proved; see to it, then start "
                     "the rollout again"));
  }
  const std::string config = FlagValue(found[0].argv, "config").value_or("");
  if (config.empty()) {
    return absl::FailedPreconditionError(
        "the running kubelet reads no configuration file (it has no --config), so that a change "
        "of one would have no effect; this form is not supported");
  }
  return RunningKubelet{std::move(found[0]), config};
}

absl::StatusOr<v1::ComponentExpectation> KubeletExpectationOf(const KubeletChange& change,
                                                              const RunningKubelet& kubelet,
                                                              const ProcessTable& processes) {
  ASSIGN_OR_RETURN(ConfigValue before, ReadConfig(change.path, change.before));
  ASSIGN_OR_RETURN(ConfigValue after, ReadConfig(change.path, change.after));
  if (Setting(before, {"staticPodPath"}) != Setting(after, {"staticPodPath"})) {
    return absl::FailedPreconditionError(
        absl::StrCat(change.path,
                     ": another staticPodPath would end every static pod of this node; leave it "
                     "as it is"));
  }
  RETURN_IF_ERROR(RefuseKernelDefaults(change, after));
  RETURN_IF_ERROR(RefuseMissingFiles(change, after));
  const std::vector<std::string>& argv = kubelet.process.argv;
  v1::ComponentExpectation expectation;
  expectation.set_component(std::string(kKubelet));
  expectation.mutable_argv_before()->Assign(argv.begin(), argv.end());
  expectation.mutable_argv_after()->Assign(argv.begin(), argv.end());
  ASSIGN_OR_RETURN(*expectation.mutable_health_before(), Healthz(change.path, argv, before));
  ASSIGN_OR_RETURN(*expectation.mutable_health_after(), Healthz(change.path, argv, after));
  expectation.set_reads_changed_files(true);
  ASSIGN_OR_RETURN(*expectation.mutable_service(), ServiceOf(change, argv, processes));
  return expectation;
}

}  // namespace belay
