// Are the files of a transaction still what it made them?  Reads only.
#pragma once
#include <string>

#include "belay/v1/journal.pb.h"
#include "common/os/file_system.h"
#include "node-agent/health/gate.h"

namespace belay {

struct ManagedFiles {
  enum class Kind {
    AsExpected,
    OtherImage,  // somebody put the transaction's other image back
    Foreign,     // neither of the two images
    Unreadable,  // not known now; may pass
  };
  Kind kind = Kind::AsExpected;
  std::string path;
  std::string reason;
};

// Forward expects the images after the edit, Backward those before.  Names the first that differs.
ManagedFiles CheckManagedFiles(const FileSystem& files, const v1::Prepared& prepared,
                               GateDirection direction);

}  // namespace belay
