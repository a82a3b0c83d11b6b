// A file system to look at a log with while its owner may be writing it: what opening would repair
// is left as it is, and everything else that would change something is refused.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/os/file_system.h"

namespace belay {

class ReadingView final : public FileSystem {
 public:
  explicit ReadingView(const FileSystem& files) : files_(files) {}  // outlives this

  absl::StatusOr<FileContent> Read(const std::string& path) const override {
    return files_.Read(path);
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) const override {
    return files_.List(directory);
  }
  // A torn tail may be an append in progress: not ours to cut off or to sync.
  absl::Status WriteFrom(const std::string&, std::uint64_t, const std::string&) override {
    return absl::OkStatus();
  }
  absl::Status Sync(const std::string&) override { return absl::OkStatus(); }

  absl::Status Create(const std::string& path, const std::string&, const FileAttributes&) override {
    return No(path);
  }
  absl::Status Rename(const std::string& from, const std::string&) override { return No(from); }
  absl::Status RenameNew(const std::string& from, const std::string&) override { return No(from); }
  absl::Status Link(const std::string& from, const std::string&) override { return No(from); }
  absl::Status Remove(const std::string& path) override { return No(path); }
  absl::Status MakeDirectory(const std::string& path, std::uint32_t) override { return No(path); }

 private:
  static absl::Status No(const std::string& path) {
    return absl::PermissionDeniedError(absl::StrCat(path, ": opened for reading only"));
  }
  const FileSystem& files_;
};

}  // namespace belay
