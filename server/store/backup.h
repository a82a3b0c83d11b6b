// A copy of the coordinator's database that is whole and checked, taken while the coordinator runs;
// and the way back.  Only the database: the CA, certificates and server.yaml beside it are plain
// files that change never or by hand.
//
// What a restored database does not know has happened all the same.  So its epoch is set above
// every epoch that was ever given out, for the agents refuse older ones, and it is marked: the
// coordinator that starts on it pauses every rollout that runs in it, because it may have been
// stopped since.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/os/file_system.h"

namespace belay::store {

// ALREADY_EXISTS when there is a `to`; nothing is left behind by a failure but `to`.part.
absl::Status BackUp(FileSystem& files, const std::string& database, const std::string& to);

// The caller holds the directory's lock.  Returns under which name the database that was there is
// kept; empty when there was none.  Until the last rename the old one is in its place and whole.
// Errors of `from`: as of Database::Open.
absl::StatusOr<std::string> Restore(FileSystem& files, const std::string& database,
                                    const std::string& from, std::int64_t now_unix);

}  // namespace belay::store
