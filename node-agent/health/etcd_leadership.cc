#include "node-agent/health/etcd_leadership.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "node-agent/manifest/pod.h"

namespace belay {

EtcdLeadership ParseEtcdLeadership(std::string_view metrics) {
  for (absl::string_view line :
       absl::StrSplit(absl::string_view(metrics.data(), metrics.size()), '\n')) {
    if (!absl::ConsumePrefix(&line, "etcd_server_is_leader ")) continue;
    line = absl::StripAsciiWhitespace(line);
    if (line == "1") return EtcdLeadership::Leader;
    if (line == "0") return EtcdLeadership::Follower;
    return EtcdLeadership::Unknown;
  }
  return EtcdLeadership::Unknown;
}

EtcdLeadership LocalEtcdLeadership(const ProcessTable& processes, const FetchBody& fetch) {
  for (const Process& process : processes.List("etcd")) {
    const auto urls = FlagValue(process.argv, "listen-metrics-urls");
    if (!urls) continue;
    for (const absl::string_view url : absl::StrSplit(*urls, ',')) {
      if (!absl::StartsWith(url, "http://127.0.0.1:")) continue;
      const auto body = fetch(absl::StrCat(absl::StripSuffix(url, "/"), "/metrics"));
      if (!body.ok()) continue;  // unknown is a good answer, and the next one may be known
      const EtcdLeadership found = ParseEtcdLeadership(*body);
      if (found != EtcdLeadership::Unknown) return found;
    }
  }
  return EtcdLeadership::Unknown;
}

}  // namespace belay
