#include "common/os/service_manager.h"

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/os/roots_program.h"
#include "common/os/run_program.h"

namespace belay {
namespace {

constexpr const char* kSystemctl = "/usr/bin/systemctl";
constexpr int kDeadlineMs = 120'000;
constexpr std::size_t kMostSaid = 400;

absl::Status Run(const std::string& program, const std::vector<std::string>& argv) {
  ProgramRun run;
  run.path = program;
  run.argv = argv;
  run.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                     "LC_ALL=C"};
  run.deadline_ms = kDeadlineMs;
  const auto end = RunProgram(run);
  if (!end.ok()) return end.status();
  if (end->exit_code == 0 && !end->timed_out) return absl::OkStatus();
  std::string said(absl::StripAsciiWhitespace(end->output.substr(0, kMostSaid)));
  for (char& c : said) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  return absl::UnavailableError(absl::StrCat(
      "restart kubelet: ", program, end->timed_out ? " did not end in time" : " has failed",
      said.empty() ? "" : ": ", said));
}

}  // namespace

absl::Status CommandServiceManager::Check() const {
  return RequireRootsProgram(program_.empty() ? kSystemctl : program_,
                             "kubelet cannot be restarted by");
}

absl::Status CommandServiceManager::RestartKubelet() {
  const absl::Status safe = Check();
  if (!safe.ok()) return safe;
  if (!program_.empty()) return Run(program_, {program_});
  // A unit that never failed has nothing to be reset: whether that went well is of no interest.
  Run(kSystemctl, {kSystemctl, "reset-failed", "kubelet.service"}).IgnoreError();
  return Run(kSystemctl, {kSystemctl, "restart", "kubelet.service"});
}

}  // namespace belay
