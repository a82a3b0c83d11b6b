// Puts one file from one exact image to another, so that at every instant, and after a power cut at
// any instant, it is exactly one of the two.  Every method is idempotent: recovery calls it again.
//
// A dot-named temporary in the target's own directory gets bytes, owner, mode and xattrs and is
// synced; the target gets a second, dot-named name and is compared under it with the image it must
// be replaced from; one rename; what was displaced is compared once more and let go; the directory
// is synced.  A target that is neither image is somebody else's: it is never written, and where it
// was displaced in the instant between comparing and renaming it is put back.  What the kernel does
// not let us see is in docs/transaction.md.  One thread.
#pragma once
#include <optional>
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

  // Puts `bytes`, which are the content of `image`, ready beside `path`, durably: a Replace that
  // makes it `image` needs no space then.  Nothing is replaced by it.
  absl::Status Stage(const std::string& path, const v1::FileImage& image, const std::string& bytes);
  // Durably.  Nothing there is ok.
  absl::Status Unstage(const std::string& path);

  // Removes what an earlier life, or this one, has left beside `path`, but never the only copy of
  // bytes that are neither image.  Nothing there is ok.
  absl::Status Tidy(const std::string& path, const v1::FileImage& from, const v1::FileImage& to);

  // Where a file that was displaced and could not be put back is; nothing when there is none.
  std::optional<std::string> Kept(const std::string& path) const;

  // Outermost first; those that exist stay as they are.
  absl::Status MakeDirectories(const std::vector<std::string>& directories);
  // Innermost first, each only when empty; returns those left because they are not.
  absl::StatusOr<std::vector<std::string>> RemoveDirectories(
      const std::vector<std::string>& directories);

 private:
  absl::Status RemoveTemporary(const std::string& path);
  absl::StatusOr<Published> Settle(const std::string& path, const v1::FileImage& from,
                                   const v1::FileImage& to, Published now);
  absl::Status PutBack(const std::string& path);
  absl::StatusOr<Published> Swap(const std::string& path, const std::string& ready,
                                 const v1::FileImage& from, const v1::FileImage& to);
  absl::StatusOr<Published> SwapUnseen(const std::string& path, const std::string& ready,
                                       const v1::FileImage& from, const v1::FileImage& to);
  std::string TemporaryOf(const std::string& path) const;
  std::string KeptOf(const std::string& path) const;
  std::string StagedOf(const std::string& path) const;

  FileSystem& fs_;
  const std::string suffix_;
};

}  // namespace belay
