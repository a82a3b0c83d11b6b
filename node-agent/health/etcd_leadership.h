// Does this node's etcd member lead?  Asked of the running process's metrics on loopback; only used
// to choose the order of nodes, so "unknown" is a good answer.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/os/process_table.h"

namespace belay {

enum class EtcdLeadership { Unknown, Follower, Leader };

// Gets the body of a URL; real: FetchFromLoopback of common/os/curl_health_probe.h with a time
// limit.
using FetchBody = std::function<absl::StatusOr<std::string>(const std::string& url)>;

EtcdLeadership LocalEtcdLeadership(const ProcessTable& processes, const FetchBody& fetch);

// Of a Prometheus text with etcd_server_is_leader.
EtcdLeadership ParseEtcdLeadership(std::string_view metrics);

}  // namespace belay
