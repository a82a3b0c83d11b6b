#include "node-agent/transaction/staging.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {
constexpr char kSeparator = '\0';  // no path holds it
}  // namespace

absl::Status Staging::Stage(
    const v1::Prepared& prepared,
    const std::function<absl::StatusOr<std::string>(const v1::FileChange&)>& before) {
  RETURN_IF_ERROR(Clear());
  const absl::Status staged = StageAll(prepared, before);
  // What it has taken may be what is missing; else the next life tries again.
  if (!staged.ok()) Clear().IgnoreError();
  return staged;
}

absl::Status Staging::StageAll(
    const v1::Prepared& prepared,
    const std::function<absl::StatusOr<std::string>(const v1::FileChange&)>& before) {
  std::string paths;
  for (const v1::FileChange& change : prepared.changes()) {
    if (!change.before().exists()) continue;
    paths += change.path();
    paths += kSeparator;
  }
  if (paths.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(state_.Create(list_, paths, FileAttributes{}));
  RETURN_IF_ERROR(state_.Sync(list_));
  RETURN_IF_ERROR(state_.Sync(ParentDirectory(list_)));
  for (const v1::FileChange& change : prepared.changes()) {
    if (!change.before().exists()) continue;
    ASSIGN_OR_RETURN(const std::string bytes, before(change));
    RETURN_IF_ERROR(publisher_.Stage(change.path(), change.before(), bytes));
  }
  return absl::OkStatus();
}

absl::Status Staging::Clear() {
  const absl::StatusOr<FileContent> list = state_.Read(list_);
  if (absl::IsNotFound(list.status())) return absl::OkStatus();
  RETURN_IF_ERROR(list.status());
  const std::vector<std::string> paths = absl::StrSplit(list->bytes, kSeparator, absl::SkipEmpty());
  for (const std::string& path : paths) {
    const absl::Status removed = publisher_.Unstage(path);
    // Half a path, of a list that was cut while it was made: nothing was staged by it.
    if (absl::IsInvalidArgument(removed) || absl::IsFailedPrecondition(removed)) continue;
    RETURN_IF_ERROR(removed);
  }
  return state_.Remove(list_);
}

}  // namespace belay
