// Puts one file from one exact image to another, so that at every instant, and after a power cut at
// any instant, it is exactly one of the two.  Every method is idempotent: recovery calls it again.
//
// A dot-named temporary in the target's own directory gets bytes, owner, mode and xattrs and is
// synced; the target is compared with the image it must be replaced from; one rename; the directory
// is synced. A target that is neither image is somebody else's and is never written.  One thread.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/os/file_system.h"

namespace belay {

enum class Published {
  Already,  // it was `to` before; durable now
  Written,
  Foreign,  // neither `from` nor `to`; untouched
};

class Publisher {
 public:
  // `fs` outlives this.  `suffix` keeps our temporaries apart from those of other programs.
  Publisher(FileSystem& fs, std::string suffix) : fs_(fs), suffix_(std::move(suffix)) {}

  // `bytes` is the content of `to`.  After an error the file is still one of the two images, and
  // perhaps not yet durably so.
  absl::StatusOr<Published> Replace(const std::string& path, const v1::FileImage& from,
                                    const v1::FileImage& to, const std::string& bytes);

  // What an earlier life, or this one, has left beside `path`.  Nothing there is ok.
  absl::Status RemoveTemporaries(const std::string& path);

  // Outermost first; those that exist stay as they are.
  absl::Status MakeDirectories(const std::vector<std::string>& directories);
  // Innermost first, each only when empty; returns those left because they are not.
  absl::StatusOr<std::vector<std::string>> RemoveDirectories(
      const std::vector<std::string>& directories);

 private:
  FileSystem& fs_;
  const std::string suffix_;
};

}  // namespace belay
