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
  // Space for so many bytes of frames that are appended later: FileSystem::Reserve, durable with
  // the next of them; where the file system cannot, bytes that are no frame are written and synced
  // behind the last one, and later frames over them.  The log is as usable after an error as
  // before.
  absl::Status Reserve(std::uint64_t bytes);
  // All frames become these, at one instant: a power cut leaves the old file or the new one, whole.
  // The new one is written beside it, as PATH.new, and needs its space.  FAILED_PRECONDITION: which
  // of the two is on disk is unknown and the log is dead; any other error: nothing has changed.
  absl::Status Replace(std::vector<std::string> frames);

 private:
  FramedLog(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  std::string Fresh() const { return path_ + ".new"; }
  absl::Status CheckFrame(const std::string& frame) const;
  absl::Status RemoveFresh();
  absl::Status Write(const std::string& encoded);
  absl::Status Fill(std::uint64_t bytes);

  FileSystem& fs_;
  std::string path_;
  std::uint64_t size_ = 0;    // up to the last frame
  std::uint64_t filled_ = 0;  // of the file, where it is longer: what lies between is filling
  bool dead_ = false;
  std::vector<std::string> frames_;
};

}  // namespace belay
