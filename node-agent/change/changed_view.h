// A file system as it would be after changes that nobody has made: what a later step of a plan sees
// of an earlier one.  Reading only; listings are those of the real one.
#pragma once
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/os/read_only_view.h"
#include "node-agent/change/change.h"

namespace belay {

class ChangedView final : public ReadOnlyView {
 public:
  using ReadOnlyView::ReadOnlyView;

  void Apply(const StepChanges& changes) {
    for (const PathChange& change : changes) changed_[change.path] = change.after;
  }

  absl::StatusOr<FileContent> Read(const std::string& path) const override {
    const auto it = changed_.find(path);
    if (it == changed_.end()) return ReadOnlyView::Read(path);
    if (!it->second.exists) {
      return absl::NotFoundError(absl::StrCat(path, ": an earlier step has removed it"));
    }
    FileContent content;
    content.bytes = it->second.bytes;
    content.attributes = it->second.attributes;
    return content;
  }

 private:
  std::map<std::string, FileVersion> changed_;
};

}  // namespace belay
