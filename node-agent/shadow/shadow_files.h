// Small reads for the process that boots in the shadow.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

std::string LinkTarget(const std::string& path);  // empty when it cannot be read
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder);
absl::StatusOr<std::string> ReadAll(int fd);  // to its end
// At most `most` bytes of the end of a file; empty when it cannot be read.
std::string EndOf(const std::string& path, std::size_t most);

}  // namespace belay
