#include "node-agent/driver/local_journal.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status_macros.h"
#include "common/base/time_text.h"
#include "common/durable/framed_log.h"
#include "common/plan/phases.h"
#include "node-agent/driver/reading_view.h"
#include "node-agent/transaction/machine.h"

namespace belay {
namespace {

using Kind = v1::Record::KindCase;

std::string Because(const std::string& reason) {
  return reason.empty() ? "" : absl::StrCat(": ", reason);
}

std::string PreparedText(const v1::Prepared& prepared) {
  std::string text = "prepared:";
  for (const v1::FileChange& change : prepared.changes()) {
    const char* verb = !change.before().exists()  ? " create "
                       : !change.after().exists() ? " remove "
                                                  : " change ";
    absl::StrAppend(&text, verb, change.path());
    if (!change.backup_path().empty()) absl::StrAppend(&text, " (was ", change.backup_path(), ")");
    text += ',';
  }
  text.pop_back();
  return text;
}

std::string CheckpointText(const v1::Record& record) {
  const v1::Checkpoint& checkpoint = record.checkpoint();
  return absl::StrCat("journal ", checkpoint.journal_id(), ": records 1 to ", record.seq(),
                      " are folded up: ", checkpoint.finished_runs_size(), " runs, ",
                      checkpoint.committed_steps_size(), " steps that can be undone");
}

std::string AcceptedText(const v1::Record& record) {
  v1::RemediationPlan plan;  // journalled only after its signature was verified
  if (record.run().phase() == 0 || !plan.ParseFromString(record.run_accepted().plan().plan())) {
    return "run accepted";
  }
  return absl::StrCat("run accepted: ", DescribePhase(plan, record.run().phase()));
}

std::string RecordText(const v1::Record& record) {
  switch (record.kind_case()) {
    case Kind::kJournalCreated:
      return absl::StrCat("journal ", record.journal_created().journal_id(), " begins");
    case Kind::kRunAccepted:
      if (!record.run_accepted().has_undoes()) return AcceptedText(record);
      return absl::StrCat("run accepted: put back what ",
                          record.run_accepted().undoes().rollout_id(), " has changed, ",
                          record.run_accepted().undoes().prepared_seqs_size(), " steps");
    case Kind::kRunRefused:
      return absl::StrCat("run refused", Because(record.run_refused().reason()));
    case Kind::kPrepared:
      return PreparedText(record.prepared());
    case Kind::kApplied:
      return "published; the gate begins";
    case Kind::kGateResumed:
      return "the agent was started again inside the gate";
    case Kind::kCommitted:
      return record.committed().report().changed() ? "committed" : "committed: it was so already";
    case Kind::kRollingBack:
      return absl::StrCat("rolling back", Because(record.rolling_back().reason()));
    case Kind::kRestored:
      return "the old files are back; their gate begins";
    case Kind::kRolledBack:
      return absl::StrCat("rolled back", Because(record.rolled_back().reason()));
    case Kind::kQuarantined:
      return absl::StrCat("quarantined", Because(record.quarantined().reason()));
    case Kind::kEmergencyStop:
      return absl::StrCat("EMERGENCY STOP", Because(record.emergency_stop().reason()));
    case Kind::kEmergencyCleared:
      return absl::StrCat("emergency cleared by ", record.emergency_cleared().operator_(),
                          Because(record.emergency_cleared().reason()));
    case Kind::kRunFinished:
      return absl::StrCat("run finished, ", v1::Verdict_Name(record.run_finished().verdict()),
                          Because(record.run_finished().reason()));
    case Kind::kCheckpoint:
      return CheckpointText(record);
    case Kind::KIND_NOT_SET:
      return "a record of a newer version";
  }
  return "a record of a newer version";
}

// One record is one line, whatever an answer of a component holds.
std::string OneLine(const std::string& text) {
  std::string out = absl::StrReplaceAll(text, {{"\n", " | "}});
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<v1::Record>> ReadLocalJournal(const FileSystem& files,
                                                         const std::string& state_dir) {
  const std::string path = absl::StrCat(state_dir, "/journal");
  std::vector<v1::Record> records;
  const absl::Status there = files.Read(path).status();
  if (absl::IsNotFound(there)) return records;
  RETURN_IF_ERROR(there);
  ReadingView view(files);
  ASSIGN_OR_RETURN(const std::unique_ptr<FramedLog> log, FramedLog::Open(view, path));
  for (const std::string& frame : log->frames()) {
    v1::Record record;
    if (!record.ParseFromString(frame)) {
      return absl::DataLossError(absl::StrCat(path, ": a frame is not a record"));
    }
    records.push_back(std::move(record));
  }
  return records;
}

std::string JournalText(const std::vector<v1::Record>& records) {
  std::string out;
  for (const v1::Record& record : records) {
    absl::StrAppend(&out, record.seq(), "  ", FormatUnixMillis(record.wall_unix_ms()), "  ");
    if (!record.run().rollout_id().empty()) {
      absl::StrAppend(&out, OneLine(record.run().rollout_id()), "#", record.run().attempt(), " ");
      if (record.run().phase() != 0) absl::StrAppend(&out, "phase ", record.run().phase(), " ");
    }
    const bool of_step =
        record.kind_case() >= Kind::kPrepared && record.kind_case() <= Kind::kEmergencyStop;
    if (of_step) absl::StrAppend(&out, "step ", record.step() + 1, " ");
    absl::StrAppend(&out, OneLine(RecordText(record)), "\n");
  }
  return out;
}

std::vector<Backup> BackupsOf(const NodeState& state) {
  std::vector<Backup> backups;
  const auto add = [&backups](const v1::RunKey& run, std::int64_t wall_unix_ms,
                              const auto& changes) {
    for (const v1::FileChange& change : changes) {
      if (change.backup_path().empty()) continue;
      backups.push_back(
          {change.path(), change.backup_path(), change.before(), wall_unix_ms, RunKeyText(run)});
    }
  };
  for (const CommittedStep& step : state.committed_steps) {
    if (!state.kept_steps.empty() && step.prepared_seq >= state.kept_steps.front().prepared_seq) {
      break;  // it is among those
    }
    add(step.run, step.prepared_unix_ms, step.prepared.changes());
  }
  for (const KeptStep& step : state.kept_steps) add(step.run, step.prepared_unix_ms, step.changes);
  return backups;
}

}  // namespace belay
