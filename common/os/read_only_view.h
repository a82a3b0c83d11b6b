// Another file system, to look at only: reads and listings are passed on, and what would change
// something is refused.  A base for views that show or tolerate more.
#pragma once
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/os/file_system.h"

namespace belay {

class ReadOnlyView : public FileSystem {
 public:
  explicit ReadOnlyView(const FileSystem& files) : files_(files) {}  // outlives this

  absl::StatusOr<FileContent> Read(const std::string& path) const override {
    return files_.Read(path);
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) const final {
    return files_.List(directory);
  }

  absl::Status Create(const std::string& path, const std::string&, const FileAttributes&) final {
    return No(path);
  }
  absl::Status WriteFrom(const std::string& path, std::uint64_t, const std::string&) override {
    return No(path);
  }
  absl::Status WriteOver(const std::string& path, std::uint64_t, const std::string&) final {
    return No(path);
  }
  absl::Status Reserve(const std::string& path, std::uint64_t) final { return No(path); }
  absl::Status Sync(const std::string& path) override { return No(path); }
  absl::Status Rename(const std::string& from, const std::string&) final { return No(from); }
  absl::Status RenameNew(const std::string& from, const std::string&) final { return No(from); }
  absl::Status Link(const std::string& from, const std::string&) final { return No(from); }
  absl::Status Remove(const std::string& path) final { return No(path); }
  absl::Status MakeDirectory(const std::string& path, std::uint32_t) final { return No(path); }

 private:
  static absl::Status No(const std::string& path) {
    return absl::PermissionDeniedError(absl::StrCat(path, ": opened for reading only"));
  }
  const FileSystem& files_;
};

}  // namespace belay
