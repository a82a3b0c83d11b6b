#include "node-agent/health/readiness.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
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

absl::StatusOr<ProbeTarget> LocalApiServerTarget(const FileSystem& files,
                                                 const std::string& manifest_path) {
  ASSIGN_OR_RETURN(const FileContent content, files.Read(manifest_path));
  const auto named = [&manifest_path](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(manifest_path, ": ", status.message()));
  };
  const auto pod = ReadPod(content.bytes);
  if (!pod.ok()) return named(pod.status());
  const ContainerFacts* container = nullptr;
  for (const ContainerFacts& each : pod->containers) {
    if (each.name == kApiServer || pod->containers.size() == 1) container = &each;
  }
  if (container == nullptr) {
    return named(absl::NotFoundError(absl::StrCat("no container is named ", kApiServer)));
  }
  const auto endpoint = HealthEndpointFor(Argv(*container));
  if (!endpoint.ok()) return named(endpoint.status());
  return TargetOf(*endpoint);
}

Readiness LocalApiServerReadiness(const FileSystem& files, HealthProbe& probe,
                                  const std::string& manifest_path) {
  const absl::StatusOr<ProbeTarget> target = LocalApiServerTarget(files, manifest_path);
  if (!target.ok()) return {false, std::string(target.status().message())};
  const ProbeResult result = probe.Ask(*target);
  if (result.kind == ProbeResult::Kind::Answered && result.status == 200) return {true, ""};
  return {false, absl::StrCat("the API server on ", target->dial_address, ":", target->port, " ",
                              Describe(result), result.detail.empty() ? "" : ": ", result.detail)};
}

}  // namespace belay
