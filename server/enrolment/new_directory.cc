#include "server/enrolment/new_directory.h"

#include <unistd.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/x509.h"

namespace belay {
namespace {

absl::Status MakeParents(FileSystem& files, const std::string& directory) {
  if (files.List(directory).ok()) return absl::OkStatus();
  RETURN_IF_ERROR(MakeParents(files, ParentDirectory(directory)));
  RETURN_IF_ERROR(files.MakeDirectory(directory, 0755));
  return files.Sync(ParentDirectory(directory));
}

absl::Status Write(FileSystem& files, const std::string& root, const NewDirectory& tree) {
  RETURN_IF_ERROR(files.MakeDirectory(root, 0700));
  for (const std::string& directory : tree.directories) {
    RETURN_IF_ERROR(files.MakeDirectory(root + directory, 0700));
  }
  FileAttributes private_file;  // of whoever runs this: the server need not be root
  private_file.mode = 0600;
  private_file.uid = geteuid();
  private_file.gid = getegid();
  for (const auto& [path, bytes] : tree.files) {
    RETURN_IF_ERROR(files.Create(root + path, bytes, private_file));
    RETURN_IF_ERROR(files.Sync(root + path));
  }
  for (const std::string& directory : tree.directories) {
    RETURN_IF_ERROR(files.Sync(root + directory));
  }
  return files.Sync(root);
}

// After an error: what was built has private keys in it and is of no use.
absl::Status Discard(FileSystem& files, const std::string& root, const NewDirectory& tree) {
  absl::Status worst;
  const auto remove = [&](const std::string& path) {
    const absl::Status status = files.Remove(path);
    if (!absl::IsNotFound(status)) worst.Update(status);
  };
  for (const auto& [path, bytes] : tree.files) remove(root + path);
  for (auto it = tree.directories.rbegin(); it != tree.directories.rend(); ++it) remove(root + *it);
  remove(root);
  return worst;
}

}  // namespace

absl::Status Publish(FileSystem& files, const NewDirectory& content, const std::string& directory) {
  const std::string parent = ParentDirectory(directory);
  RETURN_IF_ERROR(MakeParents(files, parent));
  const std::string hidden = absl::StrCat(parent == "/" ? "" : parent, "/.", BaseName(directory),
                                          ".belay-init-", RandomToken(4));
  absl::Status status = Write(files, hidden, content);
  if (status.ok()) status = files.Rename(hidden, directory);  // fails unless empty
  if (status.ok()) return files.Sync(parent);
  const absl::Status discarded = Discard(files, hidden, content);
  return absl::Status(status.code(),
                      absl::StrCat(status.message(), ". Nothing was made",
                                   discarded.ok() ? "" : absl::StrCat("; delete ", hidden)));
}

absl::Status RefuseExisting(const FileSystem& files, const std::string& directory,
                            const std::string& advice) {
  const absl::StatusOr<std::vector<DirectoryEntry>> entries = files.List(directory);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  RETURN_IF_ERROR(entries.status());
  if (entries->empty()) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(directory, advice));
}

}  // namespace belay
