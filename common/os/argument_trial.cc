#include "common/os/argument_trial.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/os/confine.h"
#include "common/os/descriptor.h"
#include "common/os/errno_status.h"
#include "common/os/proc_files.h"
#include "common/os/run_program.h"

namespace belay {
namespace {

// Of no account on any machine: nothing belongs to it and no process runs as it.
constexpr unsigned kNobodyElse = 2'000'000'000;
constexpr int kDeadlineMs = 10'000;
constexpr std::size_t kMostOutput = std::size_t{64} << 10;

}  // namespace

absl::StatusOr<TrialAnswer> ConfinedArgumentTrial::Try(const Process& process,
                                                       const std::vector<std::string>& arguments) {
  const std::string base = absl::StrCat(proc_, "/", process.pid);
  const Descriptor program(open((base + "/exe").c_str(), O_PATH | O_CLOEXEC));
  const Descriptor root(open((base + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!program.valid() || !root.valid()) return ErrnoStatus("open", base, errno);
  // Both are of the process that was meant only if it is still there.
  if (StartedNs(ReadProcFile(base + "/stat").value_or("")) != process.started_boottime_ns) {
    return absl::UnavailableError(absl::StrCat("process ", process.pid, " has ended"));
  }
  const Confinement confinement{root.get(), kNobodyElse};
  ProgramRun run;
  run.fd = program.get();
  run.confinement = &confinement;
  run.argv = {process.argv.empty() ? "program" : process.argv.front()};
  run.argv.insert(run.argv.end(), arguments.begin(), arguments.end());
  run.argv.emplace_back("--help");
  run.deadline_ms = kDeadlineMs;
  run.most_output = kMostOutput;
  absl::StatusOr<ProgramEnd> end = RunProgram(run);
  if (!end.ok()) return end.status();
  if (end->timed_out || end->exit_code < 0 || end->exit_code == kProgramNotStarted) {
    return absl::UnavailableError(
        absl::StrCat("the program of process ", process.pid, " could not be asked"));
  }
  return TrialAnswer{end->exit_code, std::move(end->output)};
}

}  // namespace belay
