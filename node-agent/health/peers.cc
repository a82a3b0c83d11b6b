#include "node-agent/health/peers.h"

#include "absl/strings/str_cat.h"
#include "node-agent/health/ask.h"

namespace belay {
namespace {

constexpr int kTimeoutMs = 1000;
constexpr std::size_t kEnough = 2;  // sentences

ProbeTarget At(const ProbeTarget& like, const std::string& host, std::uint32_t port) {
  ProbeTarget target = like;
  target.dial_address = host;
  target.port = port;
  target.path = "/readyz";
  target.timeout_ms = kTimeoutMs;
  target.keep_body = false;
  return target;
}

bool IsReached(const ProbeResult& result, bool must_be_ready) {
  if (result.kind != ProbeResult::Kind::Answered) return false;
  // It is there and lets nobody ask: that it is ready is then its own node's to say.
  return !must_be_ready || result.status == 200 || result.status == 401 || result.status == 403;
}

std::string AskTwice(const ProbeTarget& target, bool must_be_ready, HealthProbe& probe) {
  ProbeResult result = probe.Ask(target);
  if (!IsReached(result, must_be_ready)) result = probe.Ask(target);
  return IsReached(result, must_be_ready) ? "" : AnswerText(result);
}

}  // namespace

std::vector<std::string> NotReached(const std::vector<AdvertisedAddress>& servers,
                                    const ClusterEndpoint& endpoint, const ProbeTarget& like,
                                    HealthProbe& probe) {
  std::vector<std::string> sentences;
  if (endpoint.port != 0) {
    const std::string wrong =
        AskTwice(At(like, endpoint.host, endpoint.port), /*must_be_ready=*/true, probe);
    if (!wrong.empty()) {
      sentences.push_back(absl::StrCat("the cluster's endpoint ", endpoint.host, ":", endpoint.port,
                                       " is not served from here: ", wrong));
    }
  }
  for (const AdvertisedAddress& server : servers) {
    if (sentences.size() >= kEnough) break;
    const std::string wrong =
        AskTwice(At(like, server.address, server.port), /*must_be_ready=*/false, probe);
    if (wrong.empty()) continue;
    sentences.push_back(absl::StrCat("the API server that the cluster advertises at ",
                                     server.address, " port ", server.port,
                                     " is not reached from here: ", wrong));
  }
  return sentences;
}

}  // namespace belay
