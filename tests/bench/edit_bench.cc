// What one flag edit of a kubeadm manifest costs in memory, whole (check, read, locate, splice,
// read again, verify), beside plain yaml-cpp parses of the same bytes in the same run.  The aim is
// three parses' worth; the ratio is printed, and a build that is optimised fails far beyond it.
#include <benchmark/benchmark.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "node-agent/manifest/edit.h"
#include "node-agent/manifest/tree.h"
#include "tests/bench/kubeadm_manifest.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

const char* const kParse = "plain yaml-cpp parse";

void RunEdit(benchmark::State& state, const v1::Edit& edit) {
  const std::vector<v1::Edit> edits = {edit};
  for (auto _ : state) {
    auto outcome = ApplyEdits(kKubeadmManifest, "kube-apiserver", edits);
    if (!outcome.ok()) {
      state.SkipWithError("refused");
      break;
    }
    benchmark::DoNotOptimize(outcome->bytes.data());
  }
}

void Register() {
  const std::string text(kKubeadmManifest);
  benchmark::RegisterBenchmark(kParse, [text](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(YAML::Load(text));
  });
  benchmark::RegisterBenchmark("the editor's own reading", [text](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(ParseDocument(text));
  });
  const std::map<std::string, v1::Edit> edits = {
      {"edit: replace a value", SetFlagEdit("profiling", "false")},
      {"edit: new flag", SetFlagEdit("audit-log-maxage", "30")},
      {"edit: nothing to do", SetFlagEdit("profiling", "true")},
      {"edit: merge into a list", MergeEdit("authorization-mode", {"Webhook"})},
      {"edit: mount a path", MountEdit("audit", "/var/log/audit", false)}};
  for (const auto& [name, edit] : edits) {
    benchmark::RegisterBenchmark(name.c_str(),
                                 [edit = edit](benchmark::State& state) { RunEdit(state, edit); });
  }
}

// Keeps the times for the ratios.
class Reporter final : public benchmark::ConsoleReporter {
 public:
  Reporter() : ConsoleReporter(OO_None) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.error_occurred) failed = true;
      microseconds[run.benchmark_name()] = run.GetAdjustedCPUTime() / 1000;
    }
  }
  std::map<std::string, double> microseconds;
  bool failed = false;
};

}  // namespace
}  // namespace belay

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  belay::Register();
  belay::Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  const double parse = reporter.microseconds[belay::kParse];
  double worst = 0;
  for (const auto& [name, time] : reporter.microseconds) {
    std::printf("%-28s %8.0f us  %5.2f parses\n", name.c_str(), time, time / parse);
    worst = std::max(worst, time / parse);
  }
  std::printf("aim: an edit costs at most 3 plain parses; the dearest costs %.2f\n", worst);
  return reporter.failed || parse <= 0 ? 1 : 0;
}
