// The node's journal, read beside a running agent without touching it, and as text for people.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "common/os/file_system.h"
#include "node-agent/transaction/machine.h"

namespace belay {

// All records that there are; none where there is no journal yet.  A torn tail is left out and left
// alone.
absl::StatusOr<std::vector<v1::Record>> ReadLocalJournal(const FileSystem& files,
                                                         const std::string& state_dir);

// One line for each record: when, which run and step, what happened and why.  Pure.
std::string JournalText(const std::vector<v1::Record>& records);

// A readable copy of what a file was before a step.
struct Backup {
  std::string path;  // of the managed file, as the node sees it
  std::string copy;
  v1::FileImage image;
  std::int64_t wall_unix_ms = 0;
  std::string run;
};

// Oldest first: of the steps whose backups are kept.  Pure.
std::vector<Backup> BackupsOf(const NodeState& state);

}  // namespace belay
