#include "tests/support/random_journal.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "node-agent/transaction/undo.h"

namespace belay {
namespace {

class Author {
 public:
  explicit Author(std::mt19937& random) : random_(random) {
    v1::Record record;
    record.mutable_journal_created()->set_journal_id("a journal");
    Add(std::move(record));
  }

  // Tries one record of a kind that may fit; some do not and are let go.
  void Try() {
    v1::Record record;
    if (state_.current) {
      *record.mutable_run() = state_.current->key;
      record.set_step(state_.phase == Phase::Idle ? state_.current->next_step : state_.step);
    }
    const std::vector<int> kinds = Kinds();
    Fill(kinds[Below(kinds.size())], &record);
    Add(std::move(record));
  }

  std::vector<v1::Record> records;

 private:
  std::size_t Below(std::size_t count) { return random_() % count; }
  bool Sometimes() { return Below(3) == 0; }

  // Field numbers of Record, as often as they shall come.
  std::vector<int> Kinds() const {
    switch (state_.phase) {
      case Phase::Idle:
        if (state_.due_outcome) return {23};
        if (state_.current) return {13, 13, 13, 13, 16, 16, 23, 12};
        return state_.emergency ? std::vector<int>{12, 22} : std::vector<int>{11, 11, 11, 12};
      case Phase::Prepared:
        return {14, 14, 14, 14, 17, 20};
      case Phase::Applied:
        return {16, 16, 16, 16, 15, 17, 20};
      case Phase::RollingBack:
        return {18, 18, 18, 21, 20};
      case Phase::Restored:
        return {19, 19, 19, 15, 21, 20};
    }
    return {};
  }

  void Add(v1::Record record) {
    record.set_seq(records.size() + 1);
    record.set_wall_unix_ms(1'795'000'000'000 + static_cast<std::int64_t>(records.size()) * 1000);
    absl::StatusOr<NodeState> next = Advance(state_, record);
    if (!next.ok()) return;
    state_ = *std::move(next);
    records.push_back(std::move(record));
  }

  void Name(v1::Record* record) {
    // Of few rollouts, so that they come again.
    const std::size_t rollout = Below(12);
    record->mutable_run()->set_rollout_id(absl::StrCat("r", rollout));
    if (rollout % 3 == 0) {
      record->mutable_run()->set_phase(static_cast<std::uint32_t>(1 + Below(2)));
    }
    record->mutable_run()->set_attempt(static_cast<std::uint32_t>(++runs_));
    record->mutable_run()->set_plan_digest("digest");
  }

  void Accept(v1::Record* record) {
    Name(record);
    v1::RunAccepted& accepted = *record->mutable_run_accepted();
    accepted.set_epoch(state_.highest_epoch + Below(2));
    if (Sometimes()) {
      const auto undoes = FindUndoes(state_, record->run().rollout_id(), record->run().phase());
      if (undoes.ok()) *accepted.mutable_undoes() = *undoes;
      if (undoes.ok()) return;
    }
    v1::RemediationPlan plan;
    for (std::size_t i = 0; i <= Below(3); ++i) plan.add_steps()->set_name(absl::StrCat("s", i));
    if (record->run().phase() != 0) {
      plan.add_steps()->set_name("last");
      plan.add_phases()->set_steps(static_cast<std::uint32_t>(plan.steps_size()) - 1);
      plan.add_phases()->set_steps(1);
    }
    accepted.mutable_plan()->set_plan(plan.SerializeAsString());
  }

  void Prepare(v1::Record* record) {
    v1::Prepared& prepared = *record->mutable_prepared();
    for (std::size_t i = 0; i <= Below(2); ++i) {
      v1::FileChange& change = *prepared.add_changes();
      change.set_path(absl::StrCat("/etc/kubernetes/", i));
      change.set_diff(std::string(200, 'd'));
      change.mutable_before()->set_exists(true);
      change.mutable_before()->set_digest(absl::StrCat("digest ", random_()));
      change.mutable_after()->set_digest(absl::StrCat("digest ", random_()));
      (*change.mutable_before()->mutable_xattrs())["user.a"] = "\xff";
      (*change.mutable_before()->mutable_xattrs())["user.b"] = "b";
      change.set_backup_path(absl::StrCat("/backups/", records.size(), "-", i));
    }
    prepared.add_components()->set_component("kube-apiserver");
    prepared.set_boot_id("boot");
    prepared.set_boottime_ns(static_cast<std::int64_t>(records.size()));
  }

