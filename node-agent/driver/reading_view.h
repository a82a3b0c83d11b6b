// A file system to look at a log with while its owner may be writing it: what opening would repair
// is left as it is, and everything else that would change something is refused.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "common/os/read_only_view.h"

namespace belay {

class ReadingView final : public ReadOnlyView {
 public:
  using ReadOnlyView::ReadOnlyView;

  // A torn tail may be an append in progress: not ours to cut off or to sync.
  absl::Status WriteFrom(const std::string&, std::uint64_t, const std::string&) override {
    return absl::OkStatus();
  }
  absl::Status Sync(const std::string&) override { return absl::OkStatus(); }
};

}  // namespace belay
