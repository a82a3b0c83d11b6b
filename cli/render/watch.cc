#include "cli/render/watch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "cli/render/rollouts.h"
#include "cli/render/table.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"

namespace belay {
namespace {

std::string ProgressText(const v1::Progress& progress) {
  return absl::StrCat(progress.step(), progress.phase().empty() ? "" : ": ", progress.phase(),
                      progress.detail().empty() ? "" : ": ", progress.detail());
}

const v1::RolloutNode* FindNode(const v1::Rollout& rollout, const std::string& name) {
  for (const v1::RolloutNode& node : rollout.nodes()) {
    if (node.name() == name) return &node;
  }
  return nullptr;
}

bool InFlight(v1::NodePhase phase) {
  return phase == v1::NODE_PHASE_DISPATCHED || phase == v1::NODE_PHASE_IN_PROGRESS;
}

std::vector<std::string> SnapshotLines(const v1::Rollout& before, const v1::Rollout& after) {
  std::vector<std::string> lines;
  for (const v1::RolloutNode& node : after.nodes()) {
    const v1::RolloutNode* old = FindNode(before, node.name());
    const bool waits = node.phase() == v1::NODE_PHASE_WAITING;
    // The last commit of a phase and the barrier behind it are one change.
    if (old != nullptr && old->phase() != v1::NODE_PHASE_COMMITTED &&
        node.phase() != v1::NODE_PHASE_COMMITTED &&
        old->committed_phase() != node.committed_phase()) {
      lines.push_back(SafeLine(absl::StrCat(node.name(), " ", Word(v1::NODE_PHASE_COMMITTED))));
    }
    if (waits && (old == nullptr || before.plan_phase().number() != after.plan_phase().number())) {
      continue;
    }
    if (old != nullptr && old->phase() == node.phase()) continue;
    lines.push_back(SafeLine(absl::StrCat(node.name(), " ", Word(node.phase()),
                                          node.reason().empty() ? "" : ": ", node.reason())));
  }
  const std::string outcome = OutcomeLine(after);
  if (outcome != OutcomeLine(before)) {
    lines.push_back(absl::StrCat("rollout ", SafeLine(after.id()), " ", outcome));
  }
  return lines;
}

}  // namespace

std::vector<std::string> TakeUpdate(WatchedRollout& watched, const v1::RolloutUpdate& update,
                                    std::int64_t now_ms) {
  std::vector<std::string> lines;
  switch (update.kind_case()) {
    case v1::RolloutUpdate::kSnapshot:
      lines = SnapshotLines(watched.rollout, update.snapshot());
      watched.rollout = update.snapshot();
      break;
    case v1::RolloutUpdate::kProgress: {
      v1::Progress& last = watched.progress[update.node()];
      // Seconds and details change with every message; only a new step or phase is worth a line.
      if (last.step() != update.progress().step() || last.phase() != update.progress().phase()) {
        lines.push_back(
            SafeLine(absl::StrCat(update.node(), " ", ProgressText(update.progress()))));
      }
      last = update.progress();
      watched.since_ms[update.node()] = now_ms;
      break;
    }
    case v1::RolloutUpdate::KIND_NOT_SET:
      break;
  }
  return lines;
}

std::vector<std::string> LiveFrame(const WatchedRollout& watched, const Screen& screen,
                                   std::int64_t now_ms, std::int64_t now_unix_ms) {
  const v1::Rollout& rollout = watched.rollout;
  const std::int64_t end =
      rollout.finished_unix_ms() != 0 ? rollout.finished_unix_ms() : now_unix_ms;
  std::vector<std::string> frame = {
      SafeLine(absl::StrCat("rollout ", rollout.id(), "  plan ", rollout.plan_name(), "  cluster ",
                            rollout.cluster(), "  ",
                            Age(std::max<std::int64_t>(0, end - rollout.started_unix_ms())))),
      OutcomeLine(rollout), ""};
  std::vector<std::vector<std::string>> rows;
  for (const v1::RolloutNode& node : rollout.nodes()) {
    std::string detail = DetailOf(rollout, node);
    std::string seconds;
    const auto progress = watched.progress.find(node.name());
    if (InFlight(node.phase()) && progress != watched.progress.end()) {
      detail = ProgressText(progress->second);
      // Between two messages the seconds go on.
      const std::int64_t since =
          std::max<std::int64_t>(0, now_ms - watched.since_ms.at(node.name()));
      seconds =
          absl::StrFormat("%.0f s", progress->second.seconds() + static_cast<double>(since) / 1000);
    }
    rows.push_back({node.name(), Word(node.phase()), seconds, detail});
  }
  const std::string table = RenderTable({"NODE", "PHASE", "TIME", "DETAIL"}, rows);
  for (absl::string_view line : absl::StrSplit(table, '\n', absl::SkipEmpty())) {
    frame.emplace_back(line);
  }
  if (!watched.notice.empty()) {
    frame.emplace_back();
    frame.push_back(SafeLine(watched.notice));
  }
  // The last row stays free for the cursor; a frame that scrolls could not be redrawn in place.
  const std::size_t limit = std::max<std::size_t>(4, screen.rows) - 1;
  if (frame.size() > limit) {
    const std::size_t hidden = frame.size() - limit + 1;
    frame.resize(limit - 1);
    frame.push_back(absl::StrCat("(", hidden, " more lines)"));
  }
  for (std::string& line : frame) line = CutTo(line, screen.columns);
  return frame;
}

std::string Redraw(std::size_t previous_lines, const std::vector<std::string>& frame) {
  std::string out;
  if (previous_lines > 0) absl::StrAppend(&out, "\x1b[", previous_lines, "A");
  // Each line is overwritten first and its rest cleared then: nothing is ever blank in between.
  for (const std::string& line : frame) absl::StrAppend(&out, "\r", line, "\x1b[K\n");
  absl::StrAppend(&out, "\x1b[J");
  return out;
}

}  // namespace belay
