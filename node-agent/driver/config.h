// agent.yaml: who this agent is, whom it calls and what the node's owner allows.  Read strictly:
// every unknown key, duplicate, wrong type and bad value is reported at once with its place, and a
// file with a mistake is not used at all.  Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/driver/config_trust.h"

namespace belay {

// Where the local API server's CA and a client certificate for it lie, as seen inside host_root.
struct ApiServerFiles {
  std::string ca = "/etc/kubernetes/pki/ca.crt";
  std::string client_certificate = "/etc/kubernetes/pki/apiserver-kubelet-client.crt";
  std::string client_key = "/etc/kubernetes/pki/apiserver-kubelet-client.key";
  bool operator==(const ApiServerFiles&) const = default;
};

// A boot of the real API server with what a step gives it, before the step (docs/gates.md).
struct ShadowBootConfig {
  bool enabled = false;
  std::string etcd = "";  // inside host_root; empty: the program of the node's own etcd
  std::uint32_t timeout_seconds = 60;
  bool required = false;  // where it cannot be made the step is refused
  std::uint64_t min_memory_mib = 1024;
  bool operator==(const ShadowBootConfig&) const = default;
};

struct AgentConfig {
  std::string server;  // host:port of the coordinator's agent link
  std::string cluster;
  std::string node;
  std::string state_dir = "/var/lib/belay-agent";
  std::string host_root = "/";
  std::string manifest_dir = "/etc/kubernetes/manifests";  // inside host_root
  TrustConfig trust;
  std::vector<std::string> allowed_paths = {"/etc/kubernetes/"};  // inside host_root, end with '/'
  // What mountPath may show to a pod; the same form.
  std::vector<std::string> allowed_mounts = {"/etc/kubernetes/", "/var/log/kubernetes/"};
  ApiServerFiles apiserver;
  bool reverts = true;  // may a coordinator have undone what a signed plan has done here?
  // Run as root, without arguments, to restart kubelet; empty: systemd's kubelet.service.
  std::string kubelet_restart = "";
  // Ask the running program, confined, whether it takes the arguments of a step.
  bool flag_check = true;
  ShadowBootConfig shadow_boot;
  // What holds a rollout before it begins here (docs/gates.md): less room than this on the disks
  // that Belay writes to, a cordon, and a file that anybody may put there, its first line the
  // reason.
  std::uint64_t min_free_mib = 64;
  bool hold_when_cordoned = true;
  std::string hold_file = "/etc/belay-agent/hold";
  bool hold_when_unreached = true;  // an API server of the cluster, where it is advertised
  // Of the Node object: kured reboots, Flatcar's operator reboots, OpenShift's changes the machine.
  std::vector<std::string> hold_annotations = {
      "weave.works/kured-reboot-in-progress",
      "flatcar-linux-update.v1.flatcar-linux.net/reboot-in-progress=true",
      "machineconfiguration.openshift.io/state=Working"};
  std::string cluster_endpoint = "";  // HOST:PORT of the load balancer; empty: none is asked
  // Its holder goes late; empty: the host of cluster_endpoint, where that is an IP address.
  std::string virtual_address = "";
  bool operator==(const AgentConfig&) const = default;
};

// INVALID_ARGUMENT with one line "<file>:<line>:<column>: ..." for every mistake.
absl::StatusOr<AgentConfig> ParseAgentConfig(std::string_view yaml, std::string_view file);

// The text ParseAgentConfig reads back as the same values.
std::string FormatAgentConfig(const AgentConfig& config);

// Absolute, without "." or ".." components, empty components or control characters.
bool IsCleanPath(std::string_view path);

// Is `path` inside `directory`, counted in whole components?  Both clean; `directory` may end in
// '/'.
bool IsBelow(std::string_view path, std::string_view directory);

}  // namespace belay
