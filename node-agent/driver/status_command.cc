#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/crypto/x509.h"
#include "common/os/posix_file_system.h"
#include "node-agent/driver/commands.h"
#include "node-agent/driver/local_files.h"
#include "node-agent/driver/local_journal.h"
#include "node-agent/transaction/machine.h"
#include "node-agent/transaction/restore_commands.h"

namespace belay {
namespace {

absl::StatusOr<std::string> DescribeJournal(const FileSystem& files, const AgentConfig& config) {
  ASSIGN_OR_RETURN(const std::vector<v1::Record> records,
                   ReadLocalJournal(files, config.state_dir));
  if (records.empty()) return "journal: none yet; the agent has not run\n";
  ASSIGN_OR_RETURN(const NodeState state, Fold(records));
  std::string out =
      absl::StrCat("journal: ", state.last_seq, " records, ", PhaseText(state.phase), "\n");
  if (state.current) {
    const RunState& run = *state.current;
    absl::StrAppend(&out, "run: ", RunKeyText(run.key), ", ", run.next_step - run.first_step,
                    " of ", run.step_count - run.first_step, " steps committed\n");
  }
  const auto last = state.finished_runs.find(state.last_finished);
  if (last != state.finished_runs.end()) {
    absl::StrAppend(&out, "last run: ", last->first, ", ",
                    v1::Verdict_Name(last->second.outcome.verdict()), "\n");
    if (!last->second.outcome.reason().empty())
      absl::StrAppend(&out, "  because: ", last->second.outcome.reason(), "\n");
    if (!last->second.outcome.next().empty())
      absl::StrAppend(&out, "  next: ", last->second.outcome.next(), "\n");
  }
  if (!state.emergency) return out;
  absl::StrAppend(&out, "EMERGENCY STOP: ", state.emergency_reason, "\n  by hand:\n");
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    if (!record->has_emergency_stop()) continue;
    for (const std::string& line : record->emergency_stop().manual_commands())
      absl::StrAppend(&out, "    ", line, "\n");
    break;
  }
  absl::StrAppend(&out, "  then: belayctl node clear-emergency ", config.cluster, "/", config.node,
                  " --reason REASON\n  or, with the agent stopped: belay-agent clear-emergency "
                  "--reason REASON\n");
  return out;
}

}  // namespace

absl::StatusOr<std::string> DescribeAgent(const std::string& config_path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<PosixFileSystem> files, PosixFileSystem::Open("/"));
  ASSIGN_OR_RETURN(const AgentConfig config, LoadConfig(*files, config_path));
  std::string out = absl::StrCat("node: ", config.node, " of cluster ", config.cluster,
                                 "\ncoordinator: ", config.server, "\n");
  ASSIGN_OR_RETURN(const CertificateFacts facts, CurrentCertificate(*files, config.state_dir));
  absl::StrAppend(&out, "certificate: valid until ", FormatUnixSeconds(facts.not_after_unix), "\n");
  ASSIGN_OR_RETURN(const std::string journal, DescribeJournal(*files, config));
  return out + journal;
}

}  // namespace belay
