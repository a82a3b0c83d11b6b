#include <iostream>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/catalog/embedded.h"
#include "common/os/kernel_facts.h"
#include "common/os/posix_file_system.h"
#include "common/os/posix_node_files.h"
#include "common/os/proc_process_table.h"
#include "common/os/system_clock.h"
#include "node-agent/audit/choose_controls.h"
#include "node-agent/audit/collect.h"
#include "node-agent/audit/evaluate.h"
#include "node-agent/audit/render_audit.h"
#include "node-agent/audit/waivers.h"
#include "node-agent/driver/commands.h"
#include "node-agent/driver/local_files.h"

namespace belay {
namespace {

// K3s and RKE2 keep their static pods here.
constexpr const char* kRke2Manifests = "/var/lib/rancher/rke2/agent/pod-manifests";

absl::StatusOr<std::string> ReadLocal(const FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const FileContent content, files.Read(path));
  return content.bytes;
}

// Where an agent was never configured the node is looked at as it is.
absl::StatusOr<AgentConfig> ConfigOf(const FileSystem& files, const AuditCommand& command) {
  AgentConfig config;
  absl::StatusOr<AgentConfig> loaded = LoadConfig(files, command.config_path);
  if (loaded.ok()) {
    config = *std::move(loaded);
  } else if (!absl::IsNotFound(loaded.status()) || command.config_is_given) {
    return loaded.status();
  }
  if (!command.host_root.empty()) config.host_root = command.host_root;
  if (!command.manifest_dir.empty()) config.manifest_dir = command.manifest_dir;
  return config;
}

absl::StatusOr<std::vector<v1::Waiver>> WaiversOf(const FileSystem& files,
                                                  const std::string& path) {
  if (path.empty()) return std::vector<v1::Waiver>();
  ASSIGN_OR_RETURN(const std::string text, ReadLocal(files, path));
  ReadWaiversResult read = ReadWaivers(text);
  if (read.mistakes.empty()) return std::move(read.waivers);
  std::string lines;
  for (const Mistake& mistake : read.mistakes) {
    absl::StrAppend(&lines, lines.empty() ? "" : "\n", path, ":", mistake.line, ":", mistake.column,
                    ": ", mistake.message);
  }
  return absl::InvalidArgumentError(lines);
}

std::string VersionText(const std::optional<KubernetesMinor>& version) {
  return version ? KubernetesMinorText(*version) : "";
}

struct Choice {
  Catalog catalog;
  std::string note;
};

// By --catalog, --benchmark, or the version of Kubernetes; outside of every benchmark's versions
// the nearest one, and the report says so.
absl::StatusOr<Choice> CatalogOf(const FileSystem& files, const AuditCommand& command,
                                 const std::optional<KubernetesMinor>& version) {
  Choice choice;
  if (!command.catalog.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadLocal(files, command.catalog));
    ASSIGN_OR_RETURN(choice.catalog, LoadCatalog(text, command.catalog));
  } else if (!command.benchmark.empty()) {
    ASSIGN_OR_RETURN(choice.catalog, LoadEmbeddedCatalog(command.benchmark));
  } else {
    const std::vector<EmbeddedCatalog>& all = EmbeddedCatalogs();
    std::optional<std::string> name = version ? BenchmarkFor(*version) : std::nullopt;
    if (!name) {
      const KubernetesMinor oldest_newest{1, 32};
      const bool old = version && *version < oldest_newest;
      name = std::string(old ? all.back().name : all.front().name);
      choice.note = version ? absl::StrCat("no benchmark here is for Kubernetes ",
                                           VersionText(version), "; the nearest is used")
                            : std::string(
                                  "the version of Kubernetes is not known; the newest "
                                  "benchmark is used");
    }
    ASSIGN_OR_RETURN(choice.catalog, LoadEmbeddedCatalog(*name));
  }
  if (choice.note.empty() && version && !choice.catalog.kubernetes.Contains(*version)) {
    choice.note =
        absl::StrCat(choice.catalog.name, " is not for Kubernetes ", VersionText(version));
  }
  return choice;
}

// A node on which nothing at all could be judged is not a clean one.
int ExitCodeOf(const v1::AuditReport& report) {
  const v1::AuditSummary& summary = report.summary();
  if (summary.automated_fail() > 0) return kAuditFindings;
  const bool nothing_judged =
      !summary.has_score() && summary.waived() == 0 && summary.not_applicable() > 0;
  return summary.error() > 0 || nothing_judged ? kAuditErrors : 0;
}

}  // namespace

absl::StatusOr<int> AuditNode(const AuditCommand& command) {
  ASSIGN_OR_RETURN(const std::unique_ptr<PosixFileSystem> local, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(const AgentConfig config, ConfigOf(*local, command));
  ASSIGN_OR_RETURN(const std::vector<v1::Waiver> waivers, WaiversOf(*local, command.waivers));
  ASSIGN_OR_RETURN(const std::unique_ptr<SystemClock> clock, SystemClock::Open());
  ASSIGN_OR_RETURN(const std::unique_ptr<PosixNodeFiles> host,
                   PosixNodeFiles::Open(config.host_root));
  ASSIGN_OR_RETURN(const std::unique_ptr<PosixNodeFiles> proc, PosixNodeFiles::Open("/"));
  const ProcProcessTable processes;
  AuditSources sources{*host, *proc, processes, {config.manifest_dir, kRke2Manifests}};
  std::optional<KubernetesMinor> version = ParseKubernetesMinor(command.kubernetes_version);
  if (!command.kubernetes_version.empty() && !version) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", command.kubernetes_version, "' is not a version such as 1.32"));
  }
  if (!version) version = KubernetesOf(sources);
  ASSIGN_OR_RETURN(const Choice choice, CatalogOf(*local, command, version));
  ASSIGN_OR_RETURN(const Catalog catalog,
                   ChooseControls(choice.catalog, command.controls, command.level));

  v1::AuditReport report;
  report.set_taken_unix_ms(clock->WallNowUnixMs());
  std::vector<v1::ControlResult> results = Evaluate(catalog, Collect(catalog, sources, version));
  report.set_node(config.node.empty() ? HostName() : config.node);
  report.set_cluster(config.cluster);
  ApplyWaivers(waivers, {catalog.name, report.cluster(), report.node()},
               report.taken_unix_ms() / 1000, results);
  report.set_benchmark(catalog.name);
  report.set_kubernetes_version(VersionText(version));
  report.set_agent_version(BELAY_VERSION);
  if (!choice.note.empty()) report.add_notes(choice.note);
  *report.mutable_summary() = Summarize(results);
  for (v1::ControlResult& result : results) *report.add_results() = std::move(result);
  std::cout << (command.output == "json" ? AuditJson(report)
                                         : RenderAudit(report, command.output == "wide"));
  return ExitCodeOf(report);
}

}  // namespace belay
