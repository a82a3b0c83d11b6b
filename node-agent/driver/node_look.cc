#include "node-agent/driver/node_look.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/os/disk_space.h"
#include "common/os/kernel_facts.h"
#include "node-agent/health/etcd_leadership.h"
#include "node-agent/health/holds.h"
#include "node-agent/health/readiness.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

constexpr int kEtcdTimeoutMs = 1000;
constexpr std::uint64_t kMiB = std::uint64_t{1024} * 1024;
// A cordon is an object of the cluster, not of the node: it is asked for at every fifth look.
constexpr int kLooksForACordon = 5;

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

std::optional<bool> NodeLook::IsCordoned() {
  if (looks_++ % kLooksForACordon != 0) return cordoned_;
  absl::StatusOr<ProbeTarget> target =
      LocalApiServerTarget(*node_.view->host, node_.api_server_manifest);
  if (!target.ok()) return cordoned_ = std::nullopt;
  target->path = absl::StrCat("/api/v1/nodes/", NameOfNode(node_.processes));
  target->anonymous = false;
  target->keep_body = true;
  const ProbeResult told = node_.probe->Ask(*target);
  const bool answered = told.kind == ProbeResult::Kind::Answered && told.status == 200;
  return cordoned_ = answered ? Unschedulable(told.body) : std::nullopt;
}

std::vector<std::string> NodeLook::Holds() {
  const AgentConfig& config = node_.view->config;
  HoldFacts facts;
  AddDisk(OnHost(config, config.manifest_dir), config.manifest_dir, facts);
  AddDisk(config.state_dir, config.state_dir, facts);
  facts.kubeadm = node_.processes.List("kubeadm");
  facts.hold_file = FirstLine(*node_.view->local, config.hold_file);
  if (config.hold_when_cordoned) facts.unschedulable = IsCordoned();
  return belay::Holds(
      facts, {.min_free_bytes = config.min_free_mib * kMiB, .cordon = config.hold_when_cordoned});
}

NodeHealth NodeLook::Now() {
  NodeHealth health;
  const Readiness readiness =
      LocalApiServerReadiness(*node_.view->host, *node_.probe, node_.api_server_manifest);
  health.ready = readiness.ready;
  health.reason = readiness.reason;
  health.etcd = Leadership(node_.processes);
  health.holds = Holds();
  return health;
}

}  // namespace belay
