#include "node-agent/driver/node_look.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/os/disk_space.h"
#include "common/os/ip_address.h"
#include "common/os/kernel_facts.h"
#include "node-agent/health/etcd_leadership.h"
#include "node-agent/health/holds.h"
#include "node-agent/health/peers.h"
#include "node-agent/health/readiness.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

constexpr int kEtcdTimeoutMs = 1000;
constexpr std::uint64_t kMiB = std::uint64_t{1024} * 1024;
// The cluster's own objects and the peers are asked at every fifth look.
constexpr int kLooksForTheCluster = 5;
constexpr const char* kApiServersPath = "/api/v1/namespaces/default/endpoints/kubernetes";

v1::NodeStatus::Leadership Leadership(const ProcessTable& processes) {
  const FetchBody fetch = [](const std::string& url) {
    return FetchFromLoopback(url, kEtcdTimeoutMs);
  };
  switch (LocalEtcdLeadership(processes, fetch)) {
    case EtcdLeadership::Follower:
      return v1::NodeStatus::FOLLOWER;
    case EtcdLeadership::Leader:
      return v1::NodeStatus::LEADER;
    case EtcdLeadership::Unknown:
      break;
  }
  return v1::NodeStatus::LEADERSHIP_UNKNOWN;
}

// As kubelet has registered it.
std::string NameOfNode(const ProcessTable& processes) {
  for (const Process& kubelet : processes.List("kubelet")) {
    if (auto given = FlagValue(kubelet.argv, "hostname-override")) return *std::move(given);
  }
  return absl::AsciiStrToLower(HostName());
}

// Both halves are as the configuration's reader has let them through.
ClusterEndpoint EndpointOf(const AgentConfig& config) {
  const std::size_t colon = config.cluster_endpoint.rfind(':');
  ClusterEndpoint endpoint;
  if (colon == std::string::npos) return endpoint;
  endpoint.host = config.cluster_endpoint.substr(0, colon);
  if (endpoint.host.front() == '[' && endpoint.host.back() == ']') {
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  }
  if (!absl::SimpleAtoi(config.cluster_endpoint.substr(colon + 1), &endpoint.port)) return {};
  return endpoint;
}

std::string VirtualAddress(const AgentConfig& config) {
  return config.virtual_address.empty() ? EndpointOf(config).host : config.virtual_address;
}

void AddDisk(const std::string& seen, const std::string& shown, HoldFacts& facts) {
  const absl::StatusOr<DiskSpace> space = SpaceAround(seen);
  // What cannot be looked at fails where it is written, before anything else.
  if (space.ok()) facts.disks.push_back({shown, *space});
}

std::optional<std::string> FirstLine(const FileSystem& files, const std::string& path) {
  const absl::StatusOr<FileContent> content = files.Read(path);
  if (absl::IsNotFound(content.status())) return std::nullopt;
  // There, and cannot be read: its being there is the message.
  if (!content.ok()) return std::string(content.status().message());
  return content->bytes.substr(0, content->bytes.find('\n'));
}

}  // namespace

ProbeResult NodeLook::Fetch(ProbeTarget target, const std::string& path) {
  target.path = path;
  target.anonymous = false;
  target.keep_body = true;
  ProbeResult result = node_.probe->Ask(target);
  if (result.kind != ProbeResult::Kind::Answered || result.status != 200) result.body.clear();
  return result;
}

const NodeLook::ClusterFacts& NodeLook::AskCluster() {
  if (looks_++ % kLooksForTheCluster != 0) return cluster_;
  cluster_ = {};
  const AgentConfig& config = node_.view->config;
  const absl::StatusOr<ProbeTarget> target =
      LocalApiServerTarget(*node_.view->host, node_.api_server_manifest);
  // Whoever cannot be asked holds nothing: that it is not ready does.
  if (!target.ok()) return cluster_;
  if (config.hold_when_cordoned || !config.hold_annotations.empty()) {
    const std::string path = absl::StrCat("/api/v1/nodes/", NameOfNode(node_.processes));
    cluster_.node = ReadNodeMarks(Fetch(*target, path).body);
  }
  std::vector<AdvertisedAddress> servers;
  if (config.hold_when_unreached) {
    servers = ReadApiServers(Fetch(*target, kApiServersPath).body)
                  .value_or(std::vector<AdvertisedAddress>());
  }
  cluster_.unreached = NotReached(servers, EndpointOf(config), *target, *node_.probe);
  return cluster_;
}

std::vector<std::string> NodeLook::Holds() {
  const AgentConfig& config = node_.view->config;
  HoldFacts facts;
  AddDisk(OnHost(config, config.manifest_dir), config.manifest_dir, facts);
  AddDisk(config.state_dir, config.state_dir, facts);
  facts.kubeadm = node_.processes.List("kubeadm");
  facts.hold_file = FirstLine(*node_.view->local, config.hold_file);
  const ClusterFacts& cluster = AskCluster();
  facts.node = cluster.node;
  facts.unreached = cluster.unreached;
  return belay::Holds(facts, {.min_free_bytes = config.min_free_mib * kMiB,
                              .cordon = config.hold_when_cordoned,
                              .annotations = config.hold_annotations});
}

NodeHealth NodeLook::Now() {
  NodeHealth health;
  const Readiness readiness =
      LocalApiServerReadiness(*node_.view->host, *node_.probe, node_.api_server_manifest);
  health.ready = readiness.ready;
  health.reason = readiness.reason;
  health.etcd = Leadership(node_.processes);
  health.holds = Holds();
  health.holds_virtual_address = IsAddressOfThisMachine(VirtualAddress(node_.view->config));
  return health;
}

}  // namespace belay
