// A directory with private keys in it that appears whole or not at all.  It is built in a hidden
// sibling, synced, and renamed into place: a crash leaves at worst a hidden directory to delete.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/os/file_system.h"

namespace belay {

// Paths below the directory, each with its '/'; parents before children.
struct NewDirectory {
  std::vector<std::string> directories;      // mode 0700
  std::map<std::string, std::string> files;  // path -> bytes; mode 0600, of whoever runs this
};

// `directory` may be there if it is empty; its parents are made.  After an error nothing is left of
// it, or the message names what to delete.
absl::Status Publish(FileSystem& files, const NewDirectory& content, const std::string& directory);

// ALREADY_EXISTS with `advice` when the directory has anything in it.
absl::Status RefuseExisting(const FileSystem& files, const std::string& directory,
                            const std::string& advice);

}  // namespace belay
