// belay-agent apply: what the agent does for a coordinator, done for the one who stands at the
// node.
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "common/os/random_id.h"
#include "common/os/stop_signals.h"
#include "common/plan/signed_file.h"
#include "node-agent/driver/commands.h"
#include "node-agent/driver/local_apply.h"
#include "node-agent/driver/local_files.h"
#include "node-agent/driver/node_parts.h"

namespace belay {
namespace {

void Say(const std::string& text) { std::cout << text << std::endl; }

absl::StatusOr<v1::SignedPlan> ReadPlan(const FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const FileContent content, files.Read(path));
  if (!LooksSigned(content.bytes)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, " is not signed; sign it first: belayctl plan sign. Nothing was changed"));
  }
  absl::StatusOr<v1::SignedPlan> plan = ReadSignedPlanFile(content.bytes);
  RETURN_IF_ERROR(WithContext(plan.status(), path));
  return plan;
}

absl::StatusOr<int> ShowDiff(const ApplyCommand& command) {
  ASSIGN_OR_RETURN(const std::unique_ptr<NodeView> view, NodeView::Open(command.config_path));
  ASSIGN_OR_RETURN(const v1::SignedPlan plan, ReadPlan(*view->local, command.plan_path));
  PlanQuestionOptions question = view->admission;
  question.shown = Shown::All;
  const v1::NodeDiff diff = AnswerPlanQuestion(plan, question, *view->host, *view->clock);
  bool changes = false;
  for (const v1::StepDiff& step : diff.steps()) {
    if (step.files().empty()) continue;
    changes = true;
    Say(absl::StrCat("# step ", SafeLine(step.step())));
    for (const v1::FileDiff& file : step.files()) std::cout << SafeLines(file.text());
  }
  if (!diff.refused().empty()) {
    return absl::FailedPreconditionError(absl::StrCat("refused: ", SafeLine(diff.refused())));
  }
  if (!changes) Say("nothing would change");
  return kApplied;
}

absl::StatusOr<int> Apply(NodeParts& node, const ApplyCommand& command) {
  LocalApply apply;
  ASSIGN_OR_RETURN(apply.plan, ReadPlan(*node.view->local, command.plan_path));
  apply.new_run = RandomHex(8);
  apply.give_up_run = command.give_up_run;
  apply.phase = command.phase;
  const std::string certificate =
      CurrentIdentity(*node.view->local, node.view->config.state_dir).certificate;
  if (absl::IsNotFound(node.view->local->Read(certificate).status())) {
    apply.acknowledged = kOwedToNobody;
  }
  apply.jitter = RandomFraction;
  apply.wait = [&node](std::int64_t ns) {
    const Clock& clock = *node.view->clock;
    for (const std::int64_t end = clock.BootNowNs() + ns; clock.BootNowNs() < end;) {
      if (node.stopper.For(end - clock.BootNowNs())) return true;
    }
    return node.stopper.stopped();
  };
  ExecutorOptions of_executor = node.ForExecutor(Say);
  of_executor.on_record = [](const v1::Record& record) { Say(ShownRecord(record)); };
  of_executor.on_progress = [last = std::string()](const std::string& what) mutable {
    if (std::exchange(last, what) != what) Say(absl::StrCat("  ", SafeLine(what)));
  };
  ASSIGN_OR_RETURN(const std::unique_ptr<Executor> executor,
                   Executor::Open(std::move(of_executor)));
  Runner runner(*executor, *node.view->clock, node.ForRunner(Say));
  absl::StatusOr<int> code = ApplyHere(*executor, runner, *node.view->clock, apply, Say);
  if (!absl::IsCancelled(code.status())) return code;
  return absl::CancelledError(
      "asked to stop; the same command goes on from the journal, and so does the agent when it is "
      "started");
}

}  // namespace

absl::StatusOr<int> ApplyPlan(const ApplyCommand& command) {
  if (command.dry_run) return ShowDiff(command);
  const sigset_t signals = BlockStopSignals();
  std::signal(SIGHUP, SIG_IGN);  // a connection that breaks must not leave the node in a gate
  absl::StatusOr<std::unique_ptr<NodeParts>> node =
      NodeParts::Open(command.config_path, "belay-agent apply");
  if (absl::IsFailedPrecondition(node.status())) {
    return WithContext(node.status(),
                       "nothing was begun; stop the agent first (systemctl stop belay-agent)");
  }
  RETURN_IF_ERROR(node.status());
  absl::StatusOr<int> code = absl::InternalError("not run");
  std::thread worker([&] {
    code = Apply(**node, command);
    kill(getpid(), SIGTERM);  // ends the wait below
  });
  int received = 0;
  sigwait(&signals, &received);
  (*node)->stopper.Stop();
  worker.join();
  return code;
}

}  // namespace belay