  void Fill(int kind, v1::Record* record) {
    switch (kind) {
      case 11:
        return Accept(record);
      case 12:
        Name(record);
        record->mutable_run_refused()->set_reason("no");
        record->mutable_run_refused()->set_next("yes");
        return;
      case 13:
        return Prepare(record);
      case 14:
        record->mutable_applied()->set_boottime_ns(7);
        return;
      case 15:
        record->mutable_gate_resumed()->set_boot_id("boot");
        return;
      case 16:
        record->mutable_committed()->mutable_report()->set_changed(state_.phase == Phase::Applied);
        return;
      case 17:
        record->mutable_rolling_back()->set_reason("sick");
        return;
      case 18:
        record->mutable_restored()->add_notes("a note");
        return;
      case 19:
        record->mutable_rolled_back()->set_reason("sick");
        return;
      case 20:
        record->mutable_quarantined()->set_reason("foreign");
        return;
      case 21:
        record->mutable_emergency_stop()->set_reason("broken");
        return;
      case 22:
        record->clear_run();
        record->clear_step();
        record->mutable_emergency_cleared()->set_reason("seen to");
        record->mutable_emergency_cleared()->set_request_id(absl::StrCat("request ", random_()));
        return;
      default:
        record->mutable_run_finished()->set_verdict(state_.due_outcome
                                                        ? state_.due_outcome->verdict()
                                                    : Sometimes() ? v1::VERDICT_REFUSED
                                                                  : v1::VERDICT_COMMITTED);
        record->mutable_run_finished()->set_reason("as it is");
    }
  }

  std::mt19937& random_;
  NodeState state_;
  std::uint64_t runs_ = 0;
};

std::string RunText(const RunState& run) {
  return absl::StrCat(run.key.DebugString(), run.plan.DebugString(), run.epoch, " ", run.first_step,
                      " ", run.step_count, " ", run.next_step, " ", run.finished,
                      run.outcome.DebugString(),
                      run.undoes ? run.undoes->DebugString() : "undoes nothing", "\n");
}

}  // namespace

std::vector<v1::Record> RandomJournal(std::mt19937& random, std::size_t count) {
  Author author(random);
  while (author.records.size() < count) author.Try();
  return std::move(author.records);
}

std::string StateText(const NodeState& state) {
  std::string text =
      absl::StrCat(state.journal_id, " ", state.last_seq, " ", PhaseText(state.phase), " ",
                   state.emergency, " ", state.emergency_reason, " ", state.highest_epoch, "\n");
  for (const std::string& request : state.cleared_requests) absl::StrAppend(&text, request, "\n");
  absl::StrAppend(&text, "current: ", state.current ? RunText(*state.current) : "none",
                  "\ndue: ", state.due_outcome ? state.due_outcome->DebugString() : "none", "\n");
  for (const auto& [name, run] : state.finished_runs) {
    absl::StrAppend(&text, "finished ", name, ": ", RunText(run));
  }
  absl::StrAppend(&text, "last: ", state.last_finished, "\n");
  for (const CommittedStep& step : state.committed_steps) {
    absl::StrAppend(&text, "committed ", step.run.DebugString(), step.step, step.name, " ",
                    step.prepared_seq, " ", step.prepared_unix_ms, step.prepared.DebugString());
  }
  for (const std::string& rollout : state.beyond_undoing) {
    absl::StrAppend(&text, "beyond ", rollout, "\n");
  }
  for (const KeptStep& step : state.kept_steps) {
    absl::StrAppend(&text, "kept ", step.run.DebugString(), step.prepared_seq, " ",
                    step.prepared_unix_ms);
    for (const v1::FileChange& change : step.changes) absl::StrAppend(&text, change.DebugString());
  }
  return absl::StrCat(text, state.prepared.DebugString(), state.applied.DebugString(),
                      state.prepared_seq, " ", state.prepared_unix_ms, " ", state.step, " ",
                      state.gate_resumes, state.rolling_back.DebugString(),
                      state.restored.DebugString());
}

}  // namespace belay
