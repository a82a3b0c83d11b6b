// A file system as it would be after changes that nobody has made: what a later step of a plan sees
// of an earlier one.  Reading only; listings are those of the real one.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/os/file_system.h"
#include "node-agent/change/change.h"

namespace belay {

class ChangedView final : public FileSystem {
 public:
  explicit ChangedView(const FileSystem& files) : files_(files) {}  // outlives this

  void Apply(const StepChanges& changes) {
    for (const PathChange& change : changes) changed_[change.path] = change.after;
  }

  absl::StatusOr<FileContent> Read(const std::string& path) const override {
    const auto it = changed_.find(path);
    if (it == changed_.end()) return files_.Read(path);
    if (!it->second.exists) {
      return absl::NotFoundError(absl::StrCat(path, ": an earlier step has removed it"));
    }
    FileContent content;
    content.bytes = it->second.bytes;
    content.attributes = it->second.attributes;
    return content;
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) const override {
    return files_.List(directory);
  }

  absl::Status Create(const std::string& path, const std::string&, const FileAttributes&) override {
    return No(path);
  }
  absl::Status WriteFrom(const std::string& path, std::uint64_t, const std::string&) override {
    return No(path);
  }
  absl::Status Sync(const std::string& path) override { return No(path); }
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
  std::map<std::string, FileVersion> changed_;
};

}  // namespace belay
