#include "node-agent/health/readiness.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "node-agent/health/ask.h"
#include "node-agent/health/endpoint.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

constexpr const char* kApiServer = "kube-apiserver";

std::string Describe(const ProbeResult& result) {
  switch (result.kind) {
    case ProbeResult::Kind::Answered:
      return absl::StrCat("answers HTTP ", result.status);
    case ProbeResult::Kind::Refused:
      return "refuses the connection";
    case ProbeResult::Kind::TimedOut:
      return "does not answer in time";
    case ProbeResult::Kind::TlsFailed:
      return "cannot be verified as \"kubernetes\"";
    case ProbeResult::Kind::Failed:
      return "cannot be asked";
  }
  return "gives no known answer";
}

}  // namespace

Readiness LocalApiServerReadiness(const FileSystem& files, HealthProbe& probe,
                                  const std::string& manifest_path) {
  const auto content = files.Read(manifest_path);
  if (!content.ok()) return {false, std::string(content.status().message())};
  const auto pod = ReadPod(content->bytes);
  if (!pod.ok()) return {false, absl::StrCat(manifest_path, ": ", pod.status().message())};
  const ContainerFacts* container = nullptr;
  for (const ContainerFacts& each : pod->containers) {
    if (each.name == kApiServer || pod->containers.size() == 1) container = &each;
  }
  if (container == nullptr) {
    return {false, absl::StrCat(manifest_path, ": no container is named ", kApiServer)};
  }
  const auto endpoint = HealthEndpointFor(Argv(*container));
  if (!endpoint.ok()) {
    return {false, absl::StrCat(manifest_path, ": ", endpoint.status().message())};
  }
  const ProbeTarget target = TargetOf(*endpoint);
  const ProbeResult result = probe.Ask(target);
  if (result.kind == ProbeResult::Kind::Answered && result.status == 200) return {true, ""};
  return {false, absl::StrCat("the API server on ", target.dial_address, ":", target.port, " ",
                              Describe(result), result.detail.empty() ? "" : ": ", result.detail)};
}

}  // namespace belay
