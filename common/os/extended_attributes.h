// Extended attributes of an open file: ACLs, the SELinux label and what users have put there.
#pragma once
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace belay {

// Empty where the file system has none.  `path` is for messages only.
absl::StatusOr<std::map<std::string, std::string>> ReadExtendedAttributes(int fd,
                                                                          const std::string& path);

// Sets those that differ, and removes an ACL that the directory's default gave to the file and that
// `wanted` does not have.  A label that the kernel's policy gives to a new file stays.
absl::Status WriteExtendedAttributes(int fd, const std::string& path,
                                     const std::map<std::string, std::string>& wanted);

}  // namespace belay
