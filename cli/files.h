// The operator's own files: plans, keys, configuration.  Symbolic links are followed, as in every
// other command-line tool; managed files of a node are never touched here.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace belay {

// At most 8 MiB; "-" is standard input.
absl::StatusOr<std::string> ReadUserFile(const std::string& path);

// Makes a new file, durable when it returns ok; ALREADY_EXISTS when the name is taken, whoever took
// it.
absl::Status WriteNewFile(const std::string& path, const std::string& bytes, unsigned mode);

// Replaces the file, behind whatever links lead to it: after a crash it holds the old bytes or the
// new ones.  What is no regular file, like /dev/stdout or a FIFO, is written into instead.
absl::Status ReplaceFile(const std::string& path, const std::string& bytes, unsigned mode);

}  // namespace belay
