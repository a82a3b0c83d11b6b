#include "node-agent/driver/local_clear.h"

#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/driver/local_journal.h"
#include "node-agent/transaction/executor.h"

namespace belay {
namespace {

// A node in emergency has no transaction in progress, so there is nothing to prove; and if there
// were, this would decide nothing about it.
struct NoGate : Gatekeeper {
  GateResult Run(const GateRequest&, const std::function<void(const std::string&)>&) override {
    GateResult result;
    result.kind = GateResult::Kind::Interrupted;
    return result;
  }
};

}  // namespace

absl::StatusOr<std::string> ClearEmergencyHere(FileSystem& state, const Clock& clock,
                                               const std::string& state_dir,
                                               const LocalClear& clear) {
  if (absl::StripAsciiWhitespace(clear.reason).empty()) {
    return absl::InvalidArgumentError(
        "--reason is empty: say what was found and repaired, it is recorded; nothing was changed");
  }
  // Read first: a node that has no journal shall not get one by this.
  ASSIGN_OR_RETURN(const std::vector<v1::Record> records, ReadLocalJournal(state, state_dir));
  ASSIGN_OR_RETURN(const NodeState before, Fold(records));
  if (!before.emergency) return "this node is not in emergency stop; nothing was written\n";
  NoGate gate;
  ASSIGN_OR_RETURN(const std::unique_ptr<Executor> executor,
                   Executor::Open({.host = state,
                                   .state = state,
                                   .clock = clock,
                                   .gatekeeper = gate,
                                   .state_dir = state_dir,
                                   .new_journal_id = before.journal_id}));
  RETURN_IF_ERROR(executor->ClearEmergency(clear.reason, clear.operator_name, clear.request_id));
  return absl::StrCat("the emergency stop is cleared: ", before.emergency_reason,
                      "\nStart the agent (systemctl start belay-agent): this node takes plans "
                      "again, and the coordinator is told by the journal\n");
}

}  // namespace belay
