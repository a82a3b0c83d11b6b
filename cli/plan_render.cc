#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/plan_file.h"
#include "cli/render/words.h"
#include "cli/verbs.h"
#include "common/base/safe_text.h"
#include "common/base/status_macros.h"
#include "common/os/posix_file_system.h"
#include "node-agent/change/plan_changes.h"

namespace belay {
namespace {

struct Options {
  std::string plan;
  std::string root;
  std::string out;
  std::string manifest_dir = "/etc/kubernetes/manifests";
};

absl::StatusOr<std::unique_ptr<PosixFileSystem>> OpenOut(const Options& options) {
  if (::mkdir(options.out.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("make ", options.out));
  }
  struct stat root {};
  struct stat out {};
  if (::stat(options.root.c_str(), &root) == 0 && ::stat(options.out.c_str(), &out) == 0 &&
      root.st_dev == out.st_dev && root.st_ino == out.st_ino) {
    return absl::InvalidArgumentError(
        "--out is --root: nothing is carried out by this command, name another directory");
  }
  return PosixFileSystem::Open(options.out);
}

absl::Status MakeParents(FileSystem& files, const std::string& path) {
  std::string directory;
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    absl::StrAppend(&directory, "/", parts[i]);
    const absl::Status made = files.MakeDirectory(directory, 0700);
    if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
  }
  return absl::OkStatus();
}

// What an earlier call has written there is replaced.
absl::Status WriteFile(FileSystem& files, const std::string& path, const FileVersion& file) {
  RETURN_IF_ERROR(MakeParents(files, path));
  const absl::Status removed = files.Remove(path);
  if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  if (!file.exists) return absl::OkStatus();
  FileAttributes attributes = file.attributes;
  attributes.xattrs.clear();  // labels and ACLs mean something on the node only
  if (::geteuid() != 0) {
    attributes.uid = ::geteuid();
    attributes.gid = ::getegid();
  }
  return files.Create(path, file.bytes, attributes);
}

int Render(Session& session, const Options& options) {
  const std::optional<PlanFile> plan = LoadPlan(session, options.plan, "rendered");
  if (!plan) return kExitOther;
  const auto root = PosixFileSystem::Open(options.root);
  if (!root.ok()) return Fail(session, root.status(), absl::StrCat("ls -ld ", options.root));
  const PlanChanges changes = ChangesOfPlan(plan->plan, options.manifest_dir, **root);
  if (!changes.refused.ok()) {
    return Fail(
        session,
        absl::Status(changes.refused.code(), absl::StrCat("refused, nothing is written: ",
                                                          std::string(changes.refused.message()))),
        absl::StrCat("belayctl plan diff ", options.plan, " --root ", options.root), kExitRefused);
  }
  std::map<std::string, FileVersion> last;  // what the last step leaves
  for (const NamedStepChanges& step : changes.steps) {
    for (const PathChange& change : step.changes) last[change.path] = change.after;
  }
  const auto out = OpenOut(options);
  if (!out.ok()) return Fail(session, out.status(), absl::StrCat("ls -ld ", options.out));
  for (const auto& [path, file] : last) {
    if (const absl::Status status = WriteFile(**out, path, file); !status.ok()) {
      return Fail(session, status, absl::StrCat("ls -ld ", options.out));
    }
    session.out << (file.exists ? "" : "removed: ") << SafeLine(file.exists ? options.out : "")
                << SafeLine(path) << "\n";
  }
  session.out.flush();
  return kExitDone;
}

}  // namespace

void AddPlanRender(CLI::App& parent, Session& session) {
  CLI::App* verb = parent.add_subcommand(
      "render", "Write what each file of a plan would become on a node, without touching it");
  auto options = std::make_shared<Options>();
  verb->add_option("PLAN", options->plan, "a plan in YAML or a signed one")->required();
  verb->add_option("--root", options->root, "where the node's file system lies")->required();
  verb->add_option("--out", options->out, "a directory; made when it is not there")->required();
  verb->add_option("--manifest-dir", options->manifest_dir, "of static pods, on the node")
      ->capture_default_str();
  verb->footer(
      "Each file the plan is about is written to OUT under its own path, changed or not, with its "
      "mode (and owner, as root); a file that would be removed is removed from OUT. No coordinator "
      "is asked, and signatures are not verified.\n\n"
      "Exit codes: 0 written, 11 refused and nothing written, 2 wrong usage, 1 anything else.\n\n"
      "Examples:\n  belayctl plan render audit-logging.yaml --root / --out /tmp/new\n"
      "  belayctl plan render audit-logging.plan --root ./cp1-backup --out ./cp1-new");
  verb->callback([&session, options] {
    session.run = [&session, options] { return Render(session, *options); };
  });
}

}  // namespace belay
