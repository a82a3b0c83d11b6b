// The agent's half of a renewal: a new key, a certificate for it from the coordinator, both durable
// before either is used.  Blocks up to half a minute.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "common/os/file_system.h"
#include "common/rpc/tls.h"

namespace belay {

// `current` proves who asks; `server` is the agent link's HOST:PORT.  What comes back is kept only
// if it is for the new key, from the pinned CA, valid now and of the same identity; after an error
// the pair in use is unchanged.
absl::Status RenewIdentity(FileSystem& files, const std::string& state_dir,
                           const std::string& server, const TlsFiles& current,
                           std::int64_t now_unix);

}  // namespace belay
