#include "node-agent/health/sample_log.h"

#include <cstddef>

namespace belay {
namespace {
// A flapping component must not fill the journal.
constexpr std::size_t kMostRuns = 120;
}  // namespace

void SampleLog::Add(double seconds, const std::string& what, bool healthy) {
  const bool full = runs_.size() >= kMostRuns;
  const bool same =
      !runs_.empty() && runs_.back().what() == what && runs_.back().healthy() == healthy;
  if (!same && !full) {
    v1::SampleRun run;
    run.set_from_seconds(seconds);
    run.set_what(what);
    run.set_healthy(healthy);
    runs_.push_back(std::move(run));
  } else if (!same) {
    runs_.back().set_what("more changes than are kept; last: " + what);
    runs_.back().set_healthy(false);
  }
  runs_.back().set_to_seconds(seconds);
  runs_.back().set_count(runs_.back().count() + 1);
}

void SampleLog::Report(v1::StepReport* report) const {
  for (const v1::SampleRun& run : runs_) *report->add_samples() = run;
}

}  // namespace belay
