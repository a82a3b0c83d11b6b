// Files of a node as an audit looks at them: attributes without the content, directories too, and
// through symbolic links, because a component that opens the path follows them as well.  Looking
// only.  FileSystem (file_system.h) is for what Belay changes, and refuses links.
//
// Links are followed inside of the root and never out of it; /proc's magic links are refused.
// Errors: NOT_FOUND, FAILED_PRECONDITION (not what was asked for, too large), else as errno says.
// Nothing that could block is opened: FIFOs, sockets and devices are only looked at.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/os/file_system.h"

namespace belay {

struct FileFacts {
  EntryType type = EntryType::RegularFile;
  std::uint32_t mode = 0;  // permission bits only (07777)
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool operator==(const FileFacts&) const = default;
};

class NodeFiles {
 public:
  virtual ~NodeFiles() = default;
  virtual absl::StatusOr<FileFacts> Look(const std::string& path) const = 0;
  // A regular file of at most `most` bytes.
  virtual absl::StatusOr<std::string> ReadSmall(const std::string& path,
                                                std::size_t most) const = 0;
  // Names and types as they stand there (links are links), sorted by name.
  virtual absl::StatusOr<std::vector<DirectoryEntry>> ListAt(
      const std::string& directory) const = 0;
};

}  // namespace belay
