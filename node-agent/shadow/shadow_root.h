// A file system put together for a process in the shadow: that of another process, read-only, with
// changes laid over it that exist in memory alone.  Nothing of the original can be written through
// it.
//
// For a process that has a mount namespace of its own, and one thread.  What was mounted goes with
// that namespace.
#pragma once
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/shadow.pb.h"

namespace belay {

class ShadowRoot {
 public:
  // `source`: a folder with the original; `at`: an empty folder.  Paths below are as a process in
  // it sees them, links in the original are followed.
  static absl::StatusOr<ShadowRoot> Make(const std::string& source, const std::string& at,
                                         const std::string& options);

  // A folder that can be written to: what it held is seen in it, read-only, each for itself.
  absl::Status Open(const std::string& path);
  absl::Status Hide(const std::string& path);
  // `from` as this process sees it; where it is not there, an empty folder or file.
  absl::Status Show(const std::string& from, const std::string& path, bool file);
  absl::Status Put(const v1::ShadowFile& file);
  // New and empty, for `owner` alone.
  absl::Status Give(const std::string& path, unsigned owner);
  absl::Status ShowProcesses();

  const std::string& at() const { return at_; }

 private:
  ShadowRoot(std::string source, std::string at) : source_(std::move(source)), at_(std::move(at)) {}
  absl::StatusOr<std::string> Resolve(const std::string& path) const;
  absl::Status OpenResolved(const std::string& path);
  absl::Status ShowChildren(const std::string& from, const std::string& path);
  absl::Status ShowChild(const std::string& from, const std::string& path);
  absl::Status HideResolved(const std::string& path);

  std::string source_;
  std::string at_;
  std::map<std::string, std::string> shown_;  // path -> where it comes from
  std::set<std::string> open_;
};

}  // namespace belay
