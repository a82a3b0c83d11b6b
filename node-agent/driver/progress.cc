#include "node-agent/driver/progress.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "belay/v1/plan.pb.h"

namespace belay {

void ProgressReporter::Show(const std::string& what) {
  if (executor_ == nullptr || !executor_->state().current || what == last_) return;
  last_ = what;
  const NodeState& state = executor_->state();
  AgentMail::Waiting waiting;
  v1::Progress& progress = waiting.progress;
  *progress.mutable_run() = state.current->key;
  v1::RemediationPlan plan;  // journalled only after its signature was verified
  if (plan.ParseFromString(state.current->plan.plan()) &&
      state.step < static_cast<std::uint32_t>(plan.steps_size())) {
    progress.set_step(plan.steps(static_cast<int>(state.step)).name());
  } else if (state.current->undoes &&
             state.step < static_cast<std::uint32_t>(state.current->undoes->names_size())) {
    progress.set_step(
        absl::StrCat(state.current->undoes->names(static_cast<int>(state.step)), ", backwards"));
  }
  progress.set_phase(PhaseText(state.phase));
  progress.set_detail(what);
  if (state.applied.boot_id() == clock_.BootId()) {
    progress.set_seconds(static_cast<double>(clock_.BootNowNs() - state.applied.boottime_ns()) /
                         1e9);
  }
  static_cast<void>(mail_.box.Put(std::move(waiting)));  // a live view may miss a line
}

}  // namespace belay
