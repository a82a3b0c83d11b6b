// A file system that passes everything on and tells of every mutating call when it is done.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/os/file_system.h"

namespace belay {

class ObservedFileSystem final : public FileSystem {
 public:
  // `verb` is "create", "write", "reserve", "sync", "rename", "link", "remove" or "make"; of a
  // rename and a link `path` is the target.
  using Observer = std::function<void(const std::string& verb, const std::string& path)>;
  // `real` outlives this.
  ObservedFileSystem(FileSystem& real, Observer observer)
      : real_(real), observer_(std::move(observer)) {}

  absl::StatusOr<FileContent> Read(const std::string& path) const override {
    return real_.Read(path);
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) const override {
    return real_.List(path);
  }
  absl::Status Create(const std::string& path, const std::string& bytes,
                      const FileAttributes& attributes) override {
    return Tell("create", path, real_.Create(path, bytes, attributes));
  }
  absl::Status WriteFrom(const std::string& path, std::uint64_t offset,
                         const std::string& bytes) override {
    return Tell("write", path, real_.WriteFrom(path, offset, bytes));
  }
  absl::Status WriteOver(const std::string& path, std::uint64_t offset,
                         const std::string& bytes) override {
    return Tell("write", path, real_.WriteOver(path, offset, bytes));
  }
  absl::Status Reserve(const std::string& path, std::uint64_t bytes) override {
    return Tell("reserve", path, real_.Reserve(path, bytes));
  }
  absl::Status Sync(const std::string& path) override {
    return Tell("sync", path, real_.Sync(path));
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return Tell("rename", to, real_.Rename(from, to));
  }
  absl::Status RenameNew(const std::string& from, const std::string& to) override {
    return Tell("rename", to, real_.RenameNew(from, to));
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    return Tell("link", to, real_.Link(from, to));
  }
  absl::Status Remove(const std::string& path) override {
    return Tell("remove", path, real_.Remove(path));
  }
  absl::Status MakeDirectory(const std::string& path, std::uint32_t mode) override {
    return Tell("make", path, real_.MakeDirectory(path, mode));
  }

 private:
  absl::Status Tell(const char* verb, const std::string& path, absl::Status status) {
    observer_(verb, path);
    return status;
  }
  FileSystem& real_;
  const Observer observer_;
};

}  // namespace belay
