#include "common/os/service_manager.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/os/errno_status.h"
#include "common/os/run_program.h"

namespace belay {
namespace {

constexpr const char* kSystemctl = "/usr/bin/systemctl";
constexpr int kDeadlineMs = 120'000;
constexpr std::size_t kMostSaid = 400;

bool OnlyRootWrites(const struct stat& entry) {
  return entry.st_uid == 0 && (entry.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// Whoever could write one of the folders above it could put another program in its place.
absl::Status RequireRoots(const std::string& path) {
  std::string at;
  for (const absl::string_view part : absl::StrSplit(absl::string_view(path).substr(1), '/')) {
    absl::StrAppend(&at, "/", part);
    struct stat entry = {};
    if (lstat(at.c_str(), &entry) != 0) return ErrnoStatus("look at", at, errno);
    const bool kind = at == path ? S_ISREG(entry.st_mode) : S_ISDIR(entry.st_mode);
    if (!kind || !OnlyRootWrites(entry)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "kubelet cannot be restarted by ", path, ": ", at,
          " must belong to root, be writable by root only and be no symbolic link, and the program "
          "a regular file"));
    }
  }
  return absl::OkStatus();
}

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
  return RequireRoots(program_.empty() ? kSystemctl : program_);
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
