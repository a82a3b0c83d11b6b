#include "node-agent/shadow/namespace_boot.h"

#include <unistd.h>

#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/os/kernel_facts.h"
#include "common/os/roots_program.h"
#include "common/os/run_program.h"

namespace belay {
namespace {

// For the namespaces and for etcd, on top of what the server has.
constexpr int kAroundMs = 40'000;

}  // namespace

absl::StatusOr<v1::ShadowResult> NamespaceShadowBoot::Boot(const v1::ShadowRequest& request) {
  const std::optional<std::uint64_t> memory_mib = AvailableMemoryMib();
  if (!memory_mib || *memory_mib < options_.min_memory_mib) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the machine has ", memory_mib ? absl::StrCat(*memory_mib, " MiB") : "no telling how much",
        " of memory left, and shadow_boot.min_memory_mib is ", options_.min_memory_mib));
  }
  const std::string& etcd = request.etcd().program();
  if (!etcd.empty()) {
    RETURN_IF_ERROR(
        RequireRootsProgram(absl::StrCat(options_.host_root, etcd), "shadow_boot.etcd"));
  }
  v1::ShadowRequest whole = request;
  whole.set_agent_pid(getpid());
  whole.set_scratch(options_.scratch);
  whole.set_host_root(options_.host_root);
  whole.set_ca_file(options_.ca_file);
  whole.set_client_certificate_file(options_.client_certificate_file);
  whole.set_client_key_file(options_.client_key_file);
  const std::string input = whole.SerializeAsString();
  ProgramRun run;
  run.path = "/proc/self/exe";
  run.argv = {"belay-shadow", kShadowCommand};
  run.input = &input;
  run.give_up = options_.stopping;
  run.deadline_ms = static_cast<int>(request.timeout_ms()) + kAroundMs;
  const absl::StatusOr<ProgramEnd> end = RunProgram(run);
  if (!end.ok()) return end.status();
  if (options_.stopping && options_.stopping())
    return absl::CancelledError("the agent is stopping");
  v1::ShadowResult result;
  if (end->timed_out || end->exit_code != 0 || end->output.empty() ||
      !result.ParseFromString(end->output)) {
    return absl::UnavailableError(end->timed_out ? "it did not end in time and was ended"
                                                 : "what should have booted it has ended");
  }
  return result;
}

}  // namespace belay
