// An append-only file of checksummed frames: the bytes of every journal.  A torn tail (the last
// append cut by a crash) is cut off and synced when the log is opened; damage anywhere else is
// DATA_LOSS and nothing is touched.  Format, byte by byte: docs/formats.md.
//
// One thread.  After any failed append or sync the log is dead (FAILED_PRECONDITION for ever): what
// is on disk is then unknown, and only opening it again can tell.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "common/os/file_system.h"

namespace belay {

class FramedLog {
 public:
  // Opens or makes the log; its directory must exist.  `fs` outlives this.
  static absl::StatusOr<std::unique_ptr<FramedLog>> Open(FileSystem& fs, std::string path);
  const std::vector<std::string>& frames() const { return frames_; }
  std::uint64_t size() const { return size_; }  // in bytes, up to the last frame
  // Durable when it returns ok.
  absl::Status Append(const std::string& frame);
  // Space for so many bytes of frames that are appended later (FileSystem::Reserve), durable with
  // the next of them.  The log is as usable after an error as before.
  absl::Status Reserve(std::uint64_t bytes) {
    return WithContext(fs_.Reserve(path_, bytes), "reserve space for the log");
  }
  // All frames become these, at one instant: a power cut leaves the old file or the new one, whole.
  // The new one is written beside it, as PATH.new, and needs its space.  FAILED_PRECONDITION: which
  // of the two is on disk is unknown and the log is dead; any other error: nothing has changed.
  absl::Status Replace(std::vector<std::string> frames);

 private:
  FramedLog(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  std::string Fresh() const { return path_ + ".new"; }
  absl::Status CheckFrame(const std::string& frame) const;
  absl::Status RemoveFresh();

  FileSystem& fs_;
  std::string path_;
  std::uint64_t size_ = 0;
  bool dead_ = false;
  std::vector<std::string> frames_;
};

}  // namespace belay
